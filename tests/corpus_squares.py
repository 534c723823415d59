"""Work for the tests of the corpus engine, apart from them: worker processes import it quickly."""

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from host_tools.errors import CalfbandError


@dataclass(frozen=True)
class Payload:
    """What `squares` works on; `log` is a folder where each call leaves a file."""

    x: int
    log: str = ""
    how: str = ""
    more: dict[str, float] = field(default_factory=dict)


def squares(payload: Payload):
    if payload.log:
        Path(payload.log, f"{payload.x}-{time.monotonic_ns()}").touch()
    if payload.how == "raise":
        raise ZeroDivisionError(f"no root of {payload.x}")
    if payload.how == "refuse":
        raise CalfbandError(f"{payload.x}: not a number to square; take another.")
    if payload.how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if payload.how == "tidy":
        try:
            Path(payload.log, f"begun {payload.x}").touch()
            time.sleep(30)
        finally:
            time.sleep(payload.x / 2)
            Path(payload.log, f"tidied {payload.x}").touch()
    rows = [{"x": payload.x, "y": payload.x**2}, {"x": payload.x, "z": payload.x / 2}]
    return {"squares": rows[: payload.x % 3], "halves": pa.table({"h": np.arange(payload.x) / 2})}
