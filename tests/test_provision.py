"""calfband provision: a unit file into a virtual unit's settings, and every slip on the way."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from conftest import Calfband
from hypothesis import given
from hypothesis import strategies as st
from units_on_usb import FileUnit, host_build, settings_file

from host_tools.errors import CalfbandError
from host_tools.firmware_tables import settings_table
from host_tools.image.compile import Firmware
from host_tools.provision.keys import KEYS
from host_tools.provision.on_unit import quiet_unit, read_unit
from host_tools.provision.unit_file import read_unit_file, template

KIM = """
[unit]
serial = "CB-0042"
hardware_revision = "B"
bluetooth_name = "Kims Bändchen"
mains_hz = 50
still_s = 240

[athlete]
mass_kg = 69.0
height_m = 1.69
side = "left"
"""
# What the app gave to its radio.
_TOLD = "__import__('sys').modules['band.unit.app'].running.radio._info"


@pytest.fixture(scope="module")
def firmware() -> Firmware:
    return host_build()


def unit_file(folder: Path, text: str) -> Path:
    path = folder / "unit.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_unit_learns_its_file_and_its_app_uses_it(
    firmware: Firmware, tmp_path: Path, calfband: Calfband
) -> None:
    unit = FileUnit(tmp_path, firmware, {"/data/settings.b": settings_file(4, mass_g=61_000)})
    kim = unit_file(tmp_path, KIM)
    with unit.plugged_in():
        looked = unit.calfband(calfband, "provision", kim, "--dry-run")
        assert looked.returncode == 0 and "nothing was changed" in looked.stdout
        assert unit.file("/data/settings.b") == settings_file(4, mass_g=61_000)

        done = unit.calfband(calfband, "provision", kim)
        assert done.returncode == 0, done.stderr
        lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
        assert "body mass 61 kg → 69 kg" in lines
        assert "leg that wears the band right → left" in lines
        assert any(line.startswith("CB-0042: 8 settings written and read back") for line in lines)

        record = unit.record("provision")
        changes = {
            change["setting"]: (change["old"], change["new"]) for change in record["changes"]
        }
        assert changes["mass_g"] == (61_000, 69_000) and changes["id.name"] == ("", "Kims Bändchen")
        assert record["generation"] == 5 and record["verified"]

        again = unit.calfband(calfband, "provision", kim)
        assert "nothing to change" in again.stdout and again.returncode == 0
        shown = unit.calfband(calfband, "provision", "--show")
        assert "Kims Bändchen" in shown.stdout and "1.69 m" in shown.stdout
        with unit.running_app() as console:
            told = console.eval(_TOLD)
    assert told["name"] == "Kims Bändchen"
    assert told["serial"] == "CB-0042" and told["hardware"] == "B"
    assert b"mass_g=69000" in unit.file("/data/settings.a")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[athlete]\nmass_g = 69000", "did you mean mass_kg in [athlete] (body mass, in kg)?"),
        ("[athlete]\nweight = 69", "did you mean mass_kg"),
        ("[athlete]\nheight_m = 169", "169 looks like centimetres: write height_m = 1.69"),
        ("[athlete]\nheight_cm = 169", "did you mean height_m"),
        ('[athlete]\nmass_kg = "69 kg"', "it must be a number of kg"),
        ("[athlete]\nmass_kg = true", "it must be a number of kg"),
        ("[athlete]\nmass_kg = nan", "it must be a number of kg"),
        ("[athlete]\nmass_kg = 300.0", "between 20 and 250 kg, or 0"),
        ('[athlete]\nside = "Left"', 'it must be "right" or "left"'),
        ("[athlete]\nside = []", 'it must be "right" or "left"'),
        ("[athlete]\nspeed_m_s = 13", "13 looks like km/h: write speed_m_s = 3.611"),
        ("[unit]\nmains_hz = 55", "it must be 0, 50 or 60 Hz"),
        ("[unit]\nbuzz = 1", "it must be true or false"),
        ("[unit]\nstill_s = 60.5", "a whole number of s"),
        ("[unit]\nstill_s = 180000", "looks like milliseconds: write still_s = 180"),
        ("[unit]\nserial = 42", "it must be text in quotes"),
        (f'[unit]\nbluetooth_name = "{"ä" * 15}"', "1 to 29 bytes"),
        ('[unit]\nbluetooth_name = "a\\nb"', "printable text"),
        ("[unit]\nmass_kg = 69.0", "did you mean mass_kg in [athlete]"),
        ("[unit]\nfrobnicate = 1", "known are serial"),
        ("[uint]\nbuzz = true", "did you mean [unit]?"),
        ('serial = "CB-1"', "stands in no section; did you mean serial in [unit]"),
        ("[unit", "not valid TOML"),
        ("", "tells nothing"),
        ("[unit]", "tells nothing"),
    ],
)
def test_a_slip_in_the_file_is_one_sentence_and_no_unit_is_touched(
    tmp_path: Path, text: str, says: str
) -> None:
    path = unit_file(tmp_path, text)
    with pytest.raises(CalfbandError) as raised:
        read_unit_file(path)
    assert says in str(raised.value) and str(path) in str(raised.value)
    assert raised.value.exit_code == 2 and "\n" not in str(raised.value)


def test_the_file_is_refused_before_the_port_is_opened(tmp_path: Path, calfband: Calfband) -> None:
    path = unit_file(tmp_path, "[athlete]\nmass_g = 69000")
    done = calfband("provision", path, "--port", tmp_path / "no port")
    assert done.returncode == 2 and "did you mean mass_kg" in done.stderr
    assert "Traceback" not in done.stderr
    done = calfband("provision", tmp_path / "none.toml")
    assert done.returncode == 2 and "cannot be read" in done.stderr
    done = calfband("provision", unit_file(tmp_path, KIM), "--port", tmp_path / "no port")
    assert done.returncode == 10 and "plugged in" in done.stderr


def test_the_template_holds_every_key_within_its_bounds(tmp_path: Path) -> None:
    lines = [line.removeprefix("#") for line in template().splitlines()]
    path = unit_file(tmp_path, "\n".join(line for line in lines if not line.startswith(" ")))
    assert set(read_unit_file(path)) == {key.setting for key in KEYS}


@given(st.sampled_from(KEYS), st.data())
def test_what_a_unit_holds_reads_back_from_a_file_as_the_same(key, data: st.DataObject) -> None:
    """No rounding on the way to the file's units and back."""
    low, high = key.row[settings_table.LOWEST], key.row[settings_table.HIGHEST]
    value = "x" * high if key.is_text else data.draw(st.integers(low, high))
    assert key.parse(key.given(value)) == value


