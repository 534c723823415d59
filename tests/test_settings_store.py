"""The settings store on MicroPython: damage, bounds, schemas, and what a full flash does."""

from __future__ import annotations

import binascii
import json
import random
from pathlib import Path

import pytest
from conftest import MicroPython
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from host_tools.firmware_tables import settings_copy, settings_table, wire

FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
NAMES = [row[0] for row in settings_table.TABLE]

# Changes of one store from JSON on stdin, one per line; after each of them what is in force, the
# complaint, and what a second store reads from the files.
CHANGES = """
import json, sys
from band.unit.unit_settings import Store

store = Store(sys.argv[1])
store.load()
for line in sys.stdin:
    try:
        store.change(json.loads(line))
        said = ""
    except (KeyError, ValueError, OSError) as error:
        said = type(error).__name__
    again = Store(sys.argv[1])
    again.load()
    assert again.values() == store.values()
    print(json.dumps([said, store.values(), again.lost]))
"""
LOOK = """
import json, sys
from band.unit.unit_settings import Store

store = Store(sys.argv[1])
store.load()
print(json.dumps([
    {name: value for name, value in store.values().items() if value != Store("-").get(name)},
    store.lost, store.settings.states, store.settings.from_schema, store.refused,
    store.chain.priors, store.chain.mass_g, store.unit.still_s,
]))
"""


def changes(run_micropython: MicroPython, folder: Path, *some: dict) -> list[list]:
    # Not as escapes: MicroPython's json leaves two of them apart that are one letter.
    lines = "".join(json.dumps(values, ensure_ascii=False) + "\n" for values in some)
    done = run_micropython(CHANGES, folder, stdin=lines.encode())
    return [json.loads(line) for line in done.stdout.splitlines()]


class Look:
    """What a unit finds in this folder."""

    def __init__(self, run_micropython: MicroPython, folder: Path) -> None:
        found = json.loads(run_micropython(LOOK, folder).stdout)
        self.set, self.lost, self.states, self.schema, self.refused = found[:5]
        self.priors, self.mass_g, self.still_s = found[5:]


def write_first_schema(folder: Path, name: str, lines: list[str]) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    (folder / name).write_bytes(data + b"check=%d\n" % binascii.crc32(data))


TEXTS = ["", " a", "a ", "a\nb", "a=b", "check=1", "\x85"] + [
    "é" * 8,
    "é" * 14 + "x",
    "é" * 15,
    "🏃",
    "x" * 24,
]
NUMBERS = [0, 1, -1, 60, 2**29, -(2**40), 1.5]


def a_value(name: str, kind: int, offset: int, text: str) -> tuple[str, object]:
    """Of a setting: round its edges, some text, nothing, or of the wrong kind."""
    low, high = settings_table.row_of(name if name in NAMES else "mass_g")[2:4]
    some = [low + offset, high + offset, text, "x" * (high + offset), None, offset > 0]
    return name, (some + NUMBERS + TEXTS)[kind]


values = st.builds(
    a_value,
    st.sampled_from([*NAMES, "id.name", "id.serial", "id.hardware", "", "unit.", "id.nick"]),
    st.integers(0, 5 + len(NUMBERS) + len(TEXTS)),
    st.integers(-1, 1),
    st.text(max_size=12),
)


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=FIXTURES)
@given(st.lists(st.lists(values, min_size=1, max_size=2), min_size=30, max_size=30))
def test_no_value_out_of_bounds_is_kept_and_none_by_half(
    run_micropython: MicroPython, tmp_path_factory: pytest.TempPathFactory, some: list
) -> None:
    """The host asks the same table what the unit must answer; a change is whole or not at all."""
    folder = tmp_path_factory.mktemp("flash")
    expected: dict[str, object] = {row[0]: row[5] for row in settings_table.TABLE}
    asked = [dict(pairs) for pairs in some]
    for values, (said, in_force, lost) in zip(
        asked, changes(run_micropython, folder, *asked), strict=True
    ):
        wrong = ""
        for name, value in values.items():
            try:
                if value is None:
                    settings_table.row_of(name)
                else:
                    settings_table.check(name, value)
            except (KeyError, ValueError) as error:
                wrong = wrong or type(error).__name__
        # Which of two complaints comes first is the unit's to choose.
        assert bool(said) == bool(wrong), (values, said)
        if not wrong:
            for name, value in values.items():
                expected[name] = settings_table.default_of(name) if value is None else value
        assert in_force == expected and not lost


