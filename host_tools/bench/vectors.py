"""What a unit is asked to compute, and what this computer's MicroPython found for it."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host_tools.bench.blocks import Block, Recorded, call_blocks, round_blocks
from host_tools.firmware_tables import FIRMWARE_DIR, wire
from target import chain, kernels
from target.machines import TargetError, host
from target.micropython.calls_file import read_call
from target.rounds import ROUND_BYTES, ROUND_MS
from target.unit_run import ROUNDS, SECONDS, samples_of, unit_run

_TIMED = 4  # calls of each kernel, the last ones that were kept of the run
QUICK_ROUNDS = 96
_QUICK_CALLS = 3  # of each kernel from the extremes, and from the run


@dataclass(frozen=True)
class Vectors:
    """calls, blocks: of each kernel. calls_per_s: of each, in the 20 s of the run. round_blocks: of
    the run or, when it shall be quick, its first 3 s; their words have `word_sums`, and they give
    these records, or the other ones when the chain gets 1 kHz samples. settings: of the athlete.
    """

    calls: dict[str, list[Recorded]]
    blocks: dict[str, list[Block]]
    calls_per_s: dict[str, float]
    round_blocks: list[Block]
    word_sums: list[int]
    records: bytes
    sample_records: Callable[[], bytes]
    strides: int
    settings: dict[str, int]

    @property
    def rounds(self) -> int:
        return sum(block.count for block in self.round_blocks)

    @property
    def seconds(self) -> float:
        return self.rounds * ROUND_MS / 1000

    @property
    def whole_run(self) -> bool:
        return self.rounds == ROUNDS

    @property
    def bytes(self) -> int:
        """To be sent, before base64."""
        kernels = [block for blocks in self.blocks.values() for block in blocks]
        return sum(len(block.data) for block in kernels + self.round_blocks)


def make_vectors(folder: Path, quick: bool) -> Vectors:
    """Run the firmware of this tree here and record it. Raises TargetError."""
    run = unit_run(folder)
    counts = kernels.capture(run.rounds, run.fed.settings, folder / "calls", FIRMWARE_DIR)
    calls: dict[str, list[Recorded]] = {name: [] for name in counts}
    file = io.BytesIO((folder / "calls").read_bytes())
    while call := read_call(file):
        calls[call[0]].append(call)
    never = [name for name, recorded in calls.items() if not recorded]
    if never:
        raise TargetError(f"{', '.join(never)}: never called; extremes.py must call it")
    timed = {}
    for name, recorded in calls.items():
        extremes = counts[name][0]
        if quick:
            some = {extremes * k // _QUICK_CALLS for k in range(1, _QUICK_CALLS + 1)}
            some = {k - 1 for k in some if k} | set(range(len(recorded))[-_QUICK_CALLS:])
            recorded[:] = [recorded[k] for k in sorted(some)]
        last = set(range(len(recorded))[-(1 if quick else _TIMED) :])
        if not quick and len(recorded) > extremes:
            last = {k for k in last if k >= extremes}  # those of the run are what costs
        timed[name] = last
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with open(run.rounds, "r+b") as file:
        file.truncate(rounds * ROUND_BYTES)
    records = chain.whole_band(
        run.rounds, run.fed.settings, host(), folder / "records", FIRMWARE_DIR
    )

    def from_samples() -> bytes:
        samples = folder / "samples"
        samples.write_bytes(samples_of(run.fed, rounds))
        return chain.whole_band(
            samples, run.fed.settings, host(), folder / "records", FIRMWARE_DIR, "samples_band.py"
        )

    source = run.fed.source
    assert source.emg is not None and source.imu is not None
    feed = list(round_blocks(source.emg, source.imu, rounds))
    words = run.rounds.read_bytes()
    lines = (line.split("=") for line in run.fed.settings.read_text().splitlines())
    return Vectors(
        calls,
        {name: list(call_blocks(recorded, timed[name])) for name, recorded in calls.items()},
        {name: n / SECONDS for name, (_, n) in counts.items()},
        feed,
        [_sum(words, block) for block in feed],
        records,
        from_samples,
        _strides(records),
        {name: int(value) for name, value in lines},
    )


def _sum(words: bytes, block: Block) -> int:
    end = block.first + block.count
    return zlib.crc32(words[block.first * ROUND_BYTES : end * ROUND_BYTES])


def _strides(records: bytes) -> int:
    """u8 tag, u8 fields, fields of 4 bytes: how many are of strides."""
    at = count = 0
    while at < len(records):
        count += records[at] == wire.TAG_STRIDE
        at += 2 + 4 * records[at + 1]
    return count
