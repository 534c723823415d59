"""What the loop does beside the chain, to be counted; runs on MicroPython under target/count.py.

    micropython loop_parts.py > lines

Each part is done some times, each time as one marked round. stdout: lines "section 0 NAME" in the
order of the rounds, _TIMES of each. The radio's stack and the flash are stand-ins that do nothing:
their time is not the processor's instructions. So that collections find what they find on the
unit, the whole band is there: sources, clocks, chain.
"""

# The stubs do not know this machine.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false, reportArgumentType=false

import gc
import sys
from array import array

import sections
from meter import mark


class Nothing:
    """In place of sensors, radio stack, files and folders."""

    def readinto(self, _):
        return 0

    def fifo_level(self):
        return 0

    def gatts_notify(self, *_):
        pass

    def write(self, _, n):
        return n

    def flush(self):
        pass


nothing = Nothing()
sys.modules["os"] = nothing  # this machine has none

# ruff: noqa: E402

from band import wire
from band.chain import Chain
from band.settings import Settings
from band.unit.clocks import Clocks
from band.unit.emg_source import EmgSource
from band.unit.imu_source import ImuSource
from band.unit.lateness import Lateness
from band.unit.links import Links
from band.unit.outbox import Outbox
from band.unit.packing import StridePacker
from band.unit.raw_stream import RawStream
from band.unit.session_log import SessionLog

_TIMES = 12
_SAMPLES = 32  # of EMG in a DMA buffer
_FRAMES = 27  # of motion in the same time
_PACKET_BYTES = 244
_SETTINGS = ("has_emg1", "has_emg2", "has_acc", "has_gyr")


def part(name, do):
    print("section", 0, name)
    for _ in range(_TIMES):
        mark(sections.ROUND)
        do()
        mark(sections.LEAVE)


def main():
    settings = Settings()
    for name in _SETTINGS:
        settings.set(name, 1)
    emg, imu = EmgSource(nothing), ImuSource(nothing)
    clocks = Clocks(emg, imu)
    chain = Chain(settings, nothing)
    clocks.start(chain)
    emg_block = array("H", bytes(2 * 2 * 64))
    imu_block = array("H", bytes(2 * 6 * 64))
    lateness = Lateness()
    links = Links()
    links.all[0].conn = 0
    links.all[0].trusted = True
    outbox = Outbox(24, _PACKET_BYTES)
    emg_stream = RawStream(0, outbox, 1, _PACKET_BYTES)
    imu_stream = RawStream(1, outbox, 1, _PACKET_BYTES)
    emg_stream.start(1, 247)
    imu_stream.start(1, 247)
    packer = StridePacker()
    record = array("i", [0] * (len(wire.STRIDE) + len(wire.STRIDE_EXTRA)))
    packet = bytearray(packer.size)
    log = SessionLog("", 1 << 20)
    log.session = 1
    log.files._sizes[1] = 0
    log._file = nothing

    def poll():
        """Both sources have nothing."""
        lateness.note(300)
        emg.readinto(emg_block)
        imu.readinto(imu_block)
        clocks.steer()

    def stride():
        packer.pack(record, 0, packet)
        log.stride(packet)

    def batch():
        log._used = 2044
        log.flush()

    def raw_emg():
        emg_stream.add(0, emg_block, _SAMPLES)

    def raw_imu():
        imu_stream.add(0, imu_block, _FRAMES)

    def queue():
        outbox.add(1, 1, _PACKET_BYTES)

    def send():
        outbox.send(nothing, links.all, 1)

    part("poll of both sources", poll)
    part("stride into packet and log", stride)
    part("raw stream, EMG", raw_emg)
    part("raw stream, motion", raw_imu)
    for _ in range(_TIMES):
        queue()
    part("packet to the stack", send)
    part("batch of the log, without flash", batch)
    gc.collect()
    part("collection", gc.collect)
    part("look at the heap", gc.mem_alloc)


main()
