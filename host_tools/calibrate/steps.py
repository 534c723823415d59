"""The steps of a calibration, in order: what is asked, measured and kept of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

import numpy as np

from host_tools.calibrate import accelerometer, delay, emg, gyroscope, hops, muscle
from host_tools.calibrate.accelerometer import AXES, STANDARD_G
from host_tools.calibrate.capture import IMU_HZ, Capture, need_still
from host_tools.calibrate.guide import Guide
from host_tools.calibrate.refusal import RefusedError
from host_tools.calibrate.state import State
from host_tools.calibrate.unit import Unit
from host_tools.client.exchange import LinkLostError

T = TypeVar("T")
STILL_S = 2.5
REST_S = 6.0
TURN_S = 6.5
CLOCK_PAIRS = 20
SIGNAL_S = 4.0
NOISE_S = 8.0
TAPS_S = 12.0
LEG_S = 5.0
MVC_S = 15.5
HOPS_S = 10.0
MUSCLES = ("gastrocnemius medialis", "soleus")


@dataclass(frozen=True)
class References:
    """What is known better than the unit."""

    gravity: float = STANDARD_G  # m/s2, of the place
    turn_deg: float = 360.0
    signal_uv: float = 500.0  # rms
    signal_hz: float = 100.0
    mass_kg: float | None = None


@dataclass
class Bench:
    """All that a step works with."""

    unit: Unit
    guide: Guide
    state: State
    references: References

    async def measure(
        self,
        words: str,
        key: str,
        seconds: float,
        judge: Callable[[Capture], T],
        once: bool = False,
    ) -> T:
        """Have something done, take samples, judge them; again until they are good.

        Raises RefusedError where nobody can be asked to do it better.
        """
        for attempt in count(1):
            await self.guide.ask(words, key)
            try:
                with self.guide.progress(f"measuring, {seconds:g} s") as on_share:
                    capture = await self.unit.capture(seconds, once, on_share)
                return judge(capture)
            except RefusedError as refused:
                self.guide.refused(str(refused))
                if self.guide.patience is not None and attempt >= self.guide.patience:
                    raise
            except LinkLostError as lost:
                self.guide.say(f"{lost} It is sought again; then this is measured anew.", "yellow")
                await self.unit.until_ready()
        raise AssertionError


Do = Callable[[Bench], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Step:
    name: str
    title: str
    do: Do
    of_athlete: bool = False
    corrected: bool = False  # needs samples as the band corrects them


async def _accelerometer(bench: Bench) -> dict[str, Any]:
    part = bench.state.part("accelerometer")
    for position in range(1, 7):
        if str(position) in part:
            continue

        def judge(capture: Capture, position: int = position) -> list[float]:
            return accelerometer.mean_in_position(capture, position)

        name = accelerometer.name_of(position)
        words = f"lay the unit down with {name} up ({position} of 6)"
        part[str(position)] = await bench.measure(words, str(position), STILL_S, judge)
        bench.state.keep_part()
    means = np.array([part[str(position)] for position in range(1, 7)])
    found = accelerometer.fit(means, bench.references.gravity / STANDARD_G)
    return {**accelerometer.figures(found), "means_g": means.tolist()}


async def _gyroscope(bench: Bench) -> dict[str, Any]:
    bias = await bench.measure("let the unit lie still", "5", REST_S, gyroscope.bias_dps)
    return {"bias_dps": bias}


async def _turns(bench: Bench) -> dict[str, Any]:
    angle = bench.references.turn_deg
    part = bench.state.part("turns")
    for axis, name in enumerate(AXES):
        if name in part:
            continue

        def judge(capture: Capture, axis: int = axis) -> dict[str, Any]:
            return gyroscope.turned(capture, axis, angle)

        words = (
            f"stand the unit with {name} upright; press Enter, wait a second, turn it by "
            f"{angle:g} degrees within three seconds, and let it rest"
        )
        part[name] = await bench.measure(words, name, TURN_S, judge, once=True)
        bench.state.keep_part()
    turns = [part[name] for name in AXES]
    return {
        "reads_deg": [turn["reads_deg"] for turn in turns],
        "scale_pct": [turn["scale_pct"] for turn in turns],
        "turn_deg": angle,
    }


async def _clock(bench: Bench) -> dict[str, Any]:
    bench.guide.say("the band compares its clocks; nothing is to be done")
    while True:
        try:
            await bench.unit.clocks_known(CLOCK_PAIRS)
            break
        except LinkLostError:
            await bench.unit.until_ready()
    capture = await bench.unit.capture(0.5)
    slope, _, residual = capture.line()
    hz = 1000 / slope
    return {"imu_hz": hz, "off_pct": 100 * (hz / IMU_HZ - 1), "residual_ms": residual}


async def _signal(bench: Bench) -> dict[str, Any]:
    known = bench.references
    words = (
        f"connect a sine of {known.signal_uv:g} µV rms and {known.signal_hz:g} Hz to both channels"
    )
    found = await bench.measure(
        words, "g", SIGNAL_S, lambda c: emg.test_signal(c, known.signal_uv, known.signal_hz)
    )
    return {**found, "signal_uv": known.signal_uv, "signal_hz": known.signal_hz}


async def _noise(bench: Bench) -> dict[str, Any]:
    return await bench.measure("short all EMG inputs to the reference", "0", NOISE_S, emg.shorted)


async def _delay(bench: Bench) -> dict[str, Any]:
    await bench.unit.clocks_known(6)
    words = (
        f"put the band on a leg, electrodes connected; press Enter, then tap an electrode "
        f"{delay.TAPS} times with a rod, about once a second"
    )
    return await bench.measure(words, "t", TAPS_S, delay.of_taps, once=True)


async def _check(bench: Bench) -> dict[str, Any]:
    gravity = bench.references.gravity / STANDARD_G

    def judge(capture: Capture) -> dict[str, Any]:
        need_still(capture)
        mean = capture.acc_g.mean(axis=0)
        return {
            "force_off_mg": 1000 * (float(np.linalg.norm(mean)) - gravity),
            "rate_dps": float(np.abs(capture.gyr_dps.mean(axis=0)).max()),
        }

    return await bench.measure("let the unit lie still, with −x up", "2", STILL_S, judge)


async def _contact(bench: Bench) -> dict[str, Any]:
    return await bench.measure(
        "put the band on the athlete's leg and let the athlete stand at ease", "l", LEG_S,
        emg.contact,
    )  # fmt: skip


async def _mvc(bench: Bench) -> dict[str, Any]:
    part = bench.state.part("mvc")
    for channel, name in enumerate(MUSCLES):
        if str(channel + 1) in part:
            continue

        def judge(capture: Capture, channel: int = channel) -> dict[str, Any]:
            return muscle.strongest(capture, channel)

        how = "on tiptoe against a bar" if channel == 0 else "on tiptoe with bent knees"
        words = (
            f"{name}: press Enter, then push as hard as you can {how}, three times for three "
            "seconds with a pause between"
        )
        part[str(channel + 1)] = await bench.measure(words, "mn"[channel], MVC_S, judge, once=True)
        bench.state.keep_part()
    return dict(part)


async def _hops(bench: Bench) -> dict[str, Any]:
    words = (
        f"press Enter, stand still for a second, then hop {hops.HOPS + 2} times on the spot with "
        "both legs"
    )
    mass = bench.references.mass_kg
    return await bench.measure(words, "h", HOPS_S, lambda c: hops.of_hops(c, mass), once=True)


STEPS: tuple[Step, ...] = (
    Step("accelerometer", "Accelerometer: six positions", _accelerometer),
    Step("gyroscope", "Gyroscope: rest", _gyroscope),
    Step("turns", "Gyroscope: one turn about each axis", _turns),
    Step("clock", "IMU clock against the processor's", _clock),
    Step("signal", "EMG: test signal", _signal),
    Step("noise", "EMG: inputs shorted", _noise),
    Step("delay", "EMG against motion: taps", _delay),
    Step("check", "The corrected unit", _check, corrected=True),
    Step("contact", "Electrodes on the leg", _contact, of_athlete=True, corrected=True),
    Step("mvc", "Reference contractions", _mvc, of_athlete=True, corrected=True),
    Step("hops", "10-hop test", _hops, of_athlete=True, corrected=True),
)
BY_NAME = {step.name: step for step in STEPS}
# Whose results become values in the unit.
CORRECTING = ("accelerometer", "gyroscope", "turns", "signal", "noise", "delay")


def values(state: State) -> dict[str, int]:
    """All calibration values that the steps done so far give."""
    made: dict[str, int] = {}
    if found := state.result("accelerometer"):
        made |= found["values"]
    bias, turns = state.result("gyroscope"), state.result("turns")
    if bias and turns:
        made |= gyroscope.values(bias["bias_dps"], turns["reads_deg"], turns["turn_deg"])
    signal, noise = state.result("signal"), state.result("noise")
    made |= emg.values(
        signal["gain_pct"] if signal else None, noise["offset_uv"] if noise else None
    )
    if found := state.result("delay"):
        made |= delay.values(found)
    if found := state.result("mvc"):
        for channel, one in found.items():
            made[f"mvc{channel}_duv"] = round(10 * one["mvc_uv"])
    if found := state.result("hops"):
        made |= hops.values(found)
    return made
