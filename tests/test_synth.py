"""The generator of synthetic runs: its truth, its realism, its faults. All data synthetic."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyedflib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt, welch

from host_tools.synth import (
    Fault,
    RunPlan,
    Segment,
    SyntheticRun,
    Wear,
    draw_athlete,
    draw_course,
    synthesize,
)
from host_tools.synth.fatigue_course import PATTERNS, FatigueCourse
from host_tools.synth.plan import FAULT_KINDS
from host_tools.synth.seeds import stream

AS_SHANK = Wear(0, 0, False)
FRESH = FatigueCourse()


def xyz(run: SyntheticRun, sensor: str) -> np.ndarray:
    return np.stack([run[f"{sensor} {axis}"].values() for axis in "XYZ"], 1)


def resultant(run: SyntheticRun) -> tuple[np.ndarray, np.ndarray]:
    a = np.linalg.norm(xyz(run, "ACC"), axis=1)
    return np.arange(len(a)) / run["ACC X"].rate_hz, a


def window(t: np.ndarray, y: np.ndarray, events: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(events, offsets): y at every event plus every offset."""
    return np.interp(events[:, None] + offsets, t, y)


def inside(t: np.ndarray, run: SyntheticRun) -> np.ndarray:
    """Which samples lie in a burst of channel 1."""
    on, off = run.times("EMG_ON"), run.times("EMG_OFF")
    off = off[off > on[0]]
    return np.searchsorted(on, t, "right") > np.searchsorted(off, t, "right")


@pytest.mark.parametrize("seed", [1, 2, 3, 11])
@pytest.mark.parametrize("speed", [2.6, 4.4])
def test_synthetic_truth_is_off_the_landing(seed: int, speed: float) -> None:
    run = synthesize(RunPlan(seed=seed, minutes=0.5, speed_m_s=speed, course=FRESH))
    t, a = resultant(run)
    offsets = np.arange(-0.06, 0.09, 0.001)
    around = window(t, a, run.times("IC")[1:-1], offsets)
    delay = offsets[around.argmax(1)]
    assert np.mean((delay > 0.015) & (delay < 0.065)) > 0.98
    assert abs(np.median(delay) * 1000 - run.athlete.tib_peak_delay_ms) < 4
    asked = float(run.athlete.tib_peak_g(np.array(speed)))
    assert np.median(around.max(1)) == pytest.approx(asked, rel=0.12)


@pytest.mark.parametrize("seed", [1, 3, 5, 8])
def test_synthetic_rate_has_no_landmarks_at_the_truth(seed: int) -> None:
    run = synthesize(RunPlan(seed=seed, minutes=0.5, wear=AS_SHANK, course=FRESH))
    rate = xyz(run, "GYR")[:, 2]
    t = np.arange(len(rate)) / 833
    ic, to = run.times("IC")[1:-1], run.times("TO")[1:-1]
    near = np.arange(-0.02, 0.02, 0.001)
    at_to = window(t, sosfiltfilt(butter(2, 60, fs=833, output="sos"), rate), to, near)
    off = near[at_to.argmax(1)]
    assert abs(np.median(off)) < 0.007
    assert np.mean(np.abs(off) <= 0.012) > 0.9
    before = np.arange(-0.04, 0.0, 0.001)
    crossing = before[(window(t, rate, ic, before) > 0).sum(1) - 1]
    assert -0.030 <= np.median(crossing) <= -0.004
    trough = window(t, rate, ic, np.arange(0.0, 0.06, 0.001)).min(1)
    swing = window(t, rate, to, np.arange(0.15, 0.45, 0.002)).max(1)
    assert -520 < np.median(trough) < -250
    assert 350 < np.median(swing) < 720


