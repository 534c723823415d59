"""Where tasks run: processes of this computer, or the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from host_tools.corpus.stamp import sources_version
from host_tools.errors import CalfbandError

CONNECT_S = 5
WORKERS_S = 10
LOST_S = 60  # workers that die are started again within seconds; later, none will come
TIDYING_S = 10  # a worker told to end takes milliseconds
PER_THREAD = 2  # tasks handed to the cluster ahead, so that no worker waits for this process

BrokenPool = BrokenProcessPool


class WorkerDiedError(Exception):
    """A process of the pool died: tasks that were under way, and those not begun."""

    def __init__(self, suspects: list[Any], rest: list[Any]) -> None:
        super().__init__()
        self.suspects = suspects
        self.rest = rest


class _Pool(ProcessPoolExecutor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(_until_told, fn, *args, **kwargs)


def _until_told(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """The pool takes any SystemExit for the task's own error, and goes on with the next task."""
    try:
        return fn(*args, **kwargs)
    except SystemExit:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
            os._exit(1)
        raise


@contextlib.contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """A pool of processes; left by an exception, it ends them, their temporary files cleared."""
    # Spawned, not forked: the terminal's progress bar runs a thread that holds locks.
    context = multiprocessing.get_context("spawn")
    pool = _Pool(workers, mp_context=context, initializer=_settle_in)
    try:
        yield pool
    except BaseException:
        mine = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in mine:
            process.terminate()
        for process in mine:
            process.join(TIDYING_S)
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def heeding_ctrl_c() -> Iterator[Callable[[], None]]:
    """Yields a check to call now and then, which raises a KeyboardInterrupt that was swallowed.

    Python drops what a signal raises inside a destructor or another library's callback.
    """
    pressed = False

    def on_signal(number: int, frame: Any) -> None:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield check
        return
    signal.signal(signal.SIGINT, on_signal)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def _settle_in() -> None:
    """Ctrl-C is the parent's to hear; told to end, a worker still clears its temporary files."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_once)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_once(number: int, frame: Any) -> None:
    """A broken pool tells its processes to end a second time, amid their tidying."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for its next task for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


@contextlib.contextmanager
def cluster(
    scheduler: str, sources: tuple[str, ...], version: str
) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """A running Dask cluster as an executor, and how many tasks it should hold at the moment.

    Raises CalfbandError when it is not there, has no workers or other sources than ours.
    """
    import distributed
    from distributed.comm.core import CommClosedError

    # Its own complaints come as log lines and traces; ours come as a sentence.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise CalfbandError(
            f"{scheduler}: no Dask scheduler answers there ({_reason(error)}); start one with "
            "`dask scheduler`, or leave --scheduler out to work on this computer."
        ) from error
    with client:
        _greet(client, scheduler, sources, version)
        try:
            yield _ClusterExecutor(client), _width(client)
        except (CommClosedError, CancelledError, _GoneError) as error:
            raise CalfbandError(
                f"{scheduler}: the Dask cluster went away; what was done is kept, and the same "
                "command goes on from there."
            ) from error


class _ClusterExecutor(Executor):
    """A Dask client as an executor.

    Not `client.get_executor()`: that one asks for a task's state once its result has come, and a
    worker that dies in between makes the finished task a TypeError.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        far = self._client.submit(fn, *args, pure=False, **kwargs)
        near: Future[Any] = Future()
        self._client.loop.add_callback(self._pass_on, far, near)
        return near

    @staticmethod
    async def _pass_on(far: Any, near: Future[Any]) -> None:
        try:
            near.set_result(await far.result())
        except asyncio.CancelledError:  # the client is closing
            near.cancel()
            near.set_running_or_notify_cancel()
            raise
        except Exception as error:
            near.set_exception(error)


def _greet(client: Any, scheduler: str, sources: tuple[str, ...], version: str) -> None:
    """Every worker has the same firmware and host tools as we, or the numbers would differ."""
    with contextlib.suppress(TimeoutError):
        client.wait_for_workers(1, timeout=WORKERS_S)
    try:
        found = client.run(sources_version, sources)
    except ImportError as error:
        raise CalfbandError(
            f"{scheduler}: a worker lacks {error.name or 'a package'}; install calfband and its "
            "packages there, in the same versions as here."
        ) from error
    if not found:
        raise CalfbandError(
            f"{scheduler}: the scheduler has no workers; start some with "
            f"`dask worker {scheduler}` in a calfband environment."
        )
    others = [worker for worker, theirs in found.items() if theirs != version]
    if others:
        raise CalfbandError(other_version(others[0]))


def other_version(worker: str) -> str:
    return (
        f"worker {worker} has another version of the firmware or the host tools than this "
        "computer, so its numbers could differ; update calfband there and start it again."
    )


def error_of(future: Future[Any]) -> BaseException | None:
    """What a finished future failed with; a lost cluster is raised, no task being at fault."""
    error = future.exception()
    if isinstance(error, CancelledError):
        raise error
    return error


class _GoneError(Exception):
    """The scheduler does not answer any more."""


def _width(client: Any) -> Callable[[], int]:
    """How many tasks the cluster should hold, asked again and again as workers come and go."""
    seen_s = time.monotonic()

    def width() -> int:
        nonlocal seen_s
        try:
            threads = sum(client.nthreads().values())
        except (OSError, AttributeError) as error:  # a client that has closed returns no mapping
            raise _GoneError from error
        now_s = time.monotonic()
        if threads:
            seen_s = now_s
        elif now_s - seen_s > LOST_S:
            raise _GoneError
        return max(1, PER_THREAD * threads)

    return width


def is_killed_worker(error: BaseException) -> bool:
    """Dask gave a task up because worker after worker died of it."""
    return type(error).__name__ == "KilledWorker"


def killed(key: str) -> CalfbandError:
    return CalfbandError(
        f"{key}: the process working on it was killed or crashed (perhaps out of memory); try it "
        "alone, with --workers 1."
    )


def _reason(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
