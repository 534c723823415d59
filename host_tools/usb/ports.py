"""Serial ports on which a band may be, and opening one with a sentence when it does not open."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from host_tools.errors import NoPermissionError, NoUnitError, PortBusyError, UnitError

# The chip's own USB, and the bridges on boards that have none.
VENDORS = {
    0x303A: "Espressif",
    0x10C4: "Silicon Labs CP210x",
    0x1A86: "WCH CH34x",
    0x0403: "FTDI",
}
# Further ports, as of virtual boards: paths with the system's path separator between them.
MORE_PORTS = "CALFBAND_PORTS"


@dataclass(frozen=True)
class Port:
    device: str
    description: str
    usb_serial: str = ""


def find_ports() -> list[Port]:
    """Ports with a bridge or chip that a band has, in order of their names."""
    found = [
        Port(
            info.device,
            f"{VENDORS[info.vid]} {info.product or ''}".strip(),
            info.serial_number or "",
        )
        for info in list_ports.comports()
        if info.vid in VENDORS
    ]
    more = [path for path in os.environ.get(MORE_PORTS, "").split(os.pathsep) if path]
    found += [Port(path, f"named by {MORE_PORTS}") for path in more if os.path.exists(path)]
    return sorted(found, key=lambda port: port.device)


def one_port(named: str | None = None) -> str:
    """The port named, or the only one there is. Raises NoUnitError."""
    if named:
        return named
    found = find_ports()
    if len(found) == 1:
        return found[0].device
    if not found:
        raise NoUnitError(
            "No unit is connected. Take it off the leg and plug it in with a cable that carries "
            "data, or name its port with --port."
        )
    names = ", ".join(port.device for port in found)
    raise NoUnitError(f"{len(found)} units may be connected ({names}): choose one with --port.")


def is_virtual(port: str) -> bool:
    """A pseudo-terminal: the port of `calfband board`, without lines that reset a chip."""
    device = os.path.realpath(port)
    return device.startswith("/dev/pts/" if sys.platform == "linux" else "/dev/ttys")


def open_serial(port: str, baud: int = 115_200, timeout_s: float = 5.0) -> serial.Serial:
    """The port, for us alone; reads and writes give up after timeout_s. Raises UnitError."""
    try:
        opened = serial.serial_for_url(port, do_not_open=True)
        opened.baudrate = baud
        opened.timeout = timeout_s
        opened.write_timeout = timeout_s
        opened.exclusive = True
        opened.open()
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise explain_open(port, error) from error
    return opened  # type: ignore[return-value]


def explain_open(port: str, error: Exception) -> UnitError:
    """The sentence for a port that does not open."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.EBUSY, errno.EAGAIN) or "lock port" in text:
        holder = _holder(port)
        who = f"in use by {holder}" if holder else "in use by another program"
        return PortBusyError(
            f"{port} is {who}: close it (a terminal, mpremote, an IDE) and try again."
        )
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        return NoPermissionError(
            f"{port}: no permission to open it. On Linux: sudo usermod -aG {_group(port)} $USER, "
            "then log in again."
        )
    return NoUnitError(f"{port} cannot be opened: is the unit plugged in? ({_reason(error)})")


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else str(error)


def _group(port: str) -> str:
    try:
        import grp

        return grp.getgrgid(os.stat(port).st_gid).gr_name
    except (ImportError, KeyError, OSError):
        return "dialout"


def _holder(port: str) -> str:
    """Who holds the port, as "name (process 12)", where the system tells it."""
    device = os.path.realpath(port)
    for folder in Path("/proc").glob("[0-9]*"):
        if folder.name == str(os.getpid()):
            continue
        try:
            if any(os.path.realpath(handle) == device for handle in (folder / "fd").iterdir()):
                return f"{(folder / 'comm').read_text().strip()} (process {folder.name})"
        except OSError:
            continue
    return ""
