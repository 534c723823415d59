"""The correction at the source, on the real MicroPython: exact where nothing is known, bounded."""

import json
from fractions import Fraction
from math import floor

import numpy as np
from conftest import MicroPython
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tools.firmware_tables import units, wire

FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
NAMES = [name for name, _, _ in wire.CALIBRATION]
ZERO = dict.fromkeys(NAMES, 0)
RAIL = 32767
SCRIPT = """
import gc, json, micropython, sys
from array import array
from band.unit.correct import Corrections, correct_emg, correct_motion

class Store:
    def get(self, name):
        return values[name[4:]]

values, motion, emg = json.loads(sys.stdin.read())
corrections = Corrections()
corrections.load(Store())
motion = array("H", [v & 0xFFFF for v in motion])
emg = array("H", [v & 0xFFFF for v in emg])
gc.collect()
gc.disable()

def run():
    before = gc.mem_alloc()
    micropython.heap_lock()
    if corrections.motion is not None:
        correct_motion(motion, len(motion) // 6, corrections.motion)
    if corrections.emg is not None:
        correct_emg(emg, len(emg) // 2, corrections.emg)
    micropython.heap_unlock()
    return gc.mem_alloc() - before

grown = run()
print(json.dumps([[(v ^ 0x8000) - 0x8000 for v in motion], [(v ^ 0x8000) - 0x8000 for v in emg],
                  corrections.motion is None and corrections.emg is None,
                  list(corrections._motion), list(corrections._emg), grown]))
"""

a_calibration = st.fixed_dictionaries(
    {
        name: st.one_of(st.sampled_from([low, high, 0]), st.integers(low, high))
        for name, low, high in wire.CALIBRATION
    }
)
a_sample = st.one_of(
    st.integers(-32768, 32767), st.sampled_from([-32768, -32767, -32766, 32766, 32767, 0])
)


def corrected(run_micropython: MicroPython, values, motion, emg):
    given_to = json.dumps([values, list(map(int, motion)), list(map(int, emg))]).encode()
    said = run_micropython(SCRIPT, stdin=given_to)
    return json.loads(said.stdout)


def test_an_uncalibrated_unit_changes_a_sample(run_micropython: MicroPython) -> None:
    """Every value on every axis; also through the kernels, whose factors are then all 0."""
    every = np.arange(-32768, 32768)
    motion, emg = np.repeat(every, 6), np.repeat(every, 2)
    out = corrected(run_micropython, ZERO, motion, emg)
    assert out[2] is True
    # One value of another part of the table makes the kernel run over axes that are as they were.
    nearly = {**ZERO, "gyr_bias_z_mdps": 70, "emg2_offset_nv": 250}
    out = corrected(run_micropython, nearly, motion, emg)
    axes, channels = np.array(out[0]).reshape(-1, 6), np.array(out[1]).reshape(-1, 2)
    assert np.array_equal(axes[:, :5], motion.reshape(-1, 6)[:, :5])
    assert np.array_equal(channels[:, 0], every)
    inner = slice(2, -1)
    assert np.array_equal(axes[inner, 5], np.maximum(every[inner] - 1, -RAIL))
    assert np.array_equal(channels[inner, 1], np.maximum(every[inner] - 1, -RAIL))


def rounded(x: Fraction) -> int:
    return floor(x + Fraction(1, 2))


@settings(max_examples=25, deadline=None, suppress_health_check=FIXTURES)
@given(
    a_calibration,
    st.lists(a_sample, min_size=60, max_size=60),
    st.lists(a_sample, min_size=20, max_size=20),
)
def test_a_correction_is_off_overflows_or_allocates(
    run_micropython: MicroPython, values: dict[str, int], motion: list[int], emg: list[int]
) -> None:
    got_motion, got_emg, _, kept_motion, kept_emg, grown = corrected(
        run_micropython, values, motion, emg
    )
    assert grown == 0
    # What viper loads from an array must not be negative, nor too large for the band.
    assert all(0 <= word < 1 << 30 for word in kept_motion + kept_emg)
    bias = [Fraction(values[f"acc_bias_{a}_ug"], units.ACC_LSB_UG) for a in "xyz"]
    for at in range(0, len(motion), 6):
        frame = motion[at : at + 6]
        for row, axis in enumerate("xyz"):
            factors = [Fraction(values[f"acc_{axis}{other}_ppm"], 10**6) for other in "xyz"]
            true = frame[row] - bias[row] + sum(
                f * (frame[k] - bias[k]) for k, f in enumerate(factors)
            )  # fmt: skip
            judged(frame[row], true, got_motion[at + row], factors=3)
            most = sum(abs(round(65536 * f)) * 32768 for f in factors)
            assert most + abs(kept_motion[4 * row + 3] - (1 << 29)) + 32768 < 1 << 31
            scale = Fraction(values[f"gyr_scale_{axis}_ppm"], 10**6)
            off = Fraction(values[f"gyr_bias_{axis}_mdps"], units.GYR_LSB_MDPS)
            judged(frame[3 + row], (1 + scale) * (frame[3 + row] - off), got_motion[at + 3 + row])
    for at, sample in enumerate(emg):
        channel = at % 2 + 1
        gain = Fraction(values[f"emg{channel}_gain_ppm"], 10**6)
        off = Fraction(values[f"emg{channel}_offset_nv"], units.EMG_LSB_NV)
        judged(sample, (1 + gain) * (sample - off), got_emg[at])


def judged(raw: int, true: Fraction, got: int, factors: int = 1) -> None:
    """A rail stays a rail; else within rounding of a sample and of its factors."""
    if raw >= RAIL or raw <= -RAIL:
        assert got == raw
        return
    wanted = max(-RAIL, min(RAIL, rounded(true)))
    allowed = 1 + factors * Fraction(32768, 2 * 65536)
    assert abs(got - wanted) <= allowed and -RAIL <= got <= RAIL
