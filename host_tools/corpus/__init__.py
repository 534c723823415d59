"""`calfband corpus`: any number of recordings through the firmware, and what they come to."""
