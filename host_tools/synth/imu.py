"""What the band's IMU feels: the shank's motion, the shock of landing, wobbling flesh, noise."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from host_tools.synth.athlete import Athlete
from host_tools.synth.fatigue_course import FatigueCourse
from host_tools.synth.motion import move
from host_tools.synth.plan import Fault, RunPlan, Wear
from host_tools.synth.seeds import stream, wander
from host_tools.synth.strides import RUN, STAND, Strides

_ACC_NOISE_G = 0.003
_GYR_NOISE_DPS = 0.15
_TABLE = 4096
_SLIP_TAKES_S = 1.5  # about two strides


@dataclass(frozen=True)
class ImuSignals:
    """In the sensor's axes, (n, 3) each: specific force in g and angular rate in deg/s."""

    acc_g: np.ndarray
    gyr_dps: np.ndarray


def feel(plan: RunPlan, athlete: Athlete, course: FatigueCourse, strides: Strides) -> ImuSignals:
    """IMU signals at `plan.imu_rate_hz`, before faults of the sensor and quantising."""
    rate_hz = plan.imu_rate_hz
    t_s = np.arange(plan.duration_s * rate_hz) / rate_hz
    cell = np.clip(np.searchsorted(strides.ic_s, t_s, side="right") - 1, 0, None)
    since_s = t_s - strides.ic_s[cell]
    rng = plan.rng("imu")
    motion = move(t_s, strides, athlete, course, plan.rng("motion"))
    mirror = 1.0 if athlete.side == "right" else -1.0

    lean = athlete.tib_peak_lean
    norm = np.hypot(1.0, lean)
    towards = np.array([-0.9 * lean, 1.0, 0.44 * lean]) / norm  # very nearly a unit vector
    at_peak = strides.ic_s + athlete.tib_peak_delay_ms / 1000
    under = [np.interp(at_peak, t_s, g) for g in (motion.anterior_g, motion.proximal_g)]
    peaks_g = peak_g(strides, athlete, course, rng)
    height_g = _height_g(peaks_g, np.array(under), towards)
    shock, ringing = _landing(strides, athlete, course, rng, height_g, cell, since_s)
    flesh = _flesh(rng, athlete, strides, cell, t_s, rate_hz)
    knock = _knock(strides, athlete, rng, cell, t_s)
    own = stream(athlete.template_seed, "transverse")
    share = own.uniform(-0.6, 0.6, 3)
    acc = np.empty((len(t_s), 3))
    acc[:, 0] = motion.anterior_g + towards[0] * shock + share[0] * ringing[0]
    acc[:, 0] += flesh[0] - 0.4 * knock
    acc[:, 1] = motion.proximal_g + towards[1] * shock + ringing[0] + flesh[1] + 0.8 * knock
    side_g = _template(own, strides, t_s, 0.25)
    acc[:, 2] = mirror * (
        side_g + towards[2] * shock + share[1] * ringing[1] + flesh[2] + 0.4 * knock
    )
    gyr = np.empty((len(t_s), 3))
    gyr[:, 0] = mirror * (_template(own, strides, t_s, 60) + 18 * ringing[1])
    gyr[:, 1] = mirror * (_template(own, strides, t_s, 70) + 14 * ringing[0])
    gyr[:, 2] = np.rad2deg(motion.rate) + 5 * ringing[1] + 3 * flesh[0]
    gyr += _sway(rng, strides, cell, rate_hz, len(t_s))

    turn = wearing(plan.wear, athlete)
    acc, gyr = acc @ turn.T, gyr @ turn.T
    for fault in plan.faults:
        if fault.kind == "band-slip":
            acc, gyr = _slipped(fault, t_s, acc, gyr, turn)
    acc += rng.uniform(-0.02, 0.02, 3) + _ACC_NOISE_G * rng.standard_normal(acc.shape)
    gyr += rng.uniform(-0.5, 0.5, 3) + _GYR_NOISE_DPS * rng.standard_normal(gyr.shape)
    return ImuSignals(acc, gyr)


