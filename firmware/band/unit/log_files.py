"""The folder of session files: which are there, how much room they take, which must go."""

import os
from struct import unpack

from micropython import const

from band.unit.crc import Crc32

_SUFFIX = ".log"
_CHUNK = const(2048)
_MOST_NUMBER = const(65535)
_START_AT = const(5)  # of start_unix_s: behind the chunk's size, the record's tag and the number


def path_of(folder, session):
    return f"{folder}/{session:05d}{_SUFFIX}"


class LogFiles:
    """`start` first. Numbers are never used twice, even when all files were erased."""

    def __init__(self, folder, most_bytes):
        self.folder = folder
        self._most_bytes = most_bytes
        self._sizes = {}  # session -> bytes
        self.total = 0
        self._last = 0

    def start(self):
        """Read the folder. What a restart left half written is cut off. Nothing raises."""
        try:
            os.mkdir(self.folder)
        except OSError:
            pass  # it is there
        self._sizes = {}
        try:
            for name in os.listdir(self.folder):
                if name.endswith(_SUFFIX) and name[:5].isdigit():
                    path = self.folder + "/" + name
                    self._sizes[int(name[:5])] = os.stat(path)[6]
        except OSError:
            pass
        self._last = max(self._sizes.keys(), default=0)
        try:
            with open(self.folder + "/last", "rb") as file:
                self._last = max(self._last, int(file.read()))
        except (OSError, ValueError):
            pass
        if self._last in self._sizes:
            self._mend(self._last)
        self.total = sum(self._sizes.values())

    def sessions(self):
        """Numbers, oldest first."""
        return sorted(self._sizes)

    def size(self, session):
        """Bytes of a session's file. Raises OSError when there is none."""
        if session not in self._sizes:
            raise OSError(2)
        return self._sizes[session]

    def start_unix_s(self, session):
        """When it began, by its own first record; 0 when that is not known."""
        try:
            with open(path_of(self.folder, session), "rb") as file:
                file.seek(_START_AT)
                return unpack("<I", file.read(4))[0]
        except (OSError, ValueError):
            return 0

    def next_number(self):
        """A number that no session had. Its file counts from the first write on."""
        self._last = self._last % _MOST_NUMBER + 1
        self._sizes[self._last] = 0
        try:
            with open(self.folder + "/last", "wb") as file:
                file.write(b"%d" % self._last)
        except OSError:
            pass  # the file of the session itself tells it, too
        return self._last

    def grew(self, session, n):
        self._sizes[session] += n
        self.total += n

    def make_room(self, n, keep):
        """Drop the oldest sessions until n bytes fit. Chunks dropped, or -1: there is no room."""
        if self.total + n <= self._most_bytes:
            return 0
        dropped = 0
        for session in self.sessions():
            if self.total + n <= self._most_bytes:
                break
            if session != keep:
                dropped += (self._sizes[session] + _CHUNK - 1) // _CHUNK
                self.erase(session)
        return dropped if self.total + n <= self._most_bytes else -1

    def erase(self, session):
        """Raises OSError when there is no such session."""
        self.total -= self.size(session)
        del self._sizes[session]
        os.remove(path_of(self.folder, session))

    def _mend(self, session):
        """Keep the whole chunks of a file."""
        path = path_of(self.folder, session)
        try:
            good = _good_bytes(path)
            if good == self._sizes[session]:
                return
            if good == 0:
                os.remove(path)
                del self._sizes[session]
                return
            with open(path, "rb") as old, open(path + ".new", "wb") as new:
                left = good
                while left:
                    piece = old.read(min(left, _CHUNK))
                    new.write(piece)
                    left -= len(piece)
            os.rename(path + ".new", path)
            self._sizes[session] = good
        except OSError:
            pass


def _good_bytes(path):
    """Length of the whole chunks at the start of a file. Raises OSError."""
    good = 0
    crc = Crc32()
    found = bytearray(4)
    with open(path, "rb") as file:
        while True:
            head = file.read(2)
            if len(head) < 2:
                return good
            n = head[0] | head[1] << 8
            body = file.read(n + 4)
            if n > _CHUNK or len(body) < n + 4:
                return good
            crc.add(head, 0, 2)
            crc.add(body, 0, n)
            crc.put(found, 0)
            if found != body[n:]:
                return good
            good += n + 6
