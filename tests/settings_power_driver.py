"""Power that fails during a write, on MicroPython's own LittleFS; prints what was found after it.

    micropython settings_power_driver.py apart|in-a-row|first-schema|careless CUTS SEED

A flash in RAM stops at a chosen program or erase, which it has done in part: a program up to some
byte; of an erase, all bytes hold anything between what they held and blank. From then on nothing
is written. Then the unit is switched on again: mounted anew, and the settings loaded.
"""

import os
import random
import sys

import vfs
from micropython import const

from band.unit.lines import write_lines
from band.unit.settings_copy import encode
from band.unit.settings_table import HIGHEST, INT, KIND, LOWEST, NAME, TABLE
from band.unit.two_copies import TwoCopies
from band.unit.unit_settings import Store

_BLOCK = const(4096)
_BLOCKS = const(48)
_EIO = const(-5)
FEATURES = ("contact_ms", "kvert_kn_m", "rms_uv")


class Flash:
    """NOR flash: a program clears bits, an erase sets those of a whole block."""

    def __init__(self, data):
        self.data = data
        self.left = -1  # operations until the power fails; -1: it does not
        self.done = 0
        self.off = False

    def readblocks(self, block, buffer, offset=0):
        at = block * _BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        stop = self._last(len(buffer))
        at = block * _BLOCK + offset
        for k in range(stop):
            self.data[at + k] &= buffer[k]
        return _EIO if self.off else 0

    def ioctl(self, what, block):
        if what == 4:
            return _BLOCKS
        if what == 5:
            return _BLOCK
        if what == 6:
            return self._erase(block * _BLOCK)
        return 0

    def _erase(self, at):
        was_off = self.off
        stop = self._last(_BLOCK)
        self.data[at : at + stop] = b"\xff" * stop
        if self.off and not was_off:
            for k in range(at + stop, at + _BLOCK):
                self.data[k] |= random.getrandbits(8)
        return _EIO if self.off else 0

    def _last(self, size):
        """How many bytes of this operation are done."""
        if self.off:
            return 0
        self.done += 1
        if self.left == 0:
            self.off = True
            return random.randrange(size + 1)
        self.left -= 1
        return size


def switch_on(data):
    """A unit whose flash holds `data`: (flash, store)."""
    try:
        vfs.umount("/flash")
    except OSError:
        pass
    flash = Flash(data)
    vfs.mount(vfs.VfsLfs2(flash), "/flash")  # type: ignore[arg-type]
    store = Store("/flash")
    store.load()
    return flash, store


def blank():
    flash = Flash(bytearray(b"\xff" * (_BLOCK * _BLOCKS)))
    vfs.VfsLfs2.mkfs(flash)  # type: ignore[arg-type]
    return flash.data


def some_values():
    """Of all settings or some, of every length."""
    most = (1, 3, len(TABLE))[random.randrange(3)]
    values = {}
    for row in TABLE:
        if random.randrange(len(TABLE)) < most:
            if row[KIND] == INT:
                values[row[NAME]] = random.randint(row[LOWEST], row[HIGHEST])
            else:
                values[row[NAME]] = "x" * random.randint(row[LOWEST], row[HIGHEST])
    return values


def some_run():
    return {name: random.randint(1, 9999) for name in FEATURES}


def state(store):
    return repr((store.values(), sorted(store.chain.priors.items()))).encode()


def write(store, what):
    """A dict of settings, or the medians of a run."""
    if FEATURES[0] in what:
        store.add_run(what)
    else:
        store.change(what)


def outcomes(data, what):
    """(before, after, operations) of a write that nothing disturbs; `data` is left as it is."""
    flash, store = switch_on(bytearray(data))
    before = state(store)
    write(store, what)
    return before, state(store), flash.done


def cut(data, what, count):
    """Let the power fail during this write; then what is found: "old", "new", or what is wrong."""
    before, after, operations = outcomes(data, what)
    if operations == 0:
        return "nothing to write"
    flash, store = switch_on(data)
    flash.left = random.randrange(operations)
    try:
        write(store, what)
    except OSError:
        pass
    if not flash.off:
        return "the power did not fail"
    flash, store = switch_on(data)
    found = state(store)
    if store.lost:
        return f"cut {count}: lost {store.settings.states} {store.runs.states}"
    if found != before and found != after:
        return f"cut {count}: mixed"
    return "new" if found == after else "old"


def apart(cuts):
    """Each cut meets the same unit."""
    base = blank()
    _, store = switch_on(base)
    store.change(some_values())
    store.change({"mass_g": 60_000, "id.name": "before"})
    store.add_run(some_run())
    what = some_values()
    what["mass_g"] = 70_000
    for count in range(cuts):
        data = bytearray(base)
        print(cut(data, some_run() if count % 4 == 0 else what, count))
        _, store = switch_on(data)
        store.change({"mass_g": 80_000})
        _, store = switch_on(data)
        if store.get("mass_g") != 80_000:
            print("cut", count, "no further change was kept")


def first_schema(cuts):
    """The first change after an update: what was one file becomes two copies."""
    base = blank()
    switch_on(base)
    write_lines("/flash/settings.txt", [("mass_g", 60_000), ("side", 1), ("unit.still_s", 90)])
    write_lines("/flash/runs.txt", [("prior." + name, 1000) for name in FEATURES])
    for count in range(cuts):
        print(cut(bytearray(base), some_run() if count % 4 == 0 else some_values(), count))


def in_a_row(cuts):
    """One unit with a log that grows and is erased suffers all of them."""
    data = blank()
    for count in range(cuts):
        print(cut(data, some_run() if random.randrange(4) == 0 else some_values(), count))
        with open("/flash/log", "wb" if count % 10 == 0 else "ab") as file:
            file.write(bytes(random.randrange(3000)))


def carelessly(self, lines):
    """As a store without two copies might: first the old one goes."""
    path = self._path + ".a"
    try:
        os.remove(path)
    except OSError:
        pass
    with open(path, "wb") as file:
        file.write(encode(1, self.schema, lines))


random.seed(int(sys.argv[3]))
if sys.argv[1] == "careless":
    TwoCopies.save = carelessly
if sys.argv[1] == "in-a-row":
    in_a_row(int(sys.argv[2]))
elif sys.argv[1] == "first-schema":
    first_schema(int(sys.argv[2]))
else:
    apart(int(sys.argv[2]))
