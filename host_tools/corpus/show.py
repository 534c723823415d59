"""What `calfband corpus` prints: accuracy, warnings and faults, each with its interval."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from host_tools.corpus.aggregate import (
    Corpus,
    EventAccuracy,
    Group,
    WarningAccuracy,
    causes_of,
)
from host_tools.corpus.numbers import between, interval, number, percent
from host_tools.corpus.work import Outcome


def show(console: Console, corpus: Corpus) -> None:
    """The tables of a corpus, real and synthetic apart."""
    for group in corpus.groups:
        _show_group(console, group)


def conclude(console: Console, outcome: Outcome, page: str) -> None:
    """What was done, and in the last line where the page is."""
    counts = [(outcome.ran, "replayed"), (outcome.reused, "from before")]
    counts += [(len(outcome.failed), "not replayed")]
    console.print(", ".join(f"{n} {what}" for n, what in counts if n), highlight=False)
    console.print(Text(f"→ {page}", style="bold"), soft_wrap=True)


def _show_group(console: Console, group: Group) -> None:
    count = len(group.recordings)
    strides = sum(row["valid"] for row in group.recordings)
    console.print(
        Text(f"{count} {group.name} recording{'s' if count != 1 else ''}", style="bold"),
        Text(f"{group.hours:.1f} h, {strides} valid strides", style="dim"),
    )
    for gait in dict.fromkeys(event.gait for event in group.events):
        console.print(_events(gait, [event for event in group.events if event.gait == gait]))
    judged = [*group.scenarios]
    if group.overall and len(judged) > 1:
        judged.append(group.overall)
    if judged:
        console.print(_warnings(judged))
        console.print(_attributions(judged))
    if group.unjudged:
        told = group.unjudged
        console.print(
            f"without truth about fatigue: {told.recordings} recordings, {told.hours:.1f} h, "
            f"{told.heavy} heavy warnings ({interval(told.heavy_per_10_h)} in 10 h)",
            highlight=False,
        )
    if group.faults:
        table = _table("faults in the truth", "", "n", "named %", "after s", "heavy")
        for fault in group.faults:
            row = (str(fault.n), percent(fault.named), interval(fault.after_s), str(fault.heavy))
            table.add_row(fault.fault, *row)
        console.print(table)


def _events(gait: str, events: list[EventAccuracy]) -> Table:
    heads = ("true", "found", "missed", "false", "bias", "95 %", "SD", "MAE")
    files = max(event.recordings for event in events)
    table = _table(f"{gait}, against the truth in {files} recordings (errors in ms)", "", *heads)
    for row in events:
        counts = (row.truth, row.found, row.missed, row.false)
        table.add_row(
            row.words,
            *("" if n is None else str(n) for n in counts),
            number(row.bias_ms.value),
            between(row.bias_ms),
            number(row.sd_ms),
            number(row.mae_ms),
        )
    return table


def _warnings(scenarios: list[WarningAccuracy]) -> Table:
    heads = ("fresh h", "false", "in 10 h", "caught %", "delay min")
    table = _table("heavy warnings against the truth, with 95 % intervals", "", *heads)
    for row in scenarios:
        table.add_row(
            row.scenario,
            f"{row.fresh_h:.1f}",
            str(row.false_heavy),
            interval(row.false_per_10_h),
            f"{row.caught}/{row.tiring}: {percent(row.sensitivity)}" if row.tiring else "",
            interval(row.delay_min),
        )
    return table


def _attributions(scenarios: list[WarningAccuracy]) -> Table:
    causes = causes_of(scenarios)
    table = _table("recordings by the cause the band named", "", *causes)
    for row in scenarios:
        table.add_row(row.scenario, *(str(row.attributions.get(cause, "")) for cause in causes))
    return table


def _table(title: str, *heads: str) -> Table:
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column(heads[0], no_wrap=True)
    for head in heads[1:]:
        table.add_column(head, justify="right")
    return table
