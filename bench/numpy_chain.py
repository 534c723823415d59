"""The same work as one would write it after the run: vectorised NumPy and SciPy, in floats.

    python -m bench.numpy_chain FOLDER       prints one line of JSON

It sees the whole recording at once (filters forwards and backwards), which a band cannot.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy import signal

EMG_HZ = 1000.0
IMU_HZ = 833.0
WINDOW_MS = (-50, 206)  # about initial contact, 256 samples


def emg_filtered(x: np.ndarray) -> np.ndarray:
    """Band-pass 20-450 Hz and mains notch, zero phase; x (n, channels)."""
    band = signal.butter(2, (20, 450), "bandpass", fs=EMG_HZ, output="sos")
    notch = signal.tf2sos(*signal.iirnotch(50, 30, fs=EMG_HZ))
    return signal.sosfiltfilt(np.vstack((band, notch)), x, axis=0)


def envelope(x: np.ndarray) -> np.ndarray:
    low = signal.butter(2, 10, fs=EMG_HZ, output="sos")
    return signal.sosfiltfilt(low, np.abs(x), axis=0)


def tkeo(x: np.ndarray) -> np.ndarray:
    """Teager-Kaiser energy, smoothed at 50 Hz."""
    psi = np.zeros_like(x)
    psi[1:-1] = x[1:-1] ** 2 - x[:-2] * x[2:]
    low = signal.butter(2, 50, fs=EMG_HZ, output="sos")
    return signal.sosfiltfilt(low, np.abs(psi), axis=0)


def bursts(psi: np.ndarray) -> np.ndarray:
    """(start, stop) where psi stays above a threshold from its quiet tenth for >= 25 ms."""
    quiet = psi[psi < np.quantile(psi, 0.3)]
    above = np.diff((psi > quiet.mean() + 8 * quiet.std()).astype(np.int8), prepend=0, append=0)
    spans = np.column_stack((np.flatnonzero(above == 1), np.flatnonzero(above == -1)))
    return spans[spans[:, 1] - spans[:, 0] >= 25]


def magnitude(acc: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,ij->i", acc, acc))


def contacts(imu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Contact and toe-off times in s from impact and shank rate; imu (n, 6) in int16 LSB."""
    total = magnitude(imu[:, :3].astype(float))
    low = signal.butter(2, 15, fs=IMU_HZ, output="sos")
    rate = signal.sosfiltfilt(low, imu[:, 3:].astype(float), axis=0)
    axis = np.linalg.svd(rate[::16], full_matrices=False)[2][0]
    flexion = rate @ axis
    shocks, _ = signal.find_peaks(total, distance=int(0.45 * IMU_HZ), height=2.0 * total.mean())
    shocks = shocks[(shocks > 0.2 * IMU_HZ) & (shocks < len(total) - 0.6 * IMU_HZ)]
    before_ms, after_ms = (-150, -60), (250, 500)
    swing = _windows(flexion, shocks, before_ms).mean()
    trough = _windows(flexion * np.sign(swing), shocks, after_ms).argmin(axis=1)
    # The impact peak follows contact by 30 ms, the early-swing trough toe-off by 110 ms.
    toe_off_s = (shocks + trough) / IMU_HZ + (after_ms[0] - 110) / 1000
    return shocks / IMU_HZ - 0.030, toe_off_s


def _windows(x: np.ndarray, at: np.ndarray, span_ms: tuple[int, int]) -> np.ndarray:
    start, stop = (round(t * IMU_HZ / 1000) for t in span_ms)
    return np.lib.stride_tricks.sliding_window_view(x, stop - start)[at + start]


def stride_spectra(x: np.ndarray, contact_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean frequency of the window about each contact, and of its running average of 30."""
    start = (contact_s * EMG_HZ).astype(int) + WINDOW_MS[0]
    start = start[(start >= 0) & (start + 256 <= len(x))]
    windows = np.lib.stride_tricks.sliding_window_view(x, 256)[start]
    frequency, power = signal.periodogram(windows, EMG_HZ, "hann", axis=1)
    totals = np.cumsum(power, axis=0)
    totals[30:] -= totals[:-30].copy()
    return power @ frequency / power.sum(axis=1), totals @ frequency / totals.sum(axis=1)


def stiffness(contact_s: np.ndarray, flight_s: np.ndarray, mass_kg: float) -> np.ndarray:
    """Vertical stiffness in kN/m (Morin et al. 2005)."""
    force = mass_kg * 9.81 * np.pi / 2 * (flight_s / contact_s + 1)
    drop = np.abs(force * contact_s**2 / (mass_kg * np.pi**2) - 9.81 * contact_s**2 / 8)
    return force / drop / 1000


def chain(emg: np.ndarray, imu: np.ndarray) -> dict:
    """From int16 samples to strides, bursts and spectra; the counts, as a check that it works."""
    x = emg_filtered(emg.astype(float) * 0.25)
    envelope(x)
    psi = tkeo(x)
    found = [bursts(psi[:, channel]) for channel in range(psi.shape[1])]
    contact_s, toe_off_s = contacts(imu)
    mnf, _ = stride_spectra(x[:, 0], contact_s)
    tc = toe_off_s - contact_s
    tf = np.diff(contact_s, append=np.nan) / 2 - tc
    with np.errstate(invalid="ignore"):
        kvert = stiffness(tc, tf, 70.0)
    return {
        "strides": len(contact_s),
        "bursts": sum(map(len, found)),
        "contact_ms": round(float(np.median(tc)) * 1000, 1),
        "mnf_hz": round(float(np.median(mnf)), 1),
        "kvert_kn_m": round(float(np.nanmedian(kvert)), 1),
    }


def main() -> None:
    folder = Path(sys.argv[1])
    emg = np.load(folder / "emg.npy")
    imu = np.load(folder / "imu.npy")
    started = time.perf_counter()
    found = chain(emg, imu)
    found["seconds"] = time.perf_counter() - started
    print(json.dumps(found))


if __name__ == "__main__":
    main()
