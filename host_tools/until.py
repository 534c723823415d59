"""Run something until it ends, a time is over, or the user stops it by signal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

ENDING_S = 3.0
T = TypeVar("T")


async def within(awaited: Awaitable[T], timeout_s: float) -> T:
    """Await for so long at most; raises asyncio.TimeoutError.

    asyncio.wait_for of Python before 3.12 loses a cancellation that arrives together with the
    result: the user's Ctrl-C would do nothing.
    """
    task = asyncio.ensure_future(awaited)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
        if not task.done():
            raise asyncio.TimeoutError
        return task.result()
    finally:
        task.cancel()


async def run_until(
    work: Coroutine[Any, Any, Any],
    stop: asyncio.Event,
    seconds: float,
    ending: Callable[[], Awaitable[Any]],
) -> None:
    """Await `work` until it ends, `stop` is set (Ctrl-C and SIGTERM set it) or the time is over.

    `seconds` 0: no limit. Work that is cut short gets `ending` first and is then cancelled; what
    it raises by itself is raised. The signals go on setting `stop` until the loop closes, so that
    what comes after is not disturbed by a second Ctrl-C.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait(
            {working, stopping}, timeout=seconds or None, return_when=asyncio.FIRST_COMPLETED
        )
        if working.done():
            working.result()
        else:
            with suppress(asyncio.TimeoutError):
                await within(ending(), ENDING_S)
    finally:
        for task in (working, stopping):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
