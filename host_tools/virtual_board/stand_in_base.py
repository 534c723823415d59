"""A stand-in for MicroPython's base image: its layout and its words, but no program.

The virtual board's interpreter is the computer's; what it takes from the base image is the
partition table. No real chip starts with it.
"""

from __future__ import annotations

import hashlib
import random
import struct

from host_tools.image.base import BOOT_OFFSET, CHIP_NUMBERS
from host_tools.image.partitions import APP, DATA, TABLE_OFFSET, Partition, build_table

APP_OFFSET = 0x10000
APP_ROOM = 0x1F0000
VERSION = "1.29.0"
BOARDS = {
    "esp32": "Generic ESP32 module with ESP32",
    "esp32s3": "Generic ESP32S3 module with ESP32S3",
}
_ADDRESS = {"esp32": 0x3F400020, "esp32s3": 0x3C000020}  # of constants in flash
_PROGRAM_BYTES = 200_000  # of noise: it does not compress, as a program hardly does


def stand_in_base(
    chip: str,
    version: str = VERSION,
    board: str | None = None,
    vfs: tuple[int, int] | None = None,
    chip_number: int | None = None,
) -> bytes:
    """The whole file. vfs: (offset, size) of a partition for files; None: the table has none,
    as from MicroPython 1.26 on."""
    number = CHIP_NUMBERS[chip] if chip_number is None else chip_number
    words = f"MicroPython v{version} on 2026-09-01\0{board or BOARDS[chip]}\0stand-in\0"
    noise = random.Random(version).randbytes(_PROGRAM_BYTES)
    partitions = [
        Partition("nvs", DATA, 2, 0x9000, 0x6000),
        Partition("phy_init", DATA, 1, 0xF000, 0x1000),
        Partition("factory", APP, 0, APP_OFFSET, APP_ROOM),
    ]
    if vfs:
        partitions.append(Partition("vfs", DATA, 0x81, *vfs))
    boot = BOOT_OFFSET[chip]
    address = _ADDRESS[chip]
    image = _image(number, address, b"stand-in for the boot loader").ljust(
        TABLE_OFFSET - boot, b"\xff"
    )
    image = (image + build_table(partitions)).ljust(APP_OFFSET - boot, b"\xff")
    return image + _image(number, address, words.encode() + noise)


def _image(chip_number: int, address: int, data: bytes) -> bytes:
    """An ESP image of one segment: header, segment, checksum, SHA-256."""
    data += b"\0" * (-len(data) % 4)
    header = struct.pack("<BBBBIB3sHBHH4sB", 0xE9, 1, 2, 0x2F, address, 0xEE, bytes(3),
                         chip_number, 0, 0, 0xFFFF, bytes(4), 1)  # fmt: skip
    body = header + struct.pack("<II", address, len(data)) + data
    checksum = 0xEF
    for byte in data:
        checksum ^= byte
    body += b"\0" * (15 - len(body) % 16) + bytes([checksum])
    return body + hashlib.sha256(body).digest()
