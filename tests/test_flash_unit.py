"""The life of a virtual unit on USB: flashed, checked, updated, flashed again, for both chips."""

from __future__ import annotations

import json
import os
import struct
import sys
from binascii import crc32
from pathlib import Path

import pytest

from host_tools.errors import BadFlashError, UnitError
from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.flash.whole import WholePlan
from host_tools.image.compile import Firmware
from host_tools.usb.console import Console
from host_tools.virtual_board.stand_in_base import stand_in_base
from tests.virtual_units import Unit, host_firmware, newer_source

SETTINGS = "/data/kept"
SESSION = "/data/sessions/00007.log"
LAST = "/data/sessions/last"
_CHUNK = struct.pack("<H", 1000) + bytes(1000)  # the app would remove what is no session
DATA = {SETTINGS: b"12", SESSION: _CHUNK + struct.pack("<I", crc32(_CHUNK)), LAST: b"7"}

if sys.platform == "win32":
    pytest.skip("virtual boards need pseudo-terminals", allow_module_level=True)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Firmware, Firmware]:
    newer = newer_source(FIRMWARE_DIR, tmp_path_factory.mktemp("source"))
    return host_firmware(FIRMWARE_DIR), host_firmware(newer)


def version_of(unit: Unit) -> tuple[str, bool]:
    """What runs after the unit's own start, and whether its app does."""
    with Console.open(unit.port, wait_s=20, starting=True) as console:
        runs = console.eval("__import__('band.version').version.VERSION")
        return runs, not console.eval("safe_mode")


@pytest.mark.parametrize(
    ("chip", "flash", "offset", "machine"),
    [
        ("esp32", "4MB", 0x1000, "Generic ESP32 module with ESP32"),
        ("esp32s3", "8MB", 0x0, "Generic ESP32S3 module with ESP32S3"),
    ],
)
def test_life_of_a_unit(
    chip: str, flash: str, offset: int, machine: str, versions: tuple[Firmware, Firmware],
    tmp_path: Path,
):  # fmt: skip
    old, new = versions
    unit = Unit(tmp_path, chip, flash)
    with unit.plugged_in():
        first = unit.put(old)
        assert (first.exit_code, first.error) == (0, "")
        assert (first.chip, first.flash_bytes) == (chip, int(flash[0]) << 20)
        assert first.files_checked == len(old.unit())
        assert first.file_system == {"offset": 2 << 20, "size": first.flash_bytes - (2 << 20)}
        assert set(first.self_test.values()) == {"good", "not tested while USB is plugged in"}
        assert unit.flash.read_bytes()[offset:].startswith(unit.base.read_bytes())
        assert version_of(unit) == (old.version, True)

        # What `calfband provision` and `calfband calibrate` leave on a unit, and a run.
        with Console.open(unit.port) as console:
            console.safe_mode()
            assert console.eval("__import__('sys').implementation._machine") == machine
            for path, data in DATA.items():
                console.write_file(path, data)

        updated = unit.put(new, update=True)
        assert (updated.exit_code, updated.error, updated.slot) == (0, "", "b")
        assert updated.files_sent < 5
        assert version_of(unit) == (new.version, True)
        with Console.open(unit.port) as console:
            assert {path: console.read_file(path) for path in DATA} == DATA

        refused = unit.put(old)
        assert refused.exit_code == 20 and "--save-sessions" in refused.error

        saved = tmp_path / "saved"
        again = unit.put(old, WholePlan(unit.base, None, save_sessions=saved))
        assert (again.exit_code, again.error) == (0, "")
        assert [Path(path).read_bytes() for path in again.sessions_saved] == [DATA[SESSION]]
        assert version_of(unit) == (old.version, True)
        with Console.open(unit.port) as console:
            held = console.list_files("/data")
            assert console.read_file(SETTINGS) == DATA[SETTINGS]
            assert console.read_file(LAST) == DATA[LAST], "a session's number is used again"
            assert SESSION not in held


def test_a_unit_with_the_firmware_in_its_image_gets_it_twice_or_untold(
    versions: tuple[Firmware, Firmware], tmp_path: Path
):
    old, new = versions
    unit = Unit(tmp_path)
    unit.base.write_bytes(stand_in_base("esp32s3", board="Calfband S3 with ESP32S3"))
    with unit.plugged_in():
        other = unit.put(new)
        assert other.exit_code == BadFlashError.exit_code
        assert f"version {old.version}" in other.error and f"version {new.version}" in other.error
        with Console.open(unit.port) as console:
            console.safe_mode()
            console.write_file(SETTINGS, DATA[SETTINGS])

        good = unit.put(old)
        assert (good.exit_code, good.error, good.slot) == (0, "", "")
        assert good.settings_kept == [SETTINGS]
        assert good.files_checked == len(old.loader) + len(good.settings_kept)
        assert set(good.self_test.values()) == {"good", "not tested while USB is plugged in"}
        assert version_of(unit) == (old.version, True)
        with Console.open(unit.port) as console:
            assert console.list_files("/a") == {}
            assert console.read_file(SETTINGS) == DATA[SETTINGS]

        refused = unit.put(new, update=True)
        assert refused.exit_code == UnitError.exit_code
        assert "in its MicroPython image" in refused.error and "--base" in refused.error


def test_a_power_cut_on_the_port_leaves_a_unit_that_does_not_start(
    versions: tuple[Firmware, Firmware], tmp_path: Path
):
    old, new = versions
    unit = Unit(tmp_path)
    unit.prepare(old)
    with unit.plugged_in("cut@200"):
        cut = unit.put(new, update=True)
        assert cut.exit_code in (13, 14), cut.error
        assert "power was cut" in unit.died()
    with unit.plugged_in():
        assert version_of(unit) == (old.version, True)
        assert unit.put(new, update=True).error == ""
        assert version_of(unit) == (new.version, True)


def test_a_version_that_does_not_load_is_switched_to(
    versions: tuple[Firmware, Firmware], tmp_path: Path
):
    old = versions[0]
    broken = newer_source(FIRMWARE_DIR, tmp_path)
    (broken / "band" / "unit" / "start.py").write_text("import no_such_module\n")
    unit = Unit(tmp_path)
    unit.prepare(old)
    with unit.plugged_in():
        refused = unit.put(host_firmware(broken), update=True)
        assert refused.exit_code == 17 and "no_such_module" in refused.error
        assert version_of(unit) == (old.version, True)


def test_one_bad_unit_holds_up_the_tray(calfband, tmp_path: Path):
    good = Unit(tmp_path / "good")
    other = Unit(tmp_path / "other", chip="esp32")
    with good.plugged_in(), other.plugged_in():
        done = calfband(
            "flash", "--all", "--base", good.base, "--records", tmp_path / "units",
            env={**os.environ, "CALFBAND_PORTS": f"{good.port}:{other.port}", "COLUMNS": "120"},
        )  # fmt: skip
    assert done.returncode == 15, done.stdout + done.stderr
    assert "1 of 2 units are good" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    records = [json.loads(path.read_text()) for path in (tmp_path / "units").rglob("*.json")]
    codes = {record["port"]: record["exit_code"] for record in records}
    assert codes == {good.port: 0, other.port: 15}
    assert len({record["mac"] for record in records}) == 2
    logs = {path.parent.name: path.read_text() for path in (tmp_path / "units").rglob("*.log")}
    assert len(logs) == 2
    for record in records:
        log = logs[record["mac"].replace(":", "")]
        assert ("Hash of data verified." in log) == (record["exit_code"] == 0)
