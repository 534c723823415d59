"""Recordings as files that the scripts on every machine read: settings, messages, rounds."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from host_tools.athlete import athlete_from_patient
from host_tools.band_input import BandInput, band_input
from host_tools.feed import messages
from host_tools.recording import read_recording
from host_tools.synth import RunPlan, synthesize, write_edf
from target.machines import ROOT, TargetError

BLOCK_MS = 120  # as `calfband replay`


@dataclass(frozen=True)
class Fed:
    """What stands in a folder: settings.txt, messages.bin; `source`, of which they were made."""

    name: str
    folder: Path
    source: BandInput

    @property
    def settings(self) -> Path:
        return self.folder / "settings.txt"

    @property
    def messages(self) -> Path:
        return self.folder / "messages.bin"


def prepare(recording: Path, folder: Path) -> Fed:
    """Write what replay_chain.py is fed with for this recording."""
    folder.mkdir(parents=True, exist_ok=True)
    read = read_recording(recording)
    source = band_input(read)
    athlete = athlete_from_patient(f"{read.patient} {read.title}", read.notes)
    lines = athlete.settings() + [f"{name}={value}" for name, value in source.present.items()]
    lines.append(f"imu_rate_mhz={source.imu_rate_mhz}")
    fed = Fed(recording.stem, folder, source)
    fed.settings.write_text("".join(f"{line}\n" for line in lines))
    with open(fed.messages, "wb") as file:
        file.writelines(messages(source, BLOCK_MS))
    return fed


def short_run(folder: Path, minutes: float) -> Path:
    """A synthetic run, of nothing but running."""
    path = folder / f"run-{minutes:g}min.edf"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_edf(synthesize(RunPlan(minutes=minutes)), path)
    return path


def demo_run(folder: Path) -> Path:
    """The run of `make demo`: 40 minutes, with standing and walking round it."""
    path = folder / "demo.edf"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "host_tools", "synth", path]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise TargetError(f"the demo run could not be made:\n{done.stderr[-1000:]}")
    return path
