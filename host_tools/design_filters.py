"""Design every fixed-point filter of the firmware and print its literals.

Run `python -m host_tools.design_filters`; a test checks that firmware/band holds what this prints.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import signal

EMG_RATE_HZ = 1000
ADC_RATE_HZ = 8000
Q = 13
DETECT_BAND_HZ = (30, 300)


def q13(value: float) -> int:
    return round(value * (1 << Q))


def band_pass() -> dict[str, int]:
    """Butterworth 20 Hz high-pass and 450 Hz low-pass, zeros exactly at DC, Nyquist."""
    literals: dict[str, int] = {}
    for prefix, kind, corner_hz in (("HP", "highpass", 20), ("LP", "lowpass", 450)):
        b, a = signal.butter(2, corner_hz, kind, fs=EMG_RATE_HZ)
        literals |= {f"_{prefix}_B": q13(b[0])}
        literals |= {f"_{prefix}_A1": q13(a[1]), f"_{prefix}_A2": q13(a[2])}
    return literals


def sine_100() -> tuple[int, ...]:
    """Quarter wave of the notch's reference: 50 and 60 Hz are 5 and 6 periods of 100 ms."""
    return tuple(round(4096 * math.sin(2 * math.pi * k / 100)) for k in range(26))


def quarter_sine() -> tuple[int, ...]:
    """Quarter wave of the FFT's twiddles and window."""
    return tuple(round(16384 * math.sin(2 * math.pi * k / 256)) for k in range(65))


def detector_band() -> dict[str, int]:
    """First-order Butterworth band-pass 30-300 Hz ahead of the TKEO (Solnik 2008)."""
    b, a = signal.butter(1, DETECT_BAND_HZ, "bandpass", fs=EMG_RATE_HZ)
    return {"_BAND_B": q13(b[0]), "_BAND_A1": q13(a[1]), "_BAND_A2": q13(a[2])}


def half_band(taps: int, pass_hz: float, rate_hz: float) -> list[int]:
    """One side of a half-band low-pass, outermost tap first, Q14, unity at DC.

    Every second tap is zero and the middle one is exactly 1/2; only the odd distances are listed.
    """
    stop_hz = rate_hz / 2 - pass_hz
    h = signal.remez(taps, [0, pass_hz, stop_hz, rate_hz / 2], [1, 0], fs=rate_hz)
    middle = taps // 2
    side = [round(h[k] * (1 << 14)) for k in range(0, middle, 2)]
    side[-1] += 4096 - sum(side)
    return side


def decimator() -> dict[str, list[int]]:
    """Half-band stages 8 -> 4 -> 2 -> 1 kHz: flat to 410 Hz, nothing above 590 Hz folds back."""
    return {
        "first": half_band(7, 590, 8000),
        "second": half_band(15, 590, 4000),
        "third": half_band(31, 410, 2000),
    }


def decimator_response() -> np.ndarray:
    """Impulse response of the three stages together at 8 kHz, unity at DC."""
    whole = np.array([1.0])
    for step, side in zip((1, 2, 4), decimator().values(), strict=True):
        taps = np.zeros(4 * len(side) - 1)
        taps[: 2 * len(side) : 2] = side
        taps += taps[::-1]
        taps[2 * len(side) - 1] = 8192
        stage = np.zeros((len(taps) - 1) * step + 1)
        stage[::step] = taps / 16384
        whole = np.convolve(whole, stage)
    return whole


def emg_power(f_hz: np.ndarray) -> np.ndarray:
    """Shape of a surface EMG power spectrum (Shwedyk 1977) with its median near 110 Hz."""
    low_hz, high_hz = 60.0, 120.0
    return high_hz**4 * f_hz**2 / ((f_hz**2 + low_hz**2) * (f_hz**2 + high_hz**2) ** 2)


def band_pass_delay_dms() -> int:
    """Group delay of the band-pass, averaged over the EMG's power spectrum."""
    f_hz = np.linspace(25, 400, 751)
    delay = np.zeros_like(f_hz)
    for kind, corner_hz in (("highpass", 20), ("lowpass", 450)):
        section = signal.butter(2, corner_hz, kind, fs=EMG_RATE_HZ)
        delay += signal.group_delay(section, w=f_hz, fs=EMG_RATE_HZ)[1]
    return round(10 * float(np.average(delay, weights=emg_power(f_hz))))


def literals() -> dict[str, dict[str, int | tuple[int, ...]]]:
    """Everything the firmware carries, by file and name."""
    return {
        "filters.py": {
            **band_pass(),
            "SINE_100": sine_100(),
            "BAND_PASS_DELAY_DMS": band_pass_delay_dms(),
        },
        "activity.py": {**detector_band()},
        "fft.py": {"QUARTER_SINE": quarter_sine()},
        "decimate.py": {
            f"_{stage[0].upper()}{stage[1:3].upper()}{2 * (len(side) - k) - 1}": tap
            for stage, side in decimator().items()
            for k, tap in enumerate(side)
        },
    }


def main() -> None:
    for file, values in literals().items():
        print(f"# {file}")
        for name, value in values.items():
            print(f"{name} = {value if isinstance(value, tuple) else f'const({value})'}")


if __name__ == "__main__":
    main()
