"""Published onset detectors, plain NumPy, and two packages that a user would pick.

A detector takes uv, zero-phase band-passed 20-450 Hz EMG (n,) in uV at 1 kHz with the mains line
taken out, and `rest`, samples known to be rest; it returns where the muscle is active, bool (n,).
Unlike the firmware, all of them see the whole recording, and are told the rest and the mains.
Bursts shorter than 30 ms are dropped and gaps shorter than 30 ms closed, as Bonato proposes.
"""

from __future__ import annotations

import importlib.util
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import signal

RATE_HZ = 1000
SHORTEST_MS = 30

Detector = Callable[[np.ndarray, np.ndarray], np.ndarray]


def clean(uv: np.ndarray, mains_hz: float) -> np.ndarray:
    """Zero-phase 20-450 Hz band-pass and, unless mains_hz is 0, notch: what a peer is given."""
    band = signal.butter(2, [20, 450], "bandpass", fs=RATE_HZ, output="sos")
    passed = np.asarray(signal.sosfiltfilt(band, uv))
    if not mains_hz:
        return passed
    b, a = signal.iirnotch(mains_hz, 30, fs=RATE_HZ)
    return np.asarray(signal.filtfilt(b, a, passed))


def bursts_ms(active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of active stretches in ms, short gaps closed, then short ones dropped."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(int), [0]])))
    on, off = edges[::2], edges[1::2]
    if len(on) > 1:
        real = on[1:] - off[:-1] >= SHORTEST_MS
        on, off = on[np.concatenate([[True], real])], off[np.concatenate([real, [True]])]
    keep = off - on >= SHORTEST_MS
    return on[keep].astype(float), off[keep].astype(float)


def bonato(uv: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Bonato, D'Alessio, Knaflitz 1998: z = (x1^2 + x2^2) / s^2 of pairs above the first threshold
    (5 % of rest is) in at least 3 of 5 successive pairs."""
    power = (uv / rest.std()) ** 2
    pairs = power[: len(power) // 2 * 2].reshape(-1, 2).sum(1) > -2 * np.log(0.05)
    many = np.convolve(pairs, np.ones(5), "full")[4:] >= 3
    return np.pad(np.repeat(many, 2), (0, len(uv) - 2 * len(many)))


def hodges_bui(uv: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Hodges & Bui 1996: rectified, low-passed 50 Hz, mean of 25 ms above mean + 3 SD of rest."""
    b, a = signal.butter(2, 50, fs=RATE_HZ)
    level, quiet = (signal.filtfilt(b, a, np.abs(x)) for x in (uv, rest))
    ahead = np.convolve(level, np.ones(25) / 25, "full")[24:]
    return ahead > quiet.mean() + 3 * quiet.std()


def lidierth(uv: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Lidierth 1986: rectified, mean of 10 ms above mean + 3 SD of rest, dips of 10 ms allowed."""
    level, quiet = (np.convolve(np.abs(x), np.ones(10) / 10, "same") for x in (uv, rest))
    above = level > quiet.mean() + 3 * quiet.std()
    return signal.medfilt(above.astype(float), 21) > 0.5


def tkeo_solnik(uv: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Solnik 2008: TKEO of 30-300 Hz, rectified, 50 Hz, above mean + 3 SD of rest for 25 ms."""
    band = signal.butter(2, [30, 300], "bandpass", fs=RATE_HZ, output="sos")
    b, a = signal.butter(2, 50, fs=RATE_HZ)

    def energy(x: np.ndarray) -> np.ndarray:
        x = np.asarray(signal.sosfiltfilt(band, x))
        teager = np.pad(x[1:-1] ** 2 - x[:-2] * x[2:], 1, mode="edge")
        return np.asarray(signal.filtfilt(b, a, np.abs(teager)))

    quiet = energy(rest)
    above = energy(uv) > quiet.mean() + 3 * quiet.std()
    long = np.convolve(above, np.ones(25), "full")[24:] >= 25
    return np.convolve(long, np.ones(25), "full")[: len(uv)] > 0


def neurokit(method: str) -> Detector:
    """neurokit2's emg_activation with its own cleaning-free amplitude and default settings."""

    def detect(uv: np.ndarray, rest: np.ndarray) -> np.ndarray:
        import neurokit2  # pyright: ignore[reportMissingImports]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            amplitude = neurokit2.emg_amplitude(uv)
            activity, _ = neurokit2.emg_activation(
                emg_amplitude=amplitude, emg_cleaned=uv, sampling_rate=RATE_HZ, method=method
            )
        return np.asarray(activity["EMG_Activity"]) > 0

    return detect


def myonset(uv: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """myonset's double threshold with its default settings on the rectified signal."""
    tools = _myonset_tools()
    times = np.arange(len(uv)) / RATE_HZ
    quiet = np.abs(rest)
    found = tools.detector_dbl_th(
        uv, times, mbsl=quiet.mean(), stbsl=quiet.std(), baseline=[0, 0.1], sf=RATE_HZ
    )
    active = np.zeros(len(uv), bool)
    for on, off in found:
        active[int(on) : int(off)] = True
    return active


def _myonset_tools() -> types.ModuleType:
    """myonset.emgtools without the package's __init__, which asks for a screen (PyQt5)."""
    name = "myonset.emgtools"
    if name not in sys.modules:
        spec = importlib.util.find_spec("myonset")
        assert spec is not None and spec.origin
        package = types.ModuleType("myonset")
        package.__path__ = [str(Path(spec.origin).parent)]
        sys.modules["myonset"] = package
    return importlib.import_module(name)


# Name -> detector, and the package it needs.
PEERS: dict[str, tuple[Detector, str]] = {
    "Bonato": (bonato, ""),
    "Hodges-Bui": (hodges_bui, ""),
    "Lidierth": (lidierth, ""),
    "TKEO, Solnik": (tkeo_solnik, ""),
    "neurokit2 threshold": (neurokit("threshold"), "neurokit2"),
    "neurokit2 mixture": (neurokit("mixture"), "neurokit2"),
    "neurokit2 biosppy": (neurokit("biosppy"), "neurokit2"),
    "myonset double threshold": (myonset, "myonset"),
}


def missing(package: str) -> str:
    """Why a peer is left out; "" where its package is installed."""
    if not package or importlib.util.find_spec(package):
        return ""
    return f"{package} is not installed (pip install '.[peers]')"
