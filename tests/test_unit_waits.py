"""The unit's files: looked after so that the sensors do not wait; and the counters that tell."""

from pathlib import Path

from conftest import MicroPython

from host_tools.fetch.session_file import read_session
from host_tools.firmware_tables import wire

IN_TWO_STEPS = """
import sys
from band.unit.session_log import SessionLog


class File:
    def __init__(self, file):
        self._file = file
        self.done = []
        self.fails = False
    def write(self, data, n):
        self.done.append("write")
        return self._file.write(data, n)
    def flush(self):
        self.done.append("flush")
        self._file.flush()
        if self.fails:
            raise OSError(28)
    def close(self):
        self._file.close()


log = SessionLog(sys.argv[1], 1 << 20)
log.start()
log.open(0, 0)
log._file = file = File(log._file)
steps = []
sent = 0
while sent < 600:
    log.mark(sent, 5)
    sent += 1
    before = len(file.done)
    log.step()
    steps.append(len(file.done) - before)
    file.fails = sys.argv[2] == "fails"
print(max(steps), file.done[:4], log.dropped, log.full, log.longest_write_us > 0)
log.close(9000, 1, 0, 0)
"""
MOUNT = """
import sys
import vfs
from band.unit import mounting


class Flash:
    reads = 0
    def __init__(self):
        self.data = bytearray(4096 * 300)
    def readblocks(self, block, buffer, offset=0):
        self.reads += 1
        at = block * 4096 + offset
        buffer[:] = self.data[at : at + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        self.data[at : at + len(buffer)] = buffer
    def ioctl(self, what, block):
        return 300 if what == 4 else 4096 if what == 5 else 0


class Module:
    bdev = Flash()


def content(n):
    return bytes([k & 255 for k in range(n)])


SIZES = (1, 100, 200, 400, 500, 700, 5000)
mounting.remount("/unit")  # no ESP32: nothing happens
flash = Module.bdev
vfs.VfsLfs2.mkfs(flash)
vfs.mount(vfs.VfsLfs2(flash), "/unit")
for n in SIZES:
    with open("/unit/stock%d" % n, "wb") as file:
        file.write(content(n))
sys.modules["flashbdev"] = Module
mounting.remount("/unit")
for n in SIZES:
    with open("/unit/own%d" % n, "wb") as file:
        file.write(content(n))
flash.reads = 0
print([open("/unit/stock%d" % n, "rb").read() == content(n) for n in SIZES])
own = flash.reads
vfs.umount("/unit")
vfs.mount(vfs.VfsLfs2(flash), "/unit")
flash.reads = 0
print([open("/unit/own%d" % n, "rb").read() == content(n) for n in SIZES])
print(own < flash.reads, mounting.lookahead(300), mounting.lookahead(1264))
vfs.umount("/unit")
flash.data = bytearray(4096 * 300)
mounting.remount("/unit")  # another file system: it stays
"""


def test_a_batch_is_written_and_kept_in_one_step(run_micropython: MicroPython, tmp_path: Path):
    said = run_micropython(IN_TWO_STEPS, tmp_path / "sessions", "works").stdout.decode()
    assert said.strip() == "1 ['write', 'flush', 'write', 'flush'] 0 False True"
    session = read_session(tmp_path / "sessions" / "00001.log")
    assert session.is_whole
    assert len(session.rows(wire.LOG_MARK)) == 600


def test_a_batch_that_the_file_system_does_not_keep_is_untold(
    run_micropython: MicroPython, tmp_path: Path
):
    said = run_micropython(IN_TWO_STEPS, tmp_path / "sessions", "fails").stdout.decode()
    # The file is given up: one batch it did not keep, one that it was not given.
    assert said.strip() == "1 ['write', 'flush'] 2 True True"


def test_files_written_under_one_mount_are_lost_under_the_other(run_micropython: MicroPython):
    lines = run_micropython(MOUNT).stdout.decode().splitlines()
    assert lines[0] == lines[1] == str([True] * 7)
    assert lines[2] == "True 40 160"
