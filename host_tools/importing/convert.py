"""One recording: sources and map in, an EDF+ that replay accepts out, with a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.band_input import band_input
from host_tools.errors import CalfbandError
from host_tools.importing.assemble import Assembled, annotations_of, assemble
from host_tools.importing.checks import warnings_for
from host_tools.importing.map import ImportMap
from host_tools.importing.map_file import for_element
from host_tools.importing.people import athlete_of, patient_field
from host_tools.importing.report import ChannelLine, ImportReport
from host_tools.importing.rigid_body import read_rigid_body
from host_tools.importing.signals import Channel, read_signal
from host_tools.importing.sources import Source, comparable, open_source, shortened
from host_tools.importing.truth import Event, read_truth
from host_tools.importing.write import replaced, write_edf
from host_tools.recording import read_recording


@dataclass
class Job:
    """Files that make one recording, and which element of a list in them."""

    name: str
    files: list[Path]
    element: str | None = None
    number: int | None = None
    sources: list[Source] = field(default_factory=list)


def jobs_for(files: list[Path], found: ImportMap, only: int | None) -> list[Job]:
    """What there is to import: a file each, all together, or the elements of a list.

    `only`: the number of the one element that is wanted. Raises CalfbandError.
    """
    people = found.athlete_table
    data = [f for f in files if people is None or not fnmatch(f.name, people.file)]
    if not data:
        raise CalfbandError(f"{files[0]}: is the table of participants; name the recording, too.")
    if found.together:
        return [Job(data[0].stem, data)]
    jobs: list[Job] = []
    for file in data:
        if found.reader.each is None:
            jobs.append(Job(file.stem, [file]))
            continue
        source = open_source(file, found.reader)
        elements = elements_of(source, found.reader.each)
        for number, element in enumerate(elements, start=1):
            if only is None or only == number:
                last = element[len(found.reader.each) :].strip("().")
                name = f"{number:02d}" if last.isdigit() else last
                jobs.append(Job(f"{file.stem}-{name}", [file], element, number, [source]))
        if only is not None and only > len(elements):
            raise CalfbandError(
                f"{file}: holds {len(elements)} recordings and no number {only}; "
                f"choose one from 1 to {len(elements)}."
            )
    names = [job.name for job in jobs]
    for job in jobs:
        if names.count(job.name) > 1:
            raise CalfbandError(
                f"{job.files[0]}: another file named {job.name} is in the same command; "
                "import it in a command of its own."
            )
    return jobs


def elements_of(source: Source, each: str) -> list[str]:
    """Paths of the elements of a list or structure, in the file's order."""
    found: dict[str, None] = {}
    wanted = comparable(each)
    for name in source.names:
        if not comparable(name).startswith(wanted):
            continue
        rest = name[len(each) :]
        if rest[:1] == "(":
            found[name[: len(each) + rest.index(")") + 1]] = None
        elif rest[:1] in (".", "/"):
            inner = rest[1:]
            ends = [i for i in (inner.find("."), inner.find("/")) if i > 0]
            if ends:
                found[name[: len(each) + 1 + min(ends)]] = None
    elements = list(found)
    if elements and all(e.startswith(f"{each}.") for e in elements) and not source.has(each):
        # A structure of one element has its fields where others have their numbers.
        fields = {name[len(each) + 1 :] for name in source.names if name.startswith(f"{each}.")}
        if any("." not in f and "(" not in f for f in fields):
            return [each]
    if not elements and any(n.startswith(f"{each}.") for n in source.names):
        return [each]
    if not elements:
        raise CalfbandError(
            f"{source.path}: holds no list {each!r}; check that the map fits the file."
        )
    return elements


