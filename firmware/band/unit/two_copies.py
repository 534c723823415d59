"""Lines of text kept in two files, so that a loss of power at any byte leaves one that is whole.

A change goes over the older copy, never over the one in force; the newer of two whole copies
counts. So does what an erase that was cut short or a worn block does to one of them.
"""

import os
from errno import EIO, ENOENT, EPERM

from band.unit.lines import read_lines
from band.unit.settings_copy import MOST_BYTES, decode, encode

ABSENT, DAMAGED, GOOD, NEWER = "absent", "damaged", "good", "newer"
_SUFFIXES = (".a", ".b")
_FIRST_SUFFIX = ".txt"  # schema 1 was one file, without a head
_SET_ASIDE = ".kept"


class TwoCopies:
    """`path` + ".a" and ".b". `load` first; it writes nothing.

    migrations: for each schema from 1 on, a function that makes lines of the next one of its
    lines. The schema written is the one that the last of them leads to.
    """

    def __init__(self, path, migrations):
        self._path = path
        self._migrations = migrations
        self.schema = 1 + len(migrations)
        self.states = [ABSENT, ABSENT]
        self.lines = []  # (name, text)
        self.generation = 0  # 0: of no copy
        self.from_schema = 0  # what was read; 0: nothing
        self.lost = False  # something was there, and it could not be trusted or understood
        self._current = 1  # the copy in force

    @property
    def newer(self):
        """A copy was written by a later firmware: it is not understood, and not written over."""
        return NEWER in self.states

    def load(self):
        """Take the newest whole copy that is understood."""
        self.lines = []
        self.generation = self.from_schema = 0
        self._current = 1
        for k in range(2):
            self.states[k] = self._look(k)
        found = self.states != [ABSENT, ABSENT]
        if self.generation == 0:
            found = self._take_first() or found
        self.lost = self.newer or (found and self.from_schema == 0)

    def save(self, lines):
        """Make these the lines, in the copy that is not in force.

        Raises OSError when they could not be kept: EPERM over those of a later firmware, EIO when
        they read back wrong. What was in force then still is.
        """
        if self.newer:
            raise OSError(EPERM)
        k = 1 - self._current
        data = encode(self.generation + 1, self.schema, lines)
        if len(data) > MOST_BYTES:
            raise OSError(EIO)
        self.states[k] = DAMAGED
        with open(self._path + _SUFFIXES[k], "wb") as file:
            file.write(data)
        with open(self._path + _SUFFIXES[k], "rb") as file:
            if file.read() != data:
                raise OSError(EIO)
        self.states[k] = GOOD
        self.lines = lines
        self.generation += 1
        self.from_schema = self.schema
        self.lost = False
        self._current = k
        try:
            os.remove(self._path + _FIRST_SUFFIX)
        except OSError:
            pass  # it was not there

    def set_aside(self):
        """Put copies of a later firmware under another name and begin anew. Raises OSError."""
        for k in range(2):
            if self.states[k] == NEWER:
                path = self._path + _SUFFIXES[k]
                os.rename(path, path + _SET_ASIDE)
        self.load()

    def _look(self, k):
        """State of a copy; taken when it is newer than what was found so far."""
        try:
            with open(self._path + _SUFFIXES[k], "rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            return ABSENT if error.errno == ENOENT else DAMAGED
        if not data:
            return ABSENT  # made, and the power failed before anything was kept in it
        try:
            generation, schema, lines = decode(data)
            if schema > self.schema:
                return NEWER
            lines = migrate(lines, schema, self._migrations)
        except ValueError:
            return DAMAGED
        if generation > self.generation:
            self.generation = generation
            self.from_schema = schema
            self.lines = lines
            self._current = k
        return GOOD

    def _take_first(self):
        """Take the file of schema 1; whether there is one."""
        try:
            lines = read_lines(self._path + _FIRST_SUFFIX)
            if lines:
                lines = [(name, str(value)) for name, value in lines]
                self.lines = migrate(lines, 1, self._migrations)
                self.from_schema = 1
            return lines != []
        except ValueError:
            return True


def migrate(lines, schema, migrations):
    """Lines of an earlier schema as the newest one says them. Raises ValueError."""
    if schema < 1:
        raise ValueError(schema)
    for step in migrations[schema - 1 :]:
        lines = step(lines)
    return lines
