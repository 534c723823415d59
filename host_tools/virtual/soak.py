"""Hours of virtual running, with a mishap every minute or without: nothing lost in silence.

python -m host_tools.virtual.soak [--hours 10] [--seed 1] [--no-mishaps]      (make soak)
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from statistics import median_low
from typing import Annotated

import typer

from host_tools.band_input import BandInput, band_input
from host_tools.console import Console
from host_tools.firmware_tables import wire
from host_tools.recording import read_recording
from host_tools.synth import RunPlan, synthesize, write_edf
from host_tools.virtual.summary import show_report
from host_tools.virtual.unit import TELLS, run_unit, unit_fault_names
from host_tools.virtual.world import MISHAPS, Mishap, WorldPlan, write_world

MINUTES = 10  # of the recording that begins again and again
IMU_CLOCK = 1.02
# What Status must say of a mishap; the rest is in world.MISHAPS.
CHAIN_FAULTS = {"imu-lose": "IMU samples lost", "imu-garble": "IMU samples lost"}
LASTS_S = {"battery-low": (12, 20), "gauge-nack": (12, 20), "usb": (3, 15), "stall": (0.4, 1.5)}
TOLD_WITHIN_S = 25
_T = TELLS.index("t_ms")
CALM_ROWS = 31


@dataclass
class Watch:
    """Follows what Status tells."""

    mishaps: list[Mishap]
    told: list[tuple[int, set[str]]] = field(default_factory=list)
    begins_ms: dict[int, list[int]] = field(default_factory=dict)  # by session
    frames_ahead: list[int] = field(default_factory=list)  # while the first session lasts

    def record(self, tag: int, fields: list[int]) -> None:
        if tag != wire.TAG_PROGRESS:
            return
        row = dict(zip(TELLS, fields, strict=True))
        names = set(unit_fault_names(row["unit_faults"]))
        names |= {name for k, name in enumerate(wire.FAULTS) if row["faults"] >> k & 1}
        self.told.append((row["t_ms"], names))
        if row["session"]:
            self.begins_ms.setdefault(row["session"], []).append(row["begins_ms"])
        if row["session"] == 1:
            self.frames_ahead.append(row["frames_ahead"])

    def uncounted(self) -> list[tuple[int, int]]:
        """(session, ms): by how much the EMG's time line went off the world's in a session.

        While an overflow is being judged it may be off; most of the first rows against most of
        the last tells what remains.
        """
        shifts = []
        for session, begins in self.begins_ms.items():
            first, last = (median_low(part) for part in (begins[:CALM_ROWS], begins[-CALM_ROWS:]))
            if first != last:
                shifts.append((session, last - first))
        return shifts

    def untold(self) -> list[Mishap]:
        """Mishaps that Status did not name in time."""
        return [mishap for mishap in self.mishaps if not self._was_told(mishap)]

    def _was_told(self, mishap: Mishap) -> bool:
        name = MISHAPS[mishap.name] or CHAIN_FAULTS.get(mishap.name, "")
        until = mishap.at_ms + mishap.lasts_ms + 1000 * TOLD_WITHIN_S
        return not name or any(
            name in names for t, names in self.told if mishap.at_ms <= t <= until
        )


def mishaps_every_minute(hours: float, seed: int) -> list[Mishap]:
    rng = random.Random(seed)
    names = [name for name in MISHAPS if name != "button"]
    found = []
    for minute in range(1, int(60 * hours)):
        name = rng.choice(names)
        lasts_s = rng.uniform(*LASTS_S.get(name, (1, 10)))
        at_ms = 60_000 * minute + rng.randrange(20_000)
        if name.startswith("imu-") and name.endswith(("lose", "garble")):
            lasts_s = rng.uniform(0.02, 0.2)
        found.append(Mishap(at_ms, name, round(1000 * lasts_s)))
    return found


def world_of_running(folder: Path, minutes: float = MINUTES) -> BandInput:
    """A synthetic run, its IMU's clock 2 % off."""
    path = folder / "run.edf"
    if not path.exists():
        write_edf(synthesize(RunPlan(minutes=minutes, seed=11)), path)
    return band_input(read_recording(path), Fraction(round(833_000 * IMU_CLOCK), 1000))


def soak(
    hours: Annotated[float, typer.Option(help="Of virtual time.")] = 10.0,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    mishaps: Annotated[bool, typer.Option(help="One every minute.")] = True,
) -> None:
    """Run the virtual band for hours in fast time and judge what it lost, grew and said."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="calfband-soak-") as name:
        folder = Path(name)
        source = world_of_running(folder)
        settings = [f"{key}={value}" for key, value in source.present.items()]
        rounds = [[]] + ([mishaps_every_minute(hours, seed)] if mishaps else [])
        good = True
        for planned in rounds:
            plan = WorldPlan(
                seed=seed, lead_ms=15_000, play_ms=round(hours * 3_600_000),
                mishaps=planned, settings=settings,
            )  # fmt: skip
            unit = folder / f"unit{len(planned)}"
            unit.mkdir()
            write_world(unit, source, plan)
            console.rule(f"{hours:g} h, {len(planned)} mishaps")
            watch = Watch(planned)
            started = time.perf_counter()
            report = run_unit(unit, watch.record)
            show_report(console, report, time.perf_counter() - started)
            for complaint in complaints(report, watch):
                good = False
                console.print(f"[bold red]wrong[/]: {complaint}", highlight=False)
    if not good:
        sys.exit("the soak found what must not be")


def complaints(report: dict[str, int], watch: Watch) -> list[str]:
    """What must not be, in words."""
    found = []
    if report["violations"]:
        found.append(f"{report['violations']} writes that the chips refused")
    for mishap in watch.untold():
        found.append(f"{mishap.name} at {mishap.at_ms / 1000:.1f} s was never told")
    if report["resets"]:
        found.append(f"{report['resets']} resets")
    for session, ms in watch.uncounted():
        found.append(f"session {session}: {ms} ms of EMG samples went uncounted")
    if watch.mishaps:
        return found
    if report["heap_grown_bytes"]:
        found.append(f"the heap grew by {report['heap_grown_bytes']} bytes")
    for name in ("emg_lost", "imu_lost", "emg_overflows", "imu_overruns", "log_dropped"):
        if report[name]:
            found.append(f"{name} is {report[name]} though nothing went wrong")
    if any(len(set(begins)) != 1 for begins in watch.begins_ms.values()):
        found.append("EMG samples went uncounted for a while")
    if max(watch.frames_ahead) - min(watch.frames_ahead) > 64:
        found.append("IMU frames went uncounted")
    return found


if __name__ == "__main__":
    typer.run(soak)
