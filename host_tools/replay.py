"""`calfband replay`: recording in, the firmware's own judgement out."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from host_tools import feed
from host_tools.athlete import Athlete, athlete_from_patient, read_athlete
from host_tools.band import find_micropython, run_chain
from host_tools.band_input import BandInput, band_input
from host_tools.errors import CalfbandError
from host_tools.events_truth import compare
from host_tools.firmware_tables import wire
from host_tools.outputs import staged, write_summary, write_tables
from host_tools.recording import Recording, read_recording
from host_tools.records import (
    Records,
    columns,
    parse_records,
    spectra,
    trend_columns,
    warning_rows,
)
from host_tools.result import ReplayResult
from host_tools.summary import summarise

BLOCKS_MS = (20, 30, 40)


@dataclass(frozen=True)
class Job:
    """One recording to replay into one folder."""

    recording: Path
    out: Path
    athlete_file: Path | None = None
    mains_hz: int = 0
    block_ms: int = 120
    report: bool = True


def replay(job: Job, on_progress: Callable[[float], None] = lambda share: None) -> ReplayResult:
    """Replay one recording and write its output folder; `on_progress` hears 0 to 1.

    Raises CalfbandError; the folder is then as it was before.
    """
    started = time.perf_counter()
    with staged(job.out) as folder:
        find_micropython()
        recording = read_recording(job.recording)
        athlete = athlete_from_patient(f"{recording.patient} {recording.title}", recording.notes)
        if job.athlete_file:
            athlete = read_athlete(job.athlete_file, athlete)
        result, records = replay_recording(
            recording, athlete, job.mains_hz, job.block_ms, on_progress
        )
        result.summary = summarise(result, records, time.perf_counter() - started)
        write_tables(folder, records)
        write_summary(folder, result.summary)
        if job.report:
            from host_tools.report import write_report

            write_report(result, folder / "report.html")
    return result


def replay_recording(
    recording: Recording,
    athlete: Athlete,
    mains_hz: int = 0,
    block_ms: int = 120,
    on_progress: Callable[[float], None] = lambda share: None,
) -> tuple[ReplayResult, Records]:
    """Replay a recording in memory: what the firmware found, and its integer records.

    The result lacks its `summary`. Raises CalfbandError.
    """
    source = band_input(recording)
    settings = _settings(athlete, source, mains_hz)
    records = parse_records(_run(settings, source, block_ms, on_progress))
    return _result(recording, source, athlete, settings, records), records


def replay_all(jobs: list[Job], workers: int) -> Iterator[tuple[Job, ReplayResult | CalfbandError]]:
    """Replay several recordings side by side; each as it is done, with its result or its error.

    Results come without `signals`, which are large and drawn into the report already.
    """
    # Spawned, not forked: the terminal's progress bar runs a thread that holds locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        running = {pool.submit(_replay_apart, job): job for job in jobs}
        for done in as_completed(running):
            yield running[done], done.result()


def _replay_apart(job: Job) -> ReplayResult | CalfbandError:
    try:
        return replace(replay(job), signals={})
    except CalfbandError as error:
        return error


def jobs_for(
    recordings: list[Path],
    out: Path,
    athlete_file: Path | None,
    mains_hz: int,
    block_ms: int,
    report: bool,
) -> list[Job]:
    """One job per recording: into `out` itself, or into `out`/<stem> when there are several."""
    if athlete_file:
        read_athlete(athlete_file, Athlete())  # a slip in it is told once, before any work
    folders = [out / path.stem if len(recordings) > 1 else out for path in recordings]
    for i, folder in enumerate(folders):
        if folder in folders[:i]:
            raise CalfbandError(
                f"{recordings[i]}: another recording named {recordings[i].stem} is in the same "
                "command; replay it into a folder of its own."
            )
    return [
        Job(path, folder, athlete_file, mains_hz, block_ms, report)
        for path, folder in zip(recordings, folders, strict=True)
    ]


def default_workers() -> int:
    return os.cpu_count() or 1


def _settings(athlete: Athlete, source: BandInput, mains_hz: int) -> list[str]:
    lines = athlete.settings()
    lines += [f"{name}={value}" for name, value in source.present.items()]
    lines += [f"imu_rate_mhz={source.imu_rate_mhz}", f"mains_hz={mains_hz}"]
    return lines


def _run(
    settings: list[str],
    source: BandInput,
    block_ms: int,
    on_progress: Callable[[float], None],
) -> bytes:
    total = feed.total_bytes(source)
    fed = 0

    def on_fed(n: int) -> None:
        nonlocal fed
        fed += n
        on_progress(min(fed / total, 1.0))

    return run_chain(settings, feed.messages(source, block_ms), on_fed)


def _result(
    recording: Recording,
    source: BandInput,
    athlete: Athlete,
    settings: list[str],
    records: Records,
) -> ReplayResult:
    strides = columns(records.strides, wire.STRIDE + wire.STRIDE_EXTRA)
    bursts = columns(records.bursts, wire.BURST)
    truth = None
    if recording.annotations:
        truth = {
            "annotations": [(mark.t_s, mark.text) for mark in recording.annotations],
            "comparison": compare(recording.annotations, strides, bursts),
        }
    return ReplayResult(
        path=recording.path,
        title=recording.path.stem,
        synthetic=recording.synthetic,
        duration_s=float(recording.duration_s),
        athlete=athlete.known(),
        settings=_told(settings),
        notes=recording.notes + source.notes,
        signals=source.signals(),
        strides=strides,
        events=columns(records.events, wire.EVENT),
        bursts=bursts,
        warnings=warning_rows(records.warnings),
        trends=trend_columns(records.tables[wire.TAG_TREND]),
        spectra=spectra(records.tables[wire.TAG_SPECTRUM]),
        truth=truth,
        gaps=source.gaps_s,
    )


def _told(settings: list[str]) -> dict[str, int | list[int]]:
    """The settings lines as numbers; earlier runs, which repeat, as lists."""
    told: dict[str, int | list[int]] = {}
    for line in settings:
        name, value = line.split("=")
        if name.startswith("prior."):
            runs = told.setdefault(name, [])
            assert isinstance(runs, list)
            runs.append(int(value))
        else:
            told[name] = int(value)
    return told
