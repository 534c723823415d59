"""Parts of the radio's firmware by themselves, on MicroPython: keys, requests, memory."""

import json
import struct
from pathlib import Path

from conftest import MicroPython
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tools.firmware_tables import wire

FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
CODES = {"B": 1, "H": 2, "I": 4, "i": 4}


def verdict(packet: bytes) -> int:
    """What the control point has to say to these bytes; 0: they may be obeyed."""
    if not packet:
        return wire.INVALID
    if not 1 <= packet[0] < len(wire.REQUESTS):
        return wire.UNKNOWN_OPCODE
    parameters = wire.REQUESTS[packet[0]]
    if len(packet) != 1 + sum(CODES[code] for _, code, *_ in parameters):
        return wire.INVALID
    values = struct.unpack_from("<" + "".join(code for _, code, *_ in parameters), packet, 1)
    for (_, _, low, high, also), value in zip(parameters, values, strict=True):
        if value != also and (value < low or (high is not None and value > high)):
            return wire.INVALID
    return 0


def near_valid(draw: st.DrawFn) -> bytes:
    """A request whose length or values may be off."""
    opcode = draw(st.integers(0, 21))
    fields = wire.REQUESTS[opcode] if 1 <= opcode < len(wire.REQUESTS) else ()
    body = bytes([opcode])
    for _, code, low, high, also in fields:
        least = -(256 ** CODES[code]) // 2 if code.islower() else 0
        most = least + 256 ** CODES[code] - 1
        edges = [v for v in (low, low - 1, high, also, 0, most) if v is not None]
        edges += [v + 1 for v in edges]
        value = draw(st.sampled_from([v for v in edges if least <= v <= most]))
        body += struct.pack("<" + code, value)
    return body[: draw(st.integers(0, len(body)))] if draw(st.booleans()) else body


packets = st.lists(
    st.one_of(st.binary(max_size=20), st.composite(near_valid)()), min_size=50, max_size=50
)


@settings(max_examples=20, deadline=None, suppress_health_check=FIXTURES)
@given(packets)
def test_no_malformed_request_is_obeyed(run_micropython: MicroPython, some: list[bytes]) -> None:
    script = (
        "import sys, json, binascii\n"
        "from band.unit import requests\n"
        "for line in sys.stdin.read().split(','):\n"
        "    print(requests.check(binascii.unhexlify(line)))\n"
    )
    done = run_micropython(script, stdin=",".join(packet.hex() for packet in some).encode())
    assert [int(n) for n in done.stdout.split()] == [verdict(packet) for packet in some]


BONDS = """
import json, sys
from band.unit.bonds import Bonds

folder = sys.argv[1]
bonds = Bonds(folder)
bonds.load()
for word in sys.argv[2:]:
    if word == "save":
        bonds.save()
    elif word == "clear":
        bonds.clear()
    else:
        for kind in (1, 2):
            bonds.set(kind, word.encode(), (word * 10).encode())
print(json.dumps([
    bonds.peers(), bonds.lost,
    [(bonds.get(1, 0, key) or b"").decode() for key in (b"anna", b"bert")],
]))
"""


