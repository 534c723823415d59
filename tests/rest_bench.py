"""Scripts for the real MicroPython: the whole app on virtual chips, worn by a leg that may move."""

from tests.conftest import ROOT

TWIN = ROOT / "host_tools" / "twin"

# A script is the body of `async def scenario():`; the app runs beside it in virtual time.
PRELUDE = f"""
import sys
sys.path[:0] = [{str(TWIN / "quiet")!r}, {str(TWIN / "stand_ins")!r}, {str(TWIN)!r}]
import time
time.virtual(1)
time.own_asyncio()
import asyncio
import gc
from array import array
from player import _rest, _stand
from chips.bench import Bench
from chips.wiring import Reset, wires
from band import wire
from band.unit import light
from band.unit.app import App
from band.unit.board import Board

clock = time.clock


class Leg:
    # Stands still with a sensor's noise, or takes a step of `step_lsb` every half second.
    def __init__(self):
        self.noise = 2
        self.still = array("h", [0, 0, 1025, 0, 0, 0])
        self.step_lsb = 0
        self.at = 0
    def started(self, us):
        pass
    def skip(self, n):
        self.at += n
    def read(self, frames, n):
        self.noise = _stand(frames, 0, n, self.still, self.noise)
        if self.step_lsb:
            for k in range(n):
                if (self.at + k) % 416 < 40:
                    frames[6 * k] += self.step_lsb
        self.at += n


class Muscle:
    def __init__(self):
        self.noise = 1
    def started(self, us):
        pass
    def skip_frames(self, n):
        pass
    def read_frames(self, buffer, n):
        self.noise = _rest(buffer, 0, n, self.noise)


leg = Leg()
bench = Bench(leg, Muscle())
app = App(Board(), folder=sys.argv[1] + "/data")
app.store.unit.rest_min = 1
turns = 0


def moved():
    wires.tick()


clock.moved = moved
_tick = app._tick


def tick(now_ms):
    global turns
    turns += 1
    _tick(now_ms)


app._tick = tick


def told():
    # Names of the faults that Status tells.
    bits = app.session.status[wire.index(wire.STATUS_PACKET, "unit_faults")]
    return [name for k, name in enumerate(wire.UNIT_FAULTS) if bits >> k & 1]


def state():
    return wire.STATES[app.session.status[wire.index(wire.STATUS_PACKET, "state")]]


def counter(name):
    return app.upkeep.count().values[wire.COUNTERS.index(name)]


async def seconds(n):
    await asyncio.sleep_ms(int(1000 * n))


async def rests(within_s=70):
    for _ in range(10 * within_s):
        if app.rest.resting:
            break
        await asyncio.sleep_ms(100)
    assert app.rest.resting, (within_s, app.rest.still_s, told())


async def soon():
    # As if it had stood still for long enough already.
    await seconds(1)
    app.rest.still_s = 1000
    await rests(2)


async def wakes(within_ms):
    start = clock.us()
    while app.rest.resting:
        await asyncio.sleep_ms(10)
        assert clock.us() - start < 1000 * within_ms, "it rests on"
    return (clock.us() - start) // 1000


async def press(ms):
    bench.press(True)
    await asyncio.sleep_ms(ms)
    bench.press(False)
    await asyncio.sleep_ms(100)


def stall(minutes):
    # Nobody looks for so long, and the watchdog does not mind.
    clock.stall(int(minutes * 60_000_000))
    app.board.watchdog()._fed_us = clock.us()


def measuring():
    return (
        app.chain is not None and app.sensors.running and bench.adc.converting() == 0xC0
        and bench.imu._registers[0x10] == 0x76 and wires.cpu_hz == 160_000_000
    )


def resting():
    return (
        app.chain is None and not app.sensors.running and bench.adc.converting() == 0
        and bench.adc._shut and bench.imu.wake_up.low_power and wires.cpu_hz == 80_000_000
    )


async def main():
    asyncio.create_task(app.run())
    await asyncio.sleep_ms(2000)
    assert measuring() and told() == [], told()
    await scenario()
"""
EPILOGUE = """

try:
    asyncio.run(main())
except Reset as reset:
    raise AssertionError("the processor was reset: %d" % reset.cause)
"""


def on_leg(scenario: str) -> str:
    """The whole script: what the scenario asserts fails the test that runs it."""
    body = "".join(f"    {line}\n" for line in scenario.strip().splitlines())
    return f"{PRELUDE}\n\nasync def scenario():\n{body}{EPILOGUE}"
