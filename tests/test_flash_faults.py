"""What goes wrong on the bench: one sentence and a code each, and the unit is well afterwards."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any

import pytest
import serial

from host_tools.errors import (
    BadBaseError,
    CalfbandError,
    FlashTooSmallError,
    NoPermissionError,
    UnitFullError,
    WrongChipError,
)
from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.flash.whole import WholePlan
from host_tools.image.base import choose_base, read_base
from host_tools.image.compile import Firmware
from host_tools.image.files import build_image
from host_tools.image.sizes import flash_use
from host_tools.usb.console import Console
from host_tools.usb.ports import one_port, open_serial
from host_tools.virtual_board.stand_in_base import stand_in_base
from tests.virtual_units import Unit, host_firmware, newer_source

if sys.platform == "win32":
    pytest.skip("virtual boards need pseudo-terminals", allow_module_level=True)


@pytest.fixture(scope="module")
def firmware() -> Firmware:
    return host_firmware(FIRMWARE_DIR)


def assert_well(unit: Unit, firmware: Firmware) -> None:
    """The unit can still be flashed, and then is good."""
    with unit.plugged_in():
        outcome = unit.put(firmware)
        assert (outcome.exit_code, outcome.error) == (0, "")


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ("badblock@14", 17, "does not read back"),
        ("unplug@6", 14, "plug it in and flash it again"),
        ("hang@6", 13, "stopped answering while its flash was written"),
    ],
)
def test_a_fault_of_the_flash_or_cable_goes_unnoticed_or_is_final(
    fault: str, code: int, says: str, firmware: Firmware, tmp_path: Path
):
    unit = Unit(tmp_path)
    with unit.plugged_in(fault):
        outcome = unit.put(firmware)
        assert outcome.exit_code == code, outcome.error
        assert says in outcome.error and unit.port in outcome.error
    assert_well(unit, firmware)


def test_a_port_that_hangs_hangs_the_tool(firmware: Firmware, tmp_path: Path):
    unit = Unit(tmp_path)
    with unit.plugged_in("mute"):
        outcome = unit.put(firmware)
        assert outcome.exit_code == 13 and "BOOT button" in outcome.error
        with pytest.raises(CalfbandError, match="does not answer") as caught:
            Console.open(unit.port)
        assert caught.value.exit_code == 13
    assert unit.flash.read_bytes() == b"\xff" * (4 << 20), "something was written"


def test_a_wrong_chip_or_a_small_flash_is_written_to(firmware: Firmware, tmp_path: Path):
    unit = Unit(tmp_path, chip="esp32s3", flash="2MB")
    other = tmp_path / "other.bin"
    other.write_bytes(stand_in_base("esp32"))
    with unit.plugged_in():
        outcome = unit.put(firmware, WholePlan(other, None))
        assert outcome.exit_code == 15 and "is for the ESP32 and the unit is an" in outcome.error
        outcome = unit.put(firmware)
        assert outcome.exit_code == 16 and "2 MB" in outcome.error
    assert unit.flash.read_bytes() == b"\xff" * (2 << 20), "something was written"


def test_a_busy_or_missing_port_is_a_riddle(
    firmware: Firmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    unit = Unit(tmp_path)
    with unit.plugged_in():
        holder = open_serial(unit.port)
        outcome = unit.put(firmware)
        assert outcome.exit_code == 11 and "close it" in outcome.error
        holder.close()
    outcome = unit.put(firmware)
    assert outcome.exit_code == 10 and "plugged in" in outcome.error
    monkeypatch.setenv("CALFBAND_PORTS", "")
    monkeypatch.setattr("host_tools.usb.ports.list_ports.comports", list)
    with pytest.raises(CalfbandError, match="No unit is connected"):
        one_port()


def test_a_port_without_permission_is_a_riddle(monkeypatch: pytest.MonkeyPatch):
    # Root may open anything, so the system's refusal is played.
    def refuse(self: serial.Serial) -> None:
        raise serial.SerialException(errno.EACCES, "could not open port: Permission denied")

    monkeypatch.setattr(serial.Serial, "open", refuse)
    with pytest.raises(NoPermissionError, match="usermod -aG") as caught:
        open_serial("/dev/ttyS0")
    assert caught.value.exit_code == 12


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"version": "1.26.1"}, BadBaseError, "MicroPython 1.26.1; the firmware needs 1.27"),
        (
            {"board": "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3"},
            BadBaseError,
            "built for a module with PSRAM",
        ),
        ({"chip_number": 5}, BadBaseError, "made for ESP32-C3"),
        ({"chip_number": 0}, BadBaseError, "no whole application|not a MicroPython image"),
    ],
)
def test_a_wrong_base_image_is_taken(
    arguments: dict, error: type[CalfbandError], says: str, tmp_path: Path
):
    path = tmp_path / "base.bin"
    path.write_bytes(stand_in_base("esp32s3", **arguments))
    with pytest.raises(error, match=says) as caught:
        read_base(path)
    assert caught.value.exit_code == 18 and str(path) in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"UF2\n" * 40_000, b"\xe9" + bytes(100_000)])
def test_what_is_no_image_is_taken_for_one(data: bytes, tmp_path: Path):
    path = tmp_path / "base.bin"
    path.write_bytes(data)
    with pytest.raises(BadBaseError):
        read_base(path)


def test_a_folder_of_images_gives_the_wrong_one(tmp_path: Path):
    images: list[tuple[str, str, dict[str, Any]]] = [
        ("old.bin", "esp32s3", {"version": "1.27.0"}),
        ("new.bin", "esp32s3", {"version": "1.29.0"}),
        ("ram.bin", "esp32s3", {"version": "1.30.0", "board": "Module with Octal-SPIRAM"}),
        ("large.bin", "esp32s3", {"version": "1.31.0", "vfs": (2 << 20, 14 << 20)}),
        ("esp32.bin", "esp32", {"version": "1.32.0"}),
    ]
    for name, chip, more in images:
        (tmp_path / name).write_bytes(stand_in_base(chip, **more))
    assert choose_base(None, tmp_path, "esp32s3", 4 << 20).path.name == "new.bin"
    assert choose_base(None, tmp_path, "esp32s3", 16 << 20).path.name == "large.bin"
    with pytest.raises(WrongChipError):
        choose_base(tmp_path / "esp32.bin", None, "esp32s3", 4 << 20)
    with pytest.raises(FlashTooSmallError, match="laid out for 16 MB"):
        choose_base(tmp_path / "large.bin", None, "esp32s3", 8 << 20)


def test_a_full_file_system_costs_the_version_or_a_file(firmware: Firmware, tmp_path: Path):
    newer = host_firmware(newer_source(FIRMWARE_DIR, tmp_path))
    unit = Unit(tmp_path)
    leave = 100 * 1024
    used, _ = flash_use(build_image(firmware.unit(), 2 << 20))
    large = (2 << 20) - used - leave
    unit.prepare(firmware, {"/data/settings.a": b"before", "/data/large": bytes(large)})
    with unit.plugged_in():
        with Console.open(unit.port) as console:
            console.safe_mode()
            assert console.free_bytes() < leave
            with pytest.raises(UnitFullError) as caught:
                console.write_file("/data/settings.a", bytes(leave))
            assert caught.value.exit_code == 19
            assert console.read_file("/data/settings.a") == b"before"
            assert "/data/settings.a.new" not in console.list_files("/data")
        outcome = unit.put(newer, update=True)
        assert outcome.exit_code == 19 and "The old version still runs." in outcome.error
        with Console.open(unit.port) as console:
            console.safe_mode()
            console.remove("/data/large")
        assert unit.put(newer, update=True).error == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Which MicroPython"),
        (["--base", "x", "--base-dir", "y"], "Which MicroPython"),
        (["--update", "--base", "x"], "without --base"),
        (["--all"], "either --port or --all"),
    ],
)
def test_a_wrong_option_touches_a_unit(calfband, arguments: list[str], says: str):
    done = calfband("flash", "--port", "/dev/none", *arguments)
    assert done.returncode == 2 and says in done.stderr
