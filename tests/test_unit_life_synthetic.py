"""One unit from a bare chip to a calibrated band that outlives its updates. Virtual, synthetic."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")
if sys.platform == "win32":
    pytest.skip("virtual boards need pseudo-terminals", allow_module_level=True)

from calibrate_bench import VirtualUnit
from conftest import Calfband

from host_tools.calibrate.command import Only, Run
from host_tools.calibrate.steps import References
from host_tools.client import find as finding
from host_tools.client.find import Wanted
from host_tools.console import Console as Terminal
from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.usb.console import Console
from host_tools.virtual.bench.errors import Accelerometer, Emg, Errors
from tests.virtual_units import Unit, host_firmware, newer_source

UNIT_FILE = """
[unit]
serial = "CB-0042"
mains_hz = 50

[athlete]
mass_kg = 69.0
"""
ERRORS = Errors(Accelerometer((31.0, -44.0, 62.0)), emg=Emg((3.5, -2.2), delay_ms=1.35))
CUTS = 3
_KEPT = "(lambda s: (s.load(), s.values())[1])(__import__('band.unit.unit_settings')" + (
    ".unit.unit_settings.Store('/data'))"
)


def kept_by(unit: Unit) -> tuple[str, dict[str, int | str]]:
    """Firmware version and all settings, as the unit itself reads them after its start."""
    with Console.open(unit.port, wait_s=30, starting=True) as console:
        version = console.eval("__import__('band.version').version.VERSION")
        return version, dict(console.eval(_KEPT))


def carried(unit: Unit, data: Path, to_unit: bool) -> None:
    """The flash of one unit, which has its USB side and its radio side in two processes here."""
    with Console.open(unit.port, wait_s=30, starting=True) as console:
        console.safe_mode()
        if to_unit:
            for path in sorted(data.glob("settings.*")):
                console.write_file(f"/data/{path.name}", path.read_bytes())
            return
        data.mkdir(parents=True)
        for path in console.list_files("/data"):
            if path.startswith("/data/settings."):
                (data / Path(path).name).write_bytes(console.read_file(path))


async def calibrated(folder: Path, out: Path) -> bool | None:
    async with VirtualUnit(folder, ERRORS).powered() as unit:
        run = Run(out, References(mass_kg=69), Terminal(), True, [], Only.UNIT)
        return await run.over(await unit.air(), Wanted(), 20.0, unit, synthetic=True)


@pytest.mark.timeout(400)
def test_what_a_unit_was_told_and_measured_does_not_outlive_its_updates(
    tmp_path: Path, calfband: Calfband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "SETTLE_S", 0.1)
    old = host_firmware(FIRMWARE_DIR)
    new = host_firmware(newer_source(FIRMWARE_DIR, tmp_path))
    unit = Unit(tmp_path / "unit")
    radio, out = tmp_path / "radio", tmp_path / "bench"
    (unit.folder / "unit.toml").write_text(UNIT_FILE)
    with unit.plugged_in():
        assert unit.put(old).error == ""
        told = calfband("provision", unit.folder / "unit.toml", "--port", unit.port,
                        cwd=unit.folder)  # fmt: skip
        assert told.returncode == 0, told.stdout + told.stderr
        carried(unit, radio / "data", to_unit=False)

    assert asyncio.run(asyncio.wait_for(calibrated(radio, out), 200)) is True
    sheet = json.loads((out / "CB-0042" / "certificate.json").read_text())
    assert sheet["passed"] is True
    measured = {f"cal.{name}": value for name, value in sheet["values_in_unit"].items()}
    assert abs(measured["cal.acc_bias_z_ug"] - 62_000) < 2000

    def whole(version: str) -> Callable[[], None]:
        def check() -> None:
            runs, kept = kept_by(unit)
            assert runs == version
            assert kept["id.serial"] == "CB-0042" and kept["mass_g"] == 69_000
            assert {name: kept[name] for name in measured} == measured

        return check

    with unit.plugged_in():
        carried(unit, radio / "data", to_unit=True)
    for cut_at in random.Random(1).sample(range(20, 150), CUTS):
        with unit.plugged_in(f"cut@{cut_at}"):
            assert unit.put(new, update=True).exit_code in (13, 14)
            unit.died()
        with unit.plugged_in():
            whole(old.version)()
    with unit.plugged_in():
        assert unit.put(new, update=True).error == ""
        whole(new.version)()
        looked = calfband("doctor", "--port", unit.port, cwd=unit.folder)
        assert "settings of CB-0042" in looked.stdout and "not calibrated" not in looked.stdout
