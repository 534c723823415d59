"""`make firmware`: everything for a unit's flash into one folder, and a report of its size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from host_tools.cli import run_command
from host_tools.console import Console
from host_tools.image.compile import BAND, HOST, MANIFEST, Firmware, build_firmware
from host_tools.image.files import build_image
from host_tools.image.sizes import (
    FLASH_MB,
    flash_use,
    heap_after_import,
    partition_bytes,
)


def firmware(
    out: Annotated[Path, typer.Option(help="Folder; its content is replaced.")] = Path(
        "build/firmware"
    ),
    arch: Annotated[
        str, typer.Option(help=f"{BAND} for the band, {HOST} for a virtual board.")
    ] = BAND,
) -> None:
    """Compile, list and pack the firmware."""
    built = build_firmware(arch)
    shutil.rmtree(out, ignore_errors=True)
    write_files(built, out / "unit")
    (out / MANIFEST).write_bytes(built.manifest)
    table = Table(title_justify="left", title=f"firmware {built.name} for {arch}")
    for head in ("flash", "file system", "used", "left with two versions"):
        table.add_column(head, justify="right")
    report = {"version": built.version, "build": built.build, "arch": arch,
              "code_bytes": sum(map(len, built.files.values())), "flash": {}}  # fmt: skip
    for flash_mb in FLASH_MB:
        size = partition_bytes(flash_mb)
        image = build_image(built.unit(), size)
        path = out / f"vfs-{flash_mb}MB.bin"
        path.write_bytes(image)
        used, left = flash_use(image)
        report["flash"][f"{flash_mb}MB"] = {"partition": size, "used": used, "left": left}
        table.add_row(f"{flash_mb} MB", _kb(size), f"{_kb(used)} ({used / size:.0%})", _kb(left))
    heap = heap_after_import(build_firmware(HOST))
    report["heap_after_import_64_bit"] = heap
    (out / "sizes.json").write_text(json.dumps(report, indent=1) + "\n")
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"{len(built.files)} files, {_kb(report['code_bytes'])} of code; heap after import "
        f"{_kb(heap)} on this computer's 64-bit words (for the band's 32: "
        "make target)"
    )
    console.print(f"→ {out}")


def write_files(built: Firmware, folder: Path) -> None:
    for path, data in built.unit().items():
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _kb(count: int) -> str:
    return f"{count / 1024:.0f} KB"


if __name__ == "__main__":
    run_command(firmware)
