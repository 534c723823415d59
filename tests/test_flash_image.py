"""The firmware as it goes onto a unit: compiled, listed, packed the same way every time."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest

from host_tools.errors import FlashTooSmallError
from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.image.compile import BAND, Firmware, build_firmware
from host_tools.image.files import FilesOnFlash, build_image
from host_tools.image.partitions import APP, DATA, Partition, build_table, file_system, parse_table
from host_tools.image.sizes import FLASH_MB, flash_use, partition_bytes
from tests.conftest import FIRMWARE, MicroPython

XTENSAWIN = 10  # py/persistentcode.h


@pytest.fixture(scope="module")
def firmware() -> Firmware:
    return build_firmware(BAND)


def test_the_image_changes_from_build_to_build(firmware: Firmware):
    again = build_firmware(BAND)
    assert again.manifest == firmware.manifest and again.build == firmware.build
    files = list(firmware.unit().items())
    first = build_image(dict(files), 2 << 20)
    random.Random(3).shuffle(files)
    assert build_image(dict(files), 2 << 20) == first


@pytest.mark.parametrize("flash_mb", FLASH_MB)
def test_the_band_cannot_mount_the_image_of_a_flash(
    flash_mb: int, firmware: Firmware, run_micropython: MicroPython, tmp_path: Path
):
    size = partition_bytes(flash_mb)
    image = build_image(firmware.unit(), size)
    assert len(image) == size
    path = tmp_path / "vfs.bin"
    path.write_bytes(image)
    done = run_micropython(
        """
import hashlib, os, sys, vfs
from binascii import hexlify
class Flash:
    def __init__(self):
        self.file = open(sys.argv[1], "rb")
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buffer)
    def writeblocks(self, block, buffer, offset=0):
        raise OSError(30)
    def ioctl(self, op, arg):
        return {4: int(sys.argv[2]) // 4096, 5: 4096}.get(op, 0)
vfs.mount(vfs.VfsLfs2(Flash()), "/unit")
def walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            walk(path)
        else:
            with open(path, "rb") as file:
                print(path[5:], hexlify(hashlib.sha256(file.read()).digest()).decode(),
                      os.stat(path)[8])
walk("/unit")
""",
        path,
        size,
        heap="4m",
    )
    rows = dict(line.split(" ", 1) for line in done.stdout.decode().splitlines())
    wanted = {path: hashlib.sha256(data).hexdigest() for path, data in firmware.unit().items()}
    assert {path: row.split()[0] for path, row in rows.items()} == wanted
    stamps = {row.split()[1] for row in rows.values()}
    assert len(stamps) == 1, "a file carries a time"


def test_the_manifest_leaves_out_a_file_or_lies(firmware: Firmware):
    manifest = json.loads(firmware.manifest)
    listed = {entry["path"]: entry for entry in manifest["files"]}
    sources = {path.relative_to(FIRMWARE).as_posix() for path in (FIRMWARE / "band").rglob("*.py")}
    assert {path.replace(".mpy", ".py") for path in listed} == sources
    for path, data in firmware.files.items():
        assert listed[path]["sha256"] == hashlib.sha256(data).hexdigest()
        assert listed[path]["size"] == len(data)
    assert {entry["path"] for entry in manifest["loader"]} == {"boot.py", "main.py"}
    assert set(firmware.slot("a")) == {f"/a/{path}" for path in listed} | {"/a/manifest.json"}


def test_the_compiled_firmware_is_for_another_processor_or_tells_the_builder(firmware: Firmware):
    home = str(FIRMWARE_DIR.parent).encode()
    for path, data in firmware.files.items():
        assert data[:2] == b"M\x06", path
        native = data[2] >> 2 & 15
        assert native in (0, XTENSAWIN), path  # 0: bytecode only, for any processor
        assert home not in data, path
    assert any(data[2] >> 2 & 15 == XTENSAWIN for data in firmware.files.values())


@pytest.mark.parametrize("flash_mb", FLASH_MB)
def test_a_second_version_finds_no_room(flash_mb: int, firmware: Firmware):
    used, left = flash_use(build_image(firmware.unit(), partition_bytes(flash_mb)))
    assert sum(map(len, firmware.unit().values())) < used < 800 * 1024
    assert left > 0


def test_too_many_files_for_a_partition_end_in_a_traceback():
    with pytest.raises(FlashTooSmallError, match="do not fit"):
        build_image({"/large": bytes(300_000)}, 256 * 1024)


def test_a_damaged_file_system_is_taken_for_an_empty_one(firmware: Firmware):
    with pytest.raises(ValueError):
        FilesOnFlash(lambda at, n: b"\xff" * n, 2 << 20)
    image = build_image({"/data/sessions/00001.log": b"run"}, 2 << 20)
    files = FilesOnFlash(lambda at, n: image[at : at + n], len(image))
    assert files.sizes("/data") == {"/data/sessions/00001.log": 3}
    assert files.sizes("/none") == {}
    assert files.read("/data/sessions/00001.log") == b"run"


def test_a_cable_that_fails_makes_a_unit_look_empty(firmware: Firmware):
    image = build_image(firmware.unit(), 2 << 20)

    def read_until(spare: int) -> None:
        left = spare

        def read(at: int, n: int) -> bytes:
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError("unplugged")
            return image[at : at + n]

        files = FilesOnFlash(read, len(image))
        for path in files.sizes():
            files.read(path)

    for spare in range(20):
        with pytest.raises(OSError, match="unplugged"):
            read_until(spare)
    read_until(1000)


def test_files_land_where_the_unit_does_not_look():
    app = [
        Partition("nvs", DATA, 2, 0x9000, 0x6000),
        Partition("factory", APP, 0, 0x10000, 0x1F0000),
    ]
    assert parse_table(build_table(app)) == app
    assert parse_table(b"\xff" * 0xC00) == []
    # MicroPython 1.26 on: all behind the last partition; before: the partition in the table.
    for flash_mb in FLASH_MB:
        found = file_system(app, flash_mb << 20)
        assert found and (found.offset, found.end) == (0x200000, flash_mb << 20)
    assert file_system(app, 2 << 20) is None
    named = [*app, Partition("vfs", DATA, 0x81, 0x210000, 0x100000)]
    found = file_system(named, 16 << 20)
    assert found and (found.offset, found.size) == (0x210000, 0x100000)
    assert file_system(named, 0x300000) is None
