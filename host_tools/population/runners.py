"""Who runs: synthetic athletes spread over wide ranges, and how they differ from day to day.

The main ranges are filled evenly (a Halton sequence by the athlete's number), so that few
athletes cover them, too; the rest is drawn. Athlete `index` is the same whatever their number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from host_tools.synth import Athlete, Wear, draw_athlete
from host_tools.synth.athlete import Drift
from host_tools.synth.seeds import stream

# What is spread evenly: lowest and highest, and the base of its sequence.
RANGES: dict[str, tuple[float, float, int]] = {
    "speed_m_s": (2.2, 5.0, 2),
    "cadence_scale": (0.92, 1.08, 3),
    "contact_scale": (0.91, 1.09, 5),
    "rms_uv": (60.0, 450.0, 7),  # evenly in its logarithm
    "noise_uv": (2.0, 15.0, 11),  # likewise
    "imu_clock_pct": (-3.0, 3.0, 13),
    "height_m": (1.50, 2.00, 17),
    "body_mass_index": (17.5, 31.0, 19),
}
_IN_LOGARITHM = ("rms_uv", "noise_uv")
_WORST_SNR = 6.0  # EMG of a burst over noise: 15.6 dB; below, the electrodes are the problem

# SD from day to day: shoes, legs, where the electrodes sit. Our own estimate (weak), at the
# upper end of published reliability: contact 1-2 %, EMG amplitude 10-25 %, spectrum 3-5 %.
DAY_CONTACT, DAY_CADENCE, DAY_RMS, DAY_MDF = 0.012, 0.008, 0.20, 0.04
DAY_ONSET_MS, DAY_SHOCK, DAY_SPEED = 5.0, 0.10, 0.03


@dataclass(frozen=True)
class Runner:
    """An athlete, how the band is worn and what it is told. `knows_*`: is it known to the band."""

    index: int
    athlete: Athlete
    speed_m_s: float
    imu_clock_pct: float
    mains_hz: int
    emg_channels: int
    knows_speed: bool
    knows_mass: bool
    knows_temp: bool


def draw_runner(index: int, seed: int) -> Runner:
    """Athlete number `index` of the population `seed`."""
    rng = stream(seed, f"runner {index}")
    spread = _spread(index, seed)
    rms = spread["rms_uv"]
    noise = min(spread["noise_uv"], rms / _WORST_SNR)
    forefoot_early = rng.uniform(0.5, 0.9)
    height = round(spread["height_m"], 2)
    athlete = draw_athlete(
        int(rng.integers(1 << 40)),
        cadence_scale=spread["cadence_scale"],
        contact_scale=spread["contact_scale"],
        height_m=height,
        mass_kg=round(spread["body_mass_index"] * height**2, 1),
        rms_uv=(rms, max(rms * forefoot_early, 12.0)),
        noise_uv=(noise, noise * float(rng.uniform(0.6, 1.6))),
        mains_uv=float(np.exp(rng.uniform(np.log(0.2), np.log(15.0)))),
        artefact_uv=float(rng.uniform(5, 120)),
        skin_start_c=float(rng.uniform(25.0, 31.0)),
        skin_end_c=float(rng.uniform(31.5, 35.0)),
        skin_tau_min=float(rng.uniform(3, 10)),
        mdf_warm_up=float(rng.uniform(0.03, 0.12)),
        drift=Drift(
            pace=float(rng.uniform(0.005, 0.02)),
            contact=float(rng.uniform(0.002, 0.007)),
            cadence=float(rng.uniform(0.001, 0.005)),
            rms=float(rng.uniform(0.015, 0.05)),
            mdf=float(rng.uniform(0.003, 0.012)),
            onset_ms=float(rng.uniform(0.8, 2.5)),
            shock=float(rng.uniform(0.02, 0.06)),
        ),
    )
    return Runner(
        index=index,
        athlete=athlete,
        speed_m_s=round(spread["speed_m_s"], 3),
        imu_clock_pct=round(spread["imu_clock_pct"], 3),
        mains_hz=int(rng.choice([50, 60])),
        emg_channels=2 if rng.random() < 0.75 else 1,
        knows_speed=bool(rng.random() < 0.5),
        knows_mass=bool(rng.random() < 0.8),
        knows_temp=bool(rng.random() < 0.8),
    )


def on_day(runner: Runner, day: int, seed: int) -> Runner:
    """The same athlete on another day: every day differs from the athlete's mean."""
    rng = stream(seed, f"runner {runner.index} day {day}")
    usual = runner.athlete
    rms = np.clip(np.exp(rng.normal(0, DAY_RMS)), 0.5, 2.0)
    mdf = np.clip(rng.normal(1, DAY_MDF), 0.88, 1.12)
    onset = rng.normal(0, DAY_ONSET_MS)
    athlete = replace(
        usual,
        contact_scale=usual.contact_scale * rng.normal(1, DAY_CONTACT),
        cadence_scale=usual.cadence_scale * rng.normal(1, DAY_CADENCE),
        rms_uv=(usual.rms_uv[0] * rms, usual.rms_uv[1] * rms),
        mdf_hz=(usual.mdf_hz[0] * mdf, usual.mdf_hz[1] * mdf),
        onset_ms=(usual.onset_ms[0] + onset, usual.onset_ms[1] + onset),
        tib_peak_scale=usual.tib_peak_scale * np.clip(rng.normal(1, DAY_SHOCK), 0.7, 1.3),
    )
    speed = np.clip(runner.speed_m_s * rng.normal(1, DAY_SPEED), 2.15, 5.1)
    return replace(runner, athlete=athlete, speed_m_s=round(float(speed), 3))


def wear_of(runner: Runner, day: int, seed: int) -> Wear:
    """How the band was put on that day: any rotation, a small tilt, one in four upside down."""
    rng = stream(seed, f"runner {runner.index} wear {day}")
    tilt = float(np.clip(rng.normal(0, 4), -10, 10))
    return Wear(float(rng.uniform(0, 360)), tilt, bool(rng.random() < 0.25))


def _spread(index: int, seed: int) -> dict[str, float]:
    """A value of each range: point `index` of a shifted Halton sequence."""
    shift = stream(seed, "population").random(len(RANGES))
    found = {}
    for (name, (low, high, base)), start in zip(RANGES.items(), shift, strict=True):
        share = (_radical_inverse(index + 1, base) + start) % 1
        if name in _IN_LOGARITHM:
            found[name] = float(low * (high / low) ** share)
        else:
            found[name] = float(low + (high - low) * share)
    return found


def _radical_inverse(n: int, base: int) -> float:
    """The digits of n mirrored at the point."""
    value, weight = 0.0, 1.0 / base
    while n:
        n, digit = divmod(n, base)
        value += digit * weight
        weight /= base
    return value
