"""Waveforms of the shank as knots tied to the events of every stride.

Near contact and toe-off a knot keeps its milliseconds, in between its fraction, so landmarks
are exactly where the truth says. Shapes and sizes follow treadmill runners at 2.5 and 4.5 m/s
and walkers at 1.4 m/s: the rate falls through zero 5-25 ms before contact, has its trough
about 30 ms after it, a local maximum at toe-off and an early-swing trough 100-130 ms later.
"""

from dataclasses import dataclass

import numpy as np

from host_tools.synth.athlete import Athlete
from host_tools.synth.fatigue_course import FatigueCourse
from host_tools.synth.seeds import stream, wander
from host_tools.synth.strides import RUN, STAND, WALK, Strides

# Columns of the running knots: negative rates between the landmarks, and the swing.
_TIPPING, _SWINGING = [2, 3, 4, 9, 10, 11], [13, 14, 15, 16]
# Walking: (fraction of stance, deg/s), (fraction of swing, deg/s) at 1.4 m/s.
_WALK_STANCE = ((0.0, -30), (0.07, -100), (0.25, -25), (0.5, -45), (0.75, -75), (0.9, -125))
_WALK_SWING = ((0.0, -190), (0.12, -110), (0.25, 30), (0.42, 250), (0.55, 310), (0.7, 260))

# Knee acceleration (g, less gravity) in shank axes against phase: 0-1 stance, 1-2 swing.
_PHASE = np.array(
    [0, 0.1, 0.3, 0.5, 0.65, 0.8, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.75, 1.85, 1.92]
)
_KNEE_X = np.array(  # anterior, at 2.5 and 4.5 m/s
    [
        [-1.0, -1.1, -1.3, -1.5, -1.1, 0.6, 1.6, 1.9, 1.7, 0.8, -0.7, -0.9, -0.1, 0.1, -0.9, -1.1],
        [0.0, -0.9, -1.2, -1.2, -0.4, 2.0, 4.4, 4.2, 4.7, 3.4, -0.3, -2.6, 0.5, 1.3, -0.3, 0.3],
    ]
)
_KNEE_Y = np.array(  # proximal
    [
        [-0.3, 0.3, 0.2, 0.3, 1.0, 1.5, 0.6, 0.1, 0.4, 0.8, 0.6, -0.4, -0.9, -1.0, -0.4, -0.2],
        [2.0, 2.2, 0.8, 1.1, 1.8, 2.4, 1.1, 0.8, 0.3, 0.7, 0.4, -1.3, -2.0, -2.0, 1.0, 3.4],
    ]
)
# The same just before and at contact in people whose leg falls freely on to the ground.
_FALL_PHASE = (0, 14, 15)
_FALL_X, _FALL_Y = np.array([-0.3, 0.6, 1.0]), np.array([-1.0, -0.6, -0.9])
_WALK_X = np.array(
    [-0.2, -0.2, 0.0, 0.0, 0.0, 0.3, 0.5, 0.4, 0.4, 0.2, 0.0, -0.2, -0.2, -0.1, -0.3, -0.3]
)
_WALK_Y = np.array(
    [-0.1, 0.3, 0.0, -0.1, 0.0, 0.45, 0.95, 0.7, 0.3, 0.0, -0.4, -0.8, -0.9, -0.4, 0.5, 0.2]
)


@dataclass(frozen=True)
class Knots:
    """Points of a curve: times (s) and values, one row per cell; time NaN: no knot."""

    t_s: np.ndarray
    values: np.ndarray


def rate_knots(
    strides: Strides, athlete: Athlete, course: FatigueCourse, rng: np.random.Generator
) -> Knots:
    """Sagittal rate (rad/s, + foot forward)."""
    n = len(strides.ic_s)
    wobble = 1 + 0.04 * np.stack([wander(rng, n) for _ in range(3)])
    gaits = {
        STAND: _stand_knots(strides),
        WALK: _walk_knots(strides, athlete, wobble),
        RUN: _run_knots(strides, athlete, course, rng, wobble),
    }
    width = max(knots.t_s.shape[1] for knots in gaits.values())
    times, rates = np.full((n, width), np.nan), np.full((n, width), np.nan)
    for gait, knots in gaits.items():
        rows = strides.gait == gait
        times[:, : knots.t_s.shape[1]][rows] = knots.t_s[rows]
        rates[:, : knots.t_s.shape[1]][rows] = knots.values[rows]
    return Knots(times, np.deg2rad(rates))


def _stand_knots(strides: Strides) -> Knots:
    length = strides.next_ic_s - strides.ic_s
    times = np.stack([strides.ic_s + f * length for f in (0.2, 0.5, 0.8)], 1)
    return Knots(times, np.zeros_like(times))


def _walk_knots(strides: Strides, athlete: Athlete, wobble: np.ndarray) -> Knots:
    """In deg/s."""
    tc, sw = strides.contact_s, strides.next_ic_s - strides.to_s
    brisk = np.clip(strides.speed_m_s / 1.4, 0.5, 1.6) * athlete.rate_scale
    times = [strides.ic_s + f * tc for f, _ in _WALK_STANCE]
    times += [strides.to_s + f * sw for f, _ in _WALK_SWING]
    rates = [v * brisk * wobble[i % 3] for i, (_, v) in enumerate(_WALK_STANCE + _WALK_SWING)]
    landing = strides.next_ic_s - 0.03
    return Knots(np.stack([*times, landing], 1), np.stack([*rates, np.full_like(tc, 20.0)], 1))


