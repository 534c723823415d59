"""What the firmware costs, next to the ways it could have been written; `make bench`."""