def test_synthetic_shank_angle_drifts_away() -> None:
    run = synthesize(RunPlan(minutes=3, wear=AS_SHANK, course=FRESH))
    rate = xyz(run, "GYR")[:, 2]
    ic = run.times("IC")
    part = rate[round(ic[3] * 833) : round(ic[-3] * 833)]
    bias_dps = 0.5
    assert abs(part.mean()) < bias_dps + 0.2
    stance = np.median(xyz(run, "ACC")[:, 1])
    assert 0.5 < stance < 2.0  # gravity and loading along the tibia, upwards


def test_synthetic_emg_is_active_outside_its_bursts() -> None:
    run = synthesize(RunPlan(seed=4, minutes=1, course=FRESH))
    uv = run["EMG GM"].values()
    uv = sosfiltfilt(butter(2, 20, "highpass", fs=1000, output="sos"), uv)
    active = inside(np.arange(len(uv)) / 1000, run)
    inner, outer = (np.sqrt(np.mean(uv[part] ** 2)) for part in (active, ~active))
    assert inner == pytest.approx(run.athlete.rms_uv[0], rel=0.12)
    assert outer < 2 * run.athlete.noise_uv[0] + 0.05 * inner


@pytest.mark.parametrize("mdf_hz", [90.0, 115.0, 140.0])
def test_synthetic_spectrum_misses_the_asked_median(mdf_hz: float) -> None:
    athlete = draw_athlete(5, mdf_hz=(mdf_hz, mdf_hz), noise_uv=(3.0, 3.0))
    run = synthesize(
        RunPlan(minutes=12, athlete=athlete, course=FRESH, with_acc=False, with_gyro=False)
    )
    uv = run["EMG GM"].values()[600_000:]
    f = np.fft.rfftfreq(512, 0.001)
    power = np.zeros(len(f))
    for on in run.times("EMG_ON"):
        i = round(on * 1000) + 10 - 600_000
        if 0 <= i < len(uv) - 256:
            power += welch(uv[i : i + 200], 1000, nperseg=200, nfft=512)[1]
    band = (f >= 8) & (f <= 500)
    share = np.cumsum(np.where(band, power, 0.0)) / np.sum(power[band])
    assert np.interp(0.5, share, f) == pytest.approx(mdf_hz, rel=0.05)


def test_synthetic_fault_changes_the_run_before_it() -> None:
    plan = RunPlan(minutes=0.5, seed=6)
    clean = synthesize(plan)
    for kind in FAULT_KINDS:
        spoilt = synthesize(replace(plan, faults=(Fault(kind, 15.0, 5.0),)))
        for a, b in zip(clean.channels, spoilt.channels, strict=True):
            n = 15 * a.rate_hz
            assert np.array_equal(a.samples[:n], b.samples[:n]), (kind, a.label)


@pytest.mark.parametrize("wear", [Wear(77, 6, False), Wear(200, -8, True), Wear(0, 0, True)])
def test_synthetic_wearing_changes_what_the_shank_does(wear: Wear) -> None:
    plan = RunPlan(minutes=0.3, seed=2, wear=AS_SHANK)
    straight, turned = synthesize(plan), synthesize(replace(plan, wear=wear))
    assert np.max(np.abs(resultant(straight)[1] - resultant(turned)[1])) < 0.08
    assert np.max(np.abs(xyz(straight, "ACC") - xyz(turned, "ACC"))) > 2
    long_axis = np.mean(xyz(turned, "ACC")[:, 1])
    assert long_axis < 0 if wear.upside_down else long_axis > 0