def peak_g(
    strides: Strides, athlete: Athlete, course: FatigueCourse, rng: np.random.Generator
) -> np.ndarray:
    """Peak |a| after each contact (g); `rng`: the plan's stream "imu", untouched."""
    n = len(strides.ic_s)
    running = athlete.tib_peak_g(strides.speed_m_s) * (1 - 0.02 * strides.grade_pct)
    running = running * (1 + course.shock * strides.fatigue) * strides.drifted("shock")
    peak = np.choose(strides.gait, [np.zeros(n), np.full(n, 2.6), running])
    return peak * np.clip(1 + athlete.tib_peak_cv * wander(rng, n), 0.5, 1.6)


def _height_g(peak_g: np.ndarray, under_g: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """What the transient adds along `towards` to the motion's (2, n) for |a| to reach its peak."""
    along = under_g[0] * towards[0] + under_g[1] * towards[1]
    inside = along**2 - (under_g**2).sum(0) + peak_g**2
    height = np.maximum(np.sqrt(np.maximum(inside, 0.0)) - along, 0.0)
    return np.where(peak_g > 0, height, 0.0)


def _landing(
    strides: Strides,
    athlete: Athlete,
    course: FatigueCourse,
    rng: np.random.Generator,
    height: np.ndarray,
    cell: np.ndarray,
    since_s: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Impact transient of the tibia (g) and the flesh ringing after it (2, n; g)."""
    n = len(strides.ic_s)
    delay_s = (athlete.tib_peak_delay_ms + 2.2 * wander(rng, n)) / 1000
    x = since_s - delay_s[cell]
    width = np.where(x < 0, 0.0055, 0.0075)
    shock = height[cell] * np.exp(-0.5 * (x / width) ** 2)
    shock -= 0.22 * height[cell] * np.exp(-0.5 * ((x - 0.024) / 0.008) ** 2)

    later = np.clip(x, 0, None)
    rebound = np.exp(-14 * later) * np.clip(later / 0.02, 0, 1)
    rebound *= np.cos(2 * np.pi * athlete.rebound_hz * later)
    shock += athlete.rebound_share * height[cell] * rebound

    decay = athlete.vibration_decay_s * (1 + course.damping * strides.fatigue)
    envelope = athlete.vibration_share * height[cell] * np.exp(-decay[cell] * later)
    envelope *= np.clip(later / 0.008, 0, 1)
    turns = 2 * np.pi * athlete.vibration_hz * later
    return shock, np.stack([-envelope * np.cos(turns), envelope * np.sin(turns)])


def _flesh(
    rng: np.random.Generator,
    athlete: Athlete,
    strides: Strides,
    cell: np.ndarray,
    t_s: np.ndarray,
    rate_hz: int,
) -> np.ndarray:
    """Unrepeatable trembling of muscle under the band (3, n; g), strongest in stance."""
    band = butter(1, [8, 45], "bandpass", fs=rate_hz, output="sos")
    noise = np.asarray(sosfilt(band, rng.standard_normal((3, len(cell)), dtype=np.float32)))
    noise /= np.sqrt((noise**2).mean())
    contact = t_s < strides.to_s[cell]
    size = np.choose(strides.gait, [0.004, 0.6 * athlete.tremble_g, athlete.tremble_g])[cell]
    return noise * size * np.where(contact, 1.0, 0.5)


def _knock(
    strides: Strides,
    athlete: Athlete,
    rng: np.random.Generator,
    cell: np.ndarray,
    t_s: np.ndarray,
) -> np.ndarray:
    """The bump in mid-swing that some calves give when the knee is fully bent (g)."""
    n = len(strides.ic_s)
    swing = strides.next_ic_s - strides.to_s
    centre = strides.to_s + 0.34 * swing + 0.004 * rng.standard_normal(n)
    height = np.where(strides.gait == RUN, athlete.knock_g, 0.0)
    height = height * np.clip(1 + 0.25 * rng.standard_normal(n), 0, 2)
    return height[cell] * np.exp(-0.5 * ((t_s - centre[cell]) / 0.012) ** 2)


def _template(
    own: np.random.Generator, strides: Strides, t_s: np.ndarray, size: float
) -> np.ndarray:
    """A personal smooth waveform, the same in every stride, about `size` in amplitude."""
    harmonics = own.standard_normal((2, 5)) * size / np.array([1.0, 1.0, 1.5, 2.0, 3.0])
    phase = np.arange(_TABLE) * 2 * np.pi / _TABLE
    angles = np.outer(np.arange(1, 6), phase)
    wave = harmonics[0] @ np.cos(angles) + harmonics[1] @ np.sin(angles)
    edges = np.append(strides.ic_s, strides.end_s)
    position = np.interp(t_s, edges, np.arange(len(edges)))
    strength = np.choose(strides.gait, [0.0, 0.35, 1.0])
    centres = np.concatenate([[edges[0]], (edges[:-1] + edges[1:]) / 2, [edges[-1]]])
    padded = np.concatenate([strength[:1], strength, strength[-1:]])
    return wave[(position % 1 * _TABLE).astype(np.int64)] * np.interp(t_s, centres, padded)


def _sway(
    rng: np.random.Generator, strides: Strides, cell: np.ndarray, rate_hz: int, n: int
) -> np.ndarray:
    """Slow rotation of a shank that stands (n, 3; deg/s)."""
    if not (strides.gait == STAND).any():
        return np.zeros((1, 3))
    slow = butter(2, 0.6, fs=rate_hz, output="sos")
    noise = np.asarray(sosfilt(slow, rng.standard_normal((n, 3)), axis=0)) * 40
    return noise * (strides.gait == STAND)[cell][:, None]


def _about(axis: int, degrees: float) -> np.ndarray:
    """Rotation matrix about one coordinate axis."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def wearing(wear: Wear, athlete: Athlete) -> np.ndarray:
    """Matrix from shank axes to sensor axes (3, 3)."""
    own = stream(athlete.template_seed, "wearing")
    drawn = own.uniform(0, 360), own.normal(0, 4), own.random() < 0.25
    rotation = drawn[0] if wear.rotation_deg is None else wear.rotation_deg
    tilt = float(np.clip(drawn[1], -10, 10)) if wear.tilt_deg is None else wear.tilt_deg
    upside_down = drawn[2] if wear.upside_down is None else wear.upside_down
    turn = _about(2, tilt) @ _about(1, rotation)
    return _about(0, 180) @ turn if upside_down else turn


def _slipped(
    fault: Fault, t_s: np.ndarray, acc: np.ndarray, gyr: np.ndarray, turn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The band turned about the tibia by `fault.amount` degrees and tilted by a third of it.

    The step takes two strides; with a duration the band is pushed back after it.
    """
    stop = t_s[-1] + 10 if fault.duration_s is None else fault.start_s + fault.duration_s
    amount = np.clip((t_s - fault.start_s) / _SLIP_TAKES_S, 0, 1)
    amount = amount - np.clip((t_s - stop) / _SLIP_TAKES_S, 0, 1)
    steps = np.round(amount * 64).astype(np.int64)
    acc, gyr = acc.copy(), gyr.copy()
    for step in np.unique(steps[steps > 0]):
        degrees = fault.amount * step / 64
        slip = _about(1, degrees) @ _about(2, degrees / 3)
        matrix = turn @ slip @ turn.T  # the slip is about the tibia, not the sensor's case
        rows = steps == step
        acc[rows] = acc[rows] @ matrix.T
        gyr[rows] = gyr[rows] @ matrix.T
    return acc, gyr
