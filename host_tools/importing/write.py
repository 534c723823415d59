"""The EDF+ file: 16 bits at the band's own scale where that holds the signal, all or nothing."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from math import ceil
from pathlib import Path

import numpy as np
import pyedflib

from host_tools.errors import CalfbandError
from host_tools.importing.assemble import Assembled
from host_tools.importing.truth import Event

EQUIPMENT = "calfband_import"
START = datetime(2026, 1, 1, 12, 0, 0)  # fixed: the same source gives the same bytes
# The band's own quanta (design: EMG 0.25 uV, ±32 g, ±2000 deg/s): replay then rounds nothing twice.
LSB = {"emg": 0.25, "acc": 0.000976, "gyr": 0.07, "temp": 0.01, "speed": 0.001}
MAX_ANNOTATION_SIGNALS = 64
_FIELD = 8  # characters of a number in an EDF header


def physical_range(kind: str, values: np.ndarray) -> tuple[float, float]:
    """(minimum, maximum) for digital -32768…32767 that holds every value, as the header's 8
    characters can say it: the band's own range, or the smallest whole multiple of it."""
    top = float(np.abs(values).max())
    times = max(1, ceil(top / (32767 * LSB[kind]) - 1e-9))
    while True:
        low, high = _eight(-32768 * LSB[kind] * times, 32767 * LSB[kind] * times)
        if low <= values.min() and values.max() <= high:
            return low, high
        times += 1


def _eight(low: float, high: float) -> tuple[float, float]:
    for digits in range(6, -1, -1):
        if len(f"{low:.{digits}f}") <= _FIELD:
            return round(low, digits), round(high, digits)
    raise OverflowError(f"{low:g}")


@contextmanager
def replaced(path: Path, force: bool) -> Iterator[Path]:
    """A file to write that takes `path`'s place when the block succeeds, and vanishes otherwise.

    What is there may be replaced when it came from here or `force` is set.
    """
    if path.is_dir():
        raise CalfbandError(f"{path}: this is a folder; name a file in it with --out.")
    if path.exists() and not force and not _ours(path):
        raise CalfbandError(
            f"{path}: is there already and was not made by calfband import; name another file "
            "with --out or add --force."
        )
    folder: Path | None = None
    made = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".import-", dir=path.parent))
        part = folder / path.name
        yield part
        os.replace(part, path)
        made = []
    except OSError as error:
        raise CalfbandError(
            f"{path}: cannot be written ({error.strerror or error}); choose another place with "
            "--out."
        ) from error
    finally:
        if folder is not None:
            for left in folder.iterdir():
                left.unlink()
            folder.rmdir()
        for parent in made:
            with suppress(OSError):
                parent.rmdir()


def _ours(path: Path) -> bool:
    with path.open("rb") as file:
        return EQUIPMENT.encode() in file.read(256)


def write_edf(
    path: Path, made: Assembled, annotations: list[Event], patient: str, recording: str
) -> dict[str, float]:
    """Write the file; label -> LSB in the channel's unit. Rounding costs half of it at most.

    Raises CalfbandError when values or annotations do not fit into EDF+.
    """
    # pyedflib keeps one annotation per annotation signal and record, and drops the rest.
    signals = ceil((len(annotations) + 1) / made.records) + 1
    if signals > MAX_ANNOTATION_SIGNALS:
        raise CalfbandError(
            f"{made.channels[0].file}: {len(annotations)} annotations in {made.duration_s:.1f} s "
            "are more than EDF+ holds; check the truth columns in the map."
        )
    digital, quanta = [], {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of rates that are exact, but no integers
        with pyedflib.EdfWriter(str(path), len(made.channels), pyedflib.FILETYPE_EDFPLUS) as edf:
            edf.set_number_of_annotation_signals(signals)
            edf.setDatarecordDuration(float(made.record_s))
            edf.setStartdatetime(START)
            edf.setPatientAdditional(patient)
            edf.setEquipment(EQUIPMENT)
            edf.setRecordingAdditional(recording)
            for i, (channel, n) in enumerate(zip(made.channels, made.per_record, strict=True)):
                try:
                    low, high = physical_range(channel.kind, channel.values)
                except OverflowError:
                    raise CalfbandError(
                        f"{channel.file}: {channel.label} reaches "
                        f"{np.abs(channel.values).max():.3g} {channel.unit}; check its unit in "
                        "the map."
                    ) from None
                lsb = (high - low) / 65535
                counts = np.rint((channel.values - low) / lsb) - 32768
                digital.append(counts.astype(np.int16).reshape(made.records, n))
                quanta[channel.label] = lsb
                edf.setSignalHeader(
                    i,
                    {
                        "label": channel.label,
                        "dimension": channel.unit,
                        "sample_frequency": n / float(made.record_s),
                        "physical_min": low,
                        "physical_max": high,
                        "digital_min": -32768,
                        "digital_max": 32767,
                        "transducer": "",
                        "prefilter": "",
                    },
                )
            block = np.concatenate(digital, axis=1)
            for record in range(made.records):
                if edf.blockWriteDigitalShortSamples(np.ascontiguousarray(block[record])) < 0:
                    raise OSError("a data record was not taken")
            for event in annotations:
                if edf.writeAnnotation(event.t_s, event.duration_s, event.text) < 0:
                    raise OSError("an annotation was not taken")
    return quanta
