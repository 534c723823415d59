"""`report.html`: one self-contained page a coach reads; no network, no script."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from host_tools.firmware_tables import wire
from host_tools.report import (
    level_chart,
    muscle_charts,
    stride_charts,
    tables,
    trend_charts,
    words,
)
from host_tools.report.figures import Missing
from host_tools.report.numbers import clock, valid_strides
from host_tools.result import ReplayResult

__all__ = ["render", "write_report"]

HERE = Path(__file__).parent
SYNTHETIC = (
    '<aside class="synthetic" role="note"><strong>Synthetic recording</strong> Generated to test '
    "the band. Nothing here was measured on a person.</aside>"
)
LEVEL_INTRO = (
    "<p>What the band said, minute by minute. Grey means it had too little to judge: warm-up, the "
    "minutes in which it learns, stops, or trouble with a sensor.</p>"
)
DOMAINS_INTRO = (
    "<p>Each block of strides is compared with this athlete’s own baseline, after allowing for "
    "cadence, speed and skin temperature where they are known. A warning needs agreement, never "
    "one curve alone.</p>"
)
SPECTRUM_INTRO = (
    "<p>The average power spectrum of the calf’s EMG. A shift to the left is common when a muscle "
    "tires, but not in everyone.</p>"
)
CONTRACTIONS_INTRO = (
    "<p>Without running strides the band still measures every burst of the muscle.</p>"
)


def write_report(result: ReplayResult, path: Path) -> None:
    """Write the page. The same result gives the same bytes. Raises OSError as `open` does."""
    path.write_text(render(result), encoding="utf-8", newline="\n")


def render(result: ReplayResult) -> str:
    """The whole page as HTML."""
    spans = words.segments(result)
    said = words.headline(result)
    shown, missing = [], []
    for name, title, intro, body in _sections(result, spans):
        if isinstance(body, Missing):
            entry = f"<dt>{escape(title)}</dt><dd>{escape(body.why)}</dd>"
            missing.append(f'<div id="{name}">{entry}</div>')
        else:
            lead = f"<header><h2>{escape(title)}</h2>{intro}</header>"
            shown.append(f'<section id="{name}">{lead}{body}</section>')
    if missing:
        lead = "<header><h2>What this recording cannot show</h2></header>"
        entries = f'<dl class="missing">{"".join(missing)}</dl>'
        shown.append(f'<section id="missing">{lead}{entries}</section>')
    return Template((HERE / "page.html").read_text(encoding="utf-8")).substitute(
        style=(HERE / "style.css").read_text(encoding="utf-8"),
        title=escape(result.title),
        facts=_facts(result),
        synthetic=SYNTHETIC if result.synthetic else "",
        headline=escape(said.short),
        detail=escape(said.detail),
        level=said.level,
        scale=_scale(said.level, spans),
        meaning="".join(f"<p>{escape(line)}</p>" for line in said.meaning),
        advice=escape(said.advice),
        sections="\n".join(shown),
    )


Section = tuple[str, str, str, "str | Missing"]


def _sections(result: ReplayResult, spans: list[words.Segment]) -> list[Section]:
    """(id, title, introduction as HTML, body) in reading order; each drawn or Missing."""
    found: list[Section] = [
        ("level", "Level over time", LEVEL_INTRO, level_chart.level_figure(result, spans)),
        ("domains", "Five areas against the fresh self", DOMAINS_INTRO,
         trend_charts.domain_figures(result)),
        ("telling", "What moved most", trend_charts.feature_key(),
         trend_charts.telling_figures(result)),
        ("strides", "Stride by stride", stride_charts.stride_key(),
         stride_charts.run_figures(result)),
        ("average", "The average stride", stride_charts.average_key(result),
         stride_charts.average_figures(result)),
        ("spectrum", "The muscle’s spectrum", SPECTRUM_INTRO,
         muscle_charts.spectrum_figures(result)),
        ("values", "Baseline and now", "", tables.value_table(result)),
        ("quality", "Data quality", "", tables.quality(result)),
        ("accuracy", "Accuracy against the recording’s reference", "", tables.accuracy(result)),
        ("technical", "How it was made", "", tables.technical(result)),
    ]  # fmt: skip
    if int(valid_strides(result).sum()) < muscle_charts.ENOUGH_STRIDES:
        # Where strides cannot tell the muscle's story, its contractions come first.
        body = muscle_charts.contraction_figures(result)
        found.insert(1, ("contractions", "Each contraction", CONTRACTIONS_INTRO, body))
    return found


def _facts(result: ReplayResult) -> str:
    """The athlete as one line of chips."""
    units = {"mass_kg": "kg", "height_m": "m", "speed_m_s": "m/s", "side": "leg"}
    chips = [clock(result.duration_s) + (" min" if result.duration_s < 3600 else " h")]
    for name, value in result.athlete.items():
        if value in (None, "") or value != value:
            continue
        shown = f"{value:g}" if isinstance(value, float | int) else str(value)
        after = units.get(name)
        chips.append(f"{shown} {after}" if after else f"{name} {shown}")
    kinds = (
        ("EMG", "calf EMG"),
        ("ACC", "acceleration"),
        ("GYR", "angular rate"),
        ("TEMP", "skin temperature"),
        ("SPEED", "speed"),
    )
    present = [said for start, said in kinds if any(s.startswith(start) for s in result.signals)]
    missing = [said for start, said in kinds[:3] if said not in present]
    if present:
        chips.append("with " + ", ".join(present))
    if missing:
        chips.append("without " + ", ".join(missing))
    return "".join(f"<li>{escape(str(chip))}</li>" for chip in chips)


def _scale(level: int, spans: list[words.Segment]) -> str:
    """The five levels as a ladder, the reached one named, with the time spent at each."""
    steps = []
    for step in range(4, -1, -1):
        spent = sum(s.end - s.start for s in spans if s.level == step)
        here = ' aria-current="true"' if step == level else ""
        steps.append(
            f'<li class="l{step}"{here}><b>{step}</b><span>{wire.LEVELS[step]}</span>'
            f"<time>{clock(spent) if spent else '–'}</time></li>"
        )
    return f'<ol class="ladder" aria-label="Time at each level">{"".join(steps)}</ol>'
