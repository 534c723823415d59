"""The figures as tables for the terminal; the page shows the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from host_tools.corpus.statistics import Interval
from host_tools.firmware_tables import wire
from host_tools.population import comparisons, metrics, targets
from host_tools.population.feature import WITH_EARLIER_RUNS
from host_tools.population.metrics import Rows
from host_tools.population.scenarios import EARLY, KINDS, RIGHT, TIRING

UNKNOWN = "–"


@dataclass(frozen=True)
class Sheet:
    """One table as text: `note` says what its figures are, `rows` are cells."""

    title: str
    note: str
    head: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)


def sheets(tier: str, runs: Rows, moments: Rows | None, faults: Rows | None) -> list[Sheet]:
    """All tables of one tier; variants of a run do not count in the first ones."""
    usual = metrics.where(runs, variant="")
    named = None if faults is None else metrics.where(faults, variant="")
    found = [
        target_sheet(tier, usual, named),
        scenario_sheet(tier, usual),
        false_alarm_sheet(tier, usual),
        confusion_sheet(tier, usual),
    ]
    if named is not None and metrics.count(named):
        found.append(fault_sheet(tier, named))
    found.append(separation_sheet(tier, usual))
    if moments is not None:
        found.append(calibration_sheet(tier, metrics.where(moments, variant="")))
    if len(set(runs["variant"])) > 1:
        found += [earlier_runs_sheet(tier, runs), ablation_sheet(tier, runs)]
    return found


def target_sheet(tier: str, runs: Rows, faults: Rows | None) -> Sheet:
    sheet = Sheet(f"Targets, {tier} tier", "", ("target", "asked", "measured", ""))
    for target in targets.targets(runs, faults):
        met = "met" if target.met else "not met"
        sheet.rows.append([target.what, target.asked, target.measured, met])
    return sheet


def scenario_sheet(tier: str, runs: Rows) -> Sheet:
    sheet = Sheet(
        f"Scenarios, {tier} tier",
        "Minutes to the first heavy warning, from the onset and from half of the full change: "
        "quartiles and 95th percentile of the runs caught. 95 % intervals in brackets.",
        ("runs", "n", "hours", "caught", "min after onset", "min after half", "false heavy / 10 h"),
    )
    for each in metrics.scenarios(runs):
        sheet.rows.append(
            [
                each.kind,
                str(each.runs),
                f"{each.hours:.0f}",
                _share(each.caught),
                _minutes(each.after_onset_min),
                _minutes(each.after_half_min),
                _rate(each.false_per_10_h, each.false_heavy),
            ]
        )
    return sheet


def false_alarm_sheet(tier: str, runs: Rows) -> Sheet:
    sheet = Sheet(
        f"False heavy warnings, {tier} tier",
        "Runs that do not tire, by what the band knew; in 10 hours of running, and of those in "
        "which it judged. 95 % intervals are exact (Poisson).",
        ("runs", "n", "hours", "warnings", "in 10 h", "in 10 judged h"),
    )
    rested = metrics.not_tiring(runs)
    groups = [("all that do not tire", rested)]
    for known, word in ((True, "speed known"), (False, "speed not known")):
        groups.append((word, metrics.chosen(rested, rested["knows_speed"] == known)))
    for kind in KINDS:
        if kind not in TIRING:
            for known, word in ((True, "speed known"), (False, "speed not known")):
                some = metrics.where(rested, kind=kind)
                part = metrics.chosen(some, some["knows_speed"] == known)
                groups.append((f"{kind}, {word}", part))
    for name, rows in groups:
        if metrics.count(rows):
            each = metrics.scenario("fresh", rows)
            sheet.rows.append(
                [
                    name,
                    str(each.runs),
                    f"{each.fresh_hours:.0f}",
                    str(each.false_heavy),
                    _limits(each.false_per_10_h, "{:.2f}"),
                    _limits(each.false_per_10_judged_h, "{:.2f}"),
                ]
            )
    return sheet


def confusion_sheet(tier: str, runs: Rows) -> Sheet:
    sheet = Sheet(
        f"Attribution, {tier} tier",
        "Runs by what they were put down to: tiring ones at the first heavy warning and three "
        "minutes on, others by what was told longest, for a twentieth of the run at least. The "
        "right one is in brackets.",
        ("runs", *metrics.CAUSES),
    )
    for kind, counts in metrics.confusion(runs).items():
        right = RIGHT.get(kind, "none")
        cells = [f"[{n}]" if cause == right else str(n or "") for cause, n in counts.items()]
        sheet.rows.append([kind, *cells])
    return sheet


def fault_sheet(tier: str, faults: Rows) -> Sheet:
    sheet = Sheet(
        f"Sensor faults, {tier} tier",
        "Named: told by its name while it lasted or within 15 s after. Heavy: a heavy warning "
        "began while it lasted or within 3 minutes after.",
        ("fault", "n", "named", "median s", "heavy"),
    )
    for each in metrics.named(faults):
        after = UNKNOWN if np.isnan(each.after_s) else f"{each.after_s:.0f}"
        sheet.rows.append(
            [each.fault, str(each.faults), _share(each.named), after, str(each.heavy)]
        )
    return sheet


def separation_sheet(tier: str, runs: Rows) -> Sheet:
    sheet = Sheet(
        f"Tiring against other runs, {tier} tier",
        "Area under the ROC curve of one score per whole run: the band's highest level and "
        "confidence, or their mean over the last third. Nothing was fitted to these athletes, so "
        "every run counts as left out.",
        ("tiring runs", "by the highest", "by the last third"),
    )
    highest, late = metrics.separation(runs), metrics.separation(runs, "late_score")
    for kind, area in highest.items():
        sheet.rows.append([kind, _limits(area, "{:.3f}"), _limits(late[kind], "{:.3f}")])
    return sheet


def calibration_sheet(tier: str, moments: Rows) -> Sheet:
    sheet = Sheet(
        f"Confidence, {tier} tier",
        "What the band claimed every ten minutes from minute 20 on. Fresh is right below half of "
        "the full change, watch and heavy are right above none.",
        ("claim", "confidence %", "mean %", "n", "right"),
    )
    for each in metrics.calibration(moments):
        sheet.rows.append(
            [
                each.claim,
                f"{each.low}–{each.high}",
                f"{each.mean_pct:.0f}",
                str(each.moments),
                _share(each.right),
            ]
        )
    return sheet


def earlier_runs_sheet(tier: str, runs: Rows) -> Sheet:
    sheet = Sheet(
        f"Five earlier runs known, {tier} tier",
        "The very same strides with and without the stored baselines of five earlier runs. "
        "Delays: median minutes after half of the change; the difference is paired.",
        ("runs", "n", "caught", "without", "delay", "without", "difference", "false", "without"),
    )
    for name, kinds in (("tire early", (EARLY,)), ("as both tiers have", KINDS)):
        each = comparisons.variant(runs, WITH_EARLIER_RUNS, kinds)
        if each:
            sheet.rows.append(
                [
                    name,
                    str(each.runs),
                    _share(each.caught),
                    _share(each.caught_without),
                    _number(each.delay_min),
                    _number(each.delay_min_without),
                    _limits(each.paired_delay_min, "{:+.1f}"),
                    f"{each.false_heavy} in {each.fresh_hours:.0f} h",
                    str(each.false_heavy_without),
                ]
            )
    return sheet


def ablation_sheet(tier: str, runs: Rows) -> Sheet:
    sheet = Sheet(
        f"What each domain adds, {tier} tier",
        "The very same strides with one domain of evidence switched off: A mechanics, B timing, "
        "C EMG amplitude, D spectrum, E shock.",
        ("evidence", "runs", "caught", "right cause", "median delay", "false heavy"),
    )
    first = True
    for domain in wire.DOMAINS:
        each = comparisons.variant(runs, f"without {domain}", KINDS)
        if each is None:
            continue
        if first:
            sheet.rows.append(
                [
                    "all",
                    str(each.runs),
                    _share(each.caught_without),
                    _share(each.right_without),
                    _number(each.delay_min_without),
                    f"{each.false_heavy_without} in {each.fresh_hours:.0f} h",
                ]
            )
            first = False
        sheet.rows.append(
            [
                each.name,
                str(each.runs),
                _share(each.caught),
                _share(each.right),
                _number(each.delay_min),
                str(each.false_heavy),
            ]
        )
    return sheet


def agreement_sheet(raw: Rows, feature: Rows) -> Sheet:
    """Both tiers on runs of the same kinds and lengths."""
    same = comparisons.same_verdicts(raw, feature)
    sheet = Sheet(
        "Do the tiers agree?",
        "Runs of the same kinds and lengths; where an athlete's run is in both tiers, heavy was "
        f"called or not called alike in {_share(same)}.",
        ("runs", "figure", "raw tier", "feature tier", "intervals"),
    )
    for each in comparisons.agreement(raw, feature):
        form = {"caught": _share, "attribution": _share}.get(each.figure, _two)
        alike = "overlap" if each.agrees else "apart"
        sheet.rows.append([each.kind, each.figure, form(each.raw), form(each.feature), alike])
    return sheet


def _two(figure: Interval) -> str:
    return _limits(figure, "{:.2f}")


def _number(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else UNKNOWN


def _share(figure: Interval | None) -> str:
    if figure is None or np.isnan(figure.value):
        return UNKNOWN
    return f"{100 * figure.value:.1f} % [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"


def _limits(figure: Interval, form: str) -> str:
    if np.isnan(figure.value):
        return UNKNOWN
    text = form.format(figure.value)
    if np.isfinite(figure.low):
        text += f" [{form.format(figure.low)}, {form.format(figure.high)}]"
    return text


def _rate(figure: Interval, events: int) -> str:
    return f"{events}: {_limits(figure, '{:.2f}')}"


def _minutes(quantiles: tuple[float, float, float, float] | None) -> str:
    if quantiles is None:
        return UNKNOWN
    q25, q50, q75, q95 = quantiles
    return f"{q50:.1f} ({q25:.1f}–{q75:.1f}), {q95:.1f}"
