"""The raw tier: every sample of a run, through the whole chain on the real MicroPython."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from host_tools import feed
from host_tools.athlete import Athlete as Known
from host_tools.band import run_chain
from host_tools.band_input import BandInput, band_input
from host_tools.corpus.work import Task
from host_tools.firmware_tables import wire
from host_tools.population.chain_errors import error_tables
from host_tools.population.runners import Runner, draw_runner
from host_tools.population.scenarios import KINDS, Run, plan_run
from host_tools.population.truth import stride_truth
from host_tools.population.verdicts import verdict_tables
from host_tools.records import Records, columns, parse_records
from host_tools.synth import synthesize
from host_tools.synth.recorded import recorded

BLOCK_MS = 120
# What the results of this tier come from, for their stamps.
SOURCES = (
    "firmware",
    "host_tools/synth",
    "-host_tools/synth/command.py",
    "host_tools/twin/replay_chain.py",
    "host_tools/band_input.py",
    "host_tools/feed.py",
    "host_tools/records.py",
    "host_tools/population/runners.py",
    "host_tools/population/scenarios.py",
    "host_tools/population/truth.py",
    "host_tools/population/verdicts.py",
    "host_tools/population/raw.py",
    "host_tools/population/chain_errors.py",
)


@dataclass(frozen=True)
class RawTask:
    """One run of one athlete."""

    athlete: int
    kind: str
    minutes: float
    seed: int


def raw_tasks(athletes: int, seed: int, minutes: float) -> list[Task]:
    """All runs of the first `athletes` athletes."""
    return [
        Task(f"a{index:05d}-{kind}", RawTask(index, kind, minutes, seed))
        for index in range(athletes)
        for kind in KINDS
    ]


def replay_run(task: RawTask) -> dict[str, list[dict[str, Any]]]:
    """Synthesise and replay one run; its verdict, and how the chain's features erred."""
    run = plan_run(draw_runner(task.athlete, task.seed), task.kind, 0, task.minutes, task.seed)
    source = band_input(recorded(synthesize(run.plan)))
    records = chain_records(run, source)
    warnings = records.tables[wire.TAG_WARNING]
    blocks = records.tables[wire.TAG_TREND][:, : len(wire.TREND_HEAD)]
    strides = columns(records.strides, wire.STRIDE + wire.STRIDE_EXTRA)
    tables = verdict_tables(run, warnings, blocks, tier="raw", variant="")
    tables.update(error_tables(run, strides, stride_truth(run.plan)))
    return tables


def chain_records(run: Run, source: BandInput) -> Records:
    """Replay band input, with what this athlete's band knows."""
    settings = known_to_band(run.runner).settings()
    settings += [f"{name}={value}" for name, value in source.present.items()]
    settings += [f"imu_rate_mhz={source.imu_rate_mhz}", "mains_hz=0"]
    return parse_records(run_chain(settings, feed.messages(source, BLOCK_MS)))


def known_to_band(runner: Runner) -> Known:
    """The athlete as the band was told; a speed arrives as a stream, if at all."""
    athlete = runner.athlete
    return Known(
        sex=athlete.sex,
        mass_kg=athlete.mass_kg if runner.knows_mass else None,
        height_m=athlete.height_m if runner.knows_mass else None,
        side=athlete.side,
    )
