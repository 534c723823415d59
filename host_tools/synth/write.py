"""Write a synthetic run as EDF+, said to be synthetic in its header."""

from collections.abc import Callable
from datetime import datetime
from math import ceil
from pathlib import Path

import numpy as np
import pyedflib

from host_tools.synth.run import Channel, SyntheticRun

# Fixed, so that the same plan gives the same bytes.
START = datetime(2026, 1, 1, 12, 0, 0)
_RANGE_DIGITS = {"uV": 2, "g": 4, "deg/s": 2, "degC": 2, "m/s": 3}


def write_edf(
    run: SyntheticRun, path: Path, progress: Callable[[int, int], None] | None = None
) -> int:
    """Write `run` to `path` in records of 1 s; returns the number of annotations.

    `progress` is told (records done, records in all). Raises OSError when the file cannot be
    written.
    """
    records = run.plan.duration_s
    with pyedflib.EdfWriter(str(path), len(run.channels), pyedflib.FILETYPE_EDFPLUS) as edf:
        # One annotation per annotation signal and record fits; what does not is dropped.
        edf.set_number_of_annotation_signals(min(64, ceil((len(run.truth) + 1) / records)))
        edf.setStartdatetime(START)
        edf.setPatientAdditional(_patient(run))
        edf.setEquipment("synthetic")
        edf.setRecordingAdditional(f"synthetic;seed={run.plan.seed};side={run.athlete.side}")
        for i, channel in enumerate(run.channels):
            edf.setSignalHeader(i, _header(channel))
        block = np.concatenate(
            [c.samples.reshape(records, c.rate_hz) for c in run.channels], axis=1
        )
        for record in range(records):
            if edf.blockWriteDigitalShortSamples(block[record]) < 0:
                raise OSError(f"{path}: record {record} could not be written.")
            if progress and record % 60 == 59:
                progress(record + 1, records)
        for event in run.truth:
            if edf.writeAnnotation(event.onset_s, event.duration_s, event.text) < 0:
                raise OSError(f"{path}: annotation {event.text} could not be written.")
    return len(run.truth)


def _patient(run: SyntheticRun) -> str:
    speeds = [s.speed_m_s for s in run.plan.phases() if s.gait == "run"]
    athlete = run.athlete
    text = f"sex={athlete.sex};mass={athlete.mass_kg:g}kg;height={athlete.height_m:g}m"
    if len(set(speeds)) == 1:  # only a constant speed may be told: the band would trust it
        text += f";speed={speeds[0]:.2f}m/s"
    return text


def _header(channel: Channel) -> dict[str, str | int | float | None]:
    digits = _RANGE_DIGITS[channel.unit]
    return {
        "label": channel.label,
        "dimension": channel.unit,
        "sample_frequency": channel.rate_hz,
        "physical_min": round(-32768 * channel.lsb, digits),
        "physical_max": round(32767 * channel.lsb, digits),
        "digital_min": -32768,
        "digital_max": 32767,
        "transducer": "synthetic",
        "prefilter": "",
    }
