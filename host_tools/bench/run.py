"""The whole band on a unit, from its sensors' words on: 20 s of running, timed by features."""

from __future__ import annotations

import ast
import zlib
from base64 import b64decode
from dataclasses import dataclass, field

import numpy as np

from host_tools.bench.blocks import ROUNDS
from host_tools.bench.clock import Clock
from host_tools.bench.unit import TooLittleMemoryError, Unit, ours, out_of_memory
from host_tools.bench.vectors import Vectors
from host_tools.errors import FirmwareError
from host_tools.usb.console import ExecError
from target import chain
from target.machines import HOST_STAND_INS, SCRIPTS, TWIN

_LEAVE_OUT = 1  # round, in which is made what is made once
# Of modules that the firmware's own folders must not hide: they are put in place by hand.
_SOURCES = {
    **ours("link", "timer", "meter", "run_band"),
    "band_time": HOST_STAND_INS / "time.py",
    "band_select": SCRIPTS / "select.py",
    "record_stream": TWIN / "record_stream.py",
    "sections": SCRIPTS / "sections.py",
    "chain_records": SCRIPTS / "chain_records.py",
}
_WHOLE = {"whole_band": SCRIPTS / "whole_band.py"}
_SAMPLES = {"samples_band": SCRIPTS / "samples_band.py"}
_PLACE = """
import gc, sys
import timer
timer.look()
import band_select, band_time
sys.modules["time"] = band_time
sys.modules["select"] = band_select
for _name in list(sys.modules):
    if _name == "band" or _name.startswith("band."):
        del sys.modules[_name]
def _exec_free():
    try:
        import esp32
        return sum([_heap[1] for _heap in esp32.idf_heap_info(esp32.HEAP_EXEC)])
    except (ImportError, AttributeError):
        return None
gc.collect()
_alloc, _exec = gc.mem_alloc(), _exec_free()
print(("free heap before the firmware", gc.mem_free()))
"""
_IMPORT = """
import band.chain, band.settings
if not %r:
    import band.unit.sensors, band.unit.faults, band.units
gc.collect()
print(("heap of code", gc.mem_alloc() - _alloc))
if _exec is not None:
    print(("machine code in RAM", _exec - _exec_free()))
"""
_MAKE = """
import link, run_band
from %s as _Band
link.make_room(%d)
_run = run_band.Run(_Band, %r, %d)
"""
_AFTER = """
gc.collect()
print(("free heap with all of it", gc.mem_free()))
from timer import ticks_cpu, ticks_diff
_ticks = []
for _ in range(7):
    _start = ticks_cpu()
    gc.collect()
    _ticks.append(ticks_diff(ticks_cpu(), _start))
print(("collection", _ticks))
try:
    import esp32
    for _task in esp32.idf_task_info()[1]:
        if _task[1] == "mp_task":
            print(("stack never used", _task[5]))
except (ImportError, AttributeError, IndexError):
    pass
"""


@dataclass
class RunResults:
    """features: of each, units of the clock in every round but the first. memory: bytes. differing:
    sentences. collections_us: of the whole heap with the chain on it. samples: 1 kHz samples went
    in, without drivers, decimation and clocks."""

    samples: bool = False
    rounds: int = 0
    strides: int = 0
    features: dict[str, np.ndarray] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)
    collections_us: list[float] = field(default_factory=list)
    mark_units: list[float] = field(default_factory=list)


def run_band(unit: Unit, vectors: Vectors, clock: Clock, samples: bool = False) -> RunResults:
    """Raises TooLittleMemoryError where it does not fit, else CalfbandError."""
    results = RunResults(samples=samples)
    expected = vectors.sample_records() if samples else vectors.records
    port = unit.facts.port
    said: dict = {}
    try:
        unit.install(_SOURCES | (_SAMPLES if samples else _WHOLE))
        most = max(len(block.data) for block in vectors.round_blocks)
        said = dict(unit.rows(_PLACE))
        said |= dict(unit.rows(_IMPORT % samples))
        which = "samples_band import SampleBand" if samples else "whole_band import Band"
        make = _MAKE % (which, most, vectors.settings, ROUNDS)
        names, rows = _made(unit.console.exec(make, timeout_s=20))
        said |= rows
        ticks = _feed(unit, vectors, expected, results)
        said |= dict(unit.rows(_AFTER))
    except ExecError as error:
        if not out_of_memory(error):
            raise
        free = said.get("free heap before the firmware", 0)
        code = said.get("heap of code")
        after = f", its code takes {code}" if code else ""
        raise TooLittleMemoryError(
            f"{port}: {'the chain alone' if samples else 'the whole band'} does not fit into the "
            f"unit's memory: {free} bytes of heap were free{after}."
        ) from error
    results.collections_us = [clock.us(clock.units(one)) for one in said.pop("collection")]
    results.mark_units = [clock.units(one) for one in said.pop("ticks that the marks cost")]
    results.memory = said
    units = clock.units(1) * ticks[_LEAVE_OUT:].astype(float)
    results.features = {
        name: units[:, k] for k, name in enumerate(names) if not samples or units[:, k].any()
    }
    return results


def _made(said: str) -> tuple[list[str], dict]:
    """Names of the sections, and what else was told of the run's making."""
    names, rows = ["chain, loop"], {}
    for line in said.splitlines():
        if line.startswith("section "):
            names.append(line.split(" ", 2)[2])
        elif line:
            what, value = ast.literal_eval(line)
            rows[what] = value
    return names, rows


def _feed(unit: Unit, vectors: Vectors, records: bytes, results: RunResults) -> np.ndarray:
    """Send all rounds; (rounds, sections) ticks. Stops at the first block that differs."""
    ticks = []
    for block, expected in zip(vectors.round_blocks, vectors.word_sums, strict=True):
        (row,) = unit.send(block, f"_run.block({block.count}, %d, %d)")
        done, words, *_ = row
        if words != expected and not results.samples:
            raise FirmwareError(
                f"{unit.facts.port}: the unit made other sensor words of round {done} than this "
                "computer; please report this."
            )
        ticks.append(_read(row[5], block.count))
        results.rounds = done
        if _differs(unit, records, row, results):
            return np.concatenate(ticks)
    (row,) = unit.rows("_run.finish()")
    if not _differs(unit, records, row, results) and row[2] != len(records):
        short = len(records) - row[2]
        results.differing.append(f"the whole band: {short} bytes of records are missing at the end")
    return np.concatenate(ticks)


def _read(text: bytes, rounds: int) -> np.ndarray:
    found = np.frombuffer(b64decode(text), dtype="<i4")
    return found.reshape(ROUNDS, -1)[:rounds]


def _differs(unit: Unit, records: bytes, row: tuple, results: RunResults) -> bool:
    """Compare sums of all records so far; where they differ, fetch those of this block."""
    done, _, count, sum_, results.strides, _ = row
    if zlib.crc32(records[:count]) == sum_:
        return False
    kept = b64decode(unit.console.eval("__import__('binascii').b2a_base64(_run.tally.kept)"))
    start = count - len(kept)
    said = chain.difference(records[start:count], kept)
    results.differing.append(f"the whole band, in the 0.5 s before {done * 0.032:.1f} s: {said}")
    return True
