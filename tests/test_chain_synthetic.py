"""The whole chain on SYNTHETIC runs: wearing, lost sensors, clocks, heap, integer ranges."""

import csv
import json
from array import array

import numpy as np
import pytest
from emg_chain import gait_bursts, quantise
from range_check import Watched, torture

from host_tools.synth import Fault, RunPlan, Segment, Wear, synthesize


@pytest.fixture(scope="module")
def strides_of(calfband, synthetic_edf, tmp_path_factory):
    """`strides_of(**plan)` -> (columns of strides.csv, summary) of that synthetic run."""

    def replay(**plan) -> tuple[dict[str, np.ndarray], dict]:
        out = tmp_path_factory.mktemp("out")
        done = calfband("replay", synthetic_edf(**plan), "--out", out, "--quiet", "--no-report")
        assert done.returncode == 0, done.stderr
        with open(out / "strides.csv", newline="") as file:
            table = list(csv.DictReader(file))
        columns = {
            name: np.array([float(row[name]) if row[name] else np.nan for row in table])
            for name in table[0]
        }
        return columns, json.loads((out / "summary.json").read_text())

    return replay


WEARS = {
    "straight": Wear(0, 0, False),
    "turned": Wear(130, 8, False),
    "upside down": Wear(-75, -6, True),
}


def test_synthetic_strides_depend_on_how_the_band_is_worn(strides_of):
    worn = {
        name: strides_of(seed=11, minutes=1.5, speed_m_s=3.1, emg_channels=0, wear=wear)
        for name, wear in WEARS.items()
    }
    straight, _ = worn["straight"]
    for name, (strides, summary) in worn.items():
        truth = summary["truth"]["ic"]
        assert truth["missed"] == truth["false"] == 0, name
        assert np.all(strides["degraded"][10:] == 0), name
        assert len(strides["t_ic_s"]) == len(straight["t_ic_s"])
        for column, tolerance in (("contact_ms", 2.5), ("pushoff_dps", 12.0)):
            apart = np.abs(strides[column] - straight[column])[10:]
            assert np.nanmedian(apart) < tolerance, (name, column)


def test_synthetic_slip_is_not_named_or_leaves_the_frame_lost(strides_of):
    fault = Fault("band-slip", start_s=60, value=20)
    strides, summary = strides_of(seed=12, minutes=2.5, emg_channels=0, faults=(fault,))
    after = strides["t_ic_s"] > 60 + 10 * 0.8
    assert np.mean(strides["degraded"][after]) < 0.02
    assert summary["truth"]["ic"]["missed"] == summary["truth"]["ic"]["false"] == 0
    before = (strides["t_ic_s"] > 20) & (strides["t_ic_s"] < 60)
    contact_ms = strides["contact_ms"]
    assert abs(np.nanmedian(contact_ms[after]) - np.nanmedian(contact_ms[before])) < 5


@pytest.mark.parametrize("mode", ("zero", "stuck"))
def test_synthetic_strides_end_when_the_gyroscope_dies(strides_of, mode: str):
    fault = Fault("gyro-lost", start_s=30, mode=mode)
    strides, summary = strides_of(
        seed=13, minutes=1, speed_m_s=2.6, emg_channels=0, faults=(fault,)
    )
    truth = summary["truth"]["ic"]
    assert truth["missed"] + truth["false"] <= 1
    lost = strides["t_ic_s"] > 32
    assert np.all(strides["degraded"][lost] == 1)
    assert np.mean(strides["degraded"][(strides["t_ic_s"] > 8) & (strides["t_ic_s"] < 29)]) < 0.05
    assert np.mean(np.isfinite(strides["contact_ms"][lost])) > 0.9


@pytest.mark.parametrize("mode", ("zero", "stuck"))
def test_synthetic_strides_end_when_the_accelerometer_dies(strides_of, mode: str):
    fault = Fault("acc-lost", start_s=30, mode=mode)
    strides, summary = strides_of(
        seed=13, minutes=1.5, speed_m_s=2.6, emg_channels=0, faults=(fault,)
    )
    truth = summary["truth"]["ic"]
    assert truth["false"] == 0 and truth["missed"] <= 3  # until the loss is believed
    lost = strides["t_ic_s"] > 34
    assert np.all(strides["degraded"][lost] == 1)
    assert np.mean(strides["valid"][lost]) > 0.95
    assert np.all(np.isnan(strides["tib_peak_g"][lost]))


