"""A synthetic run as `read_recording` would give it, without writing and reading the file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from host_tools.recording import Annotation, Channel, Recording
from host_tools.synth.run import SyntheticRun


def recorded(run: SyntheticRun) -> Recording:
    """The run's signals and marks, sample for sample what its EDF+ file holds."""
    channels = {
        channel.label: Channel(
            channel.label, Fraction(channel.rate_hz), channel.samples, channel.lsb, 0.0
        )
        for channel in run.channels
    }
    return Recording(
        path=Path("synthetic.edf"),
        patient="",
        title=f"synthetic;seed={run.plan.seed};side={run.athlete.side}",
        duration_s=Fraction(run.plan.duration_s),
        channels=channels,
        annotations=[Annotation(e.onset_s, max(e.duration_s, 0.0), e.text) for e in run.truth],
    )
