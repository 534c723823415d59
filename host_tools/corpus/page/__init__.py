"""`corpus.html`: all recordings on one self-contained page; no network, no script."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from host_tools.corpus.aggregate import Corpus, Group
from host_tools.corpus.numbers import interval, percent, thousands
from host_tools.corpus.page import charts, tables
from host_tools.firmware_tables import FIRMWARE_VERSION
from host_tools.report import HERE as REPORT
from host_tools.report import SYNTHETIC

__all__ = ["render"]

HERE = Path(__file__).parent
EVENTS_INTRO = (
    "The band’s events against those written into the recordings (force plates, or the synthesis), "
    "without the first 2.5 seconds. Positive is late or long. A reference moves by tens of "
    "milliseconds with its force threshold, so a bias below 5 ms means nothing; it is the "
    "steadiness that counts."
)
WARNINGS_INTRO = (
    "A rise to heavy while the truth says fresh is false. A recording tires when its truth reaches "
    "half of the full change; it is caught when a rise to heavy comes after the legs began to "
    "tire, and the delay counts from that half."
)
LEVELS_INTRO = "What the band said, recording by recording."
FAULTS_INTRO = (
    "A fault counts as named when the band told it by its name while it lasted or within 15 "
    "seconds after. Heavy counts warnings that began under it."
)


def render(corpus: Corpus) -> str:
    """The whole page as HTML. The same corpus gives the same text."""
    hours = sum(group.hours for group in corpus.groups)
    sections = [part for group in corpus.groups for part in _group(group)]
    if corpus.failures:
        sections.append(_section("Not replayed", "", tables.failures(corpus)))
    count = corpus.recordings
    return Template((HERE / "page.html").read_text(encoding="utf-8")).substitute(
        style=(REPORT / "style.css").read_text(encoding="utf-8")
        + (HERE / "page.css").read_text(encoding="utf-8"),
        headline=f"{count} recording{'s' if count != 1 else ''}, {_hours(hours)}",
        detail=escape(_detail(corpus)),
        version=escape(FIRMWARE_VERSION),
        groups="".join(_tiles(group) for group in corpus.groups),
        sections="\n".join(sections),
    )


def _detail(corpus: Corpus) -> str:
    parts = [f"{len(group.recordings)} {group.name}" for group in corpus.groups]
    if corpus.failures:
        parts.append(f"{len(corpus.failures)} could not be replayed")
    return ", ".join(parts)


def _hours(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1.95 else f"{60 * hours:.0f} minutes"


def _tiles(group: Group) -> str:
    """The group's headline figures."""
    tiles = [
        (thousands(len(group.recordings)), f"{group.name} recordings"),
        (_hours(group.hours), "of recording"),
        (thousands(sum(row["valid"] for row in group.recordings)), "valid strides"),
    ]
    for event in group.events:
        if event.gait != "running" or not event.found:
            continue
        if event.event == "ic" and event.truth:
            said = f"of {thousands(event.truth)} true running contacts found, {event.false} false"
            share = 100 * event.found / event.truth
            tiles.append((f"{share:.2f} %" if event.missed else "100 %", said))
        if event.event == "contact":
            tiles.append((f"{event.mae_ms:.1f} ms", "mean error of contact time, running"))
    if group.overall and group.overall.fresh_h:
        rate, _, limits = interval(group.overall.false_per_10_h).partition(" ")
        tiles.append((rate, f"false heavy in 10 fresh hours {limits}"))
    if group.overall and group.overall.tiring:
        share, _, limits = percent(group.overall.sensitivity).partition(" ")
        tiles.append((f"{share} %", f"of tiring runs caught {limits}"))
    cells = "".join(f"<div><dd>{escape(n)}</dd><dt>{escape(w)}</dt></div>" for n, w in tiles)
    head = SYNTHETIC if group.synthetic else ""
    return f'{head}<dl class="tiles">{cells}</dl>'


def _group(group: Group) -> list[str]:
    kind = group.name
    parts = []
    if group.events:
        body = tables.events(group) + charts.error_figures(group)
        parts.append(_section(f"Events, {kind}", EVENTS_INTRO, body))
    if group.scenarios:
        body = charts.warning_figures(group) + tables.warnings(group) + tables.attributions(group)
        parts.append(_section(f"Heavy warnings, {kind}", WARNINGS_INTRO, body))
    if group.faults:
        parts.append(_section(f"Faults, {kind}", FAULTS_INTRO, tables.faults(group)))
    parts.append(_section(f"Levels, {kind}", LEVELS_INTRO, charts.level_figure(group)))
    parts.append(_section(f"Recordings, {kind}", "", tables.recordings(group)))
    return parts


def _section(title: str, intro: str, body: str) -> str:
    lead = f"<p>{escape(intro)}</p>" if intro else ""
    return f"<section><header><h2>{escape(title)}</h2>{lead}</header>{body}</section>"
