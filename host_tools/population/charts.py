"""Charts of a tier: delays, false warnings, separation, confidence, what each domain adds."""

from __future__ import annotations

import math

import numpy as np

from host_tools.corpus.statistics import Interval, auc, proportion
from host_tools.firmware_tables import wire
from host_tools.population import comparisons, metrics, targets
from host_tools.population.feature import WITH_EARLIER_RUNS
from host_tools.population.metrics import Rows
from host_tools.population.scenarios import EARLY, KINDS, TIRING
from host_tools.report.figures import figure, grid, key
from host_tools.report.svg import Margin, Plot, nice_ticks, tick_labels

ROW_PX = 26
PLOT_PX = 240
LATEST_MIN = 20.0
# Tiring kinds in a fixed order of styles.
STYLES = dict(zip(TIRING, ("k0", "k1", "k2", "k3"), strict=True))


def tier_figures(tier: str, runs: Rows, moments: Rows | None) -> str:
    """All charts of a tier."""
    usual = metrics.where(runs, variant="")
    parts = [
        delay_figure(tier, usual),
        false_figure(tier, usual),
        roc_figure(tier, usual),
        pace_figure(tier, usual),
    ]
    if moments is not None:
        parts.append(confidence_figure(tier, metrics.where(moments, variant="")))
    if len(set(runs["variant"])) > 1:
        parts += [earlier_figure(tier, runs), ablation_figure(tier, runs)]
    return grid([part for part in parts if part], 2)


def delay_figure(tier: str, runs: Rows) -> str:
    """Share of tiring runs called heavy, against minutes after half of the full change."""
    plot = Plot((-8, LATEST_MIN), (0, 100), PLOT_PX, "Share of tiring runs called heavy by then")
    shown = []
    for kind in TIRING:
        some = metrics.where(runs, kind=kind)
        if metrics.count(some):
            _cumulative(plot, some["after_half_min"], f"curve {STYLES[kind]}")
            shown.append((f"swatch {STYLES[kind]}line", kind))
    plot.vline(0, "zero")
    plot.vline(targets.MOST_DELAY_MIN, "alert")
    plot.y_axis([(v, f"{v} %") for v in (0, 25, 50, 75, 100)])
    plot.x_axis([(v, f"{v:+d} min" if v else "half") for v in range(-5, 16, 5)])
    said = f"minutes after half of the full change, {tier} tier; dashed: target for the median"
    return figure("Called heavy by then", _keyed(plot, shown), said)


def _keyed(plot: Plot, shown: list[tuple[str, str]]) -> str:
    return f"<div>{plot.html()}{key(*shown)}</div>"


def _cumulative(plot: Plot, minutes: np.ndarray, style: str) -> None:
    """A curve that rises with every run caught; those never caught keep it below 100 %."""
    known = np.sort(minutes[np.isfinite(minutes)])
    share = 100 * np.arange(1, len(known) + 1) / max(len(minutes), 1)
    x = np.concatenate([[plot.x[0]], np.repeat(known, 2), [plot.x[1]]])
    y = np.concatenate([[0], np.repeat(np.concatenate([[0], share]), 2)[1:]])
    inside = x <= plot.x[1]
    plot.line(x[inside], y[inside], style)


def false_figure(tier: str, runs: Rows) -> str:
    """Rate of false heavy warnings of each kind of run, speed known or not."""
    rows: list[tuple[str, Interval]] = []
    for kind in KINDS:
        if kind in TIRING:
            continue
        for known, word in ((True, "speed known"), (False, "not known")):
            some = metrics.where(runs, kind=kind)
            some = metrics.chosen(some, some["knows_speed"] == known)
            if metrics.count(some):
                rate = metrics.scenario("fresh", some).false_per_10_h
                rows.append((f"{kind}, {word}", rate))
    everything = metrics.scenario("fresh", metrics.not_tiring(runs))
    rows.append(("all", everything.false_per_10_h))
    top = max(2.0, min(max(rate.high for _, rate in rows), 8.0))
    plot = _forest(rows, (0, top), "False heavy warnings in 10 hours")
    plot.vline(targets.MAX_FALSE_PER_10_H, "alert")
    plot.x_axis(tick_labels(nice_ticks(0, top, 5)))
    said = (
        f"rate and exact 95 % interval over {everything.fresh_hours:.0f} hours that do not tire, "
        f"{tier} tier; dashed: target"
    )
    return figure("False heavy warnings in 10 hours", plot.html(), said)


def _forest(rows: list[tuple[str, Interval]], x: tuple[float, float], label: str) -> Plot:
    """A dot with its interval for each row."""
    height = ROW_PX * len(rows) + 40
    plot = Plot(x, (0, len(rows)), height, label, Margin(left=150, right=18))
    for i, (name, value) in enumerate(rows):
        y = len(rows) - i - 0.5
        plot.text(x[0], y, name, "rowname end", dx=-10, dy=4)
        if math.isfinite(value.low):
            plot.line(np.array([value.low, value.high]), np.array([y, y]), "reach")
        plot.dots(np.array([value.value]), np.array([y]), "point")
    return plot


