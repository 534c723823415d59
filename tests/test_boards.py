"""The boards of firmware/boards: what they freeze, and where their partitions lie."""

import csv
from pathlib import Path

import pytest

from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.image.compile import OPTIMISATION

BOARDS = FIRMWARE_DIR / "boards"
FLASH_BYTES = {"CALFBAND_S3": 8 << 20, "CALFBAND_ESP32": 4 << 20}


def test_a_module_is_not_frozen_or_under_another_name():
    frozen: dict[str, int] = {}
    included = []

    def package(name: str, base_path: str, opt: int) -> None:
        base = (BOARDS / base_path).resolve()  # as tools/manifestfile.py: by the manifest's folder
        for path in (base / name).rglob("*.py"):
            frozen[path.relative_to(base).as_posix()] = opt

    names = {"include": included.append, "package": package}
    exec((BOARDS / "manifest.py").read_text(), names)
    band = {path.relative_to(FIRMWARE_DIR).as_posix() for path in FIRMWARE_DIR.glob("band/**/*.py")}
    assert frozen.keys() == band and "band/unit/start.py" in band
    assert set(frozen.values()) == {OPTIMISATION}
    assert included == ["$(PORT_DIR)/boards/manifest.py"]  # without it nothing mounts the flash


@pytest.mark.parametrize("board", FLASH_BYTES)
def test_partitions_overlap_or_leave_the_flash(board: str):
    lines = (BOARDS / board / "partitions.csv").read_text().splitlines()
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    parts = [(row[0], int(row[3], 0), int(row[4], 0)) for row in rows]
    for (_, offset, size), (_, following, _) in zip(parts, parts[1:], strict=False):
        assert offset + size == following
    name, offset, size = parts[-1]
    assert name == "vfs" and offset + size == FLASH_BYTES[board]
    assert f"{FLASH_BYTES[board] >> 20}MB" in (BOARDS / board / "sdkconfig.board").read_text()


@pytest.mark.parametrize("board", FLASH_BYTES)
def test_a_board_names_a_file_that_is_not_there(board: str):
    folder = BOARDS / board
    cmake = (folder / "mpconfigboard.cmake").read_text()
    for named in ("sdkconfig.board", "partitions.csv", "../manifest.py"):
        assert f"${{MICROPY_BOARD_DIR}}/{named}" in cmake
        assert Path(folder, named).is_file()
