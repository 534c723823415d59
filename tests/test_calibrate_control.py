"""Who may change a unit's calibration, to what, and when: the control point's own code."""

from pathlib import Path

from conftest import MicroPython

SCRIPT = """
import sys
from binascii import crc32
from struct import pack, unpack
from band import wire
from band.unit import requests
from band.unit.control import Control
from band.unit.unit_settings import Store

class Session:
    running = False

class Sensors:
    running = True

class App:
    def __init__(self):
        self.session = Session()
        self.sensors = Sensors()
        self.store = Store(sys.argv[1])
        self.store.load()
        self.calibrating = False
        self.told = 0
    def get_up(self):
        pass
    def set_calibration(self, values):
        self.store.change(values)
        self.told += 1

app = App()
control = Control(app)
N = len(wire.CALIBRATION)
OK, NO, BAD = wire.SUCCESS, wire.NOT_PERMITTED, wire.INVALID

def ask(opcode, parameters=b""):
    request = bytes([opcode]) + parameters
    refused = requests.check(request)
    return (refused, b"") if refused else control.request(opcode, parameters)

def stage(row, value):
    return ask(wire.STAGE, pack("<Bi", row, value))[0]

def keep(values):
    return ask(wire.KEEP, pack("<I", crc32(pack(f"<{N}i", *values))))[0]

def kept():
    data = ask(wire.READ_CALIBRATION, b"\\0")[1]
    return list(unpack(f"<{N}i", data))

zero = [0] * N
"""


def story(run_micropython: MicroPython, tmp_path: Path, text: str) -> None:
    run_micropython(SCRIPT + text, tmp_path)


def test_a_value_out_of_its_bounds_or_of_no_row_is_taken(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    story(run_micropython, tmp_path, """
for row in range(N):
    _, low, high = wire.CALIBRATION[row]
    assert stage(row, low) == stage(row, high) == OK
    assert stage(row, low - 1) == stage(row, high + 1) == BAD
assert stage(N, 0) == BAD and stage(255, 0) == BAD
assert ask(wire.STAGE, b"\\0\\0")[0] == BAD and ask(wire.CLEAR_CALIBRATION, b"\\0")[0] == BAD
""")  # fmt: skip


def test_half_of_what_was_meant_is_kept(run_micropython: MicroPython, tmp_path: Path) -> None:
    """What is staged counts only as a whole; nobody else's remains are kept with it."""
    story(run_micropython, tmp_path, """
wanted = list(zero)
wanted[0], wanted[5] = 1234, -99
assert stage(0, 1234) == OK
assert kept() == zero
assert keep(wanted) == BAD and kept() == zero and app.told == 0
assert keep(wanted) == BAD  # and the first attempt's remains are gone
assert stage(0, 1234) == stage(5, -99) == OK
assert keep(wanted) == OK and kept() == wanted and app.told == 1
again = Store(sys.argv[1])
again.load()
assert again.get("cal." + wire.CALIBRATION[5][0]) == -99
assert ask(wire.CLEAR_CALIBRATION)[0] == OK and kept() == zero
""")  # fmt: skip


def test_a_session_is_disturbed_by_calibration(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    story(run_micropython, tmp_path, """
app.session.running = True
assert stage(0, 1) == keep(zero) == NO
assert ask(wire.CLEAR_CALIBRATION)[0] == NO
assert ask(wire.READ_CALIBRATION, b"\\0")[0] == OK
assert ask(wire.RAW_START, bytes([3 | wire.UNCORRECTED]))[0] == NO
assert ask(wire.RAW_START, b"\\3")[0] == OK
app.session.running = False
assert ask(wire.RAW_START, bytes([3 | wire.UNCORRECTED]))[0] == OK
assert ask(wire.RAW_START, bytes([wire.UNCORRECTED]))[0] == BAD
app.calibrating = True
assert ask(wire.RAW_START, b"\\3")[0] == NO  # it would get uncorrected ones unawares
app.sensors.running = False
assert ask(wire.RAW_START, bytes([3 | wire.UNCORRECTED]))[0] == NO
""")  # fmt: skip
