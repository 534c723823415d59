"""No integer of the firmware leaves the band's: 31 bits in viper, 30 elsewhere; else its line.

The whole chain, drivers and clocks run with every operation watched (range_check.py), on SYNTHETIC
inputs made to overflow them; the kernels also with the ends of what each may be given.
"""

import io
import shutil
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from range_check import FIRMWARE, Watched, torture

from host_tools.band_input import BandInput
from host_tools.synth import RunPlan, synthesize
from target.kernels import kernel_names
from target.rounds import write_rounds

RATES = {"emg": 1000, "imu": 833}
KINDS = sorted(torture(1))


class Sink:
    def __getattr__(self, name: str) -> Any:
        return lambda record: None


def watched_chain(watched: Watched, emg: np.ndarray, imu: np.ndarray, mains_hz: int = 50) -> None:
    """Run the chain over (n, 2) EMG and (m, 6) IMU samples, both cut into pieces of 40 ms."""
    chosen = watched.module("settings").Settings()
    chosen.mains_hz = mains_hz
    chosen.mass_g = 140_000
    chosen.height_mm = 2_100
    chosen.speed_mm_s = 6_500
    chain = watched.module("chain").Chain(chosen, Sink())
    watched.armed = True
    emg_words = array("H", (emg.reshape(-1) & 0xFFFF).tolist())
    imu_words = array("H", (imu.reshape(-1) & 0xFFFF).tolist())
    done = 0
    for start in range(0, len(emg) - 39, 40):
        chain.emg(emg_words, 2 * start, 40)
        upto = (start + 40) * RATES["imu"] // RATES["emg"]
        if upto <= len(imu):
            chain.imu(imu_words, 6 * done, upto - done)
            done = upto
    chain.emg_lost(70)
    chain.imu_lost(50)
    chain.finish()
    watched.armed = False


def real_motion(seconds: float, times: float) -> np.ndarray:
    """(n, 6) int16 of a synthetic run, so many times as violent."""
    run = synthesize(RunPlan(seed=3, minutes=0.2, speed_m_s=4.5, emg_channels=0))
    n = int(seconds * RATES["imu"])
    axes = [run[f"{s} {axis}"].samples[:n] for s in ("ACC", "GYR") for axis in "XYZ"]
    return np.clip(np.stack(axes, axis=1) * times, -32768, 32767).astype(np.int64)


@pytest.mark.parametrize("kind", KINDS)
def test_chain_leaves_the_range_on_a_signal_made_to_overflow_it(kind: str):
    signal = np.array(torture(3000)[kind])
    watched = Watched()
    other = np.roll(signal, 7)
    watched_chain(watched, np.stack([signal, -1 - other], axis=1), real_motion(3, 4))
    watched_chain(watched, np.stack([other, signal], axis=1), np.stack([signal] * 6, axis=1))
    assert watched.violations == {}


piece = st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.integers(20, 900))


def pieced(pieces: list[tuple[str, int, int]]) -> np.ndarray:
    parts = [np.array(torture(n)[kind]) >> down for kind, down, n in pieces]
    return np.concatenate(parts)


@settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    emg=st.lists(piece, min_size=2, max_size=5),
    imu=st.lists(piece, min_size=2, max_size=5),
    turned=st.integers(0, 5),
    mains_hz=st.sampled_from([0, 50, 60]),
)
def test_chain_leaves_the_range_on_signals_that_change_their_kind(emg, imu, turned, mains_hz):
    muscle, motion = pieced(emg), pieced(imu)
    watched = Watched()
    axes = [np.roll(motion, turned * k) >> (k % 3) for k in range(6)]
    watched_chain(
        watched,
        np.stack([muscle, np.roll(muscle, 13) >> 1], axis=1),
        np.stack(axes, axis=1),
        mains_hz,
    )
    assert watched.violations == {}


def extremes_and_drivers(watched: Watched, folder: Path, seconds: float) -> None:
    """What extremes.py calls, then the whole band from its sensors' words on."""
    script = watched.script("extremes")
    watched.armed = True
    script.run()
    watched.armed = False
    n = int(seconds * 1000)
    noise = np.array(torture(n)["bursts"])
    source = BandInput(np.stack([noise, -1 - noise], axis=1), real_motion(seconds, 2))
    write_rounds(source, folder / "rounds")
    band_script = watched.script("whole_band")
    band = band_script.Band(
        watched.module("settings").Settings(),
        io.BytesIO((folder / "rounds").read_bytes()),
        Sink(),
    )
    watched.armed = True
    band.start()
    band.run(1 << 20)
    band.chain.finish()
    watched.armed = False


def test_a_kernel_leaves_the_range_at_its_ends_or_is_not_watched(tmp_path: Path):
    watched = Watched()
    extremes_and_drivers(watched, tmp_path, 6)
    signals = torture(2500)
    watched_chain(
        watched,
        np.stack([np.array(signals["bursts"]), np.array(signals["rail"])], axis=1),
        real_motion(2.5, 1),
    )
    assert watched.violations == {}
    assert sorted(set(kernel_names()) - watched.entered) == []


FAULTS = {
    "_HP_B = const(7495)": ("filters.py", "_HP_B = const(29980)"),
    "_STEP_MOST = const(23170)": ("change_point.py", "_STEP_MOST = const(65535)"),
    "muldiv(DMS_PER_S * 1000, 1024, rate_mhz)": (
        "timebase.py",
        "(DMS_PER_S * 1000 * 1024 + rate_mhz // 2) // rate_mhz",
    ),
}


@pytest.mark.parametrize("old", FAULTS)
def test_a_planted_overflow_is_not_named_by_its_line(old: str, tmp_path: Path):
    file, new = FAULTS[old]
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    path = firmware / "band" / file
    source = path.read_text()
    assert old in source, f"{file} has changed"
    path.write_text(source.replace(old, new))
    watched = Watched(firmware)
    extremes_and_drivers(watched, tmp_path, 0.5)
    places = {place.split(":")[0] for place in watched.violations}
    assert places == {file}, watched.violations
