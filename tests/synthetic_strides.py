"""Synthetic stride records: runners as the fatigue model sees them, with known truth.

Not recordings. Ranges come from published values (contact, stiffness, EMG and their change with
fatigue); wandering is AR(1) at three time scales, slopes on pace are personal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.signal import lfilter

UNKNOWN = -(1 << 29)
RECORD_FIELDS = 26
SPEED_TABLE = np.array([2.2, 2.8, 3.3, 4.4, 5.6])
CONTACT_TABLE = np.array([0.305, 0.270, 0.245, 0.208, 0.180])
FLIGHT_TABLE = np.array([0.068, 0.095, 0.112, 0.135, 0.146])

ELECTRODE, MAINS, CLIPPED, GYRO_LOST, ACC_LOST, SLIPPED = 1, 4, 16, 128, 256, 512

FATIGUE_KINDS = ("peripheral", "central-type")
KINDS = (
    "fresh",
    *FATIGUE_KINDS,
    "pace",
    "hill",
    "electrode",
    "slip",
    "mains",
    "gyro lost",
    "acc only",
)


@dataclass
class Run:
    """One runner's records (n, 26) and what is true about them."""

    kind: str
    records: np.ndarray
    mass_g: int
    priors: dict[str, list[int]] = field(default_factory=dict)
    onset_min: float = np.nan  # fatigue starts
    full_min: float = np.nan  # and is complete
    speed_known: bool = True
    truth: dict[str, float] = field(default_factory=dict)  # log changes; ms for times


def wander(rng: np.random.Generator, n: int, sd: float, strides: float) -> np.ndarray:
    """Stationary AR(1) of standard deviation sd and time constant `strides`."""
    keep = np.exp(-1 / strides)
    noise = rng.normal(0, sd * np.sqrt(1 - keep * keep), n)
    noise[0] = rng.normal(0, sd)
    return lfilter([1.0], [1.0, -keep], noise)


def noisy(rng: np.random.Generator, n: int, white: float, quick: float, slow: float) -> np.ndarray:
    """Stride-to-stride noise, 20-stride wandering and a 5-minute drift."""
    drift = wander(rng, n, slow, 420)
    return rng.normal(0, white, n) + wander(rng, n, quick, 20) + drift


def ramp(minutes: np.ndarray, start: float, full: float) -> np.ndarray:
    return np.clip((minutes - start) / (full - start), 0, 1)


