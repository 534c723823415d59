"""The folder that a virtual band lives in: its world as files, and its flash."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from host_tools.band_input import BandInput
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import migrations, settings_copy, units
from host_tools.virtual.samples import skin_values

# What can befall it (host_tools/twin/mishaps.py), and what of it Status must tell.
MISHAPS = {
    "imu-dead": "IMU silent",
    "imu-frozen": "IMU silent",
    "imu-brownout": "IMU silent",
    "imu-lose": "",
    "imu-garble": "",
    "spi-stuck": "IMU silent",
    "emg-absent": "EMG silent",
    "emg-brownout": "EMG silent",
    "skin-nack": "skin sensor silent",
    "gauge-nack": "gauge silent",
    "battery-low": "battery low",
    "usb": "USB connected",
    "button": "",
    "stall": "late loop",
}
SHORTEST_MS = {"button": 200, "stall": 400, "imu-lose": 50, "imu-garble": 20}
_REST_S = 5
_ROOM_TEMP_CC = 3300


@dataclass(frozen=True)
class Mishap:
    """`lasts_ms` 0: until the end."""

    at_ms: int
    name: str
    lasts_ms: int = 0


@dataclass
class WorldPlan:
    """How the recording is played. `seed` None: the processor is never late."""

    fast: bool = True
    seed: int | None = 1
    lead_ms: int = 3000
    play_ms: int | None = None  # longer than the recording: it begins again and again
    mishaps: list[Mishap] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)  # of the unit, `name=int`
    charge_pct: int = 80
    usb: bool = False
    button_held: bool = False
    watchdog_reset: bool = False
    trace: bool = False  # write down all that the chains are given: fed<n>.bin


def parse_mishap(text: str) -> Mishap:
    """NAME@SECONDS or NAME@SECONDS+SECONDS. Raises CalfbandError."""
    name, _, when = text.partition("@")
    if name not in MISHAPS:
        raise CalfbandError(f"--fault {text}: known are {', '.join(MISHAPS)}.")
    at, _, lasts = when.partition("+")
    try:
        at_ms, lasts_ms = round(float(at or 0) * 1000), round(float(lasts or 0) * 1000)
    except ValueError:
        raise CalfbandError(
            f"--fault {text}: say when and for how long in seconds, as in {name}@120+10."
        ) from None
    if at_ms < 0 or lasts_ms < 0:
        raise CalfbandError(f"--fault {text}: times count from the recording's begin.")
    return Mishap(at_ms, name, lasts_ms or SHORTEST_MS.get(name, 0))


def write_world(folder: Path, source: BandInput, plan: WorldPlan) -> list[str]:
    """Prepare a folder; notes on what could not be played as it was recorded."""
    notes: list[str] = []
    emg = source.emg if source.emg is not None else np.zeros((0, 2), dtype="<i2")
    motion = source.imu if source.imu is not None else np.zeros((0, 6), dtype="<i2")
    emg_samples, motion_frames = len(emg), len(motion)
    duration_ms = max(emg_samples, motion_frames * 1_000_000 // source.imu_rate_mhz)
    play_ms = plan.play_ms or duration_ms
    loop = play_ms > duration_ms
    if loop and emg_samples and motion_frames:
        # Both begin again together, as well as their clocks allow.
        seconds = min(emg_samples / 1000, motion_frames * 1000 / source.imu_rate_mhz)
        emg_samples = int(seconds) * 1000
        motion_frames = round(int(seconds) * source.imu_rate_mhz / 1000)
    values = np.zeros((len(emg), 2), dtype="<i4")
    for channel in range(2):
        if source.present.get(f"has_emg{channel + 1}"):
            values[:, channel], changed = skin_values(emg[:, channel])
            if changed:
                notes.append(
                    f"EMG channel {channel + 1}: {changed} samples of {len(emg)} reach the band "
                    "changed by a rounding or at the rails"
                )
    (folder / "emg.bin").write_bytes(values.tobytes())
    (folder / "motion.bin").write_bytes(motion.astype("<i2").tobytes())
    lines = {
        "fast": int(plan.fast),
        "seed": -1 if plan.seed is None else plan.seed,
        "lead_ms": plan.lead_ms,
        "play_ms": play_ms,
        "loop": int(loop),
        "emg_samples": emg_samples,
        "motion_frames": motion_frames,
        "imu_rate_mhz": source.imu_rate_mhz,
        "charge_pct": plan.charge_pct,
        "usb": int(plan.usb),
        "button_held": int(plan.button_held),
        "watchdog_reset": int(plan.watchdog_reset),
        "trace": int(plan.trace),
        **{f"still_{k}": v for k, v in enumerate(_at_rest(motion, source.imu_rate_mhz))},
    }
    _write_lines(folder / "world.txt", [f"{name}={value}" for name, value in lines.items()])
    temps = source.temps or [(0, _ROOM_TEMP_CC + 10_000)]
    _write_lines(folder / "temps.txt", [f"{ms} {value - 10_000}" for ms, value in temps])
    rows = sorted((m.at_ms, m.name, m.lasts_ms) for m in plan.mishaps)
    _write_lines(folder / "mishaps.txt", [f"{at} {name} {lasts}" for at, name, lasts in rows])
    write_settings(folder, plan.settings)
    for gaps, label in ((source.emg_gaps, "EMG"), (source.imu_gaps, "IMU")):
        if gaps:
            notes.append(f"{label}: {len(gaps)} gaps of the recording are played as recorded")
    return notes


def write_settings(folder: Path, lines: list[str]) -> None:
    """The unit's settings as the firmware keeps them; earlier runs in files of their own."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    pairs = [(name, text) for name, _, text in (line.partition("=") for line in lines)]
    runs = [pair for pair in pairs if pair[0].startswith("prior.")]
    rest = [pair for pair in pairs if pair not in runs]
    for name, kept, steps in (
        ("settings", rest, migrations.OF_SETTINGS),
        ("runs", runs, migrations.OF_RUNS),
    ):
        for old in (*data.glob(f"{name}.[ab]"), data / f"{name}.txt"):
            old.unlink(missing_ok=True)
        (data / f"{name}.a").write_bytes(settings_copy.encode(1, 1 + len(steps), kept))


def _at_rest(motion: np.ndarray, rate_mhz: int) -> list[int]:
    """A frame of the leg standing still: the mean force at first, of the size of 1 g."""
    if len(motion) == 0:
        return [0, 0, round(1_000_000 / units.ACC_LSB_UG), 0, 0, 0]
    mean = motion[: _REST_S * rate_mhz // 1000, :3].mean(axis=0)
    size = float(np.linalg.norm(mean)) or 1.0
    return [*(round(v / size * 1_000_000 / units.ACC_LSB_UG) for v in mean.tolist()), 0, 0, 0]


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
