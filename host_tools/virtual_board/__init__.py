"""A virtual board on USB: ROM loader and real MicroPython on one flash file, behind one port."""
