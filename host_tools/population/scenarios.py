"""What they run: seven kinds of run, three that tire and four that must not warn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from host_tools.population.runners import Runner, on_day, wear_of
from host_tools.synth import FatigueCourse, Fault, RunPlan, Segment, draw_course
from host_tools.synth.plan import FAULT_KINDS
from host_tools.synth.seeds import stream

KINDS = ("fresh", "peripheral", "paradoxical", "central", "pace", "hills", "faults")
EARLY = "early"  # peripheral, but tiring while the band still learns or just after: feature tier
TIRING = ("peripheral", "paradoxical", "central", EARLY)
ALL_KINDS = (*KINDS, EARLY)
# The attribution that is right. Less activity with a spectrum that does not fall is
# central-type by the rule, whether the athlete's EMG goes the other way or the drive is less.
RIGHT = {
    "peripheral": "peripheral",
    EARLY: "peripheral",
    "paradoxical": "central-type",
    "central": "central-type",
    "pace": "pace",
    "hills": "terrain",
    "faults": "sensor",
}
_PATTERN = {
    "peripheral": "responder",
    EARLY: "responder",
    "paradoxical": "paradoxical",
    "central": "central",
}
_FIRST_FAULT_S = 600.0
_LAST_S = 150.0  # no fault begins this close to the end
_BARELY_S = 10.0  # shorter faults are flickers, not told by design


@dataclass(frozen=True)
class Run:
    """One run of the population. `repeat` numbers the runs of a kind of one athlete."""

    kind: str
    runner: Runner
    plan: RunPlan
    repeat: int = 0

    @property
    def key(self) -> str:
        return f"a{self.runner.index:05d}-{self.kind}-{self.repeat}"

    @property
    def tires(self) -> bool:
        return self.kind in TIRING


def runs_of(runner: Runner, kinds: Iterable[tuple[str, int, float]], seed: int) -> Iterator[Run]:
    """The runs (kind, repeat, minutes) of an athlete, each on a day of its own."""
    for kind, repeat, minutes in kinds:
        yield plan_run(runner, kind, repeat, minutes, seed)


def plan_run(runner: Runner, kind: str, repeat: int, minutes: float, seed: int) -> Run:
    """One run; the same for any number of athletes, kinds and repeats beside it."""
    day = ALL_KINDS.index(kind) + len(ALL_KINDS) * repeat
    today = on_day(runner, day, seed)
    rng = stream(seed, f"runner {runner.index} run {kind} {repeat}")
    plan = RunPlan(
        seed=int(rng.integers(1 << 40)),
        segments=_segments(rng, kind, 60 * minutes, today.speed_m_s),
        athlete=today.athlete,
        course=_course(rng, kind, minutes),
        faults=_faults(rng, today, 60 * minutes) if kind == "faults" else (),
        wear=wear_of(runner, day, seed),
        imu_clock_pct=runner.imu_clock_pct,
        mains_hz=runner.mains_hz,
        emg_channels=runner.emg_channels,
        with_temp=runner.knows_temp,
        with_speed=runner.knows_speed,
    )
    return Run(kind, today, plan, repeat)


def _course(rng: Generator, kind: str, minutes: float) -> FatigueCourse:
    """Onset from minute 17, ramps of 8-12 minutes: in 40 minutes there is time to tell."""
    if kind not in TIRING:
        return FatigueCourse()
    onset = float(rng.uniform(17, max(17.0, minutes - 20)))
    if kind == EARLY:
        onset = float(rng.uniform(8, 14))
    ramp = float(rng.uniform(8, 12))
    return draw_course(rng, _PATTERN[kind], onset, ramp, float(rng.uniform(0.8, 1.2)))


def _segments(rng: Generator, kind: str, length_s: float, speed: float) -> tuple[Segment, ...]:
    """Even running, three times in ten with stops; or stretches of 2-6 minutes at another pace
    or grade from minute 10-18 on."""
    if kind not in ("pace", "hills"):
        stops = kind != "faults" and rng.random() < 0.3
        return _with_stops(rng, length_s, speed) if stops else (Segment("run", length_s, speed),)
    steady_s = min(60 * float(rng.uniform(10, 18)), 0.5 * length_s)
    segments = [Segment("run", steady_s, speed)]
    left_s = length_s - steady_s
    sign = int(rng.choice([-1, 1]))
    while left_s > 0.5:
        part_s = min(60 * float(rng.uniform(2, 6)), left_s)
        if kind == "pace":
            segments.append(
                Segment("run", part_s, _pace(speed * (1 + sign * rng.uniform(0.03, 0.15))))
            )
        else:
            grade = float(sign * rng.uniform(2, 8))
            segments.append(Segment("run", part_s, _pace(speed * (1 - 0.02 * grade)), grade))
        left_s -= part_s
        sign = -sign if rng.random() < 0.8 else 0
        if sign == 0:
            back_s = min(60 * float(rng.uniform(2, 6)), left_s)
            if back_s > 0.5:
                segments.append(Segment("run", back_s, speed))
                left_s -= back_s
            sign = int(rng.choice([-1, 1]))
    return tuple(segments)


def _with_stops(rng: Generator, length_s: float, speed: float) -> tuple[Segment, ...]:
    """One to three stops, standing at a light or walking a little."""
    stops = int(rng.integers(1, 4))
    segments = []
    for _ in range(stops):
        run_s = length_s / (stops + 1) * float(rng.uniform(0.7, 0.95))
        rest_s = min(float(rng.uniform(15, 90)), 0.05 * length_s)
        rest = ("walk", 1.4) if rng.random() < 0.5 else ("stand", 3.0)
        segments += [Segment("run", run_s, speed), Segment(rest[0], rest_s, rest[1])]
    left_s = length_s - sum(s.duration_s for s in segments)
    return (*segments, Segment("run", left_s, speed))


def _pace(speed: float) -> float:
    return float(np.clip(speed, 1.85, 6.4))


def _faults(rng: Generator, runner: Runner, length_s: float) -> tuple[Fault, ...]:
    """Faults of different kinds one after the other, 2.5 minutes and more apart."""
    kinds = [k for k in FAULT_KINDS if runner.emg_channels == 2 or not k.endswith("-2")]
    rng.shuffle(kinds)
    faults = []
    start_s = min(_FIRST_FAULT_S, 0.25 * length_s) + float(rng.uniform(0, 120))
    for kind in kinds:
        if start_s > length_s - _LAST_S:
            break
        lasts_s = float(np.exp(rng.uniform(np.log(_BARELY_S), np.log(120))))
        mode, value = _fault_size(rng, kind, runner)
        lasts = None if kind == "band-slip" else round(lasts_s, 1)
        faults.append(Fault(kind, round(start_s, 1), lasts, mode, value))
        start_s += lasts_s + float(rng.uniform(150, 330))
    return tuple(faults)


def _fault_size(rng: Generator, kind: str, runner: Runner) -> tuple[str, float | None]:
    """Mode and number of a fault, such that it spoils what this athlete's sensor measures."""
    athlete = runner.athlete
    modes = FAULT_KINDS[kind][1]
    mode = str(rng.choice(modes)) if modes else ""
    rms_uv = athlete.rms_uv[int(kind[-1]) - 1] if kind[-1] in "12" else 0.0
    if kind.startswith("electrode-off"):
        return mode, round(float(np.clip(100 * np.exp(rng.normal(0, 0.25)), 40, 250)))
    if kind.startswith("mains"):
        return mode, round(float(np.clip(rms_uv * np.exp(rng.uniform(0.2, 1.8)), 100, 4000)))
    if kind.startswith("emg-clip"):
        return mode, round(float(rms_uv * rng.uniform(0.0, 0.8)))
    if kind == "acc-clip":
        peak_g = float(athlete.tib_peak_g(np.array(runner.speed_m_s)))
        return mode, round(float(max(peak_g * rng.uniform(0.4, 0.7), 3.0)), 1)
    if kind == "band-slip":
        return mode, round(float(rng.uniform(8, 45)))
    return mode, None
