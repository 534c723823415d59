"""In place of MicroPython's `asyncio`, which is imported and not run."""
