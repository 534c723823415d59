"""Calibration's fits on synthetic captures: the truth they must find, the data they must refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from calibrate_captures import captured
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tools.calibrate import accelerometer, delay, emg, gyroscope, hops, muscle
from host_tools.calibrate.capture import Capture
from host_tools.calibrate.refusal import RefusedError
from host_tools.virtual.bench import signals
from host_tools.virtual.bench.errors import Accelerometer, Emg, Errors, Gyroscope, Setup

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def three(most: float) -> st.SearchStrategy:
    return st.tuples(*[st.floats(-most, most)] * 3)


units_with_errors = st.builds(
    Errors,
    accelerometer=st.builds(
        Accelerometer,
        bias_mg=three(90),
        scale_pct=three(4),
        misalignment_pct=st.tuples(*[st.floats(-2, 2)] * 6),
    ),
    gyroscope=st.builds(Gyroscope, bias_dps=three(9), scale_pct=three(5)),
    emg=st.builds(
        Emg,
        gain_pct=st.tuples(*[st.floats(-10, 10)] * 2),
        offset_uv=st.tuples(*[st.floats(-400, 400)] * 2),
        delay_ms=st.floats(-3.5, 3.5),
    ),
    imu_clock_pct=st.floats(-3, 3),
    seed=st.integers(0, 1000),
)


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@QUICK
@given(units_with_errors)
def test_bias_by_2_mg_or_scale_by_a_thousandth_is_missed(unit: Errors) -> None:
    means = []
    for position in range(1, 7):
        felt = signals.position(position, unit.bench, np.random.default_rng((unit.seed, position)))
        means.append(accelerometer.mean_in_position(captured(felt, unit, 2.0), position))
    found = accelerometer.fit(np.array(means))
    assert np.abs(1000 * found.bias_g - unit.accelerometer.bias_mg).max() < 2
    left = found.correction @ unit.accelerometer.matrix - np.eye(3)
    assert np.abs(np.diag(left)).max() < 0.001
    # Across, the bench's own tilt counts: 0.05 degrees are 0.9 thousandths.
    assert np.abs(left).max() < 0.004
    assert accelerometer.figures(found)["residual_rms_mg"] < 2


@QUICK
@given(units_with_errors)
def test_rate_by_a_tenth_of_a_degree_or_scale_by_a_thousandth_is_missed(unit: Errors) -> None:
    still = signals.position(5, unit.bench, rng())
    bias = gyroscope.bias_dps(captured(still, unit, 5.0))
    assert np.abs(np.array(bias) - unit.gyroscope.bias_dps).max() < 0.1
    for axis in range(3):
        turn = captured(signals.turn(axis, unit.bench), unit, 6.5)
        found = gyroscope.turned(turn, axis, 360)
        assert abs(found["scale_pct"] - unit.gyroscope.scale_pct[axis]) < 0.1


@QUICK
@given(units_with_errors, st.sampled_from([40.0, 100.0, 237.0]))
def test_gain_by_a_thousandth_is_missed(unit: Errors, hz: float) -> None:
    unit = replace(unit, bench=Setup(signal_hz=hz, signal_uv=700))
    found = emg.test_signal(captured(signals.test_signal(unit.bench), unit, 4.0), 700, hz)
    assert np.abs(np.array(found["gain_pct"]) - unit.emg.gain_pct).max() < 0.1
    shorted = emg.shorted(captured(signals.position(5, unit.bench, rng()), unit, 5.0))
    assert np.abs(np.array(shorted["offset_uv"]) - unit.emg.offset_uv).max() < 1


@QUICK
@given(units_with_errors, st.floats(0, 1))
def test_delay_by_a_third_of_a_millisecond_is_missed(unit: Errors, phase: float) -> None:
    taps = signals.taps(unit.bench, np.random.default_rng(unit.seed))
    found = delay.of_taps(captured(taps, unit, 12.0, phase=phase))
    assert abs(found["delay_ms"] - unit.emg.delay_ms) < 0.3
    assert found["taps"] >= 10


def test_noise_mains_contractions_or_hops_are_measured_wrong() -> None:
    unit = Errors(emg=Emg(noise_uv=(1.6, 0.7), mains_uv=0.5))
    found = emg.shorted(captured(signals.position(5, unit.bench, rng()), unit, 8.0))
    for noise, true in zip(found["noise_uv"], (1.6, 0.7), strict=True):
        assert abs(noise / np.hypot(true, 0.5) - 1) < 0.05
    assert np.abs(np.array(found["mains_uv"]) - 0.5).max() < 0.06 and found["mains_hz"] == 50
    for channel in range(2):
        felt = signals.contractions(channel, unit.bench, rng())
        best = muscle.strongest(captured(felt, unit, 15.5), channel)["mvc_uv"]
        assert 0.95 < best / unit.bench.mvc_uv[channel] < 1.2
    found = hops.of_hops(captured(signals.hops(unit.bench, rng()), unit, 9.5), 70.0)
    assert abs(found["contact_ms"] - 185) < 8 and abs(found["flight_ms"] - 310) < 8
    assert found["hops"] == 10
    # Dalleau et al.: 70 kg, 185 ms, 310 ms.
    assert abs(hops.stiffness_kn_m(70, 0.185, 0.310) - 28.6) < 0.1


def still(**errors: Any) -> Capture:
    return captured(signals.position(5, Setup(), rng()), Errors(**errors), 3.0)


def with_emg(wave_uv: np.ndarray) -> Capture:
    raw = np.stack([wave_uv, wave_uv], axis=1) / 0.25
    return Capture(np.rint(raw).astype(np.int16), still().imu)


def sine(uv: float, hz: float, seconds: float = 4.0) -> np.ndarray:
    return np.sqrt(2) * uv * np.sin(2 * np.pi * hz * np.arange(int(1000 * seconds)) / 1000)


def of(felt: signals.Felt, seconds: float, **more: Any) -> Capture:
    return captured(felt, Errors(), seconds, **more)


def saturated() -> Capture:
    capture = still()
    capture.imu = capture.imu.copy()
    capture.imu[100, 4] = 32767
    return capture


def frozen() -> Capture:
    capture = still()
    capture.imu = np.repeat(capture.imu[:1], len(capture.imu), axis=0)
    return capture


def abrupt() -> signals.Felt:
    felt = signals.turn(0, Setup())
    return replace(felt, force_g=felt.force_g[12_000:], rate_dps=felt.rate_dps[12_000:])


def turned_back() -> signals.Felt:
    felt = signals.turn(0, Setup(turn_deg=370))
    n = len(felt.rate_dps)
    felt.rate_dps[n // 2 :] *= -0.9
    return felt


def few_taps() -> Capture:
    capture = of(signals.taps(Setup(), rng()), 12.0)
    return Capture(capture.emg[:4000], capture.imu[:3400], 0, 0, capture.told)


def taps_beside() -> Capture:
    capture = of(signals.taps(Setup(), rng()), 12.0)
    return replace(
        capture,
        emg=np.zeros_like(capture.emg) + rng().integers(-3, 4, capture.emg.shape).astype(np.int16),
    )


def weak_muscle() -> Capture:
    return of(signals.standing(Setup(), rng()), 15.0)


def shaking_table() -> Capture:
    capture = still()
    shake = np.zeros(capture.imu.shape, dtype=np.int16)
    shake[:, 0] = 60 * np.sin(2 * np.pi * 100 * np.arange(len(shake)) / 833)
    return replace(capture, imu=capture.imu + shake)


def lying(capture: Capture, position: int) -> Callable[[], Any]:
    return lambda: accelerometer.mean_in_position(capture, position)


def turning(felt: signals.Felt, axis: int = 0, **more: Any) -> Callable[[], Any]:
    return lambda: gyroscope.turned(of(felt, 6.5, **more), axis, 360)


def signal_of(wave_uv: np.ndarray) -> Callable[[], Any]:
    return lambda: emg.test_signal(with_emg(wave_uv), 500, 100)


Z = Setup()
LEANING = signals.Felt(np.array([[0.6, 0.0, 0.8]]), np.zeros((1, 3)), np.zeros((1, 2)))
LOUD = np.clip(sine(7000, 100), -8191, 8191)
REFUSALS: dict[str, tuple[Callable[[], Any], str]] = {
    "moved": (lying(of(signals.wobbling(Z), 3.0), 5), "the unit moved"),
    "table shakes": (lying(shaking_table(), 5), "too noisy"),
    "wrong side up": (lying(still(), 6), r"wrong position: \+z is up"),
    "wrong axis up": (lying(still(), 1), r"not \+x"),
    "leaning": (lying(of(LEANING, 3.0), 5), "is not upright"),
    "saturated": (lambda: gyroscope.bias_dps(saturated()), "the gyroscope was saturated"),
    "frozen": (lambda: gyroscope.bias_dps(frozen()), "the same numbers all the time"),
    "not turned": (lambda: gyroscope.turned(still(), 2, 360), "was not turned"),
    "other axis": (turning(signals.turn(0, Z), 1), "turned about x, not about y"),
    "half a turn": (turning(signals.turn(0, Setup(turn_deg=180))), "about 180 degrees instead of"),
    "forth and back": (turning(turned_back()), "forth and back"),
    "no rest": (turning(abrupt(), before_s=0.0), "did not rest"),
    "no signal": (lambda: emg.test_signal(still(), 500, 100), "no signal of 100 Hz"),
    "dead channel": (signal_of(np.zeros(4000)), "is dead"),
    "wrong size": (signal_of(sine(300, 100)), "instead of 500"),
    "wrong frequency": (signal_of(sine(500, 104)), r"of 104.0 Hz, not of 100"),
    "distorted": (signal_of(sine(500, 100) + sine(60, 230)), "too noisy"),
    "EMG clipped": (signal_of(LOUD), "saturated"),
    "not shorted": (lambda: emg.shorted(with_emg(sine(90, 50))), "too noisy for shorted inputs"),
    "muscle works": (lambda: emg.contact(with_emg(sine(200, 120))), "not at ease"),
    "few taps": (lambda: delay.of_taps(few_taps()), "too few taps"),
    "no artefact": (lambda: delay.of_taps(taps_beside()), "do not show in the EMG"),
    "clocks unknown": (lambda: delay.of_taps(replace(still(), told=[])), "not yet told"),
    "no contraction": (lambda: muscle.strongest(weak_muscle(), 0), "too few contractions"),
    "only mains": (lambda: muscle.strongest(with_emg(sine(100, 50, 15)), 0), "mains is louder"),
    "no hops": (lambda: hops.of_hops(still(), 70), "too few hops"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_data_is_taken(name: str) -> None:
    measure, says = REFUSALS[name]
    with pytest.raises(RefusedError, match=says):
        measure()
