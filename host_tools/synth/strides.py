"""Lay the run out in time: conditions second by second, then every stride's own values."""

from dataclasses import dataclass, fields

import numpy as np

from host_tools.synth.athlete import REFERENCE_M_S, Athlete
from host_tools.synth.fatigue_course import FatigueCourse
from host_tools.synth.plan import GAITS, RunPlan
from host_tools.synth.seeds import slow_drift, wander

STAND, WALK, RUN = range(3)
_GRID_S = 0.1
_SPEED_CHANGE_S = 3.0
_STAND_CELL_S = 1.0
_PACE_MEMORY_S = 120.0
_MEMORY_S = 300.0


@dataclass(frozen=True)
class Conditions:
    """What the run is like at times `t_s` (grid of 0.1 s): one value each.

    `drift`: field of athlete.Drift -> its wandering; empty for an athlete without any.
    """

    t_s: np.ndarray
    speed_m_s: np.ndarray
    grade_pct: np.ndarray
    fatigue: np.ndarray
    skin_c: np.ndarray
    drift: dict[str, np.ndarray]

    def drifted(self, name: str) -> np.ndarray | float:
        """Factor by which a feature has wandered."""
        return 1 + self.drift[name] if name in self.drift else 1.0


@dataclass(frozen=True)
class Strides:
    """One entry per cell: a stride, or up to a second of standing (then `to_s` is mid-cell).

    Cells follow each other without gaps and cover the whole recording; the last may end
    behind it. Times are seconds; cell k ends where cell k + 1 begins, the last at `end_s`.
    """

    gait: np.ndarray
    ic_s: np.ndarray
    to_s: np.ndarray
    end_s: float
    speed_m_s: np.ndarray
    grade_pct: np.ndarray
    fatigue: np.ndarray
    skin_c: np.ndarray
    drift: dict[str, np.ndarray]

    def drifted(self, name: str) -> np.ndarray | float:
        """Factor by which a feature has wandered."""
        return 1 + self.drift[name] if name in self.drift else 1.0

    @property
    def next_ic_s(self) -> np.ndarray:
        return np.append(self.ic_s[1:], self.end_s)

    @property
    def contact_s(self) -> np.ndarray:
        return self.to_s - self.ic_s


def conditions(plan: RunPlan, athlete: Athlete, course: FatigueCourse) -> Conditions:
    """Speed and grade of the segments, changing over 3 s, fatigue, skin, what wanders."""
    phases = plan.phases()
    t_s = np.arange(0, plan.duration_s + 5, _GRID_S)
    ends = np.cumsum([s.duration_s for s in phases])
    which = np.minimum(np.searchsorted(ends, t_s, side="right"), len(phases) - 1)
    speed = np.array([s.speed_m_s if s.gait != "stand" else 0.0 for s in phases])[which]
    grade = np.array([s.grade_pct for s in phases])[which]
    drift = _drift(plan, athlete, t_s)
    speed = _eased(speed)
    if "pace" in drift:
        speed = speed * np.clip(1 + drift["pace"], 0.9, 1.1)
    skin = athlete.skin_c(t_s)
    return Conditions(t_s, speed, _eased(grade), course.level(t_s), skin, drift)


def _drift(plan: RunPlan, athlete: Athlete, t_s: np.ndarray) -> dict[str, np.ndarray]:
    """What wanders, from values every 10 s; a stream of its own each."""
    coarse_s = np.arange(0, t_s[-1] + 20, 10.0)
    found = {}
    for part in fields(athlete.drift):
        sd = getattr(athlete.drift, part.name)
        if sd:
            memory_s = _PACE_MEMORY_S if part.name == "pace" else _MEMORY_S
            values = slow_drift(plan.rng(f"drift {part.name}"), len(coarse_s), memory_s / 10)
            found[part.name] = np.interp(t_s, coarse_s, sd * values)
    return found


def _eased(values: np.ndarray) -> np.ndarray:
    """A running mean over the time a runner takes to change, the ends held."""
    n = round(_SPEED_CHANGE_S / _GRID_S)
    padded = np.concatenate([np.full(n, values[0]), values, np.full(n, values[-1])])
    return np.convolve(padded, np.full(n, 1 / n), "same")[n:-n]


def lay_out(plan: RunPlan, athlete: Athlete, course: FatigueCourse, now: Conditions) -> Strides:
    """Draw every stride of the run."""
    rng = plan.rng("strides")
    parts: list[tuple[int, np.ndarray, np.ndarray]] = []
    end_s = 0.0
    for gait, start_s, stop_s, last in _spans(plan):
        if gait == STAND:
            n = max(1, round((stop_s - start_s) / _STAND_CELL_S))
            edges = np.linspace(start_s, stop_s, n + 1)
            contact = np.diff(edges) / 2
        else:
            step = _step_s(athlete, course, now, gait)
            edges, contact = _span_strides(
                rng, athlete, course, now, gait, (start_s, stop_s), step, last
            )
        parts.append((gait, edges[:-1], edges[:-1] + contact))
        end_s = float(edges[-1])
    ic_s = np.concatenate([p[1] for p in parts])

    def at(values: np.ndarray) -> np.ndarray:
        return np.interp(ic_s, now.t_s, values)

    return Strides(
        gait=np.concatenate([np.full(len(p[1]), p[0]) for p in parts]),
        ic_s=ic_s,
        to_s=np.concatenate([p[2] for p in parts]),
        end_s=end_s,
        speed_m_s=at(now.speed_m_s),
        grade_pct=at(now.grade_pct),
        fatigue=at(now.fatigue),
        skin_c=at(now.skin_c),
        drift={name: at(values) for name, values in now.drift.items()},
    )


