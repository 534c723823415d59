"""The feature tier: thousands of athletes as stride records, judged by the fatigue model alone.

Variants judge the very same strides again: `earlier runs` with five stored baselines of the same
athlete, `without X` with one domain of evidence switched off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.corpus.work import Task
from host_tools.firmware_tables import units, wire
from host_tools.population.error_model import CHAIN_ERRORS, ErrorModel, load
from host_tools.population.judge import judge
from host_tools.population.runners import Runner, draw_runner
from host_tools.population.scenarios import EARLY, KINDS, Run, plan_run
from host_tools.population.stride_records import AT, stride_records
from host_tools.population.verdicts import verdict_tables

ATHLETES_PER_TASK = 10
EARLIER_RUNS = 5
WITH_EARLIER_RUNS = "earlier runs"
PRIORS_OF, ABLATION_OF = 8, 20  # every n-th athlete is judged in these variants, too
_LONG_MIN, _LONGER_MIN = 60.0, 90.0
_BASELINE_MIN = (6.0, 15.0)
_EARLIER = 100  # repeats from here on are the earlier runs
_DAY_BEFORE_MIN = 16.0

SOURCES = (
    "firmware",
    "host_tools/synth",
    "-host_tools/synth/command.py",
    "host_tools/twin/judge_strides.py",
    "host_tools/population/runners.py",
    "host_tools/population/scenarios.py",
    "host_tools/population/truth.py",
    "host_tools/population/verdicts.py",
    "host_tools/population/chain_errors.py",
    "host_tools/population/error_model.py",
    "host_tools/population/stride_records.py",
    "host_tools/population/judge.py",
    "host_tools/population/feature.py",
)


@dataclass(frozen=True)
class FeatureTask:
    """Athletes first...stop-1. `minutes`: of the runs both tiers have; `errors`: where the
    chain's errors are read, `errors_digest` which they are."""

    first: int
    stop: int
    minutes: float
    seed: int
    errors: str
    errors_digest: str


def feature_tasks(
    athletes: int, seed: int, minutes: float, errors: Path = CHAIN_ERRORS
) -> list[Task]:
    """All runs of the first `athletes` athletes, some at a time."""
    digest = _digest(errors)
    return [
        Task(
            f"a{first:05d}",
            FeatureTask(
                first,
                min(first + ATHLETES_PER_TASK, athletes),
                minutes,
                seed,
                str(errors),
                digest,
            ),
        )
        for first in range(0, athletes, ATHLETES_PER_TASK)
    ]


def _digest(errors: Path) -> str:
    import hashlib

    return hashlib.sha256(errors.read_bytes()).hexdigest()[:16]


@lru_cache(maxsize=2)
def _model(errors: str, digest: str) -> ErrorModel:
    return load(Path(errors))


def judge_athletes(task: FeatureTask) -> dict[str, list[dict[str, Any]]]:
    """Make and judge all runs of the task's athletes."""
    model = _model(task.errors, task.errors_digest)
    runs: list[tuple[Run, str, list[str], np.ndarray]] = []
    for index in range(task.first, task.stop):
        runner = draw_runner(index, task.seed)
        runs += _of_athlete(runner, model, task)
    told = judge([(lines, records) for _, _, lines, records in runs])
    tables: dict[str, list[dict[str, Any]]] = {}
    for (run, variant, _, records), (warnings, blocks) in zip(runs, told, strict=True):
        more = {"tier": "feature", "variant": variant}
        for name, rows in verdict_tables(run, warnings, blocks, **more).items():
            tables.setdefault(name, []).extend(rows)
        tables["runs"][-1]["strides"] = len(records)
    return tables


def _of_athlete(
    runner: Runner, model: ErrorModel, task: FeatureTask
) -> Iterator[tuple[Run, str, list[str], np.ndarray]]:
    known = [f"mass_g={round(1000 * runner.athlete.mass_kg) if runner.knows_mass else 0}"]
    with_priors = runner.index % PRIORS_OF == 0
    priors = earlier_baselines(runner, model, task.seed) if with_priors else []
    for kind, repeat, minutes in schedule(runner.index, task.minutes, with_priors):
        run = plan_run(runner, kind, repeat, minutes, task.seed)
        records = stride_records(run, model)
        yield run, "", known, records
        if with_priors and repeat == 0:
            yield run, WITH_EARLIER_RUNS, known + priors, records
        if runner.index % ABLATION_OF == 0 and repeat == 0:
            for bit, domain in enumerate(wire.DOMAINS):
                lines = [*known, f"domains_off={1 << bit}"]
                yield run, f"without {domain}", lines, records


def schedule(index: int, minutes: float, early: bool) -> list[tuple[str, int, float]]:
    """An athlete's runs (kind, repeat, minutes): those of the raw tier, and longer ones."""
    long = _LONG_MIN * minutes / 40, _LONGER_MIN * minutes / 40
    runs = [(kind, 0, minutes) for kind in KINDS]
    runs += [("fresh", 1, long[1]), (("pace", "hills", "faults")[index % 3], 1, long[0])]
    if early:
        runs.append((EARLY, 0, minutes))
    return runs


def earlier_baselines(runner: Runner, model: ErrorModel, seed: int) -> list[str]:
    """Settings lines with the baselines of five earlier runs, each on a day of its own."""
    lines = []
    for number in range(EARLIER_RUNS):
        run = plan_run(runner, "fresh", _EARLIER + number, _DAY_BEFORE_MIN, seed)
        medians = baseline_medians(stride_records(run, model))
        lines += [f"prior.{name}={value}" for name, value in medians.items()]
    return lines


def baseline_medians(records: np.ndarray) -> dict[str, int]:
    """Median of every feature over the minutes in which the band learns, in its own unit."""
    minutes = records[:, AT["t_ic_s"]] / (60 * units.DMS_PER_S)
    learnt = (minutes >= _BASELINE_MIN[0]) & (minutes < _BASELINE_MIN[1])
    learnt &= records[:, AT["valid"]] > 0
    found = {}
    for name, _ in wire.FEATURES:
        column = records[learnt, AT["onset_ms" if name == "onset_sd_ms" else name]]
        known = column[column != units.UNKNOWN]
        if len(known) < 25:
            continue
        if name == "onset_sd_ms":
            blocks = known[: len(known) // 25 * 25].reshape(-1, 25)
            off = np.abs(blocks - np.median(blocks, axis=1)[:, None])
            found[name] = int(1.4826 * np.median(np.median(off, axis=1)))
        else:
            found[name] = int(np.median(known))
    return found
