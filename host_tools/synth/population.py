"""Many runs for judging the warnings: runners who tire, each their own way, and all else."""

from collections.abc import Iterator
from dataclasses import dataclass

from numpy.random import Generator

from host_tools.synth.fatigue_course import FatigueCourse, draw_course
from host_tools.synth.plan import FAULT_KINDS, Fault, RunPlan, Segment
from host_tools.synth.seeds import stream

# In this order, over and over; the first three tire, the others must not set off a warning.
KINDS = ("responder", "paradoxical", "central", "easy", "pace", "hills", "faults")
_TIRING = KINDS[:3]


@dataclass(frozen=True)
class Case:
    """One run of a population: `tires` says whether a warning is right."""

    kind: str
    plan: RunPlan

    @property
    def tires(self) -> bool:
        return self.kind in _TIRING


def population(n: int, seed: int = 1, minutes: float = 40.0) -> Iterator[Case]:
    """n cases of all kinds by turns, every one another athlete; case i is the same for any n."""
    for i in range(n):
        rng = stream(seed, f"case {i}")
        kind = KINDS[i % len(KINDS)]
        speed = float(rng.uniform(2.5, 4.2))
        course = FatigueCourse()
        if kind in _TIRING:
            onset_min = float(rng.uniform(0.42, 0.55)) * minutes
            course = draw_course(rng, kind, onset_min, 0.3 * minutes, float(rng.uniform(0.8, 1.2)))
        faults = _faults(rng, minutes * 60) if kind == "faults" else ()
        yield Case(
            kind,
            RunPlan(
                seed=int(rng.integers(1 << 40)),
                segments=_segments(rng, kind, minutes * 60, speed),
                course=course,
                faults=faults,
                imu_clock_pct=float(rng.uniform(-3, 3)),
                mains_hz=int(rng.choice([50, 60])),
                with_speed=bool(rng.random() < 0.5),
            ),
        )


def _segments(rng: Generator, kind: str, length_s: float, speed: float) -> tuple[Segment, ...]:
    """Even running, or changes of pace or grade from the middle of the run on."""
    if kind not in ("pace", "hills"):
        return (Segment("run", length_s, speed),)
    segments = [Segment("run", 0.4 * length_s, speed)]
    left = 0.6 * length_s
    sign = 1
    while left > 1e-6:
        part = min(float(rng.uniform(0.05, 0.15)) * length_s, left)
        if kind == "pace":
            segments.append(Segment("run", part, speed * (1 + sign * rng.uniform(0.03, 0.15))))
        else:
            grade = float(sign * rng.uniform(2, 7))
            segments.append(Segment("run", part, speed * (1 - 0.02 * grade), grade))
        left -= part
        sign = -sign
    return tuple(segments)


def _faults(rng: Generator, length_s: float) -> tuple[Fault, ...]:
    """Three faults of different kinds, one after the other."""
    kinds = rng.choice(sorted(FAULT_KINDS), 3, replace=False)
    return tuple(
        Fault(
            str(kind),
            round(length_s * (0.35 + 0.2 * i + 0.05 * float(rng.random())), 1),
            None if kind == "band-slip" else round(float(rng.uniform(2, 0.08 * length_s)), 1),
        )
        for i, kind in enumerate(kinds)
    )
