"""`calfband flash`: from a bare board to a unit whose every file is known to be right."""