@pytest.mark.parametrize("pattern", PATTERNS)
def test_synthetic_fatigue_has_another_size_than_asked(pattern: str) -> None:
    course = draw_course(stream(3, "course"), pattern, onset_min=3, ramp_min=0.5)
    athlete = draw_athlete(3, mdf_warm_up=0.0, rms_cv=0.1, stride_cv=0.006, contact_cv=0.012)
    plan = RunPlan(seed=3, minutes=7, athlete=athlete, course=course, wear=AS_SHANK)
    run = synthesize(plan)
    strides = run.strides
    fresh = strides.ic_s < 180
    tired = (strides.ic_s > 212) & (strides.ic_s < 419)

    def change(values: np.ndarray) -> float:
        return float(np.median(values[tired]) / np.median(values[fresh]) - 1)

    contact = strides.contact_s
    flight = (strides.next_ic_s - strides.ic_s) / 2 - contact
    assert change(contact) == pytest.approx(course.contact, abs=0.008)
    assert change(flight) == pytest.approx(course.flight, abs=0.025)
    onset = run.times("EMG_ON")
    onset_ms = [1000 * (onset[np.abs(onset - ic).argmin()] - ic) for ic in strides.ic_s[:-2]]
    onset_ms = np.append(onset_ms, [np.nan, np.nan])
    later = np.nanmedian(onset_ms[tired]) - np.nanmedian(onset_ms[fresh])
    assert later == pytest.approx(course.onset_ms, abs=3)

    uv = run["EMG GM"].values()
    seconds = np.arange(len(uv)) / 1000
    active = inside(seconds, run)
    a, b = (active & part for part in (seconds < 180, seconds > 212))
    rms = np.sqrt(np.mean(uv[b] ** 2) / np.mean(uv[a] ** 2)) - 1
    assert rms == pytest.approx(course.rms, abs=0.06)
    centroids = []
    for part in (uv[:180_000], uv[212_000:]):
        f, p = welch(part, 1000, nperseg=256)
        band = (f > 20) & (f < 450)
        centroids.append(np.sum(f[band] * p[band]) / np.sum(p[band]))
    # Noise and aliases of the window dilute the shift a little.
    assert centroids[1] / centroids[0] - 1 == pytest.approx(course.mdf, abs=0.03)
    t, g = resultant(run)
    peaks = window(t, g, strides.ic_s, np.arange(0.01, 0.065, 0.001)).max(1)
    assert change(peaks) == pytest.approx(course.shock, abs=0.04 + 0.1 * course.shock)
    rate = xyz(run, "GYR")[:, 2]
    troughs = window(t, rate, strides.ic_s, np.arange(0.0, 0.06, 0.001)).min(1)
    assert change(troughs) == pytest.approx(course.rates, abs=0.025)


def test_synthetic_warm_up_is_missing() -> None:
    athlete = draw_athlete(5, mdf_warm_up=0.09, skin_tau_min=4.0)
    run = synthesize(
        RunPlan(minutes=11, athlete=athlete, course=FRESH, with_acc=False, with_gyro=False)
    )
    skin = run["TEMP SKIN"].values()
    assert 27.5 < skin[0] < 31 and 32 < skin[-1] < 34.5
    centroids = []
    for start in (0, 570_000):
        f, p = welch(run["EMG GM"].values()[start : start + 60_000], 1000, nperseg=256)
        band = (f > 20) & (f < 450)
        centroids.append(np.sum(f[band] * p[band]) / np.sum(p[band]))
    # The first minute already warms by a part of it.
    assert centroids[1] / centroids[0] - 1 == pytest.approx(0.078, abs=0.025)


@pytest.mark.parametrize(("clock_pct", "rate_hz"), [(3.0, 858), (-3.0, 808), (0.0, 833)])
def test_synthetic_clock_error_moves_landings_off_the_truth(clock_pct, rate_hz) -> None:
    run = synthesize(RunPlan(minutes=2, imu_clock_pct=clock_pct, course=FRESH))
    assert run["ACC X"].rate_hz == rate_hz
    assert len(run["ACC X"].samples) == 120 * rate_hz
    t, a = resultant(run)
    offsets = np.arange(0, 0.07, 0.001)
    delay = offsets[window(t, a, run.times("IC")[:-1], offsets).argmax(1)]
    early, late = delay[:40], delay[-40:]
    assert abs(np.median(early) - np.median(late)) < 0.002


