"""Synthetic stride records: runners as the fatigue model sees them, with known truth.

Not recordings. Ranges come from published values (contact, stiffness, EMG and their change with
fatigue) and are no narrower than those of host_tools/synth; wandering is AR(1) at two time
scales over a drift of the whole run, slopes on pace and the contact detector's own error with
pace are personal. An athlete comes from the seed alone, a run from seed and day, so that earlier
runs of the same athlete can be made.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.signal import lfilter

UNKNOWN = -(1 << 29)
RECORD_FIELDS = 26
SPEED_TABLE = np.array([2.0, 2.8, 3.3, 4.4, 5.6])
CONTACT_TABLE = np.array([0.308, 0.270, 0.245, 0.208, 0.180])
FLIGHT_TABLE = np.array([0.064, 0.095, 0.112, 0.135, 0.146])

ELECTRODE, MAINS, CLIPPED, GYRO_LOST, ACC_LOST, SLIPPED = 1, 4, 16, 128, 256, 512
RUNNING, WALKING = 2, 1

FATIGUE_KINDS = ("peripheral", "central-type", "paradoxical")
FAULT_KINDS = ("electrode", "slip", "mains", "gyro lost")
KINDS = ("fresh", *FATIGUE_KINDS, "pace", "hill", *FAULT_KINDS, "acc only")


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


def draw_athlete(seed: int) -> dict[str, float]:
    """What is the athlete's own on every day. Slopes are elasticities on pace (ms for times)."""
    rng = np.random.default_rng([seed, 1])
    share = rng.uniform
    speed = share(2.2, 5.0)
    contact = np.interp(speed, SPEED_TABLE, CONTACT_TABLE) * np.exp(rng.normal(0, 0.04))
    step = np.interp(speed, SPEED_TABLE, CONTACT_TABLE + FLIGHT_TABLE)
    step *= np.exp(rng.normal(0, 0.03))
    return {
        "mass": share(50, 90),
        "speed": speed,
        "contact": min(contact, 0.85 * step),
        "step": step,
        "sway": share(0.006, 0.02),  # of the pace, log
        "contact_slope": share(-0.65, -0.5),
        "contact_error": share(-0.015, 0.015),  # of the measured contact, s per m/s
        "contact_gain": share(0.7, 1.1),  # share of a change by fatigue that is measured
        "contact_slow": share(0.002, 0.007),
        "step_slope": share(0.1, 0.25),
        "step_slow": share(0.001, 0.005),
        "rms": np.log(share(100, 400)),
        "rms_slope": share(0.4, 1.0),
        "rms_white": share(0.1, 0.2),
        "rms_slow": share(0.015, 0.05),
        "mnf": np.log(150) + rng.normal(0, 0.1),
        "mnf_quick": share(0.01, 0.02),
        "mnf_slow": share(0.003, 0.012),
        "finsm5": share(-42, -38),
        "finsm5_slope": share(2.5, 4),
        "onset": share(-115, -65),
        "onset_slope": share(-15, 15),
        "onset_white": share(8, 18),
        "onset_slow": share(0.8, 2.5),
        "lag": share(90, 150),
        "lag_white": share(8, 15),
        "lag_slow": share(0.8, 2.5),
        "tib": np.log(10) + 1.02 * np.log(speed / 2.7) + rng.normal(0, 0.25),
        "tib_slope": share(0.7, 1.3),
        "tib_slow": share(0.02, 0.06),
        "push": np.log(420) + rng.normal(0, 0.1),
        "push_slope": share(0.3, 0.7),
        "push_slow": share(0.005, 0.015),
        "temp_mnf": share(0.02, 0.035),  # per degree
    }


