"""This computer: programs, serial ports and the rights to them, Bluetooth."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from host_tools.doctor.finding import Finding, good, note, of_error, todo
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import FIRMWARE_VERSION
from host_tools.usb.ports import Port

PACKAGES = ("esptool", "mpremote", "bleak")
SERIAL_GROUPS = ("dialout", "uucp")  # Debian and Fedora; Arch
SCAN_S = 4.0
_ADAPTERS = Path("/sys/class/bluetooth")
# Programs that open every new serial port and speak to it: name -> what keeps them off.
_MEDDLERS = {
    "ModemManager": "Stop it with: sudo systemctl disable --now ModemManager (or give the port "
    'ENV{ID_MM_DEVICE_IGNORE}="1" in a udev rule).',
    "brltty": "Take it off: sudo apt remove brltty; it takes CH34x ports for Braille displays.",
}


def look_at_programs() -> Iterator[Finding]:
    """Versions of what the commands are made of."""
    area = "computer"
    yield good(
        area,
        f"calfband {FIRMWARE_VERSION} on Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}",
    )
    from host_tools.band import find_micropython

    try:
        find_micropython()
    except CalfbandError as error:
        yield of_error(area, error, "Run make setup.")
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            yield todo(area, f"{package} is not installed.", "Run make setup.")
    yield good(area, ", ".join(found))


def look_at_ports(ports: list[Port]) -> Iterator[Finding]:
    """Which there are, whether we may open them, and who else may speak to them."""
    area = "USB"
    for port in ports:
        yield good(area, f"{port.device}: {port.description}")
    if not ports:
        yield note(
            area,
            "no unit is connected.",
            "Plug one in with a cable that carries data, or name its port with --port.",
        )
    may_not = [port.device for port in ports if _may_not_open(port.device)]
    group = _missing_group()
    if may_not or (group and not ports):
        sentence = f"no permission to open {', '.join(may_not)}."
        remedy = f"Run: sudo usermod -aG {group or 'dialout'} $USER, then log in again."
        if may_not:
            yield todo(area, sentence, remedy)
        else:
            yield note(area, f"this user is not in the group {group} of serial ports.", remedy)
    elif ports:
        yield good(area, "the ports may be opened")
    for name in _running(set(_MEDDLERS)):
        yield note(area, f"{name} runs, and opens new serial ports.", _MEDDLERS[name])


def _may_not_open(device: str) -> bool:
    return os.path.exists(device) and not os.access(device, os.R_OK | os.W_OK)


def _missing_group() -> str:
    """The group of serial ports that this user is not in; empty where that does not matter."""
    if sys.platform != "linux" or os.geteuid() == 0:
        return ""
    import grp

    for name in SERIAL_GROUPS:
        try:
            group = grp.getgrnam(name)
        except KeyError:
            continue
        return "" if group.gr_gid in {*os.getgroups(), os.getegid()} else name
    return ""


def _running(names: set[str]) -> list[str]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            found.add(path.read_text().strip())
        except OSError:
            continue
    return sorted(names & found)


def look_at_bluetooth(twin: bool) -> Iterator[Finding]:
    """The adapter, and the bands on the air."""
    area = "Bluetooth"
    if not twin and sys.platform == "linux":
        adapters = sorted(path.name for path in _ADAPTERS.glob("hci[0-9]*"))
        if not adapters:
            yield note(
                area,
                "this computer has no Bluetooth adapter.",
                "Plug one in for live, record and calibrate; USB works without.",
            )
            return
        blocked = [name for name in adapters if _blocked(name)]
        if blocked:
            yield todo(area, f"{', '.join(blocked)} is switched off.", "rfkill unblock bluetooth")
            return
    try:
        bands = asyncio.run(_bands_on_air(twin))
    except CalfbandError as error:
        # What works over USB works without it.
        finding = of_error(area, error, "Switch Bluetooth on.")
        yield note(area, finding.sentence, finding.remedy)
        return
    for name in bands:
        yield good(area, f"on the air: {name}")
    if not bands:
        yield note(
            area,
            f"no band was heard within {SCAN_S:g} s.",
            "Take the band off USB and see that no phone holds its connection.",
        )


def _blocked(adapter: str) -> bool:
    for path in _ADAPTERS.glob(f"{adapter}/rfkill*/*"):
        try:
            if path.name in ("soft", "hard") and path.read_text().strip() == "1":
                return True
        except OSError:
            continue
    return False


async def _bands_on_air(twin: bool) -> list[str]:
    """Name, address and strength of every band heard. Raises CalfbandError without a radio."""
    from host_tools.client.air import air_over
    from host_tools.client.find import bands_heard

    async with air_over(twin) as air:
        return [str(found) for found in await bands_heard(air, SCAN_S)]