@np.errstate(all="ignore")  # damaged files hold numbers of any size; what is absurd is refused
def import_recording(
    job: Job, found: ImportMap, out: Path, given: list[Path], options: dict[str, Any], force: bool
) -> ImportReport:
    """Import one recording to `out`. Raises CalfbandError; `out` is then as it was before."""
    if job.element is not None:
        found = for_element(found, job.element)
    sources = job.sources or [open_source(file, found.reader) for file in job.files]
    skipped: list[str] = []
    channels = _channels(found, sources, skipped)
    events: list[Event] = []
    for truth in found.truth:
        if truth.optional and not any(s.has(truth.column) for s in _fitting(sources, truth.file)):
            skipped.append(f"truth {truth.column}")
            continue
        source = _source_for(sources, truth.file, (truth.column,))
        events += read_truth(source, truth, sources)
    athlete = athlete_of(found, job.files[0], job.number, given, options)
    made = assemble(channels)
    annotations = annotations_of(made, events)
    report = ImportReport(
        [str(file) for file in job.files], job.element, str(out), found.name, made.duration_s,
        athlete, skipped=skipped,
    )  # fmt: skip
    report.annotations = _counts(annotations)
    report.gaps = [(e.text, round(e.t_s, 4), round(e.duration_s, 4)) for e in made.lost]
    report.notes = [note for c in made.channels for note in c.notes] + made.notes
    side = f"side={athlete['side']}" if "side" in athlete else ""
    with replaced(out, force) as part:
        quanta = write_edf(part, made, annotations, patient_field(athlete), side)
        report.replay_notes = _replayed(part, job.files[0])
    report.warnings = warnings_for(made)
    report.channels = [_line(channel, made, quanta[channel.label]) for channel in made.channels]
    return report


def _channels(found: ImportMap, sources: list[Source], skipped: list[str]) -> list[Channel]:
    channels: list[Channel] = []
    for signal in found.signals:
        source = _source_for(sources, signal.file, signal.columns)
        if signal.optional and not all(source.has(ref) for ref in signal.columns):
            skipped.append(signal.label)
            continue
        channels += read_signal(source, signal)
    if found.rigid_body:
        body = found.rigid_body
        channels += read_rigid_body(_source_for(sources, body.file, body.markers[0]), body)
    if not channels:
        wanted = ", ".join(repr(ref) for signal in found.signals for ref in signal.columns[:1])
        raise CalfbandError(
            f"{sources[0].path}: none of the columns this map looks for ({wanted}) is there "
            f"(found: {shortened(sources[0].names)}); check that the map fits the file, or name "
            "columns with --channel."
        )
    return channels


def _fitting(sources: list[Source], pattern: str | None) -> list[Source]:
    if pattern is None:
        return sources
    return [s for s in sources if fnmatch(s.path.resolve().as_posix(), f"*{pattern}")]


def _source_for(sources: list[Source], pattern: str | None, refs: tuple[str, ...]) -> Source:
    fitting = _fitting(sources, pattern)
    if not fitting:
        raise CalfbandError(
            f"{sources[0].path}: this map also needs a file named like {pattern}; "
            "give both in one command."
        )
    sources = fitting
    return next((s for s in sources if all(s.has(ref) for ref in refs)), sources[0])


def _replayed(part: Path, source: Path) -> list[str]:
    """What replay will say of the file; a file it refuses is refused here."""
    try:
        recording = read_recording(part)
        return recording.notes + band_input(recording).notes
    except CalfbandError as error:
        reason = str(error).replace(f"{part}: ", "").rstrip(".")
        raise CalfbandError(
            f"{source}: cannot be replayed as this map reads it: {reason}."
        ) from error


def _counts(annotations: list[Event]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in annotations:
        counts[event.text] = counts.get(event.text, 0) + 1
    return counts


def _line(channel: Channel, made: Assembled, lsb: float) -> ChannelLine:
    return ChannelLine(
        label=channel.label,
        file=channel.file.name,
        source=channel.source,
        source_unit=channel.source_unit,
        scale=channel.scale,
        unit=channel.unit,
        rate_hz=float(channel.rate_hz),
        jitter_ms=round(channel.jitter_ms, 3),
        samples=len(channel.values),
        clipped=channel.clipped,
        missing=channel.missing,
        bridged=made.bridged.get(channel.label, 0),
        low=float(channel.values.min()),
        high=float(channel.values.max()),
        lsb=lsb,
    )
