"""Design every fixed-point filter of the firmware and print its literals.

Run `python -m host_tools.design_filters`; a test checks that firmware/band holds what this prints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, signal

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


FIRST_STEP, SECOND_STEP = 4, 2  # 8 -> 2 -> 1 kHz
FIRST_TAPS = 11
# Half-band, but for the pairs at 2 and 4, which make up for the droop of the first stage.
SECOND_DISTANCES = (0, 1, 2, 3, 4, 5, 7, 9, 11, 13)
PASS_HZ, STOP_HZ = 410, 590
_RIPPLE_DB = 0.085
_STEP_HZ = 5


def _cosines(distances: Sequence[int], f_hz: np.ndarray, rate_hz: float) -> np.ndarray:
    """(frequencies, distances): response of a pair of ones so far from the middle."""
    ones = np.where(np.array(distances) == 0, 1.0, 2.0)
    return ones * np.cos(2 * np.pi * np.outer(f_hz, distances) / rate_hz)


def _flattest(pairs: np.ndarray, loud: np.ndarray, passed: np.ndarray | None) -> np.ndarray:
    """Taps whose largest |response| in the rows `loud` is least, with 1 at DC, which is pairs[0].

    passed: rows that stay within the ripple of 1, if any.
    """
    n = pairs.shape[1]
    rows = [np.column_stack([sign * loud, -np.ones(len(loud))]) for sign in (1, -1)]
    most = [np.zeros(len(loud))] * 2
    if passed is not None:
        over = 10 ** (_RIPPLE_DB / 20)
        for sign, limit in ((1, over), (-1, -1 / over)):
            rows.append(np.column_stack([sign * passed, np.zeros(len(passed))]))
            most.append(np.full(len(passed), limit))
    found = optimize.linprog(
        np.append(np.zeros(n), 1.0),
        np.vstack(rows),
        np.concatenate(most),
        np.append(pairs[0], 0.0)[None, :],
        [1.0],
        bounds=[(None, None)] * (n + 1),
    )
    return found.x[:n]


def _rounded(taps: np.ndarray, bits: int) -> list[int]:
    """By distance, with unity at DC: what rounding lacks goes into the middle."""
    side = [round(tap * (1 << bits)) for tap in taps]
    side[0] = (1 << bits) - 2 * sum(side[1:])
    return side


def decimator() -> dict[str, dict[int, int]]:
    """Taps by stage and distance from the middle: of the first in Q13, of the second in Q12.

    Each stage is a linear programme (Rabiner 1972). The first only has to be quiet where it folds
    onto what the second lets pass; the second is flat together with it. Three rounds, as each
    depends on the other.
    """
    f_hz = np.arange(0, 4 * EMG_RATE_HZ + 1, _STEP_HZ)
    low_hz = f_hz[f_hz <= EMG_RATE_HZ]
    first_pairs = _cosines(range(FIRST_TAPS // 2 + 1), f_hz, ADC_RATE_HZ)
    second_pairs = _cosines(SECOND_DISTANCES, f_hz, ADC_RATE_HZ / FIRST_STEP)
    weight = (np.abs((f_hz + 1000) % 2000 - 1000) <= STOP_HZ).astype(float)
    first = second = np.array([])
    for _ in range(3):
        loud = f_hz > 1200
        first = _flattest(first_pairs, (weight[:, None] * first_pairs)[loud], None)
        both = (first_pairs @ first)[: len(low_hz), None] * second_pairs[: len(low_hz)]
        second = _flattest(both, both[low_hz >= STOP_HZ], both[low_hz <= PASS_HZ])
        weight = np.abs(second_pairs @ second)
    return {
        "first": dict(enumerate(_rounded(first, 13))),
        "second": dict(zip(SECOND_DISTANCES, _rounded(second, 12), strict=True)),
    }


def symmetric(side: dict[int, int]) -> np.ndarray:
    """All taps of a stage, in order."""
    most = max(side)
    return np.array([side.get(abs(k), 0) for k in range(-most, most + 1)])


def decimator_response() -> np.ndarray:
    """Impulse response of both stages together at 8 kHz, unity at DC."""
    first, second = (symmetric(side) for side in decimator().values())
    spread = np.zeros((len(second) - 1) * FIRST_STEP + 1)
    spread[::FIRST_STEP] = second
    return np.convolve(first / first.sum(), spread / second.sum())


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
            f"_{stage.upper()}_{distance}": tap
            for stage, side in decimator().items()
            for distance, tap in side.items()
        },
    }


def main() -> None:
    for file, values in literals().items():
        print(f"# {file}")
        for name, value in values.items():
            print(f"{name} = {value if isinstance(value, tuple) else f'const({value})'}")


if __name__ == "__main__":
    main()
