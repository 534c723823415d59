"""Spectra and their indices against NumPy on the same windows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import MicroPython
from emg_chain import muscle, quantise

F_HZ = np.arange(129) * 1000 / 256
HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
UNKNOWN = -(1 << 29)

_SCRIPT = """
import json, sys
from array import array
from band.fft import power_spectrum
from band.spectrum import StrideSpectrum
samples = array("H", sys.stdin.buffer.read())
power = array("I", bytes(4 * 129))
average = StrideSpectrum()
rec = array("i", [0] * 133)
for k in range(len(samples) // 256):
    exponent = power_spectrum(samples, 0xffffff, 256 * k, power)
    average.add(samples, 0xffffff, 256 * k)
    average.indices()
    average.export(rec, 1, k)
    print(json.dumps([exponent, list(power), list(rec),
        [average.mnf_chz, average.mdf_chz, average.finsm5_l2q8]]))
"""


def spectra(run_micropython: MicroPython, windows: np.ndarray) -> list:
    """Per window of 256 int16: exponent, power, export record, indices of the average so far."""
    done = run_micropython(_SCRIPT, stdin=windows.astype("<i2").tobytes())
    return [json.loads(line) for line in done.stdout.splitlines()]


def float_power(windows: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(windows * HANN, axis=-1)) ** 2


def float_indices(power: np.ndarray) -> tuple[float, float, float]:
    p, f = power[3:], F_HZ[3:]
    edges = np.append(f, f[-1] + 1000 / 256) - 500 / 256
    mdf = float(np.interp(0.5, np.append(0, np.cumsum(p)) / p.sum(), edges))
    return float(np.average(f, weights=p)), mdf, float((p / f).sum() / (p * f**5).sum())


def faded(power: np.ndarray) -> np.ndarray:
    total = np.zeros(129)
    for row in power:
        total = total * 31 / 32 + row
    return total


def test_synthetic_spectrum_is_noisier_than_73_db(run_micropython: MicroPython):
    rng = np.random.default_rng(1)
    levels = np.repeat([40, 400, 3000, 9000], 15)
    windows = np.round(muscle(rng, 60 * 256).reshape(60, 256) * levels[:, None])
    error_db = []
    for window, (exponent, power, _, _) in zip(
        windows, spectra(run_micropython, windows), strict=True
    ):
        found = np.sqrt(np.array(power) * 2.0**exponent)
        wanted = np.sqrt(float_power(window))
        error_db.append(10 * np.log10((wanted**2).sum() / ((found - wanted) ** 2).sum()))
    assert np.mean(error_db) > 73 - 1
    assert np.min(error_db) > 66


@pytest.mark.parametrize("level", [30, 800, 8000])
def test_synthetic_indices_depart_from_float(run_micropython: MicroPython, level: int):
    rng = np.random.default_rng(level)
    windows = np.round(muscle(rng, 40 * 256).reshape(40, 256) * level)
    windows *= np.exp(0.3 * rng.standard_normal((40, 1)))
    windows = np.clip(np.round(windows), -32767, 32767)
    last = spectra(run_micropython, windows)[-1]
    mnf_hz, mdf_hz, finsm5 = float_indices(faded(float_power(windows)))
    found_mnf, found_mdf, found_finsm5 = last[3]
    assert found_mnf / 100 == pytest.approx(mnf_hz, abs=0.1)
    assert found_mdf / 100 == pytest.approx(mdf_hz, abs=0.2)
    assert 2 ** (found_finsm5 / 256) == pytest.approx(finsm5, rel=0.01)


def test_synthetic_export_overflows_or_misstates_the_power(run_micropython: MicroPython):
    rng = np.random.default_rng(3)
    levels = np.concatenate([np.full(30, 60), np.full(30, 9000), np.full(40, 60)])
    windows = np.round(muscle(rng, 100 * 256).reshape(100, 256) * levels[:, None])
    power = float_power(windows)
    for k, (_, _, rec, _) in enumerate(spectra(run_micropython, windows)):
        assert rec[:3] == [1, k, k + 1]
        assert max(rec[4:]) < 1 << 30
        wanted = faded(power[: k + 1])
        assert np.array(rec[4:]).sum() * 2.0 ** rec[3] == pytest.approx(wanted.sum(), rel=0.01)


def test_synthetic_indices_are_told_before_they_are_worth_it(run_micropython: MicroPython):
    windows = quantise(100 * muscle(np.random.default_rng(4), 25 * 256)).reshape(25, 256)
    told = [row[3] for row in spectra(run_micropython, windows)]
    assert all(indices == [UNKNOWN] * 3 for indices in told[:19])
    assert all(UNKNOWN not in indices for indices in told[19:])


def test_synthetic_silence_divides_by_zero(run_micropython: MicroPython):
    rows = spectra(run_micropython, np.zeros((25, 256)))
    assert rows[-1][2][2] == 0
    assert rows[-1][3] == [UNKNOWN] * 3