def synthetic_run(
    kind: str,
    seed: int,
    minutes: float = 40,
    *,
    onset_min: float | None = None,
    speed_known: bool | None = None,
    with_priors: bool = False,
) -> Run:
    """A runner of the given kind; everything else is drawn from the seed."""
    rng = np.random.default_rng(seed)
    if speed_known is None:
        speed_known = bool(rng.random() < 0.6)
    temp_known = bool(rng.random() < 0.8)
    mass_known = bool(rng.random() < 0.8)
    mass = rng.uniform(50, 90)
    v0 = rng.uniform(2.5, 4.4)
    contact0 = np.interp(v0, SPEED_TABLE, CONTACT_TABLE) * np.exp(rng.normal(0, 0.04))
    step0 = np.interp(v0, SPEED_TABLE, CONTACT_TABLE + FLIGHT_TABLE) * np.exp(rng.normal(0, 0.03))
    contact0 = min(contact0, 0.85 * step0)
    n = int(minutes * 60 / (2 * step0) * 1.1)
    t = np.arange(n) * 2 * step0 / 60
    share = lambda lo, hi: rng.uniform(lo, hi)  # noqa: E731

    pace = wander(rng, n, share(0.006, 0.02), 150)  # log speed against v0
    tilt = 30 + noisy(rng, n, 10, 3, 3)  # 0.1 deg
    tired = np.zeros(n)
    start = full = np.nan
    change = {"contact": 0.0, "step": 0.0, "rms": 0.0, "mnf": 0.0, "onset": 0.0, "lag": 0.0}
    change |= {"tib": 0.0, "push": 0.0, "noise": 1.0}
    if kind in FATIGUE_KINDS:
        start = onset_min if onset_min is not None else 17.0
        full = start + share(10, 13)
        tired = ramp(t, start, full)
        change["contact"] = np.log(1 + share(0.02, 0.05))
        if rng.random() < 0.5:
            flight = (step0 - contact0) * (1 - share(0.02, 0.08))
            change["step"] = np.log((contact0 * np.exp(change["contact"]) + flight) / step0)
        else:
            change["step"] = -np.log(1 - share(0.0, 0.05))
        change["onset"] = share(0, 15)
        change["lag"] = share(0, 8)
        change["tib"] = np.log(1 + share(0, 0.6))
        change["push"] = np.log(1 - share(0.03, 0.08))
        change["noise"] = share(1.2, 1.5)
        if kind == "peripheral":
            change["rms"] = np.log(1 + share(0.05, 0.25))
            change["mnf"] = np.log(1 - share(0.05, 0.15))
        else:
            change["rms"] = np.log(1 - share(0.05, 0.20))
            change["mnf"] = np.log(1 + share(0, 0.08))
    hill = np.zeros(n)
    if kind == "pace":
        for at in np.arange(share(10, 22), minutes, share(5, 9)):
            pace += np.where((t > at) & (t < at + share(2, 5)), share(-0.18, 0.18), 0)
    if kind == "hill":
        for at in np.arange(share(17, 20), minutes, share(6, 9)):
            grade = rng.choice([-1, 1]) * share(0.03, 0.08)
            hill += np.where((t > at) & (t < at + share(2, 5)), grade, 0)
        tilt = tilt + 400 * hill  # 0.1 deg; 5 % is 2 deg
    # Temperature of the skin: warm-up, then a slow drift.
    temp = 30 + share(1, 3.5) * (1 - np.exp(-t / share(3, 7))) + share(-0.02, 0.03) * t
    warm = temp - 32

    steady = 1 + (change["noise"] - 1) * tired
    lc = np.log(contact0) + share(-0.65, -0.5) * pace + change["contact"] * tired + 0.5 * hill
    lc += noisy(rng, n, 0.022, 0.008, share(0.002, 0.007)) * steady
    ls = np.log(step0) - share(0.1, 0.25) * pace + change["step"] * tired - 0.3 * hill
    common = noisy(rng, n, 0.008, 0.006, share(0.001, 0.005)) * steady
    ls += common
    lc += 0.6 * common
    contact, step = np.exp(lc), np.exp(ls)
    contact = np.minimum(contact, 0.92 * step)
    fmax = mass * 9.81 * np.pi / 2 * (step / contact)
    drop = np.abs(fmax * contact**2 / (mass * np.pi**2) - 9.81 * contact**2 / 8)
    kvert = fmax / drop
    spectral = 0.029 * warm + change["mnf"] * tired
    spectral += wander(rng, n, share(0.01, 0.02), 30) + wander(rng, n, share(0.003, 0.012), 420)
    rms = np.log(share(100, 400)) + share(0.4, 1.0) * pace - 0.02 * warm + change["rms"] * tired
    rms += 3 * hill + noisy(rng, n, share(0.1, 0.2), 0.04, share(0.015, 0.05))
    onset = share(-115, -65) + change["onset"] * tired + share(-15, 15) * pace
    onset += noisy(rng, n, share(8, 18), 2, share(0.8, 2.5)) * steady
    lag = share(90, 150) + change["lag"] * tired - 40 * pace
    lag += noisy(rng, n, share(8, 15), 2, share(0.8, 2.5)) * steady
    tib = np.log(10) + 1.02 * np.log(v0 / 2.7) + share(0.7, 1.3) * pace + change["tib"] * tired
    tib += -2 * hill + noisy(rng, n, 0.25, 0.05, share(0.02, 0.06))
    push = np.log(420) + share(0.3, 0.7) * pace + change["push"] * tired
    push += noisy(rng, n, 0.05, 0.01, share(0.005, 0.015))
    finsm5 = share(-42, -38) - share(2.5, 4) * spectral / np.log(2) + wander(rng, n, 0.08, 30)

    faults = np.zeros(n, dtype=np.int64)
    emg_missing = np.zeros(n, dtype=bool)
    degraded = np.zeros(n, dtype=np.int64)
    valid = rng.random(n) > share(0.01, 0.08)
    contact_bias = np.zeros(n)
    if kind in ("electrode", "mains"):
        for at in np.arange(share(9, 20), minutes - 5, share(8, 12)):
            during = (t > at) & (t < at + share(0.3, 2))
            faults[during] |= ELECTRODE if kind == "electrode" else MAINS
            rms[during] += share(0.3, 1)
            if kind == "electrode":
                emg_missing |= during & (rng.random(n) < 0.7)
                rms[t > at] += share(-0.45, 0.45)
                spectral = np.where(t > at, spectral + share(-0.1, 0.1), spectral)
    if kind == "slip":
        for at in np.arange(share(12, 20), minutes - 5, share(8, 12)):
            during = (t > at) & (t < at + share(0.03, 0.15))
            faults[during] |= SLIPPED
            after = t > at
            tilt = tilt + after * rng.choice([-1, 1]) * share(60, 200)
            rms[after] += share(-0.3, 0.3)
            spectral = np.where(after, spectral + share(-0.06, 0.06), spectral)
            tib[after] += share(-0.2, 0.2)
            contact_bias += after * share(-0.002, 0.002)
    if kind == "gyro lost":
        after = t > share(18, 25)
        faults[after] |= GYRO_LOST
        degraded[after] = 1
        contact_bias += after * share(-0.012, 0.012)

    contact = contact + contact_bias
    mnf = 150 * np.exp(rng.normal(0, 0.1) + spectral)
    ms = np.cumsum(2 * step)
    rec = np.full((n, RECORD_FIELDS), UNKNOWN, dtype=np.int64)
    rec[:, 0] = np.arange(n)
    rec[:, 1] = ms * 1e4
    rec[:, 2] = (ms + contact) * 1e4
    rec[:, 3] = contact * 1e4
    rec[:, 4] = (step - contact) * 1e4
    rec[:, 5] = 2e4 * step
    rec[:, 6] = 600 / step
    if mass_known:
        rec[:, 7] = kvert
        rec[:, 9] = fmax
    rec[:, 10] = np.exp(tib) * 1000
    rec[:, 11] = np.exp(push) * 10
    rec[:, 12] = onset * 10
    rec[:, 13] = 1500
    rec[:, 14] = lag * 10
    rec[:, 15] = np.exp(rms) * 10
    rec[:, 16] = mnf * 100
    rec[:, 17] = mnf * 92
    rec[:, 18] = finsm5 * 256
    if kind == "acc only":
        rec[:, 11:19] = UNKNOWN
        degraded[:] = 1
    if kind == "gyro lost":
        rec[degraded > 0, 11] = UNKNOWN
        rec[degraded > 0, 14] = UNKNOWN
    rec[emg_missing, 12:19] = UNKNOWN
    rec[rng.random(n) < 0.03, 12] = UNKNOWN  # a burst that was not found
    rec[:, 19] = valid
    rec[:, 20] = degraded
    rec[:, 21] = 2
    rec[:, 22] = faults
    rec[:, 23] = tilt
    if speed_known:
        rec[:, 24] = v0 * np.exp(pace + rng.normal(0, 0.01, n)) * 1000
    if temp_known:
        rec[:, 25] = temp * 100 + rng.normal(0, 2, n)
    rec = rec[rec[:, 1] < minutes * 600_000]
    priors = {}
    if with_priors:
        for name, column in (("contact_ms", 3), ("mnf_hz", 16), ("rms_uv", 15)):
            median = np.median(rec[: len(rec) // 3, column])
            priors[name] = [int(median * np.exp(rng.normal(0, 0.02))) for _ in range(5)]
    return Run(
        kind, rec, int(mass * 1000) if mass_known else 0, priors, start, full, speed_known, change
    )
