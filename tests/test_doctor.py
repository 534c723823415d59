"""calfband doctor: nothing connected, a healthy unit, and every fault that it must name."""

from __future__ import annotations

import binascii
import dataclasses
import json
from pathlib import Path

import pytest
from conftest import Calfband
from units_on_usb import FileUnit, host_build, settings_file
from virtual_units import host_firmware, newer_source

from host_tools.doctor import computer
from host_tools.doctor.asking import ABSENT, FAILED, RUNS, SAFE, UnitFacts
from host_tools.doctor.finding import GOOD, NOTE, TODO, Finding, of_error
from host_tools.doctor.unit import findings
from host_tools.errors import CalfbandError, NoAnswerError
from host_tools.firmware_tables import FIRMWARE_DIR, settings_table, wire
from host_tools.image.compile import Firmware
from host_tools.provision.on_unit import UnitSettings
from host_tools.usb.ports import Port

KEPT = {
    "/data/settings.a": settings_file(
        3, mass_g=69_000, cal__day=20_000, id__serial="CB-0042", unit__log_kb=512
    )
}
TRACEBACK = b'Traceback (most recent call last):\n  File "band/x.py", line 3\nValueError: boom\n'


@pytest.fixture(scope="module")
def firmware() -> Firmware:
    return host_build()


def healthy() -> UnitFacts:
    """As a provisioned and calibrated unit tells of itself."""
    values = {row[0]: row[5] for row in settings_table.TABLE} | {"cal.day": 20_000}
    settings = UnitSettings(
        "30aea4000001", "0.1.0", values, ("good", "absent"), ("absent", "absent"), 0, 2, 2, 1,
        False, False, (),
    )  # fmt: skip
    build = {"version": "0.1.0", "build": "abc", "arch": "xtensawin"}
    return UnitFacts(
        "ttyX", app=RUNS, uptime_s=9, faults=["USB connected"], charge_pct=80,
        counters={name: 0 for name in wire.COUNTERS}, micropython=(1, 29, 0), machine="a chip",
        free_bytes=2 << 20, total_bytes=3 << 20, slot="a", firmware=build, tree=dict(build),
        settings=settings, self_test={"storage": "good", "radio": "good"},
    )  # fmt: skip


def to_do(facts: UnitFacts) -> list[Finding]:
    return [finding for finding in findings(facts) if finding.level == TODO]


def settings_with(**changed) -> UnitSettings:
    settings = healthy().settings
    assert settings
    return dataclasses.replace(settings, **changed)


def test_a_healthy_unit_needs_nothing() -> None:
    assert {finding.level for finding in findings(healthy())} == {GOOD}


