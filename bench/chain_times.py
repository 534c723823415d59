"""The whole chain over one recording, in every emitter, and the same run through NumPy."""

import hashlib
import json
import struct
import sys
from pathlib import Path
from typing import Any

from bench.inputs import BLOCK_MS, Inputs
from bench.runners import BENCH, run_child, run_micropython

REPLAY_CHAIN = BENCH.parent / "host_tools" / "twin" / "replay_chain.py"
_END = struct.Struct("<BB10i")  # tag, fields, then the fields of wire.TAG_END


def time_emitter(inputs: Inputs, firmware: Path, runs: int) -> dict[str, Any]:
    """Best of `runs` replays through the firmware in `firmware`."""
    best: dict[str, Any] = {}
    for _ in range(runs):
        done = run_micropython(
            REPLAY_CHAIN,
            inputs.folder / "settings.txt",
            folder=inputs.folder,
            firmware=firmware,
            stdin=inputs.folder / "stream.bin",
        )
        end = _END.unpack(done.output[-_END.size :])[2:]
        emg_samples, chain_ms, hot_path_bytes, chain_heap_bytes = end[0], end[7], end[8], end[9]
        if not best or chain_ms < best["chain_ms"]:
            blocks = emg_samples // BLOCK_MS
            best = {
                "chain_ms": chain_ms,
                "x_real_time": inputs.seconds * 1000 / chain_ms,
                "heap_bytes_per_block": hot_path_bytes / blocks,
                "blocks": blocks,
                "chain_heap_bytes": chain_heap_bytes,
                "peak_rss_bytes": done.peak_rss_bytes,
                "strides": end[4],
                "bursts": end[6],
                "records_sha256": hashlib.sha256(done.output[: -_END.size]).hexdigest(),
            }
    return best


def time_numpy(inputs: Inputs, runs: int) -> dict[str, Any]:
    """Best of `runs` children that load the samples and run bench.numpy_chain."""
    best: dict[str, Any] = {}
    for _ in range(runs):
        command = [sys.executable, "-m", "bench.numpy_chain", str(inputs.folder)]
        done = run_child(command, inputs.folder)
        found = json.loads(done.output)
        chain_ms = found.pop("seconds") * 1000
        if not best or chain_ms < best["chain_ms"]:
            best = {
                "chain_ms": chain_ms,
                "x_real_time": inputs.seconds * 1000 / chain_ms,
                "peak_rss_bytes": done.peak_rss_bytes,
                **found,
            }
    return best
