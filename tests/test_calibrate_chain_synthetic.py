"""Calibration through the whole chain: chips, drivers, firmware, Bluetooth, client, fits.

The unit is the firmware on MicroPython with virtual chips on a virtual bench, its errors known and
its time eight times as quick as ours.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from calibrate_bench import VirtualUnit

from host_tools.calibrate import delay, emg, gyroscope
from host_tools.calibrate.command import Only, Run
from host_tools.calibrate.refusal import RefusedError
from host_tools.calibrate.steps import BY_NAME, References
from host_tools.calibrate.unit import Unit
from host_tools.client import find as finding
from host_tools.client.exchange import NotPermittedError
from host_tools.client.find import Air, Wanted
from host_tools.console import Console
from host_tools.firmware_tables import wire
from host_tools.virtual.bench.errors import Accelerometer, Emg, Errors, Gyroscope

SERIAL = "30aea4000001"
UNIT = Errors(
    Accelerometer((31.0, -44.0, 62.0), (1.4, -0.9, 2.1), (0.8, -0.5, 0.6, 0.3, -1.1, 0.4)),
    Gyroscope((1.6, -2.3, 0.7), (1.1, -1.8, 0.6)),
    Emg((3.5, -2.2), (42.0, -95.0), delay_ms=1.35),
    imu_clock_pct=1.7,
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SETTLE_S", 0.1)


def a_run(out: Path, *again: str, only: Only | None = None) -> Run:
    steps = [BY_NAME[name] for name in again]
    return Run(out, References(mass_kg=69), Console(), True, steps, only)


async def done(run: Run, air: Air, unit: VirtualUnit) -> bool | None:
    return await asyncio.wait_for(run.over(air, Wanted(), 20.0, unit, synthetic=True), 200)


def kept_by(out: Path, name: str) -> dict[str, Any]:
    return json.loads((out / SERIAL / name).read_text())


async def measured(unit: VirtualUnit, air: Air) -> dict[str, Any]:
    """What the corrected unit measures, with nothing of `Run`."""
    band = Unit(air, Wanted(), 20.0)
    linking = asyncio.ensure_future(band.link.run())
    try:
        await band.until_ready()
        await band.corrected(True)
        await unit.do("5")
        lying = await band.capture(2.5)
        await unit.do("3")
        upright = await band.capture(2.5)
        await unit.do("y")
        turn = await band.capture(6.5, once=True)
        await unit.do("g")
        signal = await band.capture(3.0)
        await band.clocks_known(8)
        await unit.do("t")
        taps = await band.capture(12.0, once=True)
        await refused_in_a_session(band)
    finally:
        linking.cancel()
    return {
        "lying": lying.acc_g.mean(axis=0),
        "upright": upright.acc_g.mean(axis=0),
        "rate": np.array(gyroscope.bias_dps(lying)),
        "turn_deg": gyroscope.turned(turn, 1, 360)["reads_deg"],
        "gain_pct": np.array(emg.test_signal(signal, 500, 100)["gain_pct"]),
        "offset_uv": emg.shorted(lying)["offset_uv"],
        "delay_ms": delay.of_taps(taps)["delay_ms"],
    }


async def refused_in_a_session(band: Unit) -> None:
    """Calibration and a session keep out of each other's way."""
    await band.corrected(False)
    with pytest.raises(NotPermittedError):
        await band.link.request(wire.START)
    await band.corrected(True)
    await band.link.request(wire.START)
    for request in (
        (wire.STAGE, 0, 5),
        (wire.KEEP, 0),
        (wire.CLEAR_CALIBRATION,),
        (wire.RAW_START, 3 | wire.UNCORRECTED),
    ):
        with pytest.raises(NotPermittedError):
            await band.link.request(*request)
    await band.link.request(wire.STOP)


