"""Made-up results of a replay: a whole run that gets heavy, and recordings that lack things."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from host_tools.firmware_tables import wire
from host_tools.result import ReplayResult

EMG_HZ, IMU_HZ = 1000.0, 833.0
HEAVY_FROM_S = 1260.0


def tired(t: np.ndarray) -> np.ndarray:
    """0 while fresh, rising to 1 over ten minutes from a little before the warning."""
    return np.clip((t - HEAVY_FROM_S + 240) / 600, 0, 1)


def synthetic_run(duration_s: float = 2400.0, seed: int = 7) -> ReplayResult:
    """A made-up runner whose legs get heavy at minute 21."""
    rng = np.random.default_rng(seed)
    n = int(duration_s / 0.72)
    t = np.cumsum(0.72 * (1 + 0.012 * rng.standard_normal(n)))
    f = tired(t)
    contact = 245 * (1 + 0.04 * f) * (1 + 0.025 * rng.standard_normal(n))
    onset = -90 + 9 * f + 12 * rng.standard_normal(n)
    values = {
        "contact_ms": contact,
        "kvert_kn_m": 25 * (1 - 0.06 * f) * (1 + 0.03 * rng.standard_normal(n)),
        "kleg_kn_m": 10 * (1 - 0.08 * f) * (1 + 0.03 * rng.standard_normal(n)),
        "fmax_n": 1560 * (1 - 0.035 * f) * (1 + 0.02 * rng.standard_normal(n)),
        "onset_ms": onset,
        "lag_ms": 140 + 6 * f + 9 * rng.standard_normal(n),
        "rms_uv": 230 * (1 + 0.18 * f) * (1 + 0.08 * rng.standard_normal(n)),
        "mnf_hz": 118 * (1 - 0.08 * f) + 0.8 * rng.standard_normal(n),
        "mdf_hz": 104 * (1 - 0.08 * f) + 0.8 * rng.standard_normal(n),
        "finsm5": 3e-13 * (1 + 0.4 * f) * (1 + 0.03 * rng.standard_normal(n)),
        "tib_peak_g": 11 * (1 + 0.2 * f) * (1 + 0.2 * rng.standard_normal(n)),
        "pushoff_dps": 420 * (1 - 0.04 * f) * (1 + 0.05 * rng.standard_normal(n)),
    }
    faults = np.where((t > 1500) & (t < 1530), 1 << wire.FAULTS.index("electrode off ch1"), 0)
    strides = {
        "stride": np.arange(1.0, n + 1),
        "t_ic_s": t,
        "t_to_s": t + contact / 1000,
        "flight_ms": 360 - contact,
        "stride_ms": np.full(n, 720.0),
        "cadence_spm": np.full(n, 166.7),
        "offset_ms": np.full(n, 190.0),
        **values,
        "valid": (rng.random(n) > 0.03).astype(float),
        "degraded": np.zeros(n),
        "gait": np.full(n, 2.0),
        "faults": faults.astype(float),
    }
    result = ReplayResult(
        path=Path("made-up-run.edf"),
        title="Made-up run",
        synthetic=True,
        duration_s=duration_s,
        athlete={"sex": "F", "mass_kg": 69.0, "height_m": 1.69, "speed_m_s": 3.3},
        settings={"mass_g": 69000, "speed_mm_s": 3300},
        notes=["unknown label ECG ignored"],
        signals=synthetic_signals(duration_s, t, contact / 1000, onset / 1000, rng),
        strides=strides,
        trends=synthetic_trends(t, values),
        gaps=[("EMG", 700.0, 2.4)],
        bursts={
            "channel": np.ones(n),
            "t_on_s": t + onset / 1000,
            "t_off_s": t + 0.19,
            "rms_uv": values["rms_uv"],
            "mnf_hz": values["mnf_hz"],
        },
        spectra=[
            synthetic_spectrum(c, at, peak)
            for c, at, peak in (
                (1, 900, 95),
                (2, 900, 110),
                (1, duration_s, 82),
                (2, duration_s, 101),
            )
        ],
    )
    result.warnings = [
        {
            "t_s": 0.0,
            "level": 0,
            "name": "insufficient",
            "confidence_pct": 0,
            "attribution": "none",
            "reasons": [],
            "faults": [],
        },
        {
            "t_s": 900.0,
            "level": 1,
            "name": "fresh",
            "confidence_pct": 71,
            "attribution": "none",
            "reasons": [],
            "faults": [],
        },
        {
            "t_s": HEAVY_FROM_S,
            "level": 3,
            "name": "heavy",
            "confidence_pct": 62,
            "attribution": "peripheral",
            "faults": [],
            "reasons": ["contact longer", "stiffness lower", "EMG amplitude higher"],
        },
    ]
    result.truth = {
        "annotations": [
            (60.0 * m, f"FATIGUE={tired(np.array(60.0 * m)):.2f}")
            for m in range(int(duration_s // 60))
        ]
        + [(0.0, "LEVEL=1"), (1200.0, "LEVEL=3"), (1500.0, "HEAVY=6"), (2100.0, "HEAVY=8")],
        "comparison": {
            "ic": {
                "truth": n,
                "found": n - 3,
                "missed": 3,
                "false": 1,
                "bias_ms": 1.4,
                "sd_ms": 3.3,
                "mae_ms": 2.9,
            },
            "contact": {"truth": n, "found": n - 3, "bias_ms": -0.5, "sd_ms": 6.6, "mae_ms": 5.2},
        },
    }
    result.summary = {
        "firmware_version": "0.1.0",
        "x_real_time": 38.2,
        "heap_bytes_hot_path": 0,
        "counts": {
            "strides": n,
            "valid": int(strides["valid"].sum()),
            "emg_lost": 2400,
            "imu_lost": 0,
        },
        "features": {
            name: {
                "domain": domain,
                "unit": "",
                "baseline": interval(values[name][500:1250]),
                "current": interval(values[name][-100:]),
            }
            for name, domain in wire.FEATURES
            if name in values
        },
    }
    return result


def interval(values: np.ndarray) -> dict[str, float]:
    middle = float(np.median(values))
    half = float(1.96 * 1.2533 * values.std() / np.sqrt(len(values)))
    return {"value": middle, "low": middle - half, "high": middle + half, "n": len(values)}


def synthetic_signals(duration_s, t_ic, contact_s, onset_s, rng):
    def clocked(rate):
        t = np.arange(int(duration_s * rate)) / rate
        which = np.clip(np.searchsorted(t_ic, t) - 1, 0, len(t_ic) - 1)
        return t, t - t_ic[which], which

    t, since, which = clocked(IMU_HZ)
    stance = (since > 0) & (since < contact_s[which])
    impact = np.exp(-(((since - 0.033) / 0.012) ** 2)) * 9
    acc_y = 1 + impact + 1.6 * np.sin(np.pi * np.clip(since / contact_s[which], 0, 1)) * stance
    gyr_z = 480 * np.exp(-(((since - 0.5) / 0.09) ** 2)) - 260 * stance
    gyr_z -= 240 * np.exp(-(((since - 0.24) / 0.04) ** 2))
    noise = rng.standard_normal((6, len(t))) * np.array([[0.1], [0.1], [0.1], [8], [8], [8]])
    noise[0] += 0.3 * impact
    noise[1] += acc_y
    noise[5] += gyr_z
    t, since, which = clocked(EMG_HZ)
    next_in = t_ic[np.minimum(which + 1, len(t_ic) - 1)] - t
    rise = np.exp(-(((since - 0.06) / 0.07) ** 2)) + np.exp(-((next_in / 0.05) ** 2))
    emg = rng.standard_normal(len(t)) * (5 + 320 * rise * (1 + 0.18 * tired(t)))
    labels = ("ACC X", "ACC Y", "ACC Z", "GYR X", "GYR Y", "GYR Z")
    signals = {"EMG GM": (EMG_HZ, emg), "EMG SO": (EMG_HZ, emg[::-1])}
    signals |= {label: (IMU_HZ, v) for label, v in zip(labels, noise, strict=True)}
    signals["TEMP SKIN"] = (1.0, np.linspace(30, 33, int(duration_s)))
    return signals


def synthetic_trends(t, values):
    blocks = len(t) // 25
    at = t[: blocks * 25].reshape(blocks, 25)[:, -1]
    phase = np.select([at < 360, at < 900], [0.0, 1.0], 2.0)
    trends = {
        "t_s": at,
        "phase": phase,
        "strides": np.arange(1, blocks + 1) * 25.0,
        "level": np.where(at > HEAVY_FROM_S, 3.0, 1.0),
        "confidence_pct": np.full(blocks, 62.0),
    }
    learned = phase >= 1
    scores: dict[str, list[np.ndarray]] = {}
    for name, domain in wire.FEATURES:
        raw = values.get(name)
        if raw is None:
            raw = 12 + 0.8 * np.sin(np.arange(len(t)))
        median = np.median(raw[: blocks * 25].reshape(blocks, 25), axis=1)
        expected = np.median(median[phase == 1])
        spread = 1.4826 * np.median(np.abs(median[phase == 1] - expected)) * 2
        trends[f"{name}.median"] = median
        trends[f"{name}.expected"] = np.where(learned, expected, np.nan)
        told = spread / expected / np.log(2) if name == "finsm5" else spread  # octaves
        trends[f"{name}.spread"] = np.where(learned, told, np.nan)
        z = np.where(phase == 2, np.clip((median - expected) / spread, -4, 4), np.nan)
        trends[f"{name}.z"] = z
        scores.setdefault(domain, []).append(z)
    for domain, zs in scores.items():
        stack = np.stack(zs)
        largest = np.nan_to_num(np.abs(stack)).argmax(axis=0)
        trends[f"score_{domain}"] = np.take_along_axis(stack, largest[None], axis=0)[0]
    return trends


def synthetic_spectrum(channel, t_s, peak):
    hz = np.arange(wire.SPECTRUM_BINS) * 1000 / 256
    power = (hz / peak) ** 2 * np.exp(-hz / peak * 2) * (hz > 15)
    return {"channel": channel, "t_s": float(t_s), "strides": 100, "hz": hz, "power": power}


def only(signals: dict, *kinds: str) -> dict:
    return {label: v for label, v in signals.items() if label.startswith(kinds)}


def without_emg(run: ReplayResult) -> ReplayResult:
    """Accelerometer only, ten seconds, as a short treadmill recording: no baseline, no level."""
    keep = run.strides["t_ic_s"] < 9
    unknown = {
        "kvert_kn_m",
        "kleg_kn_m",
        "fmax_n",
        "onset_ms",
        "lag_ms",
        "rms_uv",
        "mnf_hz",
        "mdf_hz",
        "finsm5",
        "offset_ms",
        "pushoff_dps",
    }
    strides = {k: np.where(k in unknown, np.nan, v[keep]) for k, v in run.strides.items()}
    strides["degraded"] = np.ones(int(keep.sum()))
    return replace(
        run,
        duration_s=10.0,
        strides=strides,
        bursts={},
        trends={},
        spectra=[],
        warnings=[],
        gaps=[],
        summary={},
        athlete={},
        signals={
            k: (rate, v[: int(10 * rate)]) for k, (rate, v) in only(run.signals, "ACC").items()
        },
    )


def contractions_only(run: ReplayResult) -> ReplayResult:
    """EMG without any motion sensor: bursts, no strides."""
    t_on = np.arange(1.0, 49.0, 4.0)
    rng = np.random.default_rng(3)
    emg = rng.standard_normal(50_000) * 6
    for t in t_on:
        emg[int(t * 1000) : int(t * 1000) + 1800] *= 40
    bursts = {
        "channel": np.ones(12),
        "t_on_s": t_on,
        "t_off_s": t_on + 1.8,
        "rms_uv": 240 + 4 * np.arange(12.0),
        "mnf_hz": 86 - 1.2 * np.arange(12.0),
    }
    return replace(
        run,
        duration_s=50.0,
        strides={},
        trends={},
        spectra=[],
        warnings=[],
        gaps=[],
        truth=None,
        summary={"counts": {"strides": 0, "bursts": 12}},
        bursts=bursts,
        signals={"EMG TA": (EMG_HZ, emg)},
    )


def nothing_found(run: ReplayResult) -> ReplayResult:
    """A recording of silence: every table empty."""
    return replace(
        run,
        duration_s=12.0,
        strides={},
        trends={},
        spectra=[],
        warnings=[],
        gaps=[],
        bursts={},
        truth=None,
        summary={},
        notes=[],
        signals={"TEMP SKIN": (1.0, np.full(12, 31.0))},
    )


def walking(run: ReplayResult) -> ReplayResult:
    """Strides, none of them valid."""
    keep = run.strides["t_ic_s"] < 60
    strides = {k: v[keep] for k, v in run.strides.items()}
    strides |= {"valid": np.zeros(int(keep.sum())), "gait": np.ones(int(keep.sum()))}
    strides |= {k: np.full(int(keep.sum()), np.nan) for k in ("flight_ms", "kvert_kn_m")}
    return replace(
        run,
        duration_s=60.0,
        strides=strides,
        bursts={k: v[keep] for k, v in run.bursts.items()},
        signals={k: (rate, v[: int(60 * rate)]) for k, (rate, v) in run.signals.items()},
        trends={},
        spectra=[],
        gaps=[],
        warnings=run.warnings[:1],
        summary={},
    )


CASES = {f.__name__: f for f in (without_emg, contractions_only, nothing_found, walking)}