def draw_fatigue(
    rng: np.random.Generator, kind: str, contact: float, step: float
) -> dict[str, float]:
    """Full-depth changes by fatigue: logs, ms for the times."""
    share = rng.uniform
    change = {"contact": np.log(1 + share(0.02, 0.05))}
    if rng.random() < 0.5:
        flight = (step - contact) * (1 - share(0.02, 0.08))
        longer = np.log((contact * np.exp(change["contact"]) + flight) / step)
        change["step"] = max(longer, 0.0)
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
    elif kind == "central-type":
        change["rms"] = np.log(1 - share(0.05, 0.20))
        change["mnf"] = np.log(1 + share(-0.01, 0.03))
    else:
        change["rms"] = np.log(1 - share(0.05, 0.15))
        change["mnf"] = np.log(1 + share(0.03, 0.08))
    return change


def stepped(
    rng: np.random.Generator, t: np.ndarray, first: float, low: float, high: float
) -> np.ndarray:
    """Excursions of low...high of either sign from minute `first`: home between them, or not."""
    course = np.zeros(len(t))
    returns = rng.random() < 0.5
    at, sign = first, rng.choice([-1, 1])
    while at < t[-1]:
        last = at + rng.uniform(2, 6)
        course[(t >= at) & (t < last)] = sign * rng.uniform(low, high)
        at = last + (rng.uniform(2, 5) if returns else 0)
        sign = rng.choice([-1, 1]) if returns else -sign
    return lfilter(np.full(4, 0.25), [1.0], course)


# What an athlete file holds of an earlier run: feature -> column of the records.
STORED = {"contact_ms": 3, "kvert_kn_m": 7, "fmax_n": 9, "tib_peak_g": 10, "pushoff_dps": 11}
STORED |= {"onset_ms": 12, "lag_ms": 14, "rms_uv": 15, "mnf_hz": 16, "finsm5": 18}
BASELINE_MIN = (6, 15)


def earlier_baselines(seed: int, runs: int, speed_known: bool) -> dict[str, list[int]]:
    """Medians of the athlete's fresh baselines on other days, newest first."""
    priors: dict[str, list[int]] = {}
    for day in range(1, runs + 1):
        rec = synthetic_run("fresh", seed, 16, day=day, speed_known=speed_known).records
        minute = rec[:, 1] / 600_000
        rec = rec[(minute > BASELINE_MIN[0]) & (minute < BASELINE_MIN[1]) & (rec[:, 19] > 0)]
        for name, column in STORED.items():
            known = rec[rec[:, column] != UNKNOWN, column]
            if len(known):
                priors.setdefault(name, []).append(int(np.median(known)))
    return priors


