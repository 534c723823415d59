"""MicroPython's base image, as micropython.org offers it: checked before it goes onto a unit.

One file: boot loader, partition table at 0x8000, application at 0x10000 of the flash; it starts
where the chip looks for the boot loader. Header of an ESP image: magic E9, segments, ..., chip
number at 12 (ESP-IDF, esp_image_header_t).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import BadBaseError, FlashTooSmallError, WrongChipError
from host_tools.image.partitions import (
    APP,
    TABLE_BYTES,
    TABLE_OFFSET,
    Partition,
    file_system,
    parse_table,
)

IMAGE_MAGIC = 0xE9
BOOT_OFFSET = {"esp32": 0x1000, "esp32s3": 0x0}
CHIP_NUMBERS = {"esp32": 0, "esp32s3": 9}
OLDEST = (1, 27)  # what the firmware is tested with begins here
WHERE = {
    "esp32": "https://micropython.org/download/ESP32_GENERIC/",
    "esp32s3": "https://micropython.org/download/ESP32_GENERIC_S3/",
}
NAMES = {"esp32": "ESP32", "esp32s3": "ESP32-S3"}
FROZEN_BOARD = "Calfband "  # names of the boards in firmware/boards begin so

_OTHER_CHIPS = {2: "ESP32-S2", 5: "ESP32-C3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2",
                18: "ESP32-P4", 23: "ESP32-C5"}  # fmt: skip
_CHIP_AT = 12
_VERSION = re.compile(rb"MicroPython v?(\d+)\.(\d+)(?:\.(\d+))?([-\w.]*)(?: on (\d{4}-\d\d-\d\d))?")
_BOARD = re.compile(rb"([ -~]{3,80}?) with (ESP32[-\w]*)\0")
_BOARD_WITH_RAM = re.compile(rb"([ -~]{3,80}? with (?:[-\w]*-)?SPIRAM[ -~]{0,40})\0")


@dataclass(frozen=True)
class BaseImage:
    path: Path
    data: bytes
    chip: str  # esp32 or esp32s3
    version: str
    board: str
    partitions: tuple[Partition, ...]

    @property
    def offset(self) -> int:
        """Where it goes on the flash."""
        return BOOT_OFFSET[self.chip]

    @property
    def frozen(self) -> bool:
        """The application is part of the image."""
        return self.board.startswith(FROZEN_BOARD)

    def file_system(self, flash_bytes: int) -> Partition:
        """Where the unit's files go. Raises FlashTooSmallError."""
        needed = max(partition.end for partition in self.partitions)
        found = file_system(list(self.partitions), flash_bytes)
        if found is None or needed > flash_bytes:
            raise FlashTooSmallError(
                f"The unit's flash has {_mb(flash_bytes)}, and {self.path.name} is laid out for "
                f"{_mb(_power_of_two(needed))}: take the base image for a flash of "
                f"{_mb(flash_bytes)}, or a module with more."
            )
        return found


def read_base(path: Path) -> BaseImage:
    """The checked image. Raises BadBaseError with what is wrong with the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadBaseError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) < TABLE_OFFSET + TABLE_BYTES or data[0] != IMAGE_MAGIC:
        hint = " It may be an update (.app-bin) or a UF2 file:" if len(data) > 1 << 16 else ""
        raise BadBaseError(
            f"{path} is not a MicroPython image for an ESP32.{hint} take the .bin file from "
            f"{WHERE['esp32s3']} (or {WHERE['esp32']} for the ESP32)."
        )
    number = struct.unpack_from("<H", data, _CHIP_AT)[0]
    chip = next((name for name, known in CHIP_NUMBERS.items() if known == number), None)
    if chip is None:
        other = _OTHER_CHIPS.get(number, f"chip number {number}")
        raise BadBaseError(
            f"{path} is made for {other}; the band has an ESP32-S3 or an ESP32: "
            f"take the image from {WHERE['esp32s3']}."
        )
    start = TABLE_OFFSET - BOOT_OFFSET[chip]
    partitions = parse_table(data[start : start + TABLE_BYTES])
    apps = [p for p in partitions if p.kind == APP]
    app_at = apps[0].offset - BOOT_OFFSET[chip] if apps else len(data)
    if app_at >= len(data) or data[app_at] != IMAGE_MAGIC:
        raise BadBaseError(
            f"{path} holds no whole application (boot loader, partition table and MicroPython "
            f"in one file): take the .bin file from {WHERE[chip]}."
        )
    version, board = _identify(path, data[app_at:], chip)
    return BaseImage(path, data, chip, version, board, tuple(partitions))


def _identify(path: Path, app: bytes, chip: str) -> tuple[str, str]:
    found = _VERSION.search(app)
    if not found:
        raise BadBaseError(f"{path} is an image for the {NAMES[chip]}, but not of MicroPython.")
    major, minor, patch, more, _ = found.groups()
    version = f"{int(major)}.{int(minor)}.{int(patch or 0)}{more.decode()}"
    if (int(major), int(minor)) < OLDEST:
        raise BadBaseError(
            f"{path} is MicroPython {version}; the firmware needs "
            f"{OLDEST[0]}.{OLDEST[1]} or newer: take it from {WHERE[chip]}."
        )
    with_ram = _BOARD_WITH_RAM.search(app)
    if with_ram:
        raise BadBaseError(
            f'{path} is built for a module with PSRAM ("{with_ram[1].decode()}"): a collection '
            f"there takes 80 ms and more, and samples are lost. Take the build without it from "
            f"{WHERE[chip]}."
        )
    return version, board_of(app)


def board_of(app: bytes) -> str:
    """What sys.implementation._machine of an application tells; empty when it is not found."""
    board = _BOARD.search(app)
    return f"{board[1].decode()} with {board[2].decode()}" if board else ""


def choose_base(file: Path | None, folder: Path | None, chip: str, flash_bytes: int) -> BaseImage:
    """The image named, or the newest one in a folder that fits this unit.

    Raises BadBaseError, or WrongChipError when the file is for the other chip.
    """
    if file is not None:
        base = read_base(file)
        if base.chip != chip:
            raise WrongChipError(
                f"{file} is for the {NAMES[base.chip]} and the unit is an {NAMES[chip]}: "
                f"take the image from {WHERE[chip]}."
            )
        base.file_system(flash_bytes)
        return base
    assert folder is not None
    fits, refused = [], []
    for path in sorted(folder.glob("*.bin")):
        try:
            base = read_base(path)
            if base.chip == chip:
                base.file_system(flash_bytes)
                fits.append(base)
        except (BadBaseError, FlashTooSmallError) as error:
            refused.append(str(error))
    if not fits:
        why = " ".join(refused[:3]) or f"Take one from {WHERE[chip]}."
        raise BadBaseError(
            f"{folder}: no MicroPython image there suits an {NAMES[chip]} with "
            f"{_mb(flash_bytes)}. {why}"
        )
    return max(fits, key=lambda base: _numbers(base.version))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _mb(count: int) -> str:
    return f"{count / (1 << 20):.4g} MB"


def _power_of_two(count: int) -> int:
    return 1 << (count - 1).bit_length()
