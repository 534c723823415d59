"""Stride records into the firmware's fatigue model, on the real MicroPython."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from host_tools.band import find_micropython
from host_tools.errors import FirmwareError
from host_tools.firmware_tables import FIRMWARE_DIR, wire

DRIVER = Path(__file__).resolve().parent.parent / "twin" / "judge_strides.py"
HEAP = "8M"
_WORD = 4
_TAIL = 12  # lines of the firmware's own complaint

Given = tuple[list[str], np.ndarray]  # settings lines, records int32 (strides, 26)
Told = tuple[np.ndarray, np.ndarray]  # rows of wire.WARNING, heads of wire.TREND


def judge(runs: Sequence[Given]) -> list[Told]:
    """What the model says of every run, all in one process. Raises FirmwareError."""
    sent = []
    for lines, records in runs:
        text = "".join(f"{line}\n" for line in lines).encode("ascii")
        text += b"\n" * (-len(text) % _WORD)
        sent += [np.array([len(text), len(records)], "<i4").tobytes(), text]
        sent.append(np.ascontiguousarray(records, "<i4").tobytes())
    done = subprocess.run(
        [str(find_micropython()), "-X", f"heapsize={HEAP}", str(DRIVER)],
        input=b"".join(sent),
        capture_output=True,
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE_DIR}:.frozen"},
        start_new_session=True,  # Ctrl-C is for the host
    )
    if done.returncode:
        said = (done.stdout[-2000:] + done.stderr).decode("utf-8", "replace")
        tail = "\n".join(said.splitlines()[-_TAIL:])
        raise FirmwareError(f"the fatigue model stopped (exit {done.returncode}):\n{tail}")
    return _parsed(done.stdout, len(runs))


def _parsed(stream: bytes, runs: int) -> list[Told]:
    words = np.frombuffer(stream, "<i4")
    told, at = [], 0
    for _ in range(runs):
        shapes = ((int(words[at]), len(wire.WARNING)), (int(words[at + 1]), len(wire.TREND_HEAD)))
        at += 2
        tables = []
        for rows, fields in shapes:
            tables.append(words[at : at + rows * fields].reshape(rows, fields))
            at += rows * fields
        told.append((tables[0], tables[1]))
    if at != len(words):
        raise FirmwareError("the fatigue model's verdicts do not fit wire.py; please report this.")
    return told
