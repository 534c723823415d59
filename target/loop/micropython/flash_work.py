"""What the unit's files cost in reads, programs and erases of flash, on MicroPython's own LittleFS.

    micropython flash_work.py APPLICATION HOURS LOG_KB FREE_KB READSIZE LOOKAHEAD > lines

A flash in RAM of the size that an ESP32-S3 with 8 MiB has for files, mounted with READSIZE and
LOOKAHEAD, counts every operation while the firmware's own session log, settings and keys are
written. Sessions last an hour. APPLICATION: lines "path bytes" of files that lie there twice.
LOG_KB: room for the log. FREE_KB: room left beside it; the rest is filled before.
stdout: lines "kind reads bytes programs bytes erases", one per call, in order: put and sync (of a
batch of the log: into its file, and the file into the file system), open and close (of a session),
run (a baseline kept), settings, bonds, restarts.
"""

import os
import sys

import vfs
from micropython import const

from band import wire
from band.unit.bonds import Bonds
from band.unit.restarts import Restarts
from band.unit.session_log import SessionLog
from band.unit.unit_settings import Store

_BLOCK = const(4096)
_BLOCKS = const(1264)  # 0x4F0000 bytes: partition vfs of ports/esp32/partitions-8MiB.csv
_STRIDES_PER_S = 1.36
_STRIDE_BYTES = const(20)
_RUN_FEATURES = ("contact_ms", "kvert_kn_m", "rms_uv")


class Flash:
    """Counts; a program is a copy, as LittleFS programs only what it has erased."""

    def __init__(self):
        self._view = memoryview(bytearray(_BLOCK * _BLOCKS))
        self._blank = b"\xff" * _BLOCK
        self.reads = self.programs = self.erases = 0
        self.read_bytes = self.program_bytes = 0

    def counts(self):
        return self.reads, self.read_bytes, self.programs, self.program_bytes, self.erases

    def readblocks(self, block, buffer, offset=0):
        self.reads += 1
        self.read_bytes += len(buffer)
        at = block * _BLOCK + offset
        buffer[:] = self._view[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        self.programs += 1
        self.program_bytes += len(buffer)
        at = block * _BLOCK + offset
        self._view[at : at + len(buffer)] = buffer

    def ioctl(self, what, block):
        if what == 4:
            return _BLOCKS
        if what == 5:
            return _BLOCK
        if what == 6:
            self.erases += 1
            self._view[block * _BLOCK : (block + 1) * _BLOCK] = self._blank
        return 0


class Meter:
    def __init__(self, flash):
        self._flash = flash
        self._before = ()

    def start(self):
        self._before = self._flash.counts()

    def stop(self, kind):
        counts = self._flash.counts()
        print(kind, *[counts[k] - self._before[k] for k in range(len(counts))])


def fill(application, free_kb, log_kb):
    """Two slots with the application's files, then one that leaves only the room asked for."""
    for slot in ("/f/a", "/f/b"):
        os.mkdir(slot)
        with open(application) as lines:
            for line in lines:
                name, size = line.split()
                parts = name.split("/")
                for k in range(1, len(parts)):
                    try:
                        os.mkdir(slot + "/" + "/".join(parts[:k]))
                    except OSError:
                        pass  # it is there
                with open(slot + "/" + name, "wb") as file:
                    file.write(bytes(int(size)))
    stat = os.statvfs("/f")
    with open("/f/rest", "wb") as file:
        for _ in range(stat[3] - (free_kb + log_kb) * 1024 // _BLOCK):
            file.write(bytes(_BLOCK - 16))


def main():
    application = sys.argv[1]
    hours, log_kb, free_kb, readsize, lookahead = [int(argument) for argument in sys.argv[2:7]]
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)  # type: ignore[arg-type]
    file_system = vfs.VfsLfs2(flash, readsize=readsize, lookahead=lookahead)  # type: ignore
    vfs.mount(file_system, "/f")
    fill(application, free_kb, log_kb)
    os.mkdir("/f/data")
    meter = Meter(flash)
    log = SessionLog("/f/data/sessions", log_kb * 1024)
    log.start()
    store = Store("/f/data")
    store.load()
    bonds = Bonds("/f/data")
    restarts = Restarts("/f/data")
    packet = bytearray(_STRIDE_BYTES)
    for hour in range(hours):
        meter.start()
        log.open(0, 0)
        meter.stop("open")
        for _ in range(int(3600 * _STRIDES_PER_S)):
            log.stride(packet)
            for kind in ("put", "sync"):
                works = log.works
                meter.start()
                log.step()
                if log.works != works:
                    meter.stop(kind)
        meter.start()
        log.close(36_000_000, wire.ENDED_BY.index("button"), 4896, 4800)
        meter.stop("close")
        meter.start()
        store.add_run({name: 1000 + hour for name in _RUN_FEATURES})
        meter.stop("run")
        meter.start()
        store.change({"mass_g": 70_000 + hour, "height_mm": 1800, "side": 0})
        meter.stop("settings")
        bonds.set(1, bytes([hour & 3]) * 7, bytes(80))
        meter.start()
        bonds.save()
        meter.stop("bonds")
        restarts.in_a_row = 1
        meter.start()
        restarts.ran_well()
        meter.stop("restarts")


main()
