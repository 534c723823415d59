"""Surface EMG of the calf: bursts of shaped noise, crosstalk, artefacts, the amplifier.

The spectrum is that of Stulen & De Luca (1981), k fh^4 f^2 / ((f^2+fl^2)(f^2+fh^2)^2). Fatigue
and temperature act as they do in the muscle, through conduction velocity: the noise is played
faster or slower, which scales its whole spectrum.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import bilinear_zpk, freqz_zpk, sosfilt, zpk2sos

from host_tools.synth.athlete import Athlete
from host_tools.synth.fatigue_course import FatigueCourse
from host_tools.synth.plan import RunPlan
from host_tools.synth.seeds import wander
from host_tools.synth.strides import RUN, STAND, WALK, Strides, speed_excess

RATE_HZ = 1000
_SOURCE_HZ = 2000  # the noise before it is played at the muscle's pace
_LOW_HZ, _HIGH_HZ = 60.0, 150.0  # shape: only their ratio matters
_RISE_S = 0.04
_FALL_S = 0.06
_REST_SHARE = 0.012  # tone between bursts, of the burst's RMS


@dataclass(frozen=True)
class Bursts:
    """One channel's contractions, one entry per moving cell; times in s, amplitude in uV."""

    on_s: np.ndarray
    peak_s: np.ndarray
    off_s: np.ndarray
    rms_uv: np.ndarray


@dataclass(frozen=True)
class EmgSignals:
    """`uv` (channels, n) at 1 kHz before faults and quantising, and the truth of channel 1."""

    uv: np.ndarray
    bursts: tuple[Bursts, ...]


def contract(
    plan: RunPlan, athlete: Athlete, course: FatigueCourse, strides: Strides
) -> EmgSignals:
    """EMG of every channel over the whole run."""
    n = plan.duration_s * RATE_HZ
    t_s = np.arange(n) / RATE_HZ
    pace = np.interp(t_s, strides.ic_s, conduction(athlete, course, strides))
    bursts = tuple(
        contractions(plan, athlete, course, strides, ch) for ch in range(plan.emg_channels)
    )
    clean = [
        _noise(plan.rng(f"muscle{ch}"), athlete.mdf_hz[ch] * pace)
        * _envelope(plan.rng(f"gain{ch}"), burst, strides, athlete.rms_uv[ch], ch, t_s)
        for ch, burst in enumerate(bursts)
    ]
    uv = np.zeros((plan.emg_channels, n))
    for ch, signal in enumerate(clean):
        others = sum((clean[o] for o in range(len(clean)) if o != ch), np.zeros(n))
        rng = plan.rng(f"amplifier{ch}")
        hum = athlete.mains_uv * np.sin(2 * np.pi * plan.mains_hz * t_s + rng.uniform(0, 6))
        uv[ch] = signal + athlete.crosstalk * others + hum
        uv[ch] += athlete.noise_uv[ch] * rng.standard_normal(n)
        uv[ch] += _artefact(rng, athlete, strides, t_s)
    return EmgSignals(uv, bursts)


def conduction(athlete: Athlete, course: FatigueCourse, strides: Strides) -> np.ndarray:
    """Conduction velocity in every cell against a warm, fresh muscle (10 minutes into the run)."""
    warm = athlete.skin_c(np.array([600.0]))[0]
    factor = 1 + athlete.mdf_per_c() * (strides.skin_c - warm)
    return factor * (1 + course.mdf * strides.fatigue) * strides.drifted("mdf")


def contractions(
    plan: RunPlan, athlete: Athlete, course: FatigueCourse, strides: Strides, ch: int
) -> Bursts:
    """When channel `ch` (0, 1) is active, and how much."""
    rng = plan.rng(f"bursts{ch}")
    moving = strides.gait != STAND
    n = len(strides.ic_s)
    tc = strides.contact_s
    faster = speed_excess(strides)
    tired = strides.fatigue
    jitter = athlete.onset_sd_ms * (1 + course.spread * tired) * wander(rng, n, 0.03)
    running_on = athlete.onset_ms[ch] + athlete.onset_ms_per_m_s * faster
    running_on = running_on + course.onset_ms * tired + jitter
    if "onset_ms" in strides.drift:
        running_on = running_on + strides.drift["onset_ms"]
    on = strides.ic_s + np.where(strides.gait == RUN, running_on / 1000, 0.2 * tc + jitter / 1000)
    peak_share = np.where(strides.gait == RUN, athlete.peak_stance[ch], 0.65)
    peak = strides.ic_s + peak_share * tc
    off = strides.ic_s + athlete.off_stance[ch] * tc + 0.008 * rng.standard_normal(n)
    rms = athlete.rms_uv[ch] * (1 + athlete.rms_per_m_s * faster)
    rms = rms * np.maximum(1 + 0.03 * strides.grade_pct, 0.6) * (1 + course.rms * tired)
    rms = rms * strides.drifted("rms")
    rms = np.where(strides.gait == WALK, 0.4 * athlete.rms_uv[ch], rms)
    rms = rms * np.clip(1 + athlete.rms_cv * wander(rng, n, 0.03), 0.4, 1.8)
    return Bursts(on[moving], peak[moving], off[moving], rms[moving])