@pytest.mark.timeout(400)
def test_known_errors_are_not_found_or_not_corrected(tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def story() -> None:
        async with VirtualUnit(tmp_path, UNIT).powered() as unit:
            air = await unit.air()
            assert await done(a_run(out, only=Only.UNIT), air, unit) is True
            right = await measured(unit, air)
            assert abs(np.linalg.norm(right["lying"]) - 1) < 0.002
            assert np.abs(right["lying"] - [0, 0, 1]).max() < 0.004  # the bench tilts by 1 mg
            assert np.abs(right["upright"] - [0, 1, 0]).max() < 0.004
            assert np.abs(right["rate"]).max() < 0.1
            assert abs(right["turn_deg"] / 360 - 1) < 0.001
            assert np.abs(right["gain_pct"]).max() < 0.1
            assert np.abs(right["offset_uv"]).max() < 1
            assert abs(right["delay_ms"]) < 0.3

    asyncio.run(story())
    found = {name: step["result"] for name, step in kept_by(out, "state.json")["steps"].items()}
    bias = np.array(found["accelerometer"]["bias_mg"])
    assert np.abs(bias - UNIT.accelerometer.bias_mg).max() < 2
    scale = np.array(found["accelerometer"]["scale_pct"])
    assert np.abs(scale - UNIT.accelerometer.scale_pct).max() < 0.1
    assert np.abs(np.array(found["gyroscope"]["bias_dps"]) - UNIT.gyroscope.bias_dps).max() < 0.1
    assert np.abs(np.array(found["turns"]["scale_pct"]) - UNIT.gyroscope.scale_pct).max() < 0.1
    assert abs(found["clock"]["off_pct"] - UNIT.imu_clock_pct) < 0.01
    assert np.abs(np.array(found["signal"]["gain_pct"]) - UNIT.emg.gain_pct).max() < 0.1
    assert np.abs(np.array(found["noise"]["offset_uv"]) - UNIT.emg.offset_uv).max() < 1
    assert abs(found["delay"]["delay_ms"] - UNIT.emg.delay_ms) < 0.3
    sheet = kept_by(out, "certificate.json")
    assert sheet["passed"] is True and sheet["synthetic"] is True and sheet["serial"] == SERIAL
    assert list(sheet["values_in_unit"]) == [row[0] for row in wire.CALIBRATION]
    wanted = found["accelerometer"]["values"]["acc_bias_z_ug"]
    assert sheet["values_in_unit"]["acc_bias_z_ug"] == wanted
    page = (out / SERIAL / "certificate.html").read_text()
    assert "Virtual unit" in page and "nan" not in page and not re.search(r"https?://", page)


@pytest.mark.timeout(300)
def test_a_mishap_in_the_middle_begins_everything_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong position, a moving unit, a power cut, a computer that dies: what was done stays."""
    out = tmp_path / "out"

    async def story() -> None:
        async with VirtualUnit(tmp_path, UNIT).powered() as unit:
            air = await unit.air()
            unit.instead = {"2": ["1", "w"]}
            unit.cut_at = "3"
            await killed_when(lambda: "4" in parts(), unit, air)
            assert unit.cuts == 1
            before = len(unit.pressed)
            await killed_when(lambda: "accelerometer" in steps(), unit, air)
            assert unit.pressed[before:].startswith(("b5", "b6"))  # b: the button, to pair

    async def killed_when(enough: Callable[[], bool], unit: VirtualUnit, air: Air) -> None:
        """The computer dies; nothing more is said to the unit."""
        running = asyncio.ensure_future(done(a_run(out), air, unit))
        while not enough():
            assert not running.done(), running.exception()
            await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def steps() -> dict[str, Any]:
        return kept_by(out, "state.json")["steps"]

    def parts() -> dict[str, Any]:
        if not (out / SERIAL / "state.json").exists():
            return {}
        return kept_by(out, "state.json")["parts"].get("accelerometer", {})

    asyncio.run(story())
    said = capsys.readouterr().out
    assert "refused: wrong position: +x is up and not −x" in said
    assert "refused: the unit moved" in said
    assert "the band was lost in the middle" in said or "stopped sending" in said
    found = kept_by(out, "state.json")["steps"]["accelerometer"]["result"]
    assert np.abs(np.array(found["bias_mg"]) - UNIT.accelerometer.bias_mg).max() < 2


@pytest.mark.timeout(300)
def test_the_athletes_references_do_not_reach_the_unit(tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def story() -> None:
        async with VirtualUnit(tmp_path, UNIT).powered() as unit:
            air = await unit.air()
            assert await done(a_run(out, only=Only.ATHLETE), air, unit) is None
            assert unit.pressed == "blmnh"

    asyncio.run(story())
    sheet = kept_by(out, "certificate.json")
    assert "accelerometer" in sheet["not_measured"] and not sheet["failed"]
    kept = sheet["values_in_unit"]
    for channel in (1, 2):  # the unit is not calibrated: its gain is in them
        gain = 1 + UNIT.emg.gain_pct[channel - 1] / 100
        assert 0.95 < kept[f"mvc{channel}_duv"] / 10 / UNIT.bench.mvc_uv[channel - 1] / gain < 1.2
    assert abs(kept["hop_contact_dms"] - 1850) < 80 and abs(kept["hop_flight_dms"] - 3100) < 80
    assert 24_000 < kept["hop_kvert_n_m"] < 32_000
    assert kept["day"] == 0 and kept["acc_bias_x_ug"] == 0


@pytest.mark.timeout(300)
def test_data_that_stay_bad_are_certified(tmp_path: Path) -> None:
    """Who cannot be asked to do it better gets the reason, and no figure."""
    out = tmp_path / "out"

    async def story() -> None:
        async with VirtualUnit(tmp_path, UNIT).powered() as unit:
            unit.instead = {"5": ["w"] * 3}
            with pytest.raises(RefusedError, match="the unit moved"):
                await done(a_run(out, "gyroscope"), await unit.air(), unit)

    asyncio.run(story())
    assert not (out / SERIAL / "certificate.json").exists()
