"""`calfband bench`: a connected unit computes what `make target` does, and is timed at it."""
