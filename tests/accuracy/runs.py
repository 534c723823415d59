"""What is measured: the real recordings, a fixed set of synthetic runs, and their replays."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host_tools.synth import RunPlan, synthesize, write_edf
from host_tools.synth.plan import Wear

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "accuracy"
WORKERS = 2

# Recordings of one rig: peers get one choice of axes for all of them. Person -> recordings.
REAL_ACCELEROMETER = {
    "runner 1": ("run-shank-acc-01", "run-shank-acc-02"),
    "runner 2": ("run-shank-acc-03", "run-shank-acc-04"),
}
VIRTUAL_SHANK = {
    "2.5 m/s": ("run-virtual-shank-2.5mps",),
    "4.5 m/s": ("run-virtual-shank-4.5mps",),
}
WALKING = ("walk-shank-acc-01", "walk-shank-acc-02")
REAL_EMG = ("walk-calf-emg", "curl-to-fatigue-emg")


def _plan(seed: int, speed_m_s: float, **given) -> RunPlan:
    wear = given.pop("wear", Wear(upside_down=False))
    return RunPlan(seed=seed, minutes=1, speed_m_s=speed_m_s, emg_channels=1, wear=wear, **given)


# One athlete a seed. None of them has been used to choose anything in the firmware.
SYNTHETIC_WITH_GYRO = {
    "2.5 m/s": _plan(9101, 2.5),
    "3.0 m/s": _plan(9102, 3.0),
    "3.5 m/s": _plan(9103, 3.5),
    "4.2 m/s": _plan(9104, 4.2),
    "5.0 m/s": _plan(9105, 5.0),
    "3.0 m/s, upside down": _plan(9106, 3.0, wear=Wear(upside_down=True)),
    "3.2 m/s, clock +3 %": _plan(9107, 3.2, imu_clock_pct=3.0),
    "3.8 m/s, clock -3 %": _plan(9108, 3.8, imu_clock_pct=-3.0),
}
SYNTHETIC_WITHOUT_GYRO = {
    "2.5 m/s, no gyro": _plan(9101, 2.5, with_gyro=False),
    "3.5 m/s, no gyro": _plan(9103, 3.5, with_gyro=False),
    "5.0 m/s, no gyro": _plan(9105, 5.0, with_gyro=False),
    "3.0 m/s, no gyro, upside down": _plan(9106, 3.0, with_gyro=False, wear=Wear(upside_down=True)),
}


@dataclass(frozen=True)
class Replay:
    """What `calfband replay` wrote of one recording: its CSV files as columns."""

    path: Path
    folder: Path

    def columns(self, table: str) -> dict[str, np.ndarray]:
        """Column -> float64 (n,), NaN where empty or a word; {} where the file is absent."""
        path = self.folder / f"{table}.csv"
        if not path.exists():
            return {}
        with open(path, newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
        names = reader.fieldnames or []
        return {name: np.array([_number(row[name]) for row in rows]) for name in names}

    def words(self, table: str, column: str) -> list[str]:
        """A column as written."""
        with open(self.folder / f"{table}.csv", newline="") as file:
            return [row[column] for row in csv.DictReader(file)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def replay(paths: Iterable[Path], out: Path) -> dict[str, Replay]:
    """Replay recordings through the console command and the real MicroPython; stem -> replay.

    Raises RuntimeError with the command's own words when it fails.
    """
    paths = list(paths)
    command = [Path(sys.executable).parent / "calfband", "replay", *paths, "--out", out]
    options = ["--quiet", "--no-report", "--jobs", str(WORKERS)]
    done = subprocess.run([*map(str, command), *options], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"calfband replay: {done.stderr.strip() or done.stdout.strip()}")
    return {path.stem: Replay(path, out / path.stem if len(paths) > 1 else out) for path in paths}


@dataclass(frozen=True)
class Replays:
    """Stem of the recording, or name of the synthetic run, -> replay. `skipped`: why none is."""

    real: dict[str, Replay]
    synthetic: dict[str, Replay]
    skipped: str = ""


def replay_all(*, real: bool = True, synthetic: bool = True, out: Path = BUILD) -> Replays:
    """Replay the real recordings, if they are there, and the synthetic runs, made first.

    Raises RuntimeError when a replay fails or CALFBAND_RECORDINGS lacks a file.
    """
    folder = real_folder()
    skipped = "" if folder else "CALFBAND_RECORDINGS is not set: the real recordings are not here"
    found = {}
    if real and folder:
        found = replay([folder / f"{name}.edf" for name in _real_names()], out / "real")
    return Replays(found, _replay_synthetic(out / "synthetic") if synthetic else {}, skipped)


def real_folder() -> Path | None:
    """Where the real recordings lie, if they are here."""
    folder = os.environ.get("CALFBAND_RECORDINGS")
    return Path(folder) if folder else None


def _real_names() -> list[str]:
    persons = {**REAL_ACCELEROMETER, **VIRTUAL_SHANK}
    return [name for files in persons.values() for name in files] + [*WALKING, *REAL_EMG]


def _replay_synthetic(out: Path) -> dict[str, Replay]:
    out.mkdir(parents=True, exist_ok=True)
    paths = {}
    for i, (name, plan) in enumerate({**SYNTHETIC_WITH_GYRO, **SYNTHETIC_WITHOUT_GYRO}.items()):
        paths[name] = out / f"synthetic-{i + 1:02}.edf"
        write_edf(synthesize(plan), paths[name])
    done = replay(paths.values(), out)
    return {name: done[path.stem] for name, path in paths.items()}