def roc_figure(tier: str, runs: Rows) -> str:
    """Share of tiring runs above a score, against that of the others."""
    others = metrics.not_tiring(runs)["score"]
    if not len(others):
        return ""
    plot = Plot((0, 100), (0, 100), PLOT_PX, "Tiring runs found against false positives")
    plot.line(np.array([0, 100]), np.array([0, 100]), "grid")
    shown = []
    for kind in TIRING:
        scores = metrics.where(runs, kind=kind)["score"]
        if len(scores):
            cuts = np.unique(np.concatenate([scores, others]))[::-1]
            found = [0.0, *(100 * (scores >= cut).mean() for cut in cuts)]
            false = [0.0, *(100 * (others >= cut).mean() for cut in cuts)]
            plot.line(np.array(false), np.array(found), f"curve {STYLES[kind]}")
            area = auc(scores, others).value
            shown.append((f"swatch {STYLES[kind]}line", f"{kind} {area:.3f}"))
    plot.y_axis([(v, f"{v} %") for v in (0, 50, 100)])
    plot.x_axis([(v, f"{v} %") for v in (0, 25, 50, 75, 100)])
    said = (
        f"share found against share of the other runs taken for tiring; one score per whole run, "
        f"its highest level and confidence; {tier} tier"
    )
    return figure("Tiring runs against the others", _keyed(plot, shown), said)


def confidence_figure(tier: str, moments: Rows) -> str:
    """Share of claims that were right against their confidence."""
    plot = Plot((0, 100), (0, 100), PLOT_PX, "Share of claims that were right")
    plot.line(np.array([0, 100]), np.array([0, 100]), "grid")
    styles = {"fresh": "k1", "watch": "k2", "heavy": "k0"}
    shown = []
    for claim, style in styles.items():
        rows = [row for row in metrics.calibration(moments) if row.claim == claim]
        if not rows:
            continue
        for row in rows:
            x = np.array([row.mean_pct, row.mean_pct])
            plot.line(x, 100 * np.array([row.right.low, row.right.high]), f"curve {style}")
        means = np.array([row.mean_pct for row in rows])
        plot.dots(means, 100 * np.array([row.right.value for row in rows]), f"{style} dotted")
        shown.append((f"swatch {style}line", claim))
    plot.y_axis([(v, f"{v} %") for v in (0, 25, 50, 75, 100)])
    plot.x_axis([(v, f"{v} %") for v in (0, 20, 40, 60, 80, 100)])
    said = f"share of claims right, against their confidence, every ten minutes; {tier} tier"
    return figure("How sure, and how right", _keyed(plot, shown), said)


def pace_figure(tier: str, runs: Rows) -> str:
    """Tiring runs caught by how fast the athlete runs."""
    tired = metrics.tiring(runs)
    if metrics.count(tired) < 20:
        return ""
    edges = np.quantile(tired["speed_m_s"], np.linspace(0, 1, 6))
    rows = []
    for low, high in zip(edges, edges[1:], strict=False):
        some = metrics.chosen(tired, (tired["speed_m_s"] >= low) & (tired["speed_m_s"] <= high))
        share = proportion(int(some["caught"].sum()), metrics.count(some))
        rows.append((f"{low:.1f}–{high:.1f} m/s", Interval(*(100 * v for v in share))))
    plot = _forest(rows, (0, 100), "Tiring runs caught by speed")
    plot.x_axis([(v, f"{v} %") for v in (0, 25, 50, 75, 100)])
    return figure("Caught, by pace", plot.html(), f"share and 95 % interval (Wilson), {tier} tier")


def earlier_figure(tier: str, runs: Rows) -> str:
    """Delays of runs that tire early, with and without earlier runs known."""
    early = metrics.where(runs, kind=EARLY)
    plot = Plot((-8, LATEST_MIN), (0, 100), PLOT_PX, "Share of runs that tire early, by then")
    shown = []
    for name, words, style in (("", "none known", "k1"), (WITH_EARLIER_RUNS, "five known", "k0")):
        some = metrics.where(early, variant=name)
        if metrics.count(some):
            _cumulative(plot, some["after_half_min"], f"curve {style}")
            shown.append((f"swatch {style}line", words))
    if not shown:
        return ""
    plot.vline(0, "zero")
    plot.y_axis([(v, f"{v} %") for v in (0, 25, 50, 75, 100)])
    plot.x_axis([(v, f"{v:+d} min" if v else "half") for v in range(-5, 16, 5)])
    said = f"runs that tire from minute 8–14 on, minutes after half of the change; {tier} tier"
    return figure("What earlier runs are worth", _keyed(plot, shown), said)


def ablation_figure(tier: str, runs: Rows) -> str:
    """Tiring runs caught with one domain switched off."""
    found = [comparisons.variant(runs, f"without {domain}", KINDS) for domain in wire.DOMAINS]
    some = [each for each in found if each is not None]
    if not some:
        return ""
    rows = [("all", some[0].caught_without)] + [(each.name, each.caught) for each in some]
    shares = [(name, Interval(*(100 * v for v in share))) for name, share in rows]
    plot = _forest(shares, (0, 100), "Tiring runs caught without one domain")
    plot.x_axis([(v, f"{v} %") for v in (0, 25, 50, 75, 100)])
    said = f"A mechanics, B timing, C EMG amplitude, D spectrum, E shock; {tier} tier"
    return figure("Caught without one domain", plot.html(), said)
