"""Virtual boards for the tests of flashing: each a process of its own, as `calfband board` is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host_tools.flash.outcome import Outcome
from host_tools.flash.several import Job, run_job
from host_tools.flash.whole import WholePlan
from host_tools.image.base import read_base
from host_tools.image.compile import BAND, HOST, Firmware, build_firmware
from host_tools.image.files import build_image
from host_tools.virtual_board.stand_in_base import stand_in_base

CALFBAND = Path(sys.executable).parent / "calfband"
START_S = 60.0  # on a machine that is busy with other tests


class Unit:
    """A virtual unit in a folder: its flash, its port, its records."""

    def __init__(self, folder: Path, chip: str = "esp32s3", flash: str = "4MB"):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.chip = chip
        self.flash_size = flash
        self.flash = folder / "flash.bin"
        self.link = folder / "ttyBAND"
        self.records = folder / "units"
        self.base = folder / "base.bin"
        self.base.write_bytes(stand_in_base(chip))
        self.process: subprocess.Popen[str] | None = None

    @property
    def port(self) -> str:
        return str(self.link)

    def prepare(self, firmware: Firmware, files: dict[str, bytes] | None = None) -> None:
        """The flash as after `calfband flash`, with further files, in no time."""
        size = int(self.flash_size[:-2]) << 20
        base = read_base(self.base)
        partition = base.file_system(size)
        flash = bytearray(b"\xff" * size)
        image = build_image({**firmware.unit(), **(files or {})}, partition.size)
        flash[base.offset : base.offset + len(base.data)] = base.data
        flash[partition.offset : partition.end] = image
        self.flash.write_bytes(flash)

    @contextmanager
    def plugged_in(self, fault: str = "") -> Iterator[Unit]:
        command = [CALFBAND, "board", self.flash, "--link", self.link, "--chip", self.chip,
                   "--flash-size", self.flash_size]  # fmt: skip
        command += ["--fault", fault] if fault else []
        with subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as self.process:
            try:
                _wait_for(self.link, self.process)
                yield self
            finally:
                if self.process.poll() is None:
                    self.process.terminate()

    def died(self) -> str:
        """Wait until the board went by itself; its last words."""
        assert self.process and self.process.stdout
        self.process.wait(START_S)
        return self.process.stdout.read()

    def put(
        self, firmware: Firmware, plan: WholePlan | None = None, update: bool = False
    ) -> Outcome:
        """Flash it whole, or update it."""
        whole = None if update else plan or WholePlan(self.base, None)
        job = Job([self.port], whole, self.records)
        ((outcome, _),) = run_job(job, {HOST: firmware, BAND: firmware}, lambda *_: None)
        return outcome


def _wait_for(link: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_S
    while not link.is_symlink():
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < deadline, "the virtual board does not start"
        time.sleep(0.02)


def newer_source(source: Path, folder: Path, version: str = "9.8.7") -> Path:
    """A copy of the firmware's source with another version, a new file and one file less."""
    target = folder / "newer"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    told = target / "band" / "version.py"
    told.write_text(f'"""Another version."""\n\nVERSION = "{version}"\n')
    (target / "band" / "unit" / "added.py").write_text("ADDED = 1\n")
    return target


def host_firmware(source: Path) -> Firmware:
    return build_firmware(HOST, source)
