"""The firmware's self-test, run from the console of a unit in safe mode."""

from __future__ import annotations

from host_tools.errors import UnitError
from host_tools.usb.console import Console, ExecError

GOOD = "good"
FAILED = "failed"

# Acquisition stays off while USB supplies the unit: the converter at the electrodes is not woken.
_PROGRAM = """
import bluetooth
from band.unit import self_test as _tests
from band.unit.board import Board
from band.wire import SELF_TESTS
def _test():
    board = Board()
    board.emg_power(False)
    bits = _tests.test_storage("/data")
    bits |= _tests.test_imu(board.imu)
    for chip in (board.skin, board.gauge):
        try:
            chip.start()
        except OSError:
            pass
    bits |= _tests.test_slow(board.skin, board.gauge)
    try:
        bluetooth.BLE().active(True)
        bluetooth.BLE().active(False)
    except OSError:
        bits |= _tests.RADIO
    for number, name in enumerate(SELF_TESTS):
        if name.startswith("EMG"):
            print((name, "not tested while USB is plugged in"))
        else:
            print((name, "failed" if bits >> number & 1 else "good"))
import os
try:
    os.mkdir("/data")
except OSError:
    pass
_test()
"""


def run_self_test(console: Console) -> dict[str, str]:
    """Result of every part by name: good, failed, or why it was not tested."""
    try:
        return dict(console.rows(_PROGRAM, timeout_s=20))
    except ExecError as error:
        raise UnitError(
            f"{console.port}: the self-test did not run: {error.reason}. "
            "`calfband doctor` tells more."
        ) from error