def spoilt(kind: str, **more) -> SyntheticRun:
    fault = Fault(kind, 10.0, 10.0, **more)
    return synthesize(RunPlan(seed=6, minutes=0.5, faults=(fault,), wear=AS_SHANK))


@pytest.mark.parametrize("channel", [1, 2])
def test_synthetic_emg_fault_leaves_no_trace(channel: int) -> None:
    label = ("EMG GM", "EMG SO")[channel - 1]

    def part(kind: str, **more) -> np.ndarray:
        return spoilt(f"{kind}-{channel}", **more)[label].samples[10_100:19_900].astype(float)

    assert part("electrode-off").std() * 0.25 < 5
    assert np.all(part("electrode-off", mode="rail") == 32767)
    for signal in (part("electrode-off", mode="mains"), part("mains", value=800.0)):
        f, p = welch(signal, 1000, nperseg=1000)
        assert p[49:52].sum() > 0.5 * p.sum()
    assert np.mean(part("emg-clip") == 32767) > 0.02


def test_synthetic_imu_fault_leaves_no_trace() -> None:
    cut = slice(833 * 13, 833 * 19)  # behind the two strides a slip takes
    clipped = xyz(spoilt("acc-clip", value=4.0), "ACC")[cut]
    assert np.abs(clipped).max() <= 4.001
    assert np.mean(np.abs(clipped[:, 1]) > 3.999) > 0.003
    assert not xyz(spoilt("gyro-lost"), "GYR")[cut].any()
    assert not np.ptp(xyz(spoilt("gyro-lost", mode="stuck"), "GYR")[cut], axis=0).any()
    assert not xyz(spoilt("acc-lost"), "ACC")[cut].any()
    clean = synthesize(RunPlan(seed=6, minutes=0.5, wear=AS_SHANK))
    for degrees in (6.0, 25.0):
        slipped = spoilt("band-slip", value=degrees)
        rates, straight = xyz(slipped, "GYR")[cut], xyz(clean, "GYR")[cut]
        main = straight[:, 2] > 200
        turned = np.rad2deg(np.arctan2(rates[main, 0].mean(), rates[main, 2].mean()))
        before = np.rad2deg(np.arctan2(straight[main, 0].mean(), straight[main, 2].mean()))
        assert abs(turned - before) == pytest.approx(degrees, abs=1.5)


def test_synthetic_lost_samples_are_not_held() -> None:
    lost = spoilt("imu-lost")
    assert not np.ptp(lost["ACC Y"].samples[833 * 10 - 1 : 833 * 20])
    assert not np.ptp(lost["GYR Z"].samples[833 * 10 - 1 : 833 * 20])
    assert {e.text for e in lost.truth if e.duration_s == 10.0} == {
        "FAULT=IMU samples lost",
        "LOST=IMU",
    }
    lost = spoilt("emg-lost")
    assert not np.ptp(lost["EMG SO"].samples[9_999:20_000])


def test_synthetic_walk_or_stand_looks_like_running() -> None:
    plan = RunPlan(
        seed=3,
        wear=AS_SHANK,
        course=FRESH,
        segments=(Segment("stand", 10), Segment("walk", 40, 1.4), Segment("run", 20, 3.0)),
    )
    run = synthesize(plan)
    t, a = resultant(run)
    standing, walking, running = ((t > lo) & (t < hi) for lo, hi in ((1, 9), (12, 48), (52, 69)))
    assert np.abs(a[standing] - 1).max() < 0.1
    assert 1.1 < a[walking].mean() < 1.3 and a[walking].max() < 3.9
    assert 1.6 < a[running].mean() < 2.5
    rate = xyz(run, "GYR")[:, 2]
    assert 200 < np.percentile(rate[walking], 99) < 450
    ic = run.times("IC")
    assert ic[0] == 10.0 and 0.9 < np.median(np.diff(ic[ic < 50])) < 1.2