@pytest.mark.parametrize("copy", ["settings.a", "settings.b"])
def test_one_damaged_copy_leaves_the_other_in_force(
    run_micropython: MicroPython, tmp_path: Path, copy: str
) -> None:
    changes(run_micropython, tmp_path, {"mass_g": 60_000}, {"mass_g": 70_000})
    data = bytearray((tmp_path / copy).read_bytes())
    data[len(data) // 2] ^= 0x10
    (tmp_path / copy).write_bytes(data)
    look = Look(run_micropython, tmp_path)
    assert look.mass_g == (70_000 if copy == "settings.a" else 60_000)
    assert not look.lost and "damaged" in look.states
    changes(run_micropython, tmp_path, {"side": 1})
    look = Look(run_micropython, tmp_path)
    assert look.states == ["good", "good"] and look.set["side"] == 1


def test_two_damaged_copies_give_defaults_and_say_so(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    changes(run_micropython, tmp_path, {"mass_g": 60_000}, {"mass_g": 70_000})
    for copy in ("settings.a", "settings.b"):
        (tmp_path / copy).write_bytes(b"generation=9\nschema=2\nmass_g=1\ncheck=1\n")
    look = Look(run_micropython, tmp_path)
    assert look.lost and look.set == {} and look.mass_g == 0
    changes(run_micropython, tmp_path, {"mass_g": 80_000})
    look = Look(run_micropython, tmp_path)
    assert not look.lost and look.mass_g == 80_000


def test_settings_of_the_first_schema_are_read_and_moved_with_the_first_change(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    """What an old unit holds survives an update; what was no athlete counts as not known."""
    lines = ["mass_g=69000", "height_mm=17", "side=1", "unit.still_s=240"]
    write_first_schema(tmp_path, "settings.txt", lines)
    write_first_schema(tmp_path, "runs.txt", ["prior.contact_ms=2510", "prior.contact_ms=2500"])
    look = Look(run_micropython, tmp_path)
    assert (look.schema, look.lost, look.mass_g, look.still_s) == (1, False, 69_000, 240)
    assert look.set == {"mass_g": 69_000, "side": 1, "unit.still_s": 240}
    assert look.priors == {"contact_ms": [2510, 2500]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs.txt", "settings.txt"]

    changes(run_micropython, tmp_path, {"mains_hz": 50})
    look = Look(run_micropython, tmp_path)
    assert look.schema == 2 and look.set["mass_g"] == 69_000 and look.set["mains_hz"] == 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs.txt", "settings.a"]


FUZZ = """
import json, sys
from band.unit.unit_settings import Store

for line in sys.stdin:
    for name, data in json.loads(line).items():
        with open(sys.argv[1] + name, "wb") as file:
            file.write(bytes(data))
    store = Store(sys.argv[1])
    store.load()
    store.change({"height_mm": 1700})
    again = Store(sys.argv[1])
    again.load()
    assert again.values() == store.values() and not again.settings.lost
"""


def test_no_content_of_the_files_keeps_a_unit_from_starting(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    """Noise, and lines that prove themselves by their CRC and make no sense all the same."""
    rng = random.Random(8)
    pieces = [b"mass_g=69000", b"mass_g=", b"=", b"", b"no sign", b"generation=1", b"schema=2",
              b"generation=x", b"schema=-1", b"schema=0", b"mass_g=1e9", b"mass_g=" + b"9" * 40,
              b"id.name=\xff\xfe", b"id.name=a=b", b"unit.still_s=60.5", b"prior.rms_uv=x",
              b"check=1", b"\x00\x01"]  # fmt: skip
    lines = []
    for _ in range(300):
        files = {}
        for name in ("/settings.a", "/settings.b", "/runs.a"):
            some = [*pieces[5:7], *rng.choices(pieces, k=rng.randrange(5))]
            if rng.random() < 0.5:
                rng.shuffle(some)
            body = b"\n".join(some) + b"\n" * rng.randrange(2)
            whole = body + b"check=%d\n" % binascii.crc32(body)
            noise = rng.randbytes(rng.randrange(200))
            files[name] = list(rng.choice([whole, whole, body, noise, noise * 60, b""]))
        lines.append(json.dumps(files))
    run_micropython(FUZZ, tmp_path, stdin="\n".join(lines).encode() + b"\n")


CHAIN = """
import json, sys
from band.unit.migrations import OF_SETTINGS
from band.unit.unit_settings import Store


def minutes_to_seconds(lines):
    return [
        ("unit.still_s", str(60 * int(text))) if name == "still_min" else (name, text)
        for name, text in lines
    ]


def one_side(lines):
    kept = [line for line in lines if line[0] != "left"]
    return kept + [("side", text) for name, text in lines if name == "left"]


def refuses(lines):
    raise ValueError


for steps in (OF_SETTINGS, OF_SETTINGS + (minutes_to_seconds, one_side), OF_SETTINGS + (refuses,)):
    store = Store(sys.argv[1], steps)
    store.load()
    print(json.dumps([
        store.get("unit.still_s"), store.get("side"), store.lost, store.settings.newer
    ]))
"""


@pytest.mark.parametrize("schema", [1, 2, 3, 4])
def test_migrations_run_one_after_the_other_from_any_schema(
    run_micropython: MicroPython, tmp_path: Path, schema: int
) -> None:
    """Of a store that knows schema 2, one that knows 4, and one whose last step cannot read it."""
    still = [("still_min", "4")] if schema < 3 else [("unit.still_s", "240")]
    side = [("left", "1")] if schema < 4 else [("side", "1")]
    lines = [*still, *side]
    if schema == 1:
        write_first_schema(tmp_path, "settings.txt", [f"{name}={text}" for name, text in lines])
    else:
        (tmp_path / "settings.b").write_bytes(settings_copy.encode(5, schema, lines))
    printed = run_micropython(CHAIN, tmp_path).stdout.splitlines()
    second, fourth, refusing = (json.loads(line) for line in printed)
    assert fourth == [240, 1, False, False]
    if schema > 2:
        assert second == [180, 0, True, True]
    if schema < 3:
        assert refusing == [180, 0, True, False]


def test_a_newer_schema_is_refused_and_not_destroyed(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    """An older firmware on the unit must not cost what the newer one kept."""
    newer = settings_copy.encode(8, 9, [("mass_mg", "70000000")])
    older = settings_copy.encode(7, 2, [("mass_g", "69000")])
    (tmp_path / "settings.a").write_bytes(newer)
    (tmp_path / "settings.b").write_bytes(older)
    look = Look(run_micropython, tmp_path)
    assert look.lost and look.states == ["newer", "good"] and look.mass_g == 69_000
    assert changes(run_micropython, tmp_path, {"mass_g": 80_000})[0][0] == "OSError"
    assert (tmp_path / "settings.a").read_bytes() == newer
    assert (tmp_path / "settings.b").read_bytes() == older
    set_aside = (
        "import sys\nfrom band.unit.unit_settings import Store\n"
        "store = Store(sys.argv[1])\nstore.load()\nstore.set_aside()\n"
        "store.change({'side': 1})\n"
    )
    run_micropython(set_aside, tmp_path)
    assert (tmp_path / "settings.a.kept").read_bytes() == newer
    look = Look(run_micropython, tmp_path)
    assert not look.lost and look.set == {"mass_g": 69_000, "side": 1}


def test_names_of_another_firmware_are_carried_along(
    run_micropython: MicroPython, tmp_path: Path
) -> None:
    """Rows are added to the table without a new schema; going back and forth loses none."""
    lines = [("mass_g", "69000"), ("cal.not_yet", "7"), ("unit.still_s", "99999")]
    (tmp_path / "settings.a").write_bytes(settings_copy.encode(1, 2, lines))
    look = Look(run_micropython, tmp_path)
    assert look.refused == ["unit.still_s"] and look.lost and look.still_s == 180
    assert look.mass_g == 69_000
    changes(run_micropython, tmp_path, {"side": 1})
    assert b"cal.not_yet=7" in (tmp_path / "settings.b").read_bytes()
    look = Look(run_micropython, tmp_path)
    assert not look.lost and look.mass_g == 69_000


FULL = """
import json, sys, vfs
from band.unit.unit_settings import Store


class Ram:
    def __init__(self):
        self.data = bytearray(b"\\xff" * 4096 * 12)
    def readblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        buffer[:] = self.data[at : at + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        self.data[at : at + len(buffer)] = buffer
    def ioctl(self, what, block):
        if what == 6:
            self.data[block * 4096 : block * 4096 + 4096] = b"\\xff" * 4096
        return 12 if what == 4 else 4096 if what == 5 else 0


ram = Ram()
vfs.VfsLfs2.mkfs(ram)
vfs.mount(vfs.VfsLfs2(ram), "/flash")
store = Store("/flash")
store.load()
store.change(json.loads(sys.stdin.readline()))
store.change({"mass_g": 60_000})
try:
    for k in range(99):
        with open("/flash/big" + str(k), "wb") as file:
            file.write(bytes(512))
except OSError:
    pass
try:
    for k in range(20):
        store.change({"mass_g": 61_000 + k, "id.name": "x" * (k + 1)})
        kept = 61_000 + k
except OSError as error:
    print(error.errno)
again = Store("/flash")
again.load()
print(again.get("mass_g") == store.get("mass_g"), again.lost)
"""


def test_a_full_flash_raises_and_what_was_in_force_stays(run_micropython: MicroPython) -> None:
    rng = random.Random(4)
    values = {}
    for name, kind, low, high, *_ in settings_table.TABLE:
        values[name] = rng.randint(low, high) if kind == "int" else "x" * high
    done = run_micropython(FULL, stdin=json.dumps(values).encode() + b"\n")
    assert done.stdout.decode().split() == ["28", "True", "False"]  # ENOSPC


DEFAULTS = """
from band.settings import Settings
from band.unit.settings_table import CHAIN, DEFAULT, NAME
from band.unit.unit_settings import Store, UnitSettings

settings = Settings()
names = [row[NAME] for row in CHAIN]
for row in CHAIN:
    assert getattr(settings, row[NAME]) == row[DEFAULT], row
assert set(names) == {n for n in vars_of(settings)} - {"priors"}, names
for name in vars_of(UnitSettings()):
    assert "unit." + name in Store("-").values(), name
"""


def test_the_table_and_the_chains_own_settings_agree(run_micropython: MicroPython) -> None:
    run_micropython("def vars_of(thing):\n    return list(thing.__dict__)\n\n" + DEFAULTS)


def test_every_default_lies_within_its_bounds() -> None:
    for row in settings_table.TABLE:
        assert settings_table.check(row[0], row[5]) == row[5]
    assert {row[0] for row in wire.CALIBRATION} == {
        name[4:] for name in NAMES if name.startswith("cal.")
    }
