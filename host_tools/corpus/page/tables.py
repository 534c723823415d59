"""Tables of a corpus as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from host_tools.corpus.aggregate import Corpus, Group, causes_of
from host_tools.corpus.numbers import interval, number, percent, thousands
from host_tools.firmware_tables import wire
from host_tools.report.numbers import signed

NONE = np.zeros(0)


def events(group: Group) -> str:
    heads = ("files", "true", "found", "missed", "false", "bias ms", "SD ms", "MAE ms")
    rows = (
        (
            f"{row.words}, {row.gait}",
            *(_count(n) for n in (row.recordings, row.truth, row.found, row.missed, row.false)),
            interval(row.bias_ms) or "–",
            number(row.sd_ms) or "–",
            number(row.mae_ms) or "–",
        )
        for row in group.events
    )
    below = (
        "Bias is the median of the recordings’ biases with its 95 % order-statistic interval "
        "(from six recordings on), SD is within recordings, MAE over all events."
    )
    return _table(f"Event, {group.name}", heads, rows, below)


def warnings(group: Group) -> str:
    heads = ("files", "hours", "fresh h", "judged h", "false", "in 10 h", "caught", "delay min")
    told = [*group.scenarios]
    if group.overall and len(told) > 1:
        told.append(group.overall)
    rows = (
        (
            row.scenario,
            str(row.recordings),
            f"{row.hours:.1f}",
            f"{row.fresh_h:.1f}",
            f"{row.judged_h:.1f}",
            str(row.false_heavy),
            interval(row.false_per_10_h),
            f"{row.caught} of {row.tiring}: {percent(row.sensitivity)} %" if row.tiring else "–",
            interval(row.delay_min) or "–",
        )
        for row in told
    )
    below = "Judged hours are the fresh ones in which the band had a level above 0."
    return _table(f"Scenario, {group.name}", heads, rows, below)


def attributions(group: Group) -> str:
    """What was said of the runs of each scenario: rows are the truth, columns the band's word."""
    causes = causes_of(group.scenarios)
    rows = (
        (row.scenario, *(str(row.attributions.get(cause, "–")) for cause in causes))
        for row in group.scenarios
    )
    below = (
        "Recordings by the cause the band named: of the first heavy warning once settled, or "
        "without one what else it told longest."
    )
    return _table(f"Attribution, {group.name}", causes, rows, below)


def faults(group: Group) -> str:
    heads = ("faults", "named %", "after s", "heavy")
    rows = (
        (f.fault, str(f.n), percent(f.named), interval(f.after_s) or "–", str(f.heavy))
        for f in group.faults
    )
    return _table(f"Fault, {group.name}", heads, rows, "")


def recordings(group: Group) -> str:
    """One row each; bias ± SD where there is a truth."""
    shown = {event.event: event.words for event in group.events}
    errors = {
        (event.event, name): values
        for event in group.events
        for name, values in event.errors_ms.items()
    }
    heads = ("min", "strides", "valid", "highest", "heavy at min", "attribution", "faults told")
    rows = []
    for row in group.recordings:
        heavy = row["first_heavy_min"]
        cells = [
            row["name"],
            f"{row['duration_min']:.1f}",
            str(row["strides"]),
            str(row["valid"]),
            wire.LEVELS[row["highest"]],
            "–" if heavy is None else f"{heavy:.1f}",
            row["attribution"],
            row["faults"] or "–",
        ]
        for event in shown:
            found = errors.get((event, row["name"]), NONE)
            cells.append(f"{signed(found.mean())} ± {found.std():.1f}" if len(found) else "–")
        rows.append(cells)
    heads = (*heads, *(f"{words} ms" for words in shown.values()))
    return _table(f"Recording, {group.name}", heads, rows, "")


def failures(corpus: Corpus) -> str:
    items = (
        f"<li><b>{escape(name)}</b> <span>{escape(error)}</span></li>"
        for name, error in corpus.failures
    )
    return f'<ul class="faults failures">{"".join(items)}</ul>'


def _table(first: str, heads: Sequence[str], rows: Iterable[Sequence[str]], below: str) -> str:
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in (first, *heads))
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    caption = f'<p class="caption">{escape(below)}</p>' if below else ""
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f"</div>{caption}"
    )


def _count(value: int | None) -> str:
    return "–" if value is None else thousands(value)
