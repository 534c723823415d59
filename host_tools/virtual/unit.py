"""The MicroPython process of a virtual band, and what it says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from host_tools.band import find_micropython
from host_tools.errors import FirmwareError
from host_tools.firmware_tables import FIRMWARE_DIR, wire

TWIN_DIR = Path(__file__).resolve().parent.parent / "twin"
HEAP = "16M"
# As in twin/listener.py.
TELLS = ("t_ms", "begins_ms", "frames_ahead", "session", "charge_pct", "led", "motor") + tuple(
    field[0] for field in wire.STATUS_PACKET
)
_TRACEBACK = b"Traceback (most recent call last)"

Record = tuple[int, list[int]]  # tag of wire.py, fields


def command(folder: Path, program: str = "boot_twin.py") -> list[str]:
    return [
        str(find_micropython()), "-X", f"heapsize={HEAP}", str(TWIN_DIR / program), str(folder),
    ]  # fmt: skip


def environment(radio: Path | None) -> dict[str, str]:
    """radio: socket of a radio bridge; None: a radio that nobody hears."""
    first = [str(TWIN_DIR / "stand_ins")]
    if radio is None:
        first.insert(0, str(TWIN_DIR / "quiet"))
    path = ":".join([*first, str(TWIN_DIR), str(FIRMWARE_DIR), ".frozen"])
    kept = {name: value for name, value in os.environ.items() if name != "CALFBAND_RADIO"}
    return {**kept, "MICROPYPATH": path} | ({"CALFBAND_RADIO": str(radio)} if radio else {})


@contextmanager
def running_unit(folder: Path, radio: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The process; it ends with the block."""
    with subprocess.Popen(
        command(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        env=environment(radio),
        start_new_session=True,  # Ctrl-C is for the host, which ends the unit
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


class RecordReader:
    """Cuts a stream of pieces into records; text of the console between them is kept apart."""

    def __init__(self) -> None:
        self._rest = b""
        self.console = b""

    def feed(self, piece: bytes) -> Iterator[Record]:
        data = self._rest + piece
        at = 0
        while len(data) - at >= 2:
            tag, n = data[at], data[at + 1]
            if not wire.TAG_STRIDE <= tag <= wire.TAG_EVENT:
                # No record begins like this: the console says something, up to a line's end.
                end = data.find(b"\n", at)
                if end < 0:
                    break
                self.console += data[at : end + 1]
                at = end + 1
                continue
            stop = at + 2 + 4 * n
            if stop > len(data):
                break
            fields = memoryview(data)[at + 2 : stop]
            yield tag, [int.from_bytes(fields[k : k + 4], "little", signed=True)
                        for k in range(0, 4 * n, 4)]  # fmt: skip
            at = stop
        self._rest = data[at:]


def run_unit(
    folder: Path, on_record: Callable[[int, list[int]], None], radio: Path | None = None
) -> dict[str, int]:
    """Run a prepared folder to its end; the report by name. Raises FirmwareError."""
    reader = RecordReader()
    with running_unit(folder, radio) as child:
        assert child.stdout is not None
        listen(child.stdout, reader, on_record)
        code = child.wait()
    return read_report(folder, code, reader.console)


def listen(
    pipe: IO[bytes], reader: RecordReader, on_record: Callable[[int, list[int]], None]
) -> None:
    while piece := pipe.read(1 << 16):
        for tag, fields in reader.feed(piece):
            on_record(tag, fields)


def read_report(folder: Path, code: int, console: bytes) -> dict[str, int]:
    """What the unit counted. Raises FirmwareError when it did not come to its end."""
    path = folder / "report.txt"
    if code or _TRACEBACK in console or not path.exists():
        said = console.decode("utf-8", "replace").strip().splitlines()[-12:]
        raise FirmwareError(
            f"the virtual band stopped (exit {code}):\n" + "\n".join(f"  {line}" for line in said)
        )
    lines = path.read_text(encoding="ascii").splitlines()
    return {name: int(value) for name, value in (line.split("=") for line in lines)}


def unit_fault_names(bits: int) -> list[str]:
    return [name for k, name in enumerate(wire.UNIT_FAULTS) if bits >> k & 1]