@pytest.mark.timeout(300)
def test_power_lost_while_provisioning_leaves_old_or_new(
    firmware: Firmware, tmp_path: Path, calfband: Calfband
) -> None:
    """Through the console, at some of the writes to flash; no app, which writes files, too."""
    files = {"/main.py": b"", "/data/settings.a": settings_file(1, mass_g=61_000, side=1)}
    clean = FileUnit(tmp_path / "clean", firmware, files)
    text = "[athlete]\nmass_kg = 70.0\nheight_m = 1.8"
    found = []
    for at in (1, 2, 4, 7, 40):
        unit = FileUnit(tmp_path / str(at), None)
        shutil.copy(clean.flash, unit.flash)
        path = unit_file(unit.folder, text)
        with unit.plugged_in(f"cut@{at}"):
            cut = unit.calfband(calfband, "provision", path)
            assert "Traceback" not in cut.stderr
        with unit.plugged_in(), unit.console() as console:
            quiet_unit(console)
            values = read_unit(console).values
        mixed = (values["mass_g"], values["height_mm"], values["side"])
        assert mixed in ((61_000, 0, 1), (70_000, 1_800, 1)), at
        if cut.returncode == 0:
            assert mixed[0] == 70_000
        found.append((cut.returncode, mixed[0]))
    assert found[0][1] == 61_000 and found[0][0] in (13, 14)
    assert found[-1] == (0, 70_000)


def test_settings_of_a_later_firmware_are_not_written_over(
    firmware: Firmware, tmp_path: Path, calfband: Calfband
) -> None:
    newer = settings_file(9, schema=7, mass_mg=70_000_000)
    unit = FileUnit(tmp_path, firmware, {"/data/settings.a": newer})
    kim = unit_file(tmp_path, KIM)
    with unit.plugged_in():
        done = unit.calfband(calfband, "provision", kim)
        assert done.returncode == 2 and "--start-over" in done.stderr
        assert unit.file("/data/settings.a") == newer
        done = unit.calfband(calfband, "provision", kim, "--start-over")
        assert done.returncode == 0, done.stderr
    assert unit.file("/data/settings.a.kept") == newer


def test_a_unit_without_our_firmware_is_told_as_such(
    firmware: Firmware, tmp_path: Path, calfband: Calfband
) -> None:
    old = FileUnit(tmp_path / "old", firmware, without=lambda path: "settings_table" in path)
    blank = FileUnit(tmp_path / "blank", None, {"/boot.py": b"# boot.py\n"})
    for unit, says in ((old, "too old"), (blank, "no calf-band firmware")):
        with unit.plugged_in():
            done = unit.calfband(calfband, "provision", "--show")
        assert done.returncode == 2 and says in done.stderr, done.stderr
        assert "calfband flash" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.timeout(300)
def test_a_full_file_system_is_told_and_changes_nothing(
    firmware: Firmware, tmp_path: Path, calfband: Calfband
) -> None:
    """Small files lie in their folder's own blocks: these must be full, too."""
    before = settings_file(1, mass_g=61_000)
    unit = FileUnit(tmp_path, firmware, {"/main.py": b"", "/data/settings.a": before})
    fill = """
import os
for size, name in ((4096, "/big"), (512, "/data/a"), (64, "/data/b"), (4, "/data/c")):
    try:
        for k in range(999):
            with open(name + str(k), "wb") as file:
                file.write(bytes(size))
    except OSError:
        pass
"""
    with unit.plugged_in():
        with unit.console() as console:
            console.exec(fill, timeout_s=60)
        done = unit.calfband(calfband, "provision", unit_file(tmp_path, KIM))
    assert done.returncode == 19 and "full" in done.stderr, (done.stdout, done.stderr)
    assert unit.file("/data/settings.a") == before
    assert not os.path.exists(unit.records)