def _envelope(
    rng: np.random.Generator,
    bursts: Bursts,
    strides: Strides,
    usual_uv: float,
    channel: int,
    t_s: np.ndarray,
) -> np.ndarray:
    """RMS amplitude of the muscle at every sample (uV).

    A burst leaves the resting tone at `on`, is at 60 % after 40 ms, highest at `peak`, at 45 %
    60 ms before `off` and at rest again there; its RMS from on to off is `rms_uv`.
    """
    rest = _REST_SHARE * usual_uv
    corner_s = (0.0, _RISE_S, None, -_FALL_S, 0.0)
    height = np.array([0.0, 0.6, 1.0, 0.45, 0.0])
    t = np.stack(
        [
            bursts.on_s,
            bursts.on_s + corner_s[1],
            np.maximum(bursts.peak_s, bursts.on_s + 0.05),
            np.maximum(bursts.off_s - _FALL_S, bursts.on_s + 0.06),
            np.maximum(bursts.off_s, bursts.on_s + 0.07),
        ],
        1,
    )
    a, b, dt = height[:-1], height[1:], np.diff(t, axis=1)
    power = (dt * (a * a + a * b + b * b) / 3).sum(1) / (t[:, -1] - t[:, 0])
    values = rest + height * (bursts.rms_uv / np.sqrt(power))[:, None]
    envelope = np.full(len(t_s), rest)
    if len(t):
        envelope = np.interp(t_s, t.ravel(), values.ravel())
    if channel == 1:  # the soleus holds a standing body
        standing = np.interp(t_s, strides.ic_s, 0.08 * usual_uv * (strides.gait == STAND))
        envelope = np.hypot(envelope, standing)
    # Motor units come and go: the gain of a burst is never as smooth as its envelope.
    coarse = np.exp(0.15 * rng.standard_normal(len(t_s) // 50 + 2) - 0.0225)
    return envelope * np.interp(t_s, np.arange(len(coarse)) * 0.05, coarse)


def _shape() -> tuple[np.ndarray, float]:
    """Second-order sections whose noise has the spectrum, unit variance, and its median (Hz)."""
    low, high = 2 * np.pi * _LOW_HZ, 2 * np.pi * _HIGH_HZ
    zpk = bilinear_zpk(np.array([0.0]), np.array([-low, -high, -high]), 1.0, _SOURCE_HZ)
    response = freqz_zpk(*zpk, worN=8192, fs=_SOURCE_HZ)
    f_hz, power = np.asarray(response[0], float), np.abs(np.asarray(response[1], complex)) ** 2
    share = np.cumsum(power) / np.sum(power)
    sections = zpk2sos(*zpk)
    sections[0, :3] /= np.sqrt(power.mean())
    return sections, float(np.interp(0.5, np.asarray(share, float), f_hz))


def _noise(rng: np.random.Generator, mdf_hz: np.ndarray) -> np.ndarray:
    """Unit-variance noise whose median frequency follows `mdf_hz` (one value per sample)."""
    sections, median_hz = _shape()
    step = mdf_hz / median_hz * (_SOURCE_HZ / RATE_HZ)
    where = np.cumsum(step)
    source = np.asarray(sosfilt(sections, rng.standard_normal(int(where[-1]) + 64)))
    i = where.astype(np.int64) + 16
    x = where - np.floor(where)
    p, q, r, s = source[i - 1], source[i], source[i + 1], source[i + 2]
    # Catmull-Rom: flat to the 450 Hz that the amplifier passes.
    return q + 0.5 * x * (r - p + x * (2 * p - 5 * q + 4 * r - s + x * (3 * (q - r) + s - p)))


def _artefact(
    rng: np.random.Generator, athlete: Athlete, strides: Strides, t_s: np.ndarray
) -> np.ndarray:
    """Cables and skin shaken by the landing: a decaying 9 Hz wave, and a drifting electrode."""
    n = len(strides.ic_s)
    size = athlete.artefact_uv * np.choose(strides.gait, [0.0, 0.3, 1.0])
    size = size * rng.normal(1, 0.4, n)
    cell = np.clip(np.searchsorted(strides.ic_s, t_s, side="right") - 1, 0, None)
    since = t_s - strides.ic_s[cell] - 0.02
    wave = np.exp(-18 * np.clip(since, 0, None)) * np.sin(2 * np.pi * 9 * np.clip(since, 0, None))
    drift = np.interp(t_s, strides.ic_s, 4 * wander(rng, n, 0.5))
    return size[cell] * wave + drift
