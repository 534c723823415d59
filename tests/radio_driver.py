"""A unit that is nothing but its radio, for the tests; runs on MicroPython.

    micropython radio_driver.py FOLDER

Obeys lines on stdin, answers each with one line on stdout. FOLDER keeps the bonds. The control
point is answered by `Control` below, which prints nothing and remembers everything. With a folder
FOLDER/sessions, requests for session files are answered by the unit's own control and log.
"""

import os
import select
import sys
import time
from array import array

from band import wire
from band.unit.control import Control as UnitControl
from band.unit.radio import Radio
from band.unit.session_log import SessionLog
from band.units import UNKNOWN

INFO = {
    "name": "Calf band test",
    "model": "Calf band",
    "hardware": "A",
    "serial": "0123456789ab",
    "features": 0x5F,
}
RECORD = array("i", [UNKNOWN] * (len(wire.STRIDE) + len(wire.STRIDE_EXTRA)))


class Control:
    """Does what the app would do, as far as the radio can tell."""

    def __init__(self):
        self.asked = []

    def request(self, opcode, parameters):
        self.asked.append((opcode, bytes(parameters)))
        if keeping and opcode in (wire.LIST_SESSIONS, wire.READ_LOG, wire.ERASE_LOG):
            return unit.request(opcode, parameters)
        if opcode == wire.START:
            raise ValueError("a fault inside the app")
        if opcode == wire.LIST_SESSIONS:
            return wire.SUCCESS, bytes(range(100))
        if opcode == wire.COUNT:
            return wire.SUCCESS, b"".join(
                n.to_bytes(4, "little") for n in range(len(wire.COUNTERS))
            )
        if opcode == wire.READ_LOG:
            return wire.SUCCESS, (1000).to_bytes(4, "little") + bytes(4)
        if opcode == wire.ERASE_LOG:
            return wire.FAILED, b""
        return wire.SUCCESS, b""


class App:
    """Of the unit, what its control needs for session files."""

    log = SessionLog(sys.argv[1] + "/sessions", 1 << 20)


keeping = "sessions" in os.listdir(sys.argv[1])
if keeping:
    App.log.start()
unit = UnitControl(App)
control = Control()
radio = Radio(INFO, sys.argv[1], control)


def put(name, value):
    for table, base in ((wire.STRIDE, 0), (wire.STRIDE_EXTRA, len(wire.STRIDE))):
        for i in range(len(table)):
            if table[i][0] == name:
                RECORD[base + i] = value


def obey(words):
    verb = words[0]
    numbers = [int(word) for word in words[1:] if word.lstrip("-").isdigit()]
    if verb == "pairing":
        radio.open_pairing(time.ticks_ms())
    elif verb == "forget":
        radio.forget_bonds()
    elif verb == "status":
        radio.status(numbers)
    elif verb == "stride":
        for word in words[1:]:
            name, value = word.split("=")
            put(name, int(value))
        radio.stride(RECORD)
    elif verb == "strides":
        for _ in range(numbers[0]):
            radio.stride(RECORD)
    elif verb == "raw":
        kind, index, n = numbers
        width = (2, 6)[kind]
        samples = array("h", [(index * width + i) % 30000 for i in range(n * width)])
        radio.raw(kind, index, samples, n)
    elif verb == "log":
        session, offset, n = numbers
        radio.log(session, offset, bytes(n), n)
    elif verb == "session":  # so many strides of 0.7 s are kept, from this unix time on
        n, unix_s = numbers
        packet = bytearray(20)
        App.log.open(0, unix_s)
        for k in range(n):
            packet[2:6] = (7000 * k).to_bytes(4, "little")
            App.log.stride(packet)
        if "open" not in words:
            App.log.close(7000 * n, 1, n, n)
    elif verb == "battery":
        radio.battery(numbers[0])
    elif verb == "age":  # so many seconds pass at once
        global ahead_ms
        ahead_ms += 1000 * numbers[0]
    elif verb == "asked":
        return repr(control.asked)
    elif verb == "break":  # the next events raise inside the callback
        radio._callback._note = lambda event, data: [][event]
    elif verb == "mend":
        del radio._callback._note
    elif verb == "state":
        names = ("connected", "bonded", "dropped", "errors", "rejected", "refused_links")
        names += ("raw_streams", "log_room", "pairing", "bonds_lost")
        state = [(name, int(getattr(radio, name))) for name in names]
        unconfirmed = [link for link in radio._links.all if link.conn >= 0 and link.unconfirmed]
        state.append(("unconfirmed", len(unconfirmed)))
        return "{" + ", ".join(f'"{name}": {value}' for name, value in state) + "}"
    elif verb == "freeze":  # the loop is stuck; the callback is not
        global frozen
        frozen = bool(numbers[0])
    return "ok"


ahead_ms = 0
frozen = False
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
radio.start()
print("ready")
while True:
    for _ in poller.ipoll(0):
        line = sys.stdin.readline()
        if not line:
            sys.exit()
        print(obey(line.split()))
    if not frozen:
        radio.step(time.ticks_add(time.ticks_ms(), ahead_ms))
        unit.step(radio)
    time.sleep_ms(2)