@pytest.mark.parametrize("speed_m_s", (2.7, 4.2))
def test_synthetic_gyroscope_alone_misses_strides_or_takes_walking_for_running(
    strides_of, speed_m_s: float
):
    plan = (Segment("walk", 40, 1.5), Segment("run", 60, speed_m_s))
    strides, _ = strides_of(seed=16, segments=plan, emg_channels=0, with_acc=False)
    running = strides["t_ic_s"] > 46
    assert not np.any(strides["valid"][strides["t_ic_s"] < 39])
    assert np.mean(strides["valid"][running]) > 0.95
    assert np.sum(running) > 0.9 * 54 / 0.75
    assert abs(np.nanmedian(strides["stride_ms"][running]) - 710) < 90


@pytest.mark.parametrize("clock_pct", (-3.0, 3.0))
def test_synthetic_clock_error_moves_muscle_against_motion(strides_of, clock_pct: float):
    strides, summary = strides_of(seed=14, minutes=4, imu_clock_pct=clock_pct)
    assert abs(summary["truth"]["ic"]["bias_ms"]) < 6
    onset_ms = strides["onset_ms"][strides["valid"] == 1]
    third = len(onset_ms) // 3
    # 3 % of four minutes would be seven seconds.
    assert abs(np.nanmedian(onset_ms[-third:]) - np.nanmedian(onset_ms[:third])) < 5


def test_synthetic_stop_and_walk_are_counted_as_running(strides_of):
    plan = (
        Segment("stand", 15),
        Segment("walk", 40, 1.4),
        Segment("run", 40, 3.0),
        Segment("stand", 15),
        Segment("run", 40, 3.2),
        Segment("walk", 30, 1.5),
    )
    strides, _ = strides_of(seed=15, segments=plan, emg_channels=0)
    t_s, valid = strides["t_ic_s"], strides["valid"] == 1
    running = ((t_s > 54.5) & (t_s < 95)) | ((t_s > 109.5) & (t_s < 150))
    assert not np.any(valid & ~running)
    assert np.mean(valid[running]) > 0.9
    assert not np.any((t_s < 14) | ((t_s > 97) & (t_s < 109)))


_LOCKED = """
import gc, micropython, sys
from array import array
from band.chain import Chain
from band.settings import Settings

class Count:
    def __init__(self):
        self.strides = self.bursts = self.warnings = self.trends = self.spectra = 0
    def event(self, record): pass
    def stride(self, record): self.strides += 1
    def burst(self, record): self.bursts += 1
    def warning(self, record): self.warnings += 1
    def trend(self, record): self.trends += 1
    def spectrum(self, record): self.spectra += 1

settings = Settings()
settings.mass_g = 70_000
settings.height_mm = 1750
settings.imu_rate_mhz = 833_333
count = Count()
chain = Chain(settings, count)
block = array("H", bytes(420))  # 30 EMG frames of 2, 25 IMU frames of 6
stream = sys.stdin.buffer
blocks = array("i", [0])

def work():
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    micropython.heap_lock()
    while stream.readinto(block) == 420:
        if blocks[0] == 5000:
            chain.emg_lost(700)
            chain.imu_lost(583)
        chain.temp(3000)
        chain.emg(block, 0, 30)
        chain.imu(block, 60, 25)
        blocks[0] += 1
    chain.finish()
    micropython.heap_unlock()
    return gc.mem_alloc() - before

grown = work()
print(grown, blocks[0], count.strides, count.bursts, count.warnings, count.trends, count.spectra)
"""