def test_a_loss_of_power_at_any_byte_leaves_valid_keys(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    """The new file is written beside the old one; what is half written is not taken."""

    def bonds(*words: str) -> list:
        return json.loads(run_micropython(BONDS, tmp_path, *words).stdout)

    assert bonds("anna", "save") == [1, False, ["anna" * 10, ""]]
    old = (tmp_path / "bonds.bin").read_bytes()
    assert bonds("bert", "save") == [2, False, ["anna" * 10, "bert" * 10]]
    new = (tmp_path / "bonds.bin").read_bytes()
    for cut in (*range(0, len(new), 17), len(new) - 1):
        (tmp_path / "bonds.bin").write_bytes(old)
        (tmp_path / "bonds.new").write_bytes(new[:cut])
        assert bonds() == [1, False, ["anna" * 10, ""]], cut
    (tmp_path / "bonds.bin").unlink()
    (tmp_path / "bonds.new").write_bytes(new)
    assert bonds()[0] == 2
    assert bonds("clear", "save") == [0, False, ["", ""]]


@settings(max_examples=15, deadline=None, suppress_health_check=FIXTURES)
@given(at=st.integers(0, 92), bit=st.integers(0, 7), cut=st.integers(0, 93))
def test_a_damaged_file_of_keys_is_said_to_be_lost_and_trusted_by_no_bit(
    run_micropython: MicroPython, tmp_path: Path, at: int, bit: int, cut: int
) -> None:
    (tmp_path / "bonds.new").unlink(missing_ok=True)
    (tmp_path / "bonds.bin").unlink(missing_ok=True)
    run_micropython(BONDS, tmp_path, "anna", "save")
    good = bytearray((tmp_path / "bonds.bin").read_bytes())
    good[at % len(good)] ^= 1 << bit
    for damaged in (good, good[:cut]):
        (tmp_path / "bonds.bin").write_bytes(damaged)
        done = json.loads(run_micropython(BONDS, tmp_path).stdout)
        assert done == [0, True, ["", ""]]


MEMORY = """
import gc, sys, time
from array import array
import micropython


class UUID(bytes):
    def __init__(self, value):
        super().__init__(b"xx")


class BLE:
    sent = 0

    def active(self, on): pass
    def config(self, **settings): pass
    def irq(self, handler): self.handler = handler
    def gap_advertise(self, interval, adv_data=None, resp_data=None): pass
    def gatts_set_buffer(self, handle, size): pass
    def gatts_write(self, handle, data): pass
    def gatts_register_services(self, services):
        return (tuple(range(6)), (6,), tuple(range(7, 11)), (11, 12))
    def gatts_notify(self, conn, handle, data):
        self.sent += 1
    def gatts_indicate(self, conn, handle, data):
        self.confirm = conn


class Module:
    pass


bluetooth = Module()
bluetooth.UUID = UUID
bluetooth.BLE = BLE
sys.modules["bluetooth"] = bluetooth

from band import wire
from band.unit.radio import Radio

radio = Radio({"name": "", "model": "", "hardware": "", "serial": "", "features": 0}, ".", None)
radio.start()
ble = radio._ble
radio.open_pairing(0)
for conn in range(3):
    ble.handler(1, (conn, 1, b"abcdef"))
    ble.handler(21, (conn, 247))
    ble.handler(28, (conn, 1, 0, 1, 16))
    radio._links.find(conn).streams = 3
radio._callback.changed = True
record = array("i", [1000] * (len(wire.STRIDE) + len(wire.STRIDE_EXTRA)))
status = array("i", [0] * len(wire.STATUS_PACKET))
samples = array("h", [7] * 144)
done = array("i", [0, 3, 0])  # an event of the stack: connection, handle, status


def run(begin, end):
    now = 30 * begin
    for i in range(begin, end):
        radio.stride(record)
        status[9] = i
        status[1] = i & 3
        radio.status(status)
        radio.raw(1, i * 24, samples, 24)
        radio.raw(0, i * 32, samples, 32)
        now += 30
        radio.step(now)
        for conn in range(3):
            done[0] = conn
            ble.handler(20, done)


run(0, 2100)  # a minute: the pairing window closes meanwhile


def locked():
    sent = ble.sent
    before = gc.mem_alloc()
    micropython.heap_lock()
    run(2100, 4100)
    micropython.heap_unlock()
    return gc.mem_alloc() - before, ble.sent - sent


gc.collect()
gc.disable()
grown, sent = locked()
print(grown, sent, radio.connected, radio.dropped, radio.errors)
"""


def test_telling_strides_status_and_raw_samples_takes_no_memory(
    run_micropython: MicroPython,
) -> None:
    """Three links for 2000 strides, with the heap locked."""
    done = run_micropython(MEMORY)
    grown, sent, links, dropped, errors = (int(n) for n in done.stdout.split())
    assert (grown, links, errors) == (0, 3, 0)
    assert sent > 3 * 2000 and dropped == 0
