"""Sessions on flash: one file each, written in whole batches, the oldest dropped for room.

File: chunks of u16 n, n bytes of records, u32 CRC-32 of the file up to here but for the sums (with
them it would forget all that came before: the CRC of data and its own CRC is a constant). A record
is its tag and the fields of its table in wire.LOG_RECORDS. A session that a restart cut off ends
with its last whole chunk. A batch waits in RAM: an erase of flash stops the processor for about
80 ms, so it is written once a minute and not with every stride.
"""

from struct import calcsize, pack_into, unpack
from time import ticks_diff, ticks_us

from micropython import const

from band import wire
from band.unit.crc import Crc32
from band.unit.log_files import LogFiles, path_of
from band.version import VERSION

_CHUNK = const(2048)  # bytes of records, at most
_SPARE = const(512)  # more than a second brings
_HEAD = const(2)
_SUM = const(4)

_STRIDE_BYTES = const(20)


def _format(tag):
    return "<B" + "".join([field[1] for field in wire.LOG_RECORDS[tag]])


_START = _format(wire.LOG_START)
_WARNING = _format(wire.LOG_WARNING)
_MARK = _format(wire.LOG_MARK)
_FAULTS = _format(wire.LOG_FAULTS)
_TIME = _format(wire.LOG_TIME)
_END = _format(wire.LOG_END)
_SIZES = [0] + [calcsize(_format(tag)) for tag in range(1, len(wire.LOG_RECORDS))]