def test_synthetic_run_needs_the_heap_in_the_hot_path(run_micropython):
    run = synthesize(RunPlan(seed=1, minutes=40))
    emg = np.stack([run[f"EMG {muscle}"].samples for muscle in ("GM", "SO")], axis=1)
    imu = np.stack([run[f"{s} {axis}"].samples for s in ("ACC", "GYR") for axis in "XYZ"], axis=1)
    blocks = min(len(emg) // 30, len(imu) // 25)
    frames = np.hstack(
        [emg[: 30 * blocks].reshape(blocks, 60), imu[: 25 * blocks].reshape(blocks, 150)]
    )
    done = run_micropython(_LOCKED, stdin=frames.astype("<i2").tobytes())
    grown, seen, strides, bursts, warnings, trends, spectra = map(int, done.stdout.split())
    assert grown == 0
    # Not an empty proof: everything the chain can say was said under the locked heap.
    assert seen == blocks and strides > 3000 and bursts > 6000
    assert warnings >= 3 and trends > 100 and spectra >= 4


_CUT = """
import sys
from array import array
from band.chain import Chain
from band.settings import Settings

class Sink:
    def burst(self, record): print(*record[:3])
    def event(self, record): pass
    stride = warning = trend = spectrum = event

settings = Settings()
settings.has_acc = settings.has_gyr = 0
chain = Chain(settings, Sink())
block = array("H", bytes(120))
while sys.stdin.buffer.readinto(block) == 120:
    chain.emg(block, 0, 30)
print("finish")
chain.finish()
"""


def test_synthetic_burst_still_open_at_the_end_is_lost(run_micropython):
    gait = gait_bursts(20, count=5)
    cut = 64 * ((gait.on[-1] + 220) // 64)  # less than a quantum would stay unread
    emg = np.stack([quantise(gait.uv), np.roll(quantise(gait.uv), 40)], axis=1)[: cut + 30]
    done = run_micropython(_CUT, stdin=emg.tobytes())
    before, after = done.stdout.decode().split("finish\n")
    assert len(before.splitlines()) == 2 * 4
    ends = [[int(field) for field in line.split()] for line in after.splitlines()]
    assert [channel for channel, _, _ in ends] == [1, 2]
    for channel, on_dms, off_dms in ends:
        assert on_dms / 10 == pytest.approx(gait.on[-1] + 40 * (channel - 1), abs=20)
        assert off_dms / 10 == pytest.approx(cut, abs=4)


def frames(axes: list[list[int]]) -> array:
    return array("H", [value & 0xFFFF for frame in zip(*axes, strict=True) for value in frame])


def test_extreme_motion_leaves_the_band_s_integer_range():
    n = 4096
    signals = torture(n)
    run = synthesize(RunPlan(seed=3, minutes=0.1, speed_m_s=4.5, emg_channels=0))
    real = [run[f"{s} {axis}"].samples[:n].tolist() for s in ("ACC", "GYR") for axis in "XYZ"]
    drives = {name: frames([signal] * 6) for name, signal in signals.items()}
    drives["a synthetic run"] = frames(real)
    drives["a synthetic run, four times as violent"] = frames(
        [[max(-32768, min(32767, 4 * v)) for v in axis] for axis in real]
    )
    noise = signals["noise from rail to rail"]
    noisy = [[v + (w >> 3) for v, w in zip(axis, noise, strict=True)] for axis in real]
    drives["a run in noise"] = frames([[max(-32768, min(32767, v)) for v in a] for a in noisy])
    for name, drive in drives.items():
        watched = Watched()
        settings = watched.module("settings").Settings()
        timebase = watched.module("timebase").Timebase(833_000, 32)
        gait = watched.module("gait").Gait(settings, timebase)
        ring = watched.module("ring").Ring(256, 6)
        watched.armed = True
        for start in range(0, n, 32):
            ring.push(drive, start * 6, 32)
            gait.process(ring, True)
        gait.finish()
        assert watched.violations == {}, name


def test_stiffness_leaves_the_range_or_the_formula_of_morin(run_micropython):
    cases = [
        (mass_kg, height_m, speed, contact_ms, stride_ms)
        for mass_kg in (35, 70, 140)
        for height_m in (1.4, 1.75, 2.1)
        for speed in (0.0, 2.0, 3.3, 6.5)
        for contact_ms, stride_ms in ((150, 600), (245, 714), (300, 820), (420, 900))
    ]
    script = "from band.stiffness import SpringMass\n" + "\n".join(
        f"s = SpringMass({m * 1000}, {int(h * 1000)})\n"
        f"s.stride({c * 10}, {t * 10}, {int(v * 1000)})\n"
        "print(s.fmax_n, s.kvert_n_m, s.kleg_n_m)"
        for m, h, v, c, t in cases
    )
    said = [list(map(int, line.split())) for line in run_micropython(script).stdout.splitlines()]
    for (m, h, v, contact_ms, stride_ms), (fmax_n, kvert_n_m, kleg_n_m) in zip(
        cases, said, strict=True
    ):
        tc, tf, leg_m = contact_ms / 1e3, stride_ms / 2e3 - contact_ms / 1e3, 0.53 * h
        fmax = m * 9.81 * np.pi / 2 * (tf / tc + 1)
        dy = abs(fmax * tc**2 / (m * np.pi**2) - 9.81 * tc**2 / 8)
        assert fmax_n == pytest.approx(fmax, rel=1e-3)
        assert kvert_n_m == pytest.approx(fmax / dy, rel=2e-3)
        half = v * tc / 2
        if v == 0 or half >= leg_m:
            assert kleg_n_m < 0
        else:
            shorter = leg_m - np.sqrt(leg_m**2 - half**2) + dy
            assert kleg_n_m == pytest.approx(fmax / shorter, rel=3e-3)