def _spans(plan: RunPlan) -> list[tuple[int, float, float, bool]]:
    """Neighbouring segments of one gait joined: (gait, start, stop, is the last)."""
    spans: list[list[float]] = []
    t_s = 0.0
    for segment in plan.phases():
        gait = GAITS.index(segment.gait)
        if spans and spans[-1][0] == gait:
            spans[-1][2] += segment.duration_s
        else:
            spans.append([gait, t_s, t_s + segment.duration_s])
        t_s += segment.duration_s
    spans[-1][2] = max(spans[-1][2], plan.duration_s)
    return [(int(g), a, b, i == len(spans) - 1) for i, (g, a, b) in enumerate(spans)]


def _step_s(athlete: Athlete, course: FatigueCourse, now: Conditions, gait: int) -> np.ndarray:
    """Half a stride at every moment of the grid."""
    if gait == WALK:
        return 0.52 * (1.4 / np.maximum(now.speed_m_s, 0.5)) ** 0.5 / athlete.cadence_scale
    speed = np.maximum(now.speed_m_s, 1.8)  # while speeding up from a stand
    contact, flight = _running_times(athlete, course, speed, now.grade_pct, now.fatigue)
    return (contact + flight) / now.drifted("cadence")


def _running_times(
    athlete: Athlete,
    course: FatigueCourse,
    speed: np.ndarray,
    grade_pct: np.ndarray,
    fatigue: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    contact = athlete.contact_s(speed)
    flight = np.maximum(athlete.step_s(speed) - contact, 0.04)
    # Uphill: longer contact, shorter flight, slightly quicker steps.
    contact = contact * (1 + 0.006 * grade_pct) * (1 + course.contact * fatigue)
    flight = flight * np.maximum(1 - 0.02 * grade_pct, 0.4) * (1 + course.flight * fatigue)
    return contact, flight


def _span_strides(
    rng: np.random.Generator,
    athlete: Athlete,
    course: FatigueCourse,
    now: Conditions,
    gait: int,
    span_s: tuple[float, float],
    step_s: np.ndarray,
    last: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Stride edges (n + 1) and contact times (n) of one span of walking or running."""
    start_s, stop_s = span_s
    strides_done = np.concatenate([[0.0], np.cumsum(_GRID_S / (2 * step_s[:-1]))])
    first = np.interp(start_s, now.t_s, strides_done)
    asked = max(float(np.interp(stop_s, now.t_s, strides_done) - first), 1.0)
    n = int(asked * 1.05) + 12
    calm = 1.0 if gait == RUN else 1.5
    common, own = wander(rng, n), wander(rng, n)
    mean_s = np.interp(first + np.arange(n), strides_done, now.t_s)
    spread = 1 + course.spread * np.interp(mean_s, now.t_s, now.fatigue)
    length = np.clip(1 + athlete.stride_cv * calm * spread * common, 0.9, 1.1)
    phase = np.concatenate([[0.0], np.cumsum(length)])
    count = int(np.searchsorted(phase, asked))
    if last:
        edges = np.interp(first + phase[: count + 1], strides_done, now.t_s)
    else:  # the last stride ends with the span
        count = max(1, count - int(phase[count] - asked > 0.5))
        scaled = phase[: count + 1] * (asked / phase[count])
        edges = np.interp(first + scaled, strides_done, now.t_s)
    edges = start_s + (edges - edges[0])
    rho = athlete.contact_stride_corr
    wobble = rho * common[:count] + np.sqrt(1 - rho**2) * own[:count]
    contact_change = 1 + athlete.contact_cv * calm * spread[:count] * wobble

    def at(values: np.ndarray) -> np.ndarray:
        return np.interp(edges[:-1], now.t_s, values)

    if gait == WALK:
        contact = 0.61 * np.diff(edges) * (1 + 0.4 * (contact_change - 1))
    else:
        speed = np.maximum(at(now.speed_m_s), 1.8)
        contact, _ = _running_times(athlete, course, speed, at(now.grade_pct), at(now.fatigue))
        if "contact" in now.drift:
            contact = contact * (1 + at(now.drift["contact"]))
        # Even the lazy end of the spread leaves the ground: at least 20 ms of flight.
        contact = np.minimum(contact * contact_change, np.diff(edges) / 2 - 0.02)
    return edges, contact


def speed_excess(strides: Strides) -> np.ndarray:
    """Speed above the athlete's reference, m/s; 0 for cells that are not running."""
    return np.where(strides.gait == RUN, strides.speed_m_s - REFERENCE_M_S, 0.0)
