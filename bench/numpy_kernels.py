"""The kernels as NumPy and SciPy calls over the whole input; one line "name ns -" for each.

python -m bench.numpy_kernels FOLDER MIN_MS
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import signal

from bench import numpy_chain

EMG_HZ = 1000.0
AXIS = np.array([9000, -11000, 8200]) / 2**14


def kernels(folder: Path) -> dict[str, tuple[Callable[[], object], int]]:
    """name -> (call, items it handles)."""
    x = np.fromfile(folder / "emg.i16", "<i2").reshape(-1, 2)[:, 0].astype(float)
    imu = np.fromfile(folder / "imu.i16", "<i2").reshape(-1, 6).astype(float)
    acc, gyr = np.ascontiguousarray(imu[:, :3]), np.ascontiguousarray(imu[:, 3:])
    fast = np.fromfile(folder / "words.i32", "<i4").reshape(-1, 2) / 65536
    windows = x.reshape(-1, 256)
    clean = np.vstack(
        (
            signal.butter(2, 20, "highpass", fs=EMG_HZ, output="sos"),
            signal.butter(2, 450, fs=EMG_HZ, output="sos"),
            signal.tf2sos(*signal.iirnotch(50, 20, fs=EMG_HZ)),
        )
    )
    return {
        "decimate-8-to-1-kHz": (lambda: signal.resample_poly(fast, 1, 8), fast.size // 8),
        "condition": (lambda: signal.sosfilt(clean, x), len(x)),
        "burst-sense": (lambda: (numpy_chain.envelope(x), numpy_chain.tkeo(x)), len(x)),
        "power-spectrum-256": (lambda: signal.periodogram(windows, EMG_HZ, "hann"), len(windows)),
        "condense": (
            lambda: (numpy_chain.magnitude(acc), imu.reshape(-1, 4, 6).mean(axis=1)),
            len(acc),
        ),
        "projection": (lambda: gyr @ AXIS, len(gyr)),
    }


def best_ns(call: Callable[[], object], min_ns: float) -> float:
    """The fastest of at least three calls, and of as many as fit into `min_ns`."""
    times: list[int] = []
    while len(times) < 3 or sum(times) < min_ns:
        started = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - started)
    return min(times)


def main() -> None:
    folder, min_ms = Path(sys.argv[1]), float(sys.argv[2])
    for name, (call, items) in kernels(folder).items():
        print(name, f"{best_ns(call, min_ms * 1e6) / items:.3f}", "-")


if __name__ == "__main__":
    main()
