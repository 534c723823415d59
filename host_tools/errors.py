"""What can go wrong in a way the user can mend, and what is our own fault."""

from __future__ import annotations


class CalfbandError(Exception):
    """One sentence for the user: the file, what is wrong with it, what to do. Exit code 2."""

    exit_code = 2


class FirmwareError(CalfbandError):
    """The firmware stopped where it must not: a fault of ours. Exit code 3."""

    exit_code = 3
