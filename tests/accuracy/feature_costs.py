"""What integers cost: each feature of the firmware against float64 from the same input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from host_tools.athlete import athlete_from_patient
from host_tools.band_input import BandInput, band_input
from host_tools.recording import Recording, read_recording
from tests.accuracy import band
from tests.accuracy.runs import Replay
from tests.accuracy.shank import truth_times

WINDOW_BEFORE_S = 0.050
SEED = 1
ACC_LSB_G = 0.000976
GYR_LSB_DPS = 0.07


@dataclass(frozen=True)
class Cost:
    """Error of one feature computed in integers, against float64 from the same input."""

    kind: str  # real or synthetic input
    feature: str
    unit: str
    source: str
    count: int
    rms: float
    largest: float
    largest_pct: float  # of the value; NaN where a percentage says nothing


def cost(
    kind: str,
    feature: str,
    unit: str,
    source: str,
    found: np.ndarray,
    wanted: np.ndarray,
    *,
    relative: bool = True,
) -> Cost:
    known = np.isfinite(found) & np.isfinite(wanted)
    error = (found - wanted)[known]
    if not len(error):
        return Cost(kind, feature, unit, source, 0, np.nan, np.nan, np.nan)
    share = 100 * np.abs(error / wanted[known]).max() if relative else np.nan
    rms, largest = np.sqrt(np.mean(error**2)), np.abs(error).max()
    return Cost(kind, feature, unit, source, len(error), float(rms), float(largest), float(share))


def arithmetic_costs() -> Iterator[Cost]:
    """Times and stiffness over the whole range a runner can have."""
    rng = np.random.default_rng(SEED)
    given = ("synthetic",)
    source = "whole range"
    n = 4000
    positions = np.cumsum(rng.integers(16 * 100, 16 * 900, n))  # 0.12 ... 1.1 s apart
    rates_mhz = (808_000, 833_000, 858_000)
    found_ms = np.array([band.band_times_dms(positions, rate) / 10 for rate in rates_mhz])
    wanted_ms = np.array([positions / 16 / rate * 1e6 for rate in rates_mhz])
    yield cost(*given, "event time", "ms", source, found_ms, wanted_ms, relative=False)
    spans = np.diff(found_ms), np.diff(wanted_ms)
    yield cost(*given, "contact, stride", "ms", source, *spans)

    stride_dms = rng.integers(5000, 9000, n)
    contact_dms = (stride_dms * rng.uniform(0.22, 0.42, n)).astype(int)
    flight_ms = ((stride_dms >> 1) - contact_dms) / 10, (stride_dms / 2 - contact_dms) / 10
    yield cost(*given, "flight", "ms", source, *flight_ms, relative=False)
    cadence_spm = 120 * 10 * 10_000 // stride_dms / 10, 120 * 10_000 / stride_dms
    yield cost(*given, "cadence", "steps/min", source, *cadence_spm)

    mass_g = rng.integers(40_000, 120_000, n)
    height_mm = rng.integers(1450, 2050, n)
    speed_mm_s = rng.integers(2000, 6000, n)
    found = band.band_stiffness(
        np.column_stack([mass_g, height_mm, contact_dms, stride_dms, speed_mm_s])
    )
    model = band.morin(
        contact_dms / 1e4, stride_dms / 1e4, mass_g / 1e3, height_mm / 1e3, speed_mm_s / 1e3
    )
    yield cost(*given, "kvert", "N/m", source, found[:, 1], model.kvert_n_m)
    yield cost(*given, "kleg", "N/m", source, found[:, 2], model.kleg_n_m)
    yield cost(*given, "Fmax", "N", source, found[:, 0], model.fmax_n)


def motion_costs(kind: str, name: str, replay: Replay) -> Iterator[Cost]:
    """kvert, Fmax, shock and push-off of a replayed run, from its own times and frames."""
    recording = read_recording(replay.path)
    fed = band_input(recording)
    strides = replay.columns("strides")
    who = athlete_from_patient(f"{recording.patient} {recording.title}", [])
    if who.mass_kg:
        own = band.morin(strides["contact_ms"] / 1e3, strides["stride_ms"] / 1e3, who.mass_kg)
        yield cost(kind, "kvert", "N/m", name, strides["kvert_kn_m"] * 1000, own.kvert_n_m)
        yield cost(kind, "Fmax", "N", name, strides["fmax_n"], own.fmax_n)
    if fed.imu is None:
        return
    rate_hz = fed.imu_rate_mhz / 1000
    resultant = np.linalg.norm(fed.imu[:, :3] * ACC_LSB_G, axis=1)
    contacts = np.maximum(np.round(strides["t_ic_s"] * rate_hz), 0).astype(int)
    shocks = np.array([resultant[at : at + 67].max(initial=0) for at in contacts])
    yield cost(kind, "tib_peak", "g", name, strides["tib_peak_g"], shocks)
    if fed.present["has_gyr"]:
        found = strides["pushoff_dps"]
        yield cost(kind, "push-off, axis too", "deg/s", name, found, _push_offs(fed, strides))


def _push_offs(fed: BandInput, strides: Mapping[str, np.ndarray]) -> np.ndarray:
    """Fastest backward rotation round toe-off, smoothed over 33 ms as the firmware does.

    About the axis in which the angular rate varies most over the whole run: what the firmware
    loses by its running estimate of that axis is counted, too.
    """
    assert fed.imu is not None
    step_hz = fed.imu_rate_mhz / 4000
    gyr_dps = fed.imu[: len(fed.imu) // 4 * 4, 3:] * GYR_LSB_DPS
    steps = gyr_dps.reshape(-1, 4, 3).mean(axis=1)
    _, axes = np.linalg.eigh(np.cov(steps.T))
    along = steps @ axes[:, -1]
    along *= 1 if along.max() > -along.min() else -1  # nothing is faster than the forward swing
    window = np.hanning(9)[1:-1]
    smooth = np.convolve(along, window / window.sum(), "same")
    middle_s = (strides["t_ic_s"] + strides["t_to_s"]) / 2
    end_s = strides["t_to_s"] + strides["stride_ms"] / 5000
    found = np.full(len(middle_s), np.nan)
    for i in np.flatnonzero(np.isfinite(end_s)):
        around = smooth[int(middle_s[i] * step_hz) : int(end_s[i] * step_hz) + 1]
        found[i] = -around.min() if len(around) else np.nan
    return found


def emg_costs(kind: str, name: str, recording: Recording) -> Iterator[Cost]:
    """Filter, amplitude and spectrum of the first EMG channel."""
    label = next(label for label in recording.channels if label.startswith("EMG "))
    channel = recording.channels[label]
    if channel.rate_hz != 1000:
        raise ValueError(f"{recording.path}: {label} is not sampled at 1000 Hz; give another.")
    emg = band.band_emg(channel.physical)
    bursts = emg.bursts[np.all(emg.bursts != band.UNKNOWN, axis=1)]
    delay_dms = -bursts[:, 1] % 10  # onsets lie on samples, less the filter's delay
    grid_ms = np.unique(delay_dms).size
    yield Cost(
        kind, "onset, offset", "ms", name, len(bursts), grid_ms / 12**0.5, grid_ms / 2, np.nan
    )
    span = ((bursts[:, 1:3] + delay_dms[:, None]) / 10 + 1).astype(int)
    powers = [np.mean(emg.cleaned[on:off].astype(float) ** 2) for on, off in span]
    wanted_uv = np.sqrt(np.array(powers) - bursts[:, 6] / 16) * band.EMG_LSB_UV
    yield cost(kind, "RMS", "uV", name, bursts[:, 3] / 10, wanted_uv)
    windows = _windows(recording, emg.cleaned)
    found, wanted = band.band_indices(windows), band.float_indices(windows)
    for i, (index, unit) in enumerate((("MNF", "Hz"), ("MDF", "Hz"), ("FInsm5", "Hz^-6"))):
        yield cost(kind, index, unit, name, found[:, i], wanted[:, i])


def _windows(recording: Recording, cleaned: np.ndarray) -> np.ndarray:
    """Windows of 256 cleaned samples: at the true contacts, or the stronger half of all.

    int16 (n, 256). Without contacts they overlap by half.
    """
    contacts_s = truth_times(recording, "IC")
    if len(contacts_s):
        starts = ((contacts_s - WINDOW_BEFORE_S) * 1000).astype(int)
    else:
        starts = np.arange(0, len(cleaned) - band.POINTS, band.POINTS // 2)
    starts = starts[(starts >= 0) & (starts + band.POINTS <= len(cleaned))]
    windows = np.array([cleaned[at : at + band.POINTS] for at in starts])
    if len(contacts_s):
        return windows
    power = np.mean(windows.astype(float) ** 2, axis=1)
    return windows[power >= np.median(power)]
