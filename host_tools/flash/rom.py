"""A chip in its ROM loader, by esptool: what it is, its flash read, written and verified."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import serial
from esptool import cmds
from esptool.loader import ESPLoader
from esptool.util import FatalError

from host_tools.errors import (
    BadFlashError,
    NoAnswerError,
    UnitError,
    UnpluggedError,
    WrongChipError,
)
from host_tools.flash.esptool_log import Say, Share, esptool_says
from host_tools.usb.ports import is_virtual, open_serial

CHIPS = {"ESP32": "esp32", "ESP32-S3": "esp32s3"}
BAUD = 921_600  # of which a chip's own USB knows nothing, and bridges all can do
_ATTEMPTS = 3
_NO_LOADER = (
    "does not answer as a chip in its ROM loader. Hold its BOOT button while it is plugged in, "
    "then try again."
)


@dataclass(frozen=True)
class Identity:
    chip: str  # esp32 or esp32s3
    description: str
    revision: str
    mac: str
    flash_bytes: int


class Rom:
    """Open with `Rom.open(port, say)`; every method raises UnitError with a sentence."""

    def __init__(self, port: str, esp: ESPLoader, say: Say):
        self.port = port
        self._esp = esp
        self._say = say
        self.identity = self._identify()

    @classmethod
    @contextlib.contextmanager
    def open(cls, port: str, say: Say) -> Iterator[Rom]:
        """The chip, reset into its ROM loader and left there, or started by `start`."""
        opened = open_serial(port)
        try:
            with _guard(port, _NO_LOADER), esptool_says(say, _nobody):
                esp = cmds.detect_chip(
                    opened,  # type: ignore[arg-type]
                    connect_mode="no-reset" if is_virtual(port) else "default-reset",
                    connect_attempts=_ATTEMPTS,
                )
                if esp.CHIP_NAME not in CHIPS:
                    raise WrongChipError(
                        f"{port}: the chip is an {esp.CHIP_NAME}; "
                        "the band has an ESP32-S3 or an ESP32."
                    )
                cmds.attach_flash(esp)
                esp = cmds.run_stub(esp)
                esp.change_baud(BAUD)
                esp.WRITE_FLASH_ATTEMPTS = 1
            yield cls(port, esp, say)
        finally:
            with contextlib.suppress(OSError):
                opened.close()

    def _identify(self) -> Identity:
        esp: Any = self._esp
        with self._guarded("stopped answering."):
            size = cmds.detect_flash_size(esp)
            if not size:
                raise BadFlashError(f"{self.port}: the size of the chip's flash is not known.")
            return Identity(
                chip=CHIPS[esp.CHIP_NAME],
                description=esp.get_chip_description(),
                revision=f"{esp.get_major_chip_version()}.{esp.get_minor_chip_version()}",
                mac=":".join(f"{byte:02x}" for byte in esp.read_mac()),
                flash_bytes=_bytes(size),
            )

    @contextlib.contextmanager
    def _guarded(self, silent: str, share: Share | None = None) -> Iterator[None]:
        with _guard(self.port, silent), esptool_says(self._say, share or _nobody):
            yield

    def read(self, offset: int, size: int) -> bytes:
        with self._guarded("stopped answering while its flash was read."):
            return bytes(self._esp.read_flash(offset, size))

    def write(self, pieces: list[tuple[int, bytes]], on_share: Share) -> None:
        """Write and verify; shares of all bytes to on_share.

        Raises BadFlashError when the flash does not keep what was written.
        """
        total = sum(len(data) for _, data in pieces)
        done = 0
        for offset, data in pieces:
            before, size = done, len(data)

            def share(part: float, before: int = before, size: int = size) -> None:
                on_share((before + part * size) / total)

            with self._guarded("stopped answering while its flash was written.", share):
                cmds.write_flash(self._esp, [(offset, data)])
            done += size
            on_share(done / total)

    def start(self) -> None:
        """Leave the loader: the chip starts from its flash."""
        with self._guarded("does not start."):
            if is_virtual(self.port):
                self._esp._port.write(b"\x03")  # there are no lines to reset it by
            else:
                cmds.reset_chip(self._esp, "hard-reset")
        time.sleep(0.1)


def _nobody(_: float) -> None:
    pass


@contextlib.contextmanager
def _guard(port: str, silent: str) -> Iterator[None]:
    """esptool's exceptions as sentences."""
    again = "The unit is not harmed: plug it in and flash it again."
    try:
        yield
    except UnitError:
        raise
    except (serial.SerialTimeoutException, FatalError) as error:
        text = str(error)
        if "MD5" in text or "region is empty" in text:
            raise BadFlashError(
                f"{port}: what was written does not read back the same. Flash it again; when that "
                "fails, too, the flash is worn out or badly soldered."
            ) from error
        if any(sign in text for sign in ("port is busy", "disconnected", "Errno 5")):
            raise UnpluggedError(f"{port}: the connection broke off. {again}") from error
        raise NoAnswerError(f"{port}: the unit {silent} {_also(text)}".rstrip()) from error
    except (OSError, TypeError) as error:  # pyserial: TypeError where a port was just closed
        raise UnpluggedError(
            f"{port}: the connection broke off. Was the unit unplugged? {again}"
        ) from error


def _also(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return f"(esptool: {line.rstrip('.')}.)" if line else ""


def _bytes(size: str) -> int:
    """4MB, 512KB as bytes."""
    return int(size[:-2]) << (20 if size.endswith("MB") else 10)