@pytest.mark.parametrize(
    ("changed", "says", "remedy"),
    [
        ({"app": SAFE}, "safe mode", "calfband flash"),
        ({"app": FAILED}, "does not run", "calfband flash --base"),
        ({"app": ABSENT}, "no calf-band firmware", "calfband flash --base"),
        ({"micropython": (1, 24, 1)}, "older than 1.27", "base image"),
        ({"tree": {"version": "0.2.0", "build": "def"}}, "0.2.0 (def)", "--update --port ttyX"),
        ({"damaged": ["/a/band/x.mpy"]}, "/a/band/x.mpy", "calfband flash --base"),
        ({"watchdog_restarts": 2}, "2 × by its watchdog", "--forget-errors"),
        ({"last_error": TRACEBACK.decode()}, "ValueError: boom", "--forget-errors"),
        ({"faults": ["IMU silent"]}, "IMU silent", "SPI"),
        ({"faults": ["log full"]}, "log full", "Save the sessions"),
        ({"counters": {"sensor_errors": 7}}, "sensor_errors 7", "supply"),
        ({"counters": {"radio_errors": 1}, "radio_error": "OSError(12,)"}, "OSError(12,)", "Send"),
        ({"free_bytes": 9000}, "nearly full", "erase"),
        ({"free_bytes": 700_000}, "more than there is", "log_kb = 640"),
        ({"charge_pct": 4}, "battery 4 %", "USB until it is charged"),
        ({"charge_pct": None}, "charge is not known", "Connect the battery"),
        ({"self_test": {"gyroscope": "failed"}}, "gyroscope failed", "Lay the unit still"),
        ({"failures": ["radio"]}, "radio failed", "Bluetooth"),
        ({"settings": settings_with(newer=True)}, "later firmware", "--start-over"),
        ({"settings": settings_with(lost=True)}, "damaged", "calfband provision UNIT.toml"),
        ({"settings": settings_with(refused=("unit.still_s",))}, "unit.still_s", "Provision"),
        ({"errors": {"state": NoAnswerError("ttyX: hangs. Unplug it and try again.")}},
         "hangs.", "Unplug it and try again."),
    ],
)  # fmt: skip
def test_each_fault_is_one_sentence_with_its_remedy(changed: dict, says: str, remedy: str) -> None:
    found = to_do(dataclasses.replace(healthy(), **changed))
    assert len(found) == 1
    assert says in found[0].sentence and remedy in found[0].remedy
    assert "\n" not in found[0].sentence + found[0].remedy


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"session_bytes": [100_000, 2048]}, "2 sessions (100 KiB)"),
        ({"settings": settings_with(states=("good", "damaged"))}, "one of the two copies"),
        ({"settings": settings_with(from_schema=0, generation=0)}, "never provisioned"),
        ({"settings": settings_with(values={**settings_with().values, "cal.day": 0})},
         "not calibrated"),
    ],
)  # fmt: skip
def test_what_is_no_fault_is_told_and_needs_nothing(changed: dict, says: str) -> None:
    found = list(findings(dataclasses.replace(healthy(), **changed)))
    notes = [finding for finding in found if finding.level == NOTE]
    assert [says in note.sentence and bool(note.remedy) for note in notes] == [True]
    assert not [finding for finding in found if finding.level == TODO]


def test_every_error_splits_into_a_sentence_and_a_remedy() -> None:
    for text in (
        "ttyX: the unit does not answer. Unplug it and plug it in again, then try once more.",
        "ttyX is in use by minicom (process 12): close it (a terminal, mpremote) and try again.",
        "ttyX: no permission to open it. On Linux: sudo usermod -aG dialout $USER.",
        "something odd",
    ):
        found = of_error("ttyX", CalfbandError(text))
        assert found.sentence and len(found.remedy) > 10 and found.level == TODO


def test_a_port_without_permission_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computer, "_may_not_open", lambda device: device == "/dev/ttyACM0")
    monkeypatch.setattr(computer, "_missing_group", lambda: "dialout")
    found = list(computer.look_at_ports([Port("/dev/ttyACM0", "Espressif")]))
    wrong = [finding for finding in found if finding.level == TODO]
    assert len(wrong) == 1 and "/dev/ttyACM0" in wrong[0].sentence
    assert "usermod -aG dialout" in wrong[0].remedy
    (missing,) = [f for f in computer.look_at_ports([]) if "group" in f.sentence]
    assert missing.level == NOTE


def test_a_radio_that_is_off_silent_or_absent_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(computer, "_ADAPTERS", tmp_path)
    monkeypatch.setattr(computer.sys, "platform", "linux")
    heard: list[str] = []

    async def on_air(twin: bool) -> list[str]:
        if not heard:
            raise CalfbandError("no Bluetooth adapter can be used (org.bluez); switch it on.")
        return heard

    monkeypatch.setattr(computer, "_bands_on_air", on_air)

    def told() -> tuple[str, str]:
        (finding,) = computer.look_at_bluetooth(twin=False)
        return finding.level, finding.sentence

    assert told() == (NOTE, "this computer has no Bluetooth adapter.")
    switch = tmp_path / "hci0" / "rfkill1" / "soft"
    switch.parent.mkdir(parents=True)
    switch.write_text("1\n")
    assert told() == (TODO, "hci0 is switched off.")
    switch.write_text("0\n")
    assert told() == (NOTE, "no Bluetooth adapter can be used (org.bluez).")
    heard.append("Calf band 3f2a (C4:1F:00:00:00:01, -50 dBm)")
    assert told() == (GOOD, f"on the air: {heard[0]}")