def test_synthetic_hill_leaves_no_terrain_pattern() -> None:
    flat, hill = Segment("run", 60, 3.0), Segment("run", 60, 3.0, 6.0)
    athlete = draw_athlete(3, contact_cv=0.01, stride_cv=0.005)
    run = synthesize(RunPlan(athlete=athlete, segments=(flat, hill, flat), course=FRESH))
    strides = run.strides
    middle = (strides.ic_s > 65) & (strides.ic_s < 115)
    after = strides.ic_s > 125
    ratio = strides.contact_s[middle].mean() / strides.contact_s[after].mean()
    assert ratio == pytest.approx(1.036, abs=0.012)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**40),
    seconds=st.floats(3, 25),
    speed=st.floats(1.8, 6.5),
    grade=st.floats(-15, 15),
    gaits=st.lists(st.sampled_from(["stand", "walk", "run"]), min_size=1, max_size=4),
    pattern=st.sampled_from(PATTERNS),
    kinds=st.lists(st.sampled_from(sorted(FAULT_KINDS)), max_size=3),
    clock=st.floats(-3.8, 3.8),
    emg_channels=st.integers(0, 2),
)
def test_synthetic_plan_breaks_the_generator(
    seed, seconds, speed, grade, gaits, pattern, kinds, clock, emg_channels
) -> None:
    segments = tuple(
        Segment(gait, seconds, 1.3 if gait == "walk" else speed, grade) for gait in gaits
    )
    course = draw_course(stream(seed, "course"), pattern, 0.0, 0.1, 1.5)
    faults = tuple(Fault(kind, 2.0, 1.0) for kind in kinds)
    plan = RunPlan(
        seed=seed,
        segments=segments,
        course=course,
        faults=faults,
        imu_clock_pct=clock,
        emg_channels=emg_channels,
    )
    run = synthesize(plan)
    assert all(len(c.samples) == c.rate_hz * plan.duration_s for c in run.channels)
    strides = run.strides
    assert np.all(np.isfinite(strides.ic_s)) and np.all(np.diff(strides.ic_s) > 0)
    assert np.all(strides.to_s > strides.ic_s) and np.all(strides.to_s < strides.next_ic_s)
    assert strides.end_s >= plan.duration_s - 1e-6
    assert all(0 <= event.onset_s < plan.duration_s for event in run.truth)


@pytest.mark.recordings
@pytest.mark.parametrize("speed", [2.5, 4.5])
def test_synthetic_shank_rotates_unlike_a_real_one(recordings: Path, speed: float) -> None:
    """Mean sagittal rate over a stride against a runner's, phase by phase."""
    with pyedflib.EdfReader(str(recordings / f"run-virtual-shank-{speed}mps.edf")) as edf:
        i = edf.getSignalLabels().index("GYR X")
        rate, fs = edf.readSignal(i), edf.getSampleFrequency(i)
        onsets, _, texts = edf.readAnnotations()
    real = _mean_stride(rate, fs, onsets[texts == "IC"], onsets[texts == "TO"])
    likeness = []
    for seed in range(1, 9):
        run = synthesize(
            RunPlan(seed=seed, minutes=0.4, speed_m_s=speed, wear=AS_SHANK, course=FRESH)
        )
        mean = _mean_stride(xyz(run, "GYR")[:, 2], 833, run.times("IC"), run.times("TO"))
        likeness.append(np.corrcoef(real, mean)[0, 1])
    assert np.median(likeness) > 0.96 and min(likeness) > 0.85


def _mean_stride(rate: np.ndarray, fs: float, ic: np.ndarray, to: np.ndarray) -> np.ndarray:
    t = np.arange(len(rate)) / fs
    rows = []
    for start, end in zip(ic[1:-2], ic[2:-1], strict=False):
        off = to[to > start][0]
        stance = np.linspace(start, off, 40, endpoint=False)
        rows.append(np.interp(np.concatenate([stance, np.linspace(off, end, 60)]), t, rate))
    return np.mean(rows, 0)
