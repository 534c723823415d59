"""The firmware's integer kernels under the real MicroPython, and the same in float64."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
UNKNOWN = -(1 << 29)
EMG_LSB_UV = 0.25
POINTS = 256
F_HZ = np.arange(POINTS // 2 + 1) * 1000 / POINTS
HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(POINTS) / POINTS)
FIRST_BIN = 3  # 11.7 Hz, as in the firmware
G_M_S2 = 9.81


def micropython(script: str, *args: object, stdin: bytes = b"") -> list[Any]:
    """Run a script with the firmware on its path; the JSON of each line it prints.

    Raises RuntimeError with its last words when it fails.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [Path(sys.executable).parent / "micropython", file.name, *map(str, args)],
            input=stdin,
            capture_output=True,
            env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:.frozen"},
        )
    if done.returncode:
        raise RuntimeError(f"MicroPython: {(done.stdout[-2000:] + done.stderr).decode()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass(frozen=True)
class Morin:
    """The sine-wave model of Morin et al. 2005 in float64; arrays (n,), NaN where unknown."""

    fmax_n: np.ndarray
    kvert_n_m: np.ndarray
    kleg_n_m: np.ndarray


def morin(
    contact_s: np.ndarray,
    stride_s: np.ndarray,
    mass_kg: float | np.ndarray,
    height_m: float | np.ndarray = np.nan,
    speed_m_s: float | np.ndarray = np.nan,
) -> Morin:
    """Flight is half a stride less contact: the two legs are taken as equal."""
    flight_s = stride_s / 2 - contact_s
    fmax = mass_kg * G_M_S2 * np.pi / 2 * (flight_s / contact_s + 1)
    drop = np.abs(fmax * contact_s**2 / (mass_kg * np.pi**2) - G_M_S2 * contact_s**2 / 8)
    leg = 0.53 * np.asarray(height_m)
    with np.errstate(invalid="ignore"):
        shorter = leg - np.sqrt(leg**2 - (speed_m_s * contact_s / 2) ** 2) + drop
    return Morin(fmax, fmax / drop, fmax / shorter)


_SPRING = """
import json, sys
from band.stiffness import SpringMass
for line in sys.stdin:
    mass_g, height_mm, contact_dms, stride_dms, speed_mm_s = map(int, line.split())
    spring = SpringMass(mass_g, height_mm)
    spring.stride(contact_dms, stride_dms, speed_mm_s)
    print(json.dumps([spring.fmax_n, spring.kvert_n_m, spring.kleg_n_m]))
"""


def band_stiffness(cases: np.ndarray) -> np.ndarray:
    """cases int (n, 5): mass g, height mm, contact and stride in 0.1 ms, speed mm/s.

    float64 (n, 3): Fmax N, kvert and kleg N/m; NaN where the firmware does not know.
    """
    text = "\n".join(" ".join(map(str, case)) for case in cases.tolist()) + "\n"
    found = np.array(micropython(_SPRING, stdin=text.encode()), float)
    found[found == UNKNOWN] = np.nan
    return found


_TIMES = """
import json, sys
from band.timebase import Timebase
rate_mhz, quantum = int(sys.argv[1]), 32
timebase = Timebase(rate_mhz, quantum)
done = 0
for line in sys.stdin:
    position_f16 = int(line)
    while (done + quantum) * 16 < position_f16:
        timebase.advance()
        done += quantum
    print(timebase.at_dms(position_f16))
"""


def band_times_dms(positions_f16: np.ndarray, rate_mhz: int) -> np.ndarray:
    """Session times (0.1 ms) that the firmware gives to ascending positions in 1/16 frame."""
    text = "\n".join(map(str, positions_f16.tolist())) + "\n"
    return np.array(micropython(_TIMES, rate_mhz, stdin=text.encode()))


_EMG = """
import json, sys
from array import array
from band.emg import EmgChannel
from band.settings import Settings
settings = Settings()
settings.mains_hz = int(sys.argv[1])
channel = EmgChannel(1, settings)
frames = array("H", bytes(4 * 32))
rec = array("i", [0] * 6)
while True:
    samples = array("H", sys.stdin.buffer.read(64))
    n = len(samples)
    if not n:
        break
    for k in range(n):
        frames[2 * k] = samples[k]
    start = channel.now()
    channel.process(frames, 0, n)
    cleaned = [channel.ring[(start + k) & channel.mask] for k in range(n)]
    bursts = []
    while channel.bursts.queued:
        channel.bursts.take(rec)
        bursts.append(list(rec) + [channel.bursts.noise_q4()])
    print(json.dumps([cleaned, bursts]))
"""


@dataclass(frozen=True)
class Emg:
    """cleaned int16 (n,); bursts (m, 7): channel, on and off (0.1 ms), RMS (0.1 uV), MNF and MDF
    (0.01 Hz), noise power in Q4 of squared LSB."""

    cleaned: np.ndarray
    bursts: np.ndarray


def band_emg(uv: np.ndarray, mains_hz: int = 0) -> Emg:
    """One channel of raw EMG (uV, 1 kHz) through the firmware's filters and burst detector."""
    raw = np.clip(np.round(uv / EMG_LSB_UV), -32767, 32767).astype("<i2")
    lines = micropython(_EMG, mains_hz, stdin=raw.tobytes())
    cleaned = np.array([x for line in lines for x in line[0]], np.uint16).view(np.int16)
    bursts = np.array([burst for line in lines for burst in line[1]], float).reshape(-1, 7)
    return Emg(cleaned, bursts)


_SPECTRA = """
import json, sys
from array import array
from band.spectrum import StrideSpectrum
samples = array("H", sys.stdin.buffer.read())
average = StrideSpectrum()
for k in range(len(samples) // 256):
    average.add(samples, 0xffffff, 256 * k)
    average.indices()
    print(json.dumps([average.mnf_chz, average.mdf_chz, average.finsm5_l2q8]))
"""


def band_indices(windows: np.ndarray) -> np.ndarray:
    """int16 (n, 256) -> float64 (n, 3): MNF Hz, MDF Hz, FInsm5 of the running average.

    NaN until the firmware tells them.
    """
    found = np.array(micropython(_SPECTRA, stdin=windows.astype("<i2").tobytes()), float)
    found[found == UNKNOWN] = np.nan
    return np.column_stack([found[:, 0] / 100, found[:, 1] / 100, 2 ** (found[:, 2] / 256)])


def float_indices(windows: np.ndarray) -> np.ndarray:
    """The same in float64: Hann, FFT, power, average with a memory of 32 windows, indices."""
    power = np.abs(np.fft.rfft(windows * HANN, axis=1)) ** 2
    average = np.zeros(power.shape[1])
    found = []
    f = F_HZ[FIRST_BIN:]
    edges = np.append(f, f[-1] + F_HZ[1]) - F_HZ[1] / 2
    for row in power:
        average = average * 31 / 32 + row
        p = average[FIRST_BIN:]
        mdf = np.interp(0.5, np.append(0, np.cumsum(p)) / p.sum(), edges)
        found.append((np.average(f, weights=p), mdf, (p / f).sum() / (p * f**5).sum()))
    return np.array(found)
