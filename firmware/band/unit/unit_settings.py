"""What the unit remembers from one start to the next: its settings and the athlete's earlier runs.

Text of `name=int` lines, those of band/settings.py and, as `unit.name`, those of `UnitSettings`;
the last line is `check=` the CRC-32 of all before it. A file that was damaged counts as a whole:
half of somebody's settings would be worse than none.
"""

import os
from array import array
from binascii import crc32
from errno import ENOENT

from micropython import const

from band.fixmath import median
from band.settings import PRIOR_RUNS, Settings
from band.units import UNKNOWN
from band.wire import DOMAINS, FEATURES, PHASES, TREND_HEAD, TREND_PER_FEATURE

_MOST_BLOCKS = const(40)
_FIRST = len(TREND_HEAD) + len(DOMAINS)
_PER_FEATURE = len(TREND_PER_FEATURE)
_BASELINE = PHASES.index("baseline")
_PHASE = TREND_HEAD.index("phase")


class UnitSettings:
    """Filled by name, from `unit.name=int` lines; every attribute has a default."""

    def __init__(self):
        self.still_s = 180  # standing still for so long ends a session
        self.start_by_running = 1
        self.buzz = 1
        self.low_battery_pct = 5  # a session is ended cleanly at this charge
        self.log_kb = 1024  # of all sessions together

    def set(self, name, value):
        """Raises KeyError for an unknown name, ValueError for a bad value."""
        if name == "set" or not hasattr(self, name):
            raise KeyError(name)
        if value < 0:
            raise ValueError(name)
        setattr(self, name, value)


def read_lines(path):
    """(name, value) of every line; [] without a file. Raises ValueError when it is damaged."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        if error.errno == ENOENT:
            return []
        raise ValueError(path) from error
    lines = []
    at = data.rfind(b"check=")
    if at < 0 or int(data[at + 6 :]) != crc32(data[:at]):
        raise ValueError(path)
    for line in data[:at].split(b"\n"):
        if line:
            name, value = line.split(b"=")
            lines.append((name.decode(), int(value)))
    return lines


def write_lines(path, lines):
    """Replace the file at once: a loss of power leaves the old one or the new. Raises OSError."""
    data = "".join([f"{name}={value}\n" for name, value in lines]).encode()
    with open(path + ".new", "wb") as file:
        file.write(data)
        file.write(b"check=%d\n" % crc32(data))
    os.rename(path + ".new", path)


class Store:
    """The two files: settings.txt, and runs.txt with `prior.feature` lines, newest run first."""

    def __init__(self, folder):
        self._settings_path = folder + "/settings.txt"
        self._runs_path = folder + "/runs.txt"
        self._lines = []
        self.chain = Settings()
        self.unit = UnitSettings()
        self.lost = False  # a file was there and could not be trusted

    def load(self):
        """Read both files; a damaged one gives defaults and `lost`."""
        try:
            self._take(read_lines(self._settings_path))
        except (ValueError, KeyError):
            self.lost = True
            self._lines = []
            self.chain = Settings()
            self.unit = UnitSettings()
        try:
            for name, value in read_lines(self._runs_path):
                if not name.startswith("prior."):
                    raise ValueError(name)
                self.chain.set(name, value)
        except ValueError:
            self.lost = True
            self.chain.priors = {}

    def _take(self, lines):
        for name, value in lines:
            if name.startswith("unit."):
                self.unit.set(name[5:], value)
            else:
                self.chain.set(name, value)
        self._lines = lines

    def change(self, **values):
        """Change settings of the chain and keep them. Raises OSError when they cannot be kept."""
        kept = [line for line in self._lines if line[0] not in values]
        for name in values:
            self.chain.set(name, values[name])
            kept.append((name, values[name]))
        self._lines = kept
        write_lines(self._settings_path, kept)
        self.lost = False

    def add_run(self, medians):
        """Keep a run's baseline, {feature: median}, before the earlier ones. Raises OSError."""
        priors = self.chain.priors
        for name in medians:
            priors[name] = [medians[name]] + priors.get(name, [])[: PRIOR_RUNS - 1]
        lines = []
        for name in priors:
            for value in priors[name]:
                lines.append(("prior." + name, value))
        write_lines(self._runs_path, lines)


class BaselineOfRun:
    """Collects the medians of the blocks that the chain took for its baseline."""

    def __init__(self):
        self._rows = array("i", [UNKNOWN] * (len(FEATURES) * _MOST_BLOCKS))
        self._count = 0
        self.complete = False

    def clear(self):
        self._count = 0
        self.complete = False

    def take(self, trend):
        """One trend record of the chain; allocates nothing."""
        if trend[_PHASE] != _BASELINE:
            self.complete = self.complete or self._count > 0
            return
        if self._count == _MOST_BLOCKS or self.complete:
            return
        at = self._count
        field = _FIRST
        for _ in range(len(FEATURES)):
            self._rows[at] = trend[field]
            at += _MOST_BLOCKS
            field += _PER_FEATURE
        self._count += 1

    def medians(self):
        """{feature: median} of what at least half the blocks knew."""
        found = {}
        for k in range(len(FEATURES)):
            start = k * _MOST_BLOCKS
            known = [v for v in self._rows[start : start + self._count] if v != UNKNOWN]
            if 2 * len(known) >= self._count and known:
                found[FEATURES[k][0]] = median(array("i", known), 0, len(known))
        return found
