"""Many tasks, done once: on all cores or on a Dask cluster, their tables kept in a store.

    outcome = run_tasks([Task("a", payload), ...], work, "build/store")
    table = read_table("build/store", "strides")

`work` is a function at the top of a module, payload -> {table name: rows}, rows a pyarrow.Table
or a list of dicts. A task whose result is in the store with the same stamp (payload, `work`,
firmware and host tools) is not run again; an exception in one task becomes a row of the table
`failures` (key, error, trace) and stops no other; `timings` (key, seconds, host) is the one table
that differs from run to run.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from host_tools.corpus import executors
from host_tools.corpus.stamp import SOURCES, sources_version, stamp
from host_tools.corpus.store import FAILURES, Store, as_table, encoded, read_table
from host_tools.errors import CalfbandError

__all__ = ["FAILURES", "TIMINGS", "Done", "Outcome", "Task", "read_table", "run_tasks"]

TIMINGS = "timings"
TRACEBACK_CHARACTERS = 2000
LOOK_UP_S = 5
Tables = Mapping[str, "pa.Table | Sequence[Mapping[str, Any]]"]


@dataclass(frozen=True)
class Task:
    """One piece of work. `payload` is picklable and made of plain values, arrays, dataclasses."""

    key: str
    payload: Any


@dataclass(frozen=True)
class Done:
    """What `on_done` hears of each task: how is `ran`, `reused` or `failed`."""

    key: str
    how: str
    error: str = ""
    seconds: float = 0.0


@dataclass
class Outcome:
    """Counts of tasks, and why each failed one did: {key: sentence}."""

    ran: int = 0
    reused: int = 0
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Answer:
    parts: dict[str, bytes]
    seconds: float
    error: str = ""


def run_tasks(
    tasks: Sequence[Task],
    work: Callable[[Any], Tables],
    store: str | Path,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    on_done: Callable[[Done], None] | None = None,
    sources: tuple[str, ...] = SOURCES,
    fresh: bool = False,
) -> Outcome:
    """Do all tasks the store does not hold yet; `fresh` does all of them.

    Locally in `workers` processes (default: all cores), or on the Dask cluster at `scheduler`
    (`tcp://host:port`). Only this process touches the store, so a cluster need not see it. On
    KeyboardInterrupt what is done is kept and the interrupt goes on.
    Raises CalfbandError when the store or the cluster cannot be used, ValueError for equal keys.
    """
    if len({task.key for task in tasks}) < len(tasks):
        raise ValueError("two tasks have the same key")
    tell = on_done or (lambda done: None)
    kept = Store(store)
    version = sources_version(sources)
    outcome = Outcome()
    todo: list[tuple[Task, str]] = []
    for task in tasks:
        mark = stamp(task.payload, work, version)
        if not fresh and kept.is_done(task.key, mark):
            outcome.reused += 1
            tell(Done(task.key, "reused"))
        else:
            todo.append((task, mark))
    if not todo:
        return outcome

    def settle(task: Task, mark: str, answer: _Answer) -> None:
        kept.commit(task.key, mark, answer.parts)
        if answer.error:
            outcome.failed[task.key] = answer.error
        else:
            outcome.ran += 1
        tell(Done(task.key, "failed" if answer.error else "ran", answer.error, answer.seconds))

    job = _Job(work, sources, version, far=scheduler is not None)
    with executors.heeding_ctrl_c() as check:
        if scheduler is not None:
            with executors.cluster(scheduler, sources, version) as (pool, width):
                _spread(pool, _checked(width, check), job, todo, settle)
        else:
            most = min(workers or os.cpu_count() or 1, len(todo))
            _run_locally(job, todo, most, check, settle)
    return outcome


def _checked(width: Callable[[], int], check: Callable[[], None]) -> Callable[[], int]:
    def checked() -> int:
        check()
        return width()

    return checked


@dataclass(frozen=True)
class _Job:
    """What is the same for all tasks; called on the worker, with one task. `far`: on a cluster,
    where other sources may lie than here."""

    work: Callable[[Any], Tables]
    sources: tuple[str, ...]
    version: str
    far: bool

    def __call__(self, task: Task) -> _Answer:
        started = time.perf_counter()
        try:
            if self.far and sources_version(self.sources) != self.version:
                raise CalfbandError(executors.other_version(socket.gethostname()))
            tables = self.work(task.payload)
            parts = {name: encoded(as_table(rows), task.key) for name, rows in tables.items()}
        except Exception as error:
            return _failed(task.key, error, time.perf_counter() - started)
        seconds = time.perf_counter() - started
        timing = {"seconds": round(seconds, 3), "host": socket.gethostname()}
        parts[TIMINGS] = encoded(as_table([timing]), task.key)
        return _Answer(parts, seconds)


def _failed(key: str, error: BaseException, seconds: float = 0.0) -> _Answer:
    """A CalfbandError is a sentence already; of anything else the trace is kept, too."""
    sentence, trace = str(error), ""
    if not isinstance(error, CalfbandError):
        sentence = f"{type(error).__name__}: {error}".strip(": ")
        trace = "".join(traceback.format_exception(error))[-TRACEBACK_CHARACTERS:]
    row = {"error": sentence, "trace": trace}
    return _Answer({FAILURES: encoded(as_table([row]), key)}, seconds, sentence)


Settle = Callable[[Task, str, _Answer], None]
Todo = Sequence[tuple[Task, str]]


def _spread(
    pool: Executor, width: Callable[[], int], job: _Job, todo: Todo, settle: Settle
) -> None:
    """Do `todo` in the pool, in order, `width()` at a time, each settled as it is done.

    Raises executors.WorkerDiedError with what was under way when a pool's process died, and
    what was not begun. A cluster outlives its workers: there, tasks whose workers died are tried
    again at the end, one by one, as one of them may have taken the others along.
    """
    waiting = list(reversed(todo))
    running: dict[Future[_Answer], tuple[Task, str]] = {}
    accused: list[tuple[Task, str]] = []
    alone = False
    while waiting or running or accused:
        if not waiting and not running:
            alone, waiting, accused = True, accused[::-1], []
        room = 1 if alone else width()
        died = False
        while waiting and len(running) < room and not died:
            try:
                running[pool.submit(job, waiting[-1][0])] = waiting[-1]
                waiting.pop()
            except executors.BrokenPool:
                died = True
        finished, _ = wait(running, timeout=LOOK_UP_S, return_when=FIRST_COMPLETED)
        if not finished:
            width()  # a cluster without workers would be waited for in vain
        suspects = []
        for future in finished:
            task, mark = running.pop(future)
            error = executors.error_of(future)
            if isinstance(error, executors.BrokenPool):
                suspects.append((task, mark))
            elif error is None:
                settle(task, mark, future.result())
            elif executors.is_killed_worker(error) and not alone:
                accused.append((task, mark))
            else:
                if executors.is_killed_worker(error):
                    error = executors.killed(task.key)
                settle(task, mark, _failed(task.key, error))
        if died or suspects:
            raise executors.WorkerDiedError([*suspects, *running.values()], waiting[::-1])


def _run_locally(
    job: _Job, todo: Todo, workers: int, check: Callable[[], None], settle: Settle
) -> None:
    """In processes of this computer. One that dies (out of memory, a crash in a library) takes
    its pool with it: what was under way is tried again one by one, to find the task at fault."""
    while todo:
        try:
            with executors.processes(workers) as pool:
                _spread(pool, _checked(lambda: workers + 1, check), job, todo, settle)
            return
        except executors.WorkerDiedError as death:
            for task, mark in death.suspects:
                try:
                    with executors.processes(1) as pool:
                        _spread(pool, _checked(lambda: 1, check), job, [(task, mark)], settle)
                except executors.WorkerDiedError:
                    error = executors.killed(task.key)
                    settle(task, mark, _failed(task.key, error))
            todo = death.rest
