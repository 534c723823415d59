"""`calfband doctor`: what is connected, what is wrong with it, and what to do about it."""
