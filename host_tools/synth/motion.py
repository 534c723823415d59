"""Shank motion in the sagittal plane: angular rate, angle and specific force.

The rate runs through the knots of every stride and is closed, so that no stride leaves the
shank turned; gravity, the lever from knee to band and the knee's own acceleration make the
specific force.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.signal import butter, sosfiltfilt

from host_tools.synth.athlete import Athlete
from host_tools.synth.fatigue_course import FatigueCourse
from host_tools.synth.strides import STAND, Strides
from host_tools.synth.waveforms import Knots, knee_knots, rate_knots

G_M_S2 = 9.81
_SMOOTH_HZ = 40.0


@dataclass(frozen=True)
class Motion:
    """Sampled at the IMU's rate: sagittal rate (rad/s, + foot forward), shank angle (rad,
    + foot ahead of the knee), specific force in shank axes (g): anterior, proximal.
    """

    rate: np.ndarray
    angle: np.ndarray
    anterior_g: np.ndarray
    proximal_g: np.ndarray


def move(
    t_s: np.ndarray,
    strides: Strides,
    athlete: Athlete,
    course: FatigueCourse,
    rng: np.random.Generator,
) -> Motion:
    """The shank's motion at the uniform times `t_s` (s)."""
    fs_hz = (len(t_s) - 1) / (t_s[-1] - t_s[0])
    cell = np.clip(np.searchsorted(strides.ic_s, t_s, side="right") - 1, 0, None)
    rate = _through(t_s, rate_knots(strides, athlete, course, rng), fs_hz)
    rate = _closed(rate, t_s, cell, strides, athlete, fs_hz)
    angle = _shank_at_ic(strides, athlete)[0] + np.cumsum(rate) / fs_hz
    knee_x, knee_y = (_through(t_s, knots, fs_hz) for knots in knee_knots(strides, athlete, rng))
    turn = np.gradient(rate) * fs_hz
    lever_g = athlete.lever_m / G_M_S2
    return Motion(
        rate,
        angle,
        np.sin(angle) + lever_g * turn + knee_x,
        np.cos(angle) + lever_g * rate**2 + knee_y,
    )


def _through(t_s: np.ndarray, knots: Knots, fs_hz: float) -> np.ndarray:
    """A smooth curve through the knots of all strides, extremes where they are knots."""
    knot_s, values = knots.t_s.ravel(), knots.values.ravel()
    used = ~np.isnan(knot_s)
    knot_s, values = knot_s[used], values[used]
    later = np.concatenate([[True], knot_s[1:] > np.maximum.accumulate(knot_s)[:-1] + 1e-4])
    curve = PchipInterpolator(knot_s[later], values[later])
    inside = np.clip(t_s, knot_s[later][0], knot_s[later][-1])
    smooth = butter(2, _SMOOTH_HZ, fs=fs_hz, output="sos")
    return sosfiltfilt(smooth, curve(inside))


def _shank_at_ic(strides: Strides, athlete: Athlete) -> np.ndarray:
    """Angle (rad) at the start of every cell: the foot ahead; less so uphill; 0 standing."""
    lean = athlete.shank_at_ic_deg - 0.6 * strides.grade_pct
    degrees = np.choose(strides.gait, [np.zeros_like(lean), lean + 6, lean])
    return np.deg2rad(degrees)


def _closed(
    rate: np.ndarray,
    t_s: np.ndarray,
    cell: np.ndarray,
    strides: Strides,
    athlete: Athlete,
    fs_hz: float,
) -> np.ndarray:
    """Correct the swing so that every stride ends at the shank angle the next begins with."""
    sw = strides.next_ic_s - strides.to_s
    standing = strides.gait == STAND
    start = np.where(standing, strides.ic_s, strides.to_s + 0.42 * sw)
    stop = np.where(standing, strides.next_ic_s, strides.next_ic_s - 0.03)
    x = (t_s - start[cell]) / (stop - start)[cell]
    bump = np.where((x > 0) & (x < 1), np.sin(np.pi * np.clip(x, 0, 1)) ** 2, 0.0)
    n = len(strides.ic_s)
    turned = np.bincount(cell, rate, n) / fs_hz
    weight = np.bincount(cell, bump, n) / fs_hz
    angles = _shank_at_ic(strides, athlete)
    wanted = np.diff(np.append(angles, angles[-1]))
    # The last cell may end behind the recording: a part of a bump cannot close it.
    missing = np.where(weight > 0.4 * (stop - start), wanted - turned, 0.0)
    return rate + (missing / np.maximum(weight, 1e-3))[cell] * bump