def _run_knots(
    strides: Strides,
    athlete: Athlete,
    course: FatigueCourse,
    rng: np.random.Generator,
    wobble: np.ndarray,
) -> Knots:
    """In deg/s."""
    ic, to, end = strides.ic_s, strides.to_s, strides.next_ic_s
    tc, sw = to - ic, end - to
    u = np.clip((strides.speed_m_s - 2.5) / 2, -0.4, 1.5)  # 0 at 2.5, 1 at 4.5 m/s
    scale = athlete.rate_scale * (1 + course.rates * strides.fatigue)
    landing = scale * (350 + 130 * u) * wobble[0]  # trough after contact
    early = scale * (290 + 180 * u) * wobble[1]  # trough of early swing
    swing = scale * athlete.swing_scale * (430 + 170 * u) * wobble[2]
    at_to = athlete.toe_off_dps * scale + 12 * rng.standard_normal(len(ic))
    dip = athlete.push_off_dip_dps * scale
    # Runners keep the landmarks to 3-5 ms (zero), 1.6 ms (trough) and 3-11 ms (toe-off).
    zero = np.maximum(athlete.zero_before_ic_ms + 3.5 * wander(rng, len(ic)), 3.0) / 1000
    trough = (athlete.trough_after_ic_ms + 1.5 * wander(rng, len(ic))) / 1000
    late = athlete.trough_after_to_ms / 1000
    to = to + 0.004 * wander(rng, len(ic))
    # Steep grades and weak toe-offs must not turn the order of the stance knots round.
    rise = np.minimum(at_to - 3, 0)
    knots = [
        (ic, -0.36 * landing),
        (ic + trough, -landing),
        (ic + trough + 0.13 * tc, -0.78 * landing),
        (ic + 0.42 * tc, -(0.53 + 0.11 * u) * landing),
        (ic + 0.6 * tc, -(0.18 + 0.27 * u) * landing - 0.5 * dip),
        (ic + 0.78 * tc, np.minimum(-(0.04 + 0.12 * u) * landing - dip, rise - 10)),
        (to - 0.02, rise - 3 - 0.4 * dip),
        (to, at_to),
        (to + 0.03, at_to + (0.36 + 0.14 * u) * (-early - at_to)),
        (to + 0.06, at_to + 0.85 * (-early - at_to)),
        (to + late, -early),
        (to + late + 0.05 * sw, -0.95 * early),
        (to + 0.42 * sw, 0 * sw),
        (to + 0.56 * sw, (0.62 + 0.17 * u) * swing),
        (to + 0.67 * sw, (0.92 + 0.04 * u) * swing),
        (to + 0.76 * sw, swing),
        (end - zero - 0.045, (0.62 + 0.25 * u) * swing),
        (end - zero, 0 * sw),
    ]
    times = np.stack([k[0] for k in knots], 1)
    rates = np.stack([k[1] + 0 * ic for k in knots], 1)
    # A shank that tips further in stance tips less in early swing and swings faster: knots
    # that carry no landmark and the swing share what keeps the stride from coming back.
    area = rates * np.gradient(times, axis=1)
    back, forth = area[:, _TIPPING].sum(1), area[:, _SWINGING].sum(1)
    share = np.clip(-area.sum(1) / (forth - back), -0.3, 0.3)
    rates[:, _TIPPING] *= 1 - share[:, None]
    rates[:, _SWINGING] *= 1 + share[:, None]
    return Knots(times, rates)


def knee_knots(strides: Strides, athlete: Athlete, rng: np.random.Generator) -> tuple[Knots, Knots]:
    """Acceleration of the knee (g), anterior and proximal."""
    own = stream(athlete.template_seed, "knee")
    n, k = len(strides.ic_s), len(_PHASE)
    tc = strides.contact_s[:, None]
    sw = (strides.next_ic_s - strides.to_s)[:, None]
    stance = np.minimum(_PHASE, 1.0) * tc
    times = strides.ic_s[:, None] + stance + np.maximum(_PHASE - 1.0, 0.0) * sw
    u = np.clip((strides.speed_m_s - 2.5) / 2, -0.3, 1.4)[:, None]
    # The long axis is unloaded just after toe-off: the minimum that low-passed detectors find.
    unload = athlete.unload * np.interp(_PHASE, [0.8, 1.0, 1.1, 1.25], [0, -0.6, -0.7, 0])
    fall = athlete.free_fall * np.isin(np.arange(k), _FALL_PHASE)
    curves = []
    for running, walking, extra, falling in (
        (_KNEE_X, _WALK_X, 0 * unload, _FALL_X),
        (_KNEE_Y, _WALK_Y, unload, _FALL_Y),
    ):
        shape = 1 + 0.12 * own.standard_normal(k), 0.12 * own.standard_normal(k)
        run = (running[0] + u * (running[1] - running[0])) * shape[0] + shape[1] + extra
        target = np.zeros(k)
        target[list(_FALL_PHASE)] = falling
        run = run + fall * (target - run)
        run = run + 0.12 * rng.standard_normal((n, k))
        walk = walking + 0.3 * shape[1] + 0.05 * rng.standard_normal((n, k))
        gait = strides.gait[:, None]
        value = np.where(gait == RUN, run, np.where(gait == WALK, walk, 0.0))
        curves.append(Knots(times, value))
    return curves[0], curves[1]
