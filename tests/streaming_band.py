"""A band that streams a course in real time, beside `calfband record` in the same process.

As a program: `python streaming_band.py OUT.edf SECONDS` records it until it is stopped.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path

from band_peripheral import BandPeripheral, computer_on
from bumble.link import LocalLink
from raw_course import Course

from host_tools.athlete import Athlete
from host_tools.client import find as finding
from host_tools.client.find import Wanted
from host_tools.console import Console
from host_tools.record.command import Session
from host_tools.record.write import Written

STEP_S = 0.02


async def stream(
    band: BandPeripheral,
    course: Course,
    until_s: float,
    lost: frozenset[int] = frozenset(),
    hang_up_s: tuple[float, ...] = (),
) -> None:
    """Send the course as time goes by while someone listens; time goes on when nobody does.

    Packets whose running number is in `lost` are not sent; the band hangs up at `hang_up_s`. Ends
    at `until_s` (0: with the course), but not before a second in which someone listens.
    """
    await band.raw_on.wait()
    began = time.monotonic()
    hang_ups = list(hang_up_s)
    told_s = -1.0
    deaf_s = 0.0
    for number, (t, kind, index, frames) in enumerate(course.packets()):
        while time.monotonic() - began < t:
            await asyncio.sleep(STEP_S)
        if hang_ups and t >= hang_ups[0]:
            hang_ups.pop(0)
            await band.hang_up()
        if not band.raw_on.is_set():
            band.seq[kind] += 1
            deaf_s = t
            await asyncio.sleep(STEP_S)
            continue
        if until_s and t >= until_s and t > deaf_s + 1:
            return
        if kind == "IMU" and t > told_s + 0.2:
            told_s = t
            await band.clock(index, round(10_000 * index / course.imu_hz))
        await band.raw(kind, index, frames.tolist(), dropped=number in lost)


async def recorded(
    out: Path,
    course: Course,
    until_s: float,
    lost: frozenset[int] = frozenset(),
    hang_up_s: tuple[float, ...] = (),
    mtu: int = 247,
    pairing_open: bool = True,
) -> Written | None:
    """What a recording of the course holds."""
    air = LocalLink()
    band = BandPeripheral(air, pairing_open=pairing_open)
    await band.start()
    stop = asyncio.Event()
    streaming = asyncio.ensure_future(stream(band, course, until_s, lost, hang_up_s))
    streaming.add_done_callback(lambda _: stop.set())
    session = Session(out, Athlete(mass_kg=70.0), Console(), plain=True)
    try:
        return await session.run(
            await computer_on(air, mtu), Wanted(), 0, 10.0, back_off_s=(0.05,), stop=stop
        )
    finally:
        streaming.cancel()
        with suppress(asyncio.CancelledError):
            await streaming


if __name__ == "__main__":
    finding.SETTLE_S = 0.1
    written = asyncio.run(recorded(Path(sys.argv[1]), Course(60.0), float(sys.argv[2])))
    print("written", written)
