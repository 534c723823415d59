"""Loss of power while settings are written: old or new, never mixed, never lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from conftest import MicroPython

DRIVER = (Path(__file__).parent / "settings_power_driver.py").read_text()


def outcomes(run_micropython: MicroPython, way: str, cuts: int, seed: int) -> Counter[str]:
    done = run_micropython(DRIVER, way, cuts, seed, heap="32m")
    return Counter(done.stdout.decode().splitlines())


@pytest.mark.parametrize("way", ["apart", "in-a-row", "first-schema"])
@pytest.mark.parametrize("seed", [1, 2])
def test_power_lost_in_a_program_or_erase_leaves_old_or_new_settings(
    run_micropython: MicroPython, way: str, seed: int
) -> None:
    """On LittleFS, whose flash stops in the middle of an operation; some 400 cuts each."""
    found = outcomes(run_micropython, way, 400, seed)
    assert set(found) <= {"old", "new", "nothing to write"}
    assert found["old"] + found["new"] >= 300
    assert found["old"] > 0 and found["new"] > 0


def test_a_careless_writer_would_be_caught_by_these_cuts(run_micropython: MicroPython) -> None:
    found = outcomes(run_micropython, "careless", 100, 3)
    assert set(found) - {"old", "new", "nothing to write"}


EVERY_BYTE = """
import os, sys
from band.unit.unit_settings import Store

folder = sys.argv[1]


def read(name):
    with open(folder + name, "rb") as file:
        return file.read()


def write(name, data):
    with open(folder + name, "wb") as file:
        file.write(data)


def name_found():
    store = Store(folder)
    store.load()
    found = (store.get("id.name"), store.get("mass_g"), store.lost)
    store.change({"mains_hz": 50})
    again = Store(folder)
    again.load()
    assert (again.get("id.name"), again.get("mass_g"), again.get("mains_hz")) == (
        found[0], found[1], 50
    ), found
    return found


store = Store(folder)
store.load()
store.change({"id.name": "a name that is longer", "mass_g": 55_000})
store.change({"id.name": "before", "mass_g": 60_000})
a, b = read("/settings.a"), read("/settings.b")
store.change({"id.name": "after", "mass_g": 70_000})
new = read("/settings.a")
for cut in range(len(new) + 1):
    for rest in (b"", a[cut:], b"\\xff" * (len(new) - cut), b"\\0" * (len(new) - cut)):
        write("/settings.a", new[:cut] + rest)
        write("/settings.b", b)
        print(*name_found(), sep="|")
"""


def test_a_copy_cut_at_any_byte_is_never_taken_for_settings(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    """As a file system leaves it that writes in place: the rest is gone, old, blank or zero."""
    found = Counter(run_micropython(EVERY_BYTE, tmp_path).stdout.decode().splitlines())
    assert set(found) == {"before|60000|False", "after|70000|False"}
    assert found["after|70000|False"] >= 3  # whole, with nothing of the old one behind it
