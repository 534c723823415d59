"""`calfband board`: a virtual unit on a port, for whoever has none."""

from __future__ import annotations

import signal
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from host_tools.errors import CalfbandError
from host_tools.virtual_board.faults import FAULTS, parse_fault


class Chip(str, Enum):
    ESP32 = "esp32"
    ESP32S3 = "esp32s3"


class FlashSize(str, Enum):
    MB_1 = "1MB"
    MB_2 = "2MB"
    MB_4 = "4MB"
    MB_8 = "8MB"
    MB_16 = "16MB"

    @property
    def bytes(self) -> int:
        return int(self.value[:-2]) << 20


def board(
    flash: Annotated[Path, typer.Argument(help="File with the whole flash; made when new.")],
    link: Annotated[Path, typer.Option(help="Name under which the port appears.")] = Path(
        "ttyBAND"
    ),
    chip: Annotated[Chip, typer.Option(help="Its processor.")] = Chip.ESP32S3,
    flash_size: Annotated[FlashSize, typer.Option(help="Of its flash.")] = FlashSize.MB_8,
    fault: Annotated[
        str, typer.Option(metavar="NAME@N", help=f"What goes wrong: {', '.join(FAULTS)}.")
    ] = "",
    base: Annotated[
        Path | None,
        typer.Option(help="Write a stand-in for MicroPython's base image there, and end."),
    ] = None,
) -> None:
    """A unit without hardware: esptool finds its ROM loader, mpremote real MicroPython."""
    if base is not None:
        from host_tools.virtual_board.stand_in_base import stand_in_base

        base.write_bytes(stand_in_base(chip.value))
        print(f"{base}: a stand-in for MicroPython's base image; no real chip starts with it.")
        return
    if sys.platform == "win32":
        raise CalfbandError("calfband board needs pseudo-terminals: Linux or macOS.")
    from host_tools.virtual_board.board import VirtualBoard

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    with VirtualBoard(flash, link, chip.value, flash_size.bytes, parse_fault(fault)) as unit:
        print(f"{link}: virtual {chip.value}, {flash_size.value} in {flash}; Ctrl-C unplugs it.",
              flush=True)  # fmt: skip
        try:
            print(f"{link}: {unit.run()}", flush=True)
        except KeyboardInterrupt:
            print(f"{link}: unplugged", flush=True)
