"""What every stride of a synthetic run truly was: the reference for errors, and the feature
tier's strides before errors are laid over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from host_tools.synth import Athlete, FatigueCourse, RunPlan
from host_tools.synth.emg import Bursts, conduction, contractions
from host_tools.synth.imu import peak_g
from host_tools.synth.strides import RUN, STAND, Strides, conditions, lay_out

_RISE_S, _FALL_S = 0.04, 0.06  # of a burst, as in synth.emg


@dataclass(frozen=True)
class StrideTruth:
    """One entry per stride; times in s, relative to contact where they are not `_s` of the run.

    `lag_ms` (burst centroid to fastest backward rotation) and `push_dps` are the means at this
    pace and fatigue: what varies from stride to stride there counts as scatter of the chain.
    """

    ic_s: np.ndarray
    stride_ms: np.ndarray
    contact_ms: np.ndarray
    onset_ms: np.ndarray
    lag_ms: np.ndarray
    rms_uv: np.ndarray
    mdf_hz: np.ndarray
    peak_g: np.ndarray
    push_dps: np.ndarray
    speed_m_s: np.ndarray
    grade_pct: np.ndarray
    fatigue: np.ndarray
    skin_c: np.ndarray


def stride_truth(plan: RunPlan) -> StrideTruth:
    """Truth of every running stride of a plan whose athlete and course are given."""
    athlete, course = plan.athlete, plan.course
    if athlete is None or course is None:
        raise ValueError("the truth needs a plan with its athlete and course")
    strides = lay_out(plan, athlete, course, conditions(plan, athlete, course))
    burst = contractions(plan, athlete, course, strides, 0)
    runs = strides.gait == RUN
    runs_of_moving = runs[strides.gait != STAND]  # bursts are those of moving cells
    ic, to = strides.ic_s[runs], strides.to_s[runs]
    push = to + athlete.trough_after_to_ms / 1000
    return StrideTruth(
        ic_s=ic,
        stride_ms=1000 * (strides.next_ic_s[runs] - ic),
        contact_ms=1000 * (to - ic),
        onset_ms=1000 * (burst.on_s[runs_of_moving] - ic),
        lag_ms=1000 * (push - _centroid_s(burst)[runs_of_moving]),
        rms_uv=burst.rms_uv[runs_of_moving],
        mdf_hz=athlete.mdf_hz[0] * conduction(athlete, course, strides)[runs],
        peak_g=peak_g(strides, athlete, course, plan.rng("imu"))[runs],
        push_dps=_push_dps(athlete, course, strides)[runs],
        speed_m_s=strides.speed_m_s[runs],
        grade_pct=strides.grade_pct[runs],
        fatigue=strides.fatigue[runs],
        skin_c=strides.skin_c[runs],
    )


def _centroid_s(burst: Bursts) -> np.ndarray:
    """Centre of a burst's envelope, a polygon of 0, 60, 100, 45 and 0 %."""
    t = np.stack(
        [burst.on_s, burst.on_s + _RISE_S, burst.peak_s, burst.off_s - _FALL_S, burst.off_s], 1
    )
    height = np.array([0.0, 0.6, 1.0, 0.45, 0.0])
    width = np.diff(t, axis=1)
    a, b = height[:-1], height[1:]
    area = width * (a + b) / 2
    moment = t[:, :-1] * area + width**2 * (a + 2 * b) / 6
    return moment.sum(1) / area.sum(1)


def _push_dps(athlete: Athlete, course: FatigueCourse, strides: Strides) -> np.ndarray:
    """Backward rate of the shank in early swing, as in synth.waveforms."""
    u = np.clip((strides.speed_m_s - 2.5) / 2, -0.4, 1.5)
    return athlete.rate_scale * (1 + course.rates * strides.fatigue) * (290 + 180 * u)