def synthetic_run(
    kind: str,
    seed: int,
    minutes: float = 40,
    *,
    day: int = 0,
    onset_min: float | None = None,
    speed_known: bool | None = None,
    earlier_runs: int = 0,
) -> Run:
    """A run of the given kind by the athlete of the seed; the day draws all else."""
    own = draw_athlete(seed)
    rng = np.random.default_rng([seed, 2, day])
    share = rng.uniform
    if speed_known is None:
        speed_known = bool(rng.random() < 0.6)
    temp_known = bool(rng.random() < 0.8)
    mass_known = bool(rng.random() < 0.8)
    # The day: pace, shoes, where band and electrodes sit.
    today = rng.normal(0, 0.03)
    v0 = own["speed"] * np.exp(today)
    contact0 = own["contact"] * np.exp(own["contact_slope"] * today + rng.normal(0, 0.008))
    step0 = own["step"] * np.exp(-own["step_slope"] * today + rng.normal(0, 0.004))
    n = int(minutes * 60 / (2 * step0) * 1.1) + 30
    t = np.arange(n) * 2 * step0 / 60
    run_share = t / 40

    tired = np.zeros(n)
    start = full = np.nan
    names = ("contact", "step", "rms", "mnf", "onset", "lag", "tib", "push")
    change: dict[str, float] = {name: 0.0 for name in names}
    change["noise"] = 1.0
    if kind in FATIGUE_KINDS:
        start = share(16.5, 22) if onset_min is None else onset_min
        full = start + share(10, 13)
        tired = ramp(t, start, full)
        change = draw_fatigue(rng, kind, contact0, step0)

    pace = wander(rng, n, own["sway"], 150)  # log speed against v0
    if rng.random() < 0.4:  # a mild positive split, or now and then a negative one
        pace += share(-0.035, 0.01) * np.clip((t - 5) / 35, 0, 1)
    hill = np.zeros(n)
    if kind == "pace":
        pace += stepped(rng, t, share(10, 22), 0.03, 0.17)
    if kind == "hill":
        hill = stepped(rng, t, share(16, 20), 0.02, 0.08)
        pace -= 2 * hill * share(0.5, 1.2)
    tilt = 30 + noisy(rng, n, 10, 3, 3) + 400 * hill  # 0.1 deg; 5 % is 2 deg
    # Temperature of the skin: warm-up, then a slow drift.
    temp = 30 + share(1, 3.5) * (1 - np.exp(-t / share(3, 7))) + share(-0.02, 0.03) * t
    warm = temp - 32
    # Muscle and gait go on changing in fresh legs: warm-up, cardiac drift, settling electrodes.
    drift = {
        name: rng.normal(0, sd) * run_share
        for name, sd in (
            ("step", 0.006), ("contact", 0.005), ("rms", 0.04), ("mnf", 0.012),
            ("onset", 2.0), ("lag", 2.0), ("tib", 0.05), ("push", 0.01),
        )
    }  # fmt: skip

    steady = 1 + (change["noise"] - 1) * tired
    common = noisy(rng, n, 0.008, 0.006, own["step_slow"]) * steady
    ls = np.log(step0) - own["step_slope"] * pace + change["step"] * tired - 0.3 * hill
    ls += common + drift["step"]
    lc = np.log(contact0) + own["contact_slope"] * pace + 0.5 * hill + 0.6 * common
    lc += own["contact_gain"] * change["contact"] * tired + drift["contact"] + 0.6 * drift["step"]
    lc += noisy(rng, n, 0.022, 0.008, own["contact_slow"]) * steady
    step = np.exp(ls)
    contact = np.exp(lc) + own["contact_error"] * v0 * np.expm1(pace)
    spectral = own["temp_mnf"] * warm + change["mnf"] * tired + drift["mnf"]
    spectral += wander(rng, n, own["mnf_quick"], 30) + wander(rng, n, own["mnf_slow"], 420)
    rms = own["rms"] + rng.normal(0, 0.25) + own["rms_slope"] * pace - 0.02 * warm
    rms += 3 * hill + change["rms"] * tired + drift["rms"]
    rms += noisy(rng, n, own["rms_white"], 0.04, own["rms_slow"])
    onset = own["onset"] + rng.normal(0, 5) + change["onset"] * tired + drift["onset"]
    onset += own["onset_slope"] * pace
    onset += noisy(rng, n, own["onset_white"], 2, own["onset_slow"]) * steady
    lag = own["lag"] + rng.normal(0, 4) + change["lag"] * tired - 40 * pace + drift["lag"]
    lag += noisy(rng, n, own["lag_white"], 2, own["lag_slow"]) * steady
    tib = own["tib"] + rng.normal(0, 0.1) + own["tib_slope"] * pace + change["tib"] * tired
    tib += -2 * hill + noisy(rng, n, 0.25, 0.05, own["tib_slow"]) + drift["tib"]
    push = own["push"] + rng.normal(0, 0.04) + own["push_slope"] * pace + change["push"] * tired
    push += noisy(rng, n, 0.05, 0.01, own["push_slow"]) + drift["push"]
    finsm5 = own["finsm5"] - own["finsm5_slope"] * spectral / np.log(2)
    finsm5 += wander(rng, n, 0.08, 30)
    mnf = own["mnf"] + rng.normal(0, 0.04) + spectral

    faults = np.zeros(n, dtype=np.int64)
    emg_missing = np.zeros(n, dtype=bool)
    degraded = np.zeros(n, dtype=np.int64)
    valid = rng.random(n) > share(0.01, 0.08)
    if kind in ("electrode", "mains"):
        at = share(9, 20)
        while at < minutes - 5:
            during = (t > at) & (t < at + share(0.3, 2))
            faults[during] |= ELECTRODE if kind == "electrode" else MAINS
            rms[during] += share(0.3, 1)
            if kind == "electrode":
                emg_missing |= during & (rng.random(n) < 0.7)
                rms[t > at] += share(-0.45, 0.45)
                mnf[t > at] += share(-0.1, 0.1)
            at += share(8, 12)
    if kind == "slip":
        at = share(12, 20)
        while at < minutes - 5:
            after = t > at
            faults[after & (t < at + share(0.03, 0.15))] |= SLIPPED
            tilt[after] += rng.choice([-1, 1]) * share(60, 200)
            rms[after] += share(-0.3, 0.3)
            mnf[after] += share(-0.06, 0.06)
            tib[after] += share(-0.2, 0.2)
            contact[after] += share(-0.002, 0.002)
            at += share(8, 12)
    if kind == "gyro lost":
        at = share(18, 25)
        lost = (t > at) & (t < at + (share(0.3, 3) if rng.random() < 0.5 else minutes))
        faults[lost] |= GYRO_LOST
        degraded[lost] = 1
        scatter = rng.normal(0, share(0.004, 0.015), n) + wander(rng, n, 0.003, 60)
        contact[lost] += (share(-0.012, 0.03) + scatter)[lost]
    contact = np.minimum(contact, 0.92 * step)
    fmax = own["mass"] * 9.81 * np.pi / 2 * (step / contact)
    drop = np.abs(fmax * contact**2 / (own["mass"] * np.pi**2) - 9.81 * contact**2 / 8)

    # Pauses: standing leaves a gap, walking strides are not running.
    gait = np.full(n, RUNNING)
    pause_s = np.zeros(n)
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.3 else 0):
        k = int(rng.integers(n // 10, n))
        if rng.random() < 0.5:
            pause_s[k] += share(5, 90)
        else:
            gait[k : k + int(rng.integers(5, 60))] = WALKING
    valid &= gait == RUNNING

    end_s = np.cumsum(2 * step + pause_s)
    rec = np.full((n, RECORD_FIELDS), UNKNOWN, dtype=np.int64)
    rec[:, 0] = np.arange(n)
    rec[:, 1] = end_s * 1e4
    rec[:, 2] = (end_s + contact) * 1e4
    rec[:, 3] = contact * 1e4
    rec[:, 4] = (step - contact) * 1e4
    rec[:, 5] = 2e4 * step
    rec[:, 6] = 600 / step
    if mass_known:
        rec[:, 7] = fmax / drop
        rec[:, 9] = fmax
    rec[:, 10] = np.exp(tib) * 1000
    rec[:, 11] = np.exp(push) * 10
    rec[:, 12] = onset * 10
    rec[:, 13] = 1500
    rec[:, 14] = lag * 10
    rec[:, 15] = np.exp(rms) * 10
    rec[:, 16] = np.exp(mnf) * 100
    rec[:, 17] = np.exp(mnf) * 92
    rec[:, 18] = finsm5 * 256
    if kind == "acc only":
        rec[:, 11:19] = UNKNOWN
        degraded[:] = 1
    rec[degraded > 0, 11] = UNKNOWN
    rec[degraded > 0, 14] = UNKNOWN
    rec[emg_missing, 12:19] = UNKNOWN
    rec[rng.random(n) < 0.03, 12] = UNKNOWN  # a burst that was not found
    rec[:, 19] = valid
    rec[:, 20] = degraded
    rec[:, 21] = gait
    rec[:, 22] = faults
    rec[:, 23] = tilt
    if speed_known:
        rec[:, 24] = v0 * np.exp(pace + rng.normal(0, 0.01, n)) * 1000
    if temp_known:
        rec[:, 25] = temp * 100 + rng.normal(0, 2, n)
    rec = rec[rec[:, 1] < minutes * 600_000]
    mass_g = int(own["mass"] * 1000) if mass_known else 0
    priors = earlier_baselines(seed, earlier_runs, speed_known)
    return Run(kind, rec, mass_g, priors, start, full, speed_known, change)