class SessionLog:
    """Nothing raises: what cannot be written is dropped and counted. `full` says so at once.

    Between `open` and `close`, only a write of a whole batch allocates what the file system does.
    """

    def __init__(self, folder, most_bytes):
        self.files = LogFiles(folder, most_bytes)
        self._buffer = bytearray(_HEAD + _CHUNK + _SUM)
        self._used = _HEAD
        self._crc = Crc32()
        self._sum = bytearray(_SUM)  # of the last chunk that was written
        self._file = None
        self._bytes = 0  # of the open file
        self.session = 0  # number of the open session; 0: none
        self.dropped = 0  # chunks, of this session or of older ones
        self.full = False
        self.strides = 0
        self.written = 0  # chunks
        self._unsynced = 0  # bytes of a chunk that the file has and the file system does not
        self.works = 0  # times that a file was worked on
        self.longest_write_us = 0

    def start(self):
        """Look what is there; mends a file that a restart cut off."""
        self.files.start()

    def open(self, start_dms, unix_s):
        """Begin the next session; returns its number."""
        self.session = self.files.next_number()
        self.full = False
        self.strides = 0
        self._used = _HEAD
        self._bytes = 0
        self._crc.clear()
        self._crc.put(self._sum, 0)
        try:
            self._file = open(path_of(self.files.folder, self.session), "wb")
        except OSError:
            self._file = None
        at = self._room(wire.LOG_START)
        major, minor, patch = [int(part) for part in VERSION.split(".")]
        pack_into(
            _START, self._buffer, at, wire.LOG_START,
            self.session, unix_s, start_dms, major, minor, patch,
        )  # fmt: skip
        self.flush()  # the number is taken from now on, whatever happens
        return self.session

    def stride(self, packet):
        """packet: wire.STRIDE_PACKET as sent over Bluetooth, its seq counting this session's."""
        if self.session == 0:
            return
        at = self._room(wire.LOG_STRIDE)
        buffer = self._buffer
        buffer[at] = wire.LOG_STRIDE
        for k in range(_STRIDE_BYTES):
            buffer[at + 1 + k] = packet[k]
        buffer[at + 1] = self.strides & 0xFF
        self.strides += 1

    def warning(self, record):
        """record: wire.WARNING of the chain."""
        if self.session:
            at = self._room(wire.LOG_WARNING)
            pack_into(
                _WARNING, self._buffer, at, wire.LOG_WARNING,
                record[0], record[1], record[2], record[3], record[4], record[5],
            )  # fmt: skip

    def mark(self, t_dms, heaviness):
        """The athlete says how heavy the legs feel, 0 to 10."""
        if self.session:
            at = self._room(wire.LOG_MARK)
            pack_into(_MARK, self._buffer, at, wire.LOG_MARK, t_dms, heaviness)

    def faults(self, t_dms, chain_faults, unit_faults):
        if self.session:
            at = self._room(wire.LOG_FAULTS)
            pack_into(_FAULTS, self._buffer, at, wire.LOG_FAULTS, t_dms, chain_faults, unit_faults)

    def time(self, t_dms, unix_s):
        if self.session:
            at = self._room(wire.LOG_TIME)
            pack_into(_TIME, self._buffer, at, wire.LOG_TIME, t_dms, unix_s)

    def close(self, t_dms, why, strides, valid):
        """End the session. why: of wire.ENDED_BY."""
        if self.session == 0:
            return
        at = self._room(wire.LOG_END)
        pack_into(
            _END, self._buffer, at, wire.LOG_END, t_dms, why, strides, valid, self.dropped
        )  # fmt: skip
        self.flush()
        self.session = 0
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                self.full = True
            self._file = None

    def flush(self):
        """Write what waits. Returns whether it was written."""
        synced = self._sync()
        return self._put() and self._sync() and synced

    def _put(self):
        """Give the file what waits, as a chunk."""
        n = self._used - _HEAD
        if n == 0:
            return True
        buffer = self._buffer
        buffer[0] = n & 0xFF
        buffer[1] = n >> 8
        stop = _HEAD + n
        self._crc.add(buffer, 0, stop)
        self._crc.put(buffer, stop)
        self._used = _HEAD
        started = ticks_us()
        put = self._write(stop + _SUM)
        self._took(started)
        return put or self._failed()

    def _sync(self):
        """Have the file system keep the chunk that its file was given: from then on it is there."""
        n = self._unsynced
        if n == 0:
            return True
        self._unsynced = 0
        started = ticks_us()
        try:
            self._file.flush()  # type: ignore[union-attr]
        except OSError:
            self._file = None
        self._took(started)
        if self._file is None:
            return self._failed()
        self._crc.put(self._sum, 0)
        self._bytes += n
        self.written += 1
        self.files.grew(self.session, n)
        return True

    def _took(self, started_us):
        self.works += 1
        took_us = ticks_diff(ticks_us(), started_us)
        if took_us > self.longest_write_us:
            self.longest_write_us = took_us

    def _failed(self):
        self._crc.resume(self._sum, 0)  # the next chunk follows the last one that is there
        self.full = True
        self.dropped += 1
        return False

    def _write(self, n):
        if self._file is None:
            return False
        dropped = self.files.make_room(n, self.session)
        if dropped < 0:
            return False
        self.dropped += dropped
        try:
            if self._file.write(self._buffer, n) != n:
                raise OSError
        except OSError:
            # Half a chunk may lie there: what follows could not be read.
            self._file = None
            return False
        self._unsynced = n
        return True

    def step(self):
        """Call every second: write the batch before it is full, at a moment of the loop's own.

        The file gets it in one second and the file system in the next: each erases flash, and
        both together would stop the loop for longer than the motion chip's FIFO holds.
        """
        if self._unsynced:
            self._sync()
        elif self._used > _HEAD + _CHUNK - _SPARE:
            self._put()

    def _room(self, tag):
        """Where the next record goes; a batch in which it would not fit is written."""
        size = _SIZES[tag]
        if self._used + size > _HEAD + _CHUNK:
            self.flush()
        at = self._used
        self._used = at + size
        return at

    def head(self, session):
        """(bytes, last chunk's sum) of a session's file on flash. Raises OSError without one."""
        if session == self.session:
            self.flush()
        size = self.files.size(session)
        with open(path_of(self.files.folder, session), "rb") as file:
            file.seek(size - _SUM)
            return size, unpack("<I", file.read(_SUM))[0]
