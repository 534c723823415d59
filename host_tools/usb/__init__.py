"""Units on USB: their ports, and the console of the firmware's interpreter."""
