"""Single keys from the terminal while an event loop runs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEAVINESS = {**{str(n): n for n in range(10)}, "t": 10, "T": 10}
HEAVINESS_HELP = "0-9, t (ten): my legs feel this heavy"


@contextmanager
def keys(on_key: Callable[[str], None]) -> Iterator[bool]:
    """Call `on_key` for each key pressed; yields whether there is a terminal to press keys in.

    Ctrl-C stays a signal. Where the terminal cannot do this, the program runs without keys.
    """
    try:
        import termios
        import tty
    except ImportError:
        yield False
        return
    if not sys.stdin.isatty():
        yield False
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()

    def on_readable() -> None:
        typed = os.read(descriptor, 64)
        if not typed:  # the terminal went away
            loop.remove_reader(descriptor)
        for key in typed.decode("ascii", "ignore"):
            on_key(key)

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, on_readable)
    try:
        yield True
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
