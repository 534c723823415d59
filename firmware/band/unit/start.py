"""Builds the board and runs the app; called by main.py."""

import asyncio

import machine
import micropython

from band.unit.app import FOLDER, App
from band.unit.board import Board
from band.unit.mounting import remount
from band.unit.restarts import MANY, Restarts

_WORDS = 256  # bytes


def run():
    """Until the power goes. After an exception the unit starts anew, but not for ever."""
    remount()
    restarts = Restarts(FOLDER)
    if restarts.in_a_row >= MANY:
        # One more start would fail, too. Switched off and on, the unit tries again.
        restarts.ran_well()
        print("Safe mode: the app failed", MANY, "times in a row.")
        print(restarts.last_error())
        return
    if hasattr(micropython, "alloc_emergency_exception_buf"):
        # Where the heap is locked an exception has no other place for its words and lines.
        micropython.alloc_emergency_exception_buf(_WORDS)
    try:
        app = App(Board(), machine.reset_cause() == machine.WDT_RESET)
        asyncio.run(app.run())
    except Exception as error:
        Restarts(FOLDER).failed(error)
        machine.reset()