def test_nothing_connected_is_no_fault(calfband: Calfband) -> None:
    done = calfband("doctor", "--json", env={**_bare()})
    report = json.loads(done.stdout)
    said = " ".join(finding["sentence"] for finding in report["findings"])
    assert "no unit is connected" in said and report["units"] == []
    assert done.returncode == (0 if report["well"] else 1)


def _bare() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if name != "CALFBAND_PORTS"}


def diagnosed(unit: FileUnit, calfband: Calfband, *more: str) -> tuple[int, dict]:
    done = unit.calfband(calfband, "doctor", "--json", "--no-bluetooth", *more)
    assert 'Traceback (most recent call last):\n  File "/' not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def needs(report: dict) -> list[str]:
    return [f["sentence"] for f in report["findings"] if f["level"] == TODO]


def test_a_healthy_virtual_unit_is_well_and_runs_on(
    firmware: Firmware, tmp_path: Path, calfband: Calfband
) -> None:
    unit = FileUnit(tmp_path, firmware, KEPT)
    with unit.plugged_in():
        with unit.running_app():
            pass
        code, report = diagnosed(unit, calfband)
        assert (code, needs(report)) == (0, []), report
        (facts,) = report["units"]
        assert facts["self_test"]["accelerometer"] == "good" and facts["charge_pct"] == 80
        assert facts["settings"]["values"]["id.serial"] == "CB-0042"
        assert facts["firmware"]["build"] == firmware.build and facts["damaged"] == []
        shown = unit.calfband(calfband, "doctor", "--no-bluetooth")
        assert "all is well" in shown.stdout and "CB-0042" in shown.stdout
        with unit.running_app():
            pass  # it was started again


def test_a_crash_is_told_until_it_is_forgotten(
    firmware: Firmware, tmp_path: Path, calfband: Calfband
) -> None:
    """Three failures in a row: the app stays off, and the last error is what doctor shows."""
    lines = b"watchdog=1\nerror=3\nin_a_row=3\nafter_error=1\n"
    crashed = {
        "/data/last_error.txt": TRACEBACK,
        "/data/restarts.txt": lines + b"check=%d\n" % binascii.crc32(lines),
    }
    unit = FileUnit(tmp_path, firmware, KEPT | crashed)
    with unit.plugged_in():
        code, report = diagnosed(unit, calfband, "--forget-errors")
        assert code == 1
        said = " ".join(needs(report))
        assert "3 × after an error" in said and "ValueError: boom" in said
        with unit.running_app():
            pass
        code, report = diagnosed(unit, calfband)
    assert (code, needs(report)) == (0, [])


def test_damaged_firmware_and_safe_mode_are_told(
    firmware: Firmware, tmp_path: Path, calfband: Calfband
) -> None:
    unit = FileUnit(tmp_path, firmware, KEPT, without=lambda path: path.endswith("unit/pins.mpy"))
    with unit.plugged_in():
        code, report = diagnosed(unit, calfband)
    said = " ".join(needs(report))
    assert code == 1 and "safe mode" in said and "/a/band/unit/pins.mpy" in said


def test_firmware_of_another_build_is_told(tmp_path: Path, calfband: Calfband) -> None:
    unit = FileUnit(tmp_path, host_firmware(newer_source(FIRMWARE_DIR, tmp_path)), KEPT)
    with unit.plugged_in():
        with unit.running_app():
            pass
        code, report = diagnosed(unit, calfband)
    (what,) = needs(report)
    assert code == 1 and "9.8.7" in what


def test_a_unit_without_firmware_and_a_silent_one_stop_nothing(
    tmp_path: Path, calfband: Calfband
) -> None:
    bare = FileUnit(tmp_path / "bare", None, {"/boot.py": b"# boot.py\n"})
    mute = FileUnit(tmp_path / "mute", None)
    with bare.plugged_in(), mute.plugged_in("mute"):
        done = calfband(
            "doctor", "--json", "--no-bluetooth", "--port", mute.port, "--port", bare.port
        )
    report = json.loads(done.stdout)
    said = {f["area"]: f["sentence"] for f in report["findings"] if f["level"] == TODO}
    assert done.returncode == 1
    assert "does not answer" in said[mute.port]
    assert any("no calf-band firmware" in sentence for sentence in needs(report))
