"""What can go wrong in a way the user can mend, what is our own fault, and what a unit does.

| code | when |
| --- | --- |
| 0 | good |
| 1 | a unit failed its test, or is in a state that it must not be in; which is told |
| 2 | bad input or a wrong option |
| 3 | a fault of ours |
| 10 | no unit is connected, or the port is gone |
| 11 | another program holds the port |
| 12 | no permission to open the port |
| 13 | the unit does not answer |
| 14 | the unit was unplugged, or its power failed, while we spoke with it |
| 15 | the chip is not the one that the firmware or the base image is for |
| 16 | the flash is too small |
| 17 | what was written does not read back |
| 18 | the base image cannot be used |
| 19 | the unit's file system is full |
| 20 | the unit holds sessions that nobody has saved |
"""

from __future__ import annotations


class CalfbandError(Exception):
    """One sentence for the user: the file, what is wrong with it, what to do. Exit code 2."""

    exit_code = 2


class FirmwareError(CalfbandError):
    """The firmware stopped where it must not: a fault of ours. Exit code 3."""

    exit_code = 3


class UnitError(CalfbandError):
    """What is wrong with a unit or its cable; most kinds have an exit code of their own."""

    exit_code = 1


class NoUnitError(UnitError):
    exit_code = 10


class PortBusyError(UnitError):
    exit_code = 11


class NoPermissionError(UnitError):
    exit_code = 12


class NoAnswerError(UnitError):
    exit_code = 13


class UnpluggedError(UnitError):
    exit_code = 14


class WrongChipError(UnitError):
    exit_code = 15


class FlashTooSmallError(UnitError):
    exit_code = 16


class BadFlashError(UnitError):
    exit_code = 17


class BadBaseError(UnitError):
    exit_code = 18


class UnitFullError(UnitError):
    exit_code = 19


class UnsavedSessionsError(UnitError):
    exit_code = 20
