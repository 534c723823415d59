"""The folder that a virtual band on the bench lives in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from host_tools.firmware_tables import units
from host_tools.virtual.bench.errors import Errors
from host_tools.virtual.bench.scenes import SCENES, noises, sensed_emg, sensed_motion

_ROOM_TEMP_CC = 2300


def write_bench(
    folder: Path, errors: Errors, pace_pct: int = 100, lateness_seed: int | None = 1
) -> None:
    """Prepare a folder for twin/bench_twin.py; the unit's flash in it stays as it is.

    `pace_pct`: the unit's time in percent of this computer's; it does not go faster than that.
    """
    emg_room = motion_room = 0
    lines = []
    for scene in SCENES:
        felt = scene.make(errors, np.random.default_rng((errors.seed, ord(scene.key))))
        emg, motion = sensed_emg(felt, errors), sensed_motion(felt, errors)
        (folder / f"{scene.name}.emg").write_bytes(emg.tobytes())
        (folder / f"{scene.name}.motion").write_bytes(motion.tobytes())
        emg_room, motion_room = max(emg_room, len(emg)), max(motion_room, len(motion))
        lines.append(f"{scene.key} {scene.name} {int(felt.loops)}")
    _write_lines(folder / "scenes.txt", lines)
    for name, noise in zip(("noise.emg", "noise.motion"), noises(errors), strict=True):
        (folder / name).write_bytes(noise.tobytes())
    world = {
        "fast": 0,
        "seed": -1 if lateness_seed is None else lateness_seed,
        "pace_pct": pace_pct,
        "lead_ms": 0,
        "play_ms": 0,
        "imu_rate_mhz": round(units.IMU_RATE_MHZ * (1 + errors.imu_clock_pct / 100)),
        "charge_pct": 80,
        "usb": 0,
        "button_held": 0,
        "watchdog_reset": 0,
        "emg_late_us": round(1000 * errors.emg.delay_ms),
        "emg_room": emg_room,
        "motion_room": motion_room,
    }
    _write_lines(folder / "world.txt", [f"{name}={value}" for name, value in world.items()])
    _write_lines(folder / "temps.txt", [f"0 {_ROOM_TEMP_CC}"])
    _write_lines(folder / "mishaps.txt", [])


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
