"""In place of MicroPython's `vfs`, which is imported and not used: there is no flash."""
