"""Five domains and the features that tell most, each against the athlete's own baseline."""

from __future__ import annotations

import numpy as np

from host_tools.firmware_tables import wire
from host_tools.report.figures import Missing, figure, grid, key, panels, time_axis
from host_tools.report.numbers import BLOCK, baseline_span, break_at, column, number, signed
from host_tools.report.svg import Margin, Plot, limits, nice_ticks, spread_apart, tick_labels
from host_tools.report.words import counted
from host_tools.result import ReplayResult

DOMAIN = {
    "A": ("Stride mechanics", "Contact time, stiffness, peak force."),
    "B": ("Muscle timing", "When the calf switches on, and how steadily."),
    "C": ("Muscle activity", "EMG amplitude."),
    "D": ("Muscle spectrum", "Mean frequency and spectral index of the EMG."),
    "E": ("Shock and push-off", "Supports the others, never decides."),
}
FEATURE = {
    "contact_ms": ("Ground contact", "ms"),
    "kvert_kn_m": ("Vertical stiffness", "kN/m"),
    "kleg_kn_m": ("Leg stiffness", "kN/m"),
    "fmax_n": ("Peak force", "N"),
    "onset_ms": ("EMG onset from contact", "ms"),
    "lag_ms": ("Lag, burst to push-off", "ms"),
    "onset_sd_ms": ("Spread of the onset", "ms"),
    "rms_uv": ("EMG amplitude (RMS)", "µV"),
    "mnf_hz": ("EMG mean frequency", "Hz"),
    "finsm5": ("Spectral index FInsm5", ""),
    "tib_peak_g": ("Peak shin acceleration", "g"),
    "pushoff_dps": ("Push-off angular rate", "°/s"),
}
SHORT = {
    "contact_ms": "contact", "kvert_kn_m": "stiffness", "fmax_n": "force", "onset_ms": "onset",
    "lag_ms": "lag", "onset_sd_ms": "unsteady", "rms_uv": "amplitude", "mnf_hz": "freq.",
    "finsm5": "index", "tib_peak_g": "shock", "pushoff_dps": "push-off",
}  # fmt: skip
ALERT_Z = 2.0  # the firmware asks for a lasting change of about two spreads
Z_TOP = 4.4  # scores are clipped to +-4
CALM = 5
PAUSE_BLOCKS = 4  # a gap of this many usual block times interrupts a curve


def domain_figures(result: ReplayResult) -> str | Missing:
    """Small multiples, one per domain, on one common scale: spreads away from baseline."""
    t = column(result.trends, "t_s")
    if not len(t):
        return Missing(_no_trend(result))
    parts = [_domain(result, t, domain) for domain in wire.DOMAINS]
    if all(isinstance(part, Missing) for part in parts):
        return Missing("No baseline was completed to compare with.")
    how = f'<div class="how"><h3>How to read these</h3>{_domain_key()}</div>'
    return panels([*parts, how], [*map(_domain_title, wire.DOMAINS), ""], 3)


def _domain_title(domain: str) -> str:
    return f"{domain} · {DOMAIN[domain][0]}"


def _no_trend(result: ReplayResult) -> str:
    """Why nothing was compared over time."""
    valid = int((column(result.strides, "valid") == 1).sum())
    return (
        f"Needs blocks of {BLOCK} valid running strides and a baseline to compare with; this "
        f"recording has {valid} valid stride{'s' if valid != 1 else ''}."
    )


def _domain(result: ReplayResult, t: np.ndarray, domain: str) -> str | Missing:
    """Dots: the domain's score, the largest z of its features. Curves: each feature, calmed."""
    title, about = _domain_title(domain), DOMAIN[domain][1]
    features = [f for f, d in wire.FEATURES if d == domain]
    score = column(result.trends, f"score_{domain}")
    curves = {f: _calmed(t, column(result.trends, f"{f}.z")) for f in features}
    curves = {f: curve for f, curve in curves.items() if len(curve[0])}
    if not curves and not np.isfinite(score).any():
        measured = any(np.isfinite(column(result.trends, f"{f}.median")).any() for f in features)
        why = "no baseline to compare with." if measured else "its signals were not measured."
        return Missing(f"Not scored: {why}")
    lasts = {f: float(z[-1]) for f, (_, z) in curves.items()}
    if not lasts:
        lasts = {"score": float(score[np.isfinite(score)][-1])}
    given = [reason for feature, reason in counted(result).items() if feature in features]
    state = f"Counts in the warning: {', '.join(given)}." if given else ""
    told = ", ".join(f"{SHORT.get(f, f)} {signed(z)}" for f, z in lasts.items())
    label = f"{title}, spreads from baseline at the end: {told}. {state}"
    end = max(result.duration_s, float(t[-1]))
    plot = Plot((0, end), (-Z_TOP, Z_TOP), 170, label, Margin(8, 100, 24, 30))
    plot.box(plot.x, (-1, 1), "usual")
    for line in (-ALERT_Z, ALERT_Z):
        plot.hline(line, "alert")
    plot.y_axis([(-4, "−4"), (0, "0"), (4, "+4")], grid=False)
    _learning(plot, result)
    plot.dots(t, np.clip(score, -4, 4), "faint")
    px = (plot.height - plot.margin.top - plot.margin.bottom) / (2 * Z_TOP)
    tops = spread_apart([-px * lasts[f] for f in curves], 15)
    for i, (feature, (at, z)) in enumerate(curves.items()):
        plot.line(*break_at(at, z, PAUSE_BLOCKS * _usual_step(t)), f"score s{i}")
        words = f"{SHORT[feature]} {signed(lasts[feature])}"
        plot.text(end, 0, words, f"value s{i}", dx=7, dy=round(tops[i] + 4, 1))
    time_axis(plot, 5)
    return figure(title, plot.html(), state or about)


def _calmed(t: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Running median over the last CALM blocks: a warning asks for what lasts."""
    seen = np.isfinite(z)
    t, z = t[seen], z[seen]
    return t, np.array([np.median(z[max(0, i - CALM + 1) : i + 1]) for i in range(len(z))])


def _domain_key() -> str:
    """Explains the marks of every domain panel, once."""
    return key(
        ("swatch usual", "usual: ±1 spread of this athlete when fresh"),
        ("swatch alertline", f"±{ALERT_Z:g} spreads: about what a lasting change must pass"),
        ("swatch scoreline", f"each measure, median of {CALM} blocks; number: where it ended"),
        ("swatch stridedot", f"the area’s score per block of {BLOCK} strides"),
        ("swatch learnbar", "baseline being learned"),
    )


def telling_figures(result: ReplayResult, most: int = 3) -> str | Missing:
    """The features that moved furthest from what baseline, pace and temperature predict."""
    ranked = telling(result)[:most]
    if not ranked:
        return Missing("No measure has a baseline to be compared with.")
    return grid([_feature(result, name) for name in ranked], 3)


def telling(result: ReplayResult) -> list[str]:
    """Features the warning names first, then by their z over the last blocks; E only supports.

    The first of each domain goes before any second one, so that the few shown tell most.
    """
    named = counted(result)
    size: dict[str, float] = {}
    for name, _ in wire.FEATURES:
        z = column(result.trends, f"{name}.z")
        z = z[np.isfinite(z)][-CALM:]
        paired = column(result.trends, f"{name}.median") + column(result.trends, f"{name}.expected")
        if len(z) and np.isfinite(paired).any():
            size[name] = abs(float(np.median(z)))
    domain = dict(wire.FEATURES)
    ordered = sorted(size, key=lambda n: (n not in named, domain[n] == "E", -size[n]))
    firsts = [n for n in ordered if n == next(m for m in ordered if domain[m] == domain[n])]
    return firsts + [n for n in ordered if n not in firsts]


def _feature(result: ReplayResult, name: str) -> str:
    words, unit = FEATURE[name]
    t = column(result.trends, "t_s")
    median, expected, spread = (
        column(result.trends, f"{name}.{part}") for part in ("median", "expected", "spread")
    )
    # The index is compared as a ratio: its spread comes in octaves.
    bands = [
        (expected * 2 ** (-n * spread), expected * 2 ** (n * spread))
        if name == "finsm5"
        else (expected - n * spread, expected + n * spread)
        for n in (1, 2)
    ]
    last = np.flatnonzero(np.isfinite(median) & np.isfinite(expected))[-1]
    ended, awaited = float(median[last]), float(expected[last])
    label = f"{words}: {number(ended)} {unit} at the end, expected {number(awaited)}."
    end = max(result.duration_s, float(t[-1]))
    plot = Plot((0, end), limits(median, *bands[1]), 170, label, Margin(10, 14, 24, 52))
    ticks = nice_ticks(*plot.y, about=3)
    small = 0 < abs(plot.y[1]) < 1e-3
    plot.y_axis([(v, number(v, 2)) for v in ticks] if small else tick_labels(ticks))
    plot.ribbon(t, *bands[1], "usual wide")
    plot.ribbon(t, *bands[0], "usual")
    _learning(plot, result)
    plot.line(t, expected, "expected")
    plot.dots(t, median, "block")
    _curve(plot, t, median, "score")
    time_axis(plot, 5)
    percent = 100 * (ended - awaited) / abs(awaited) if awaited else np.nan
    change = f"{signed(ended - awaited)} ms" if unit == "ms" else f"{signed(percent)} %"
    return figure(words, plot.html(), f"{change} against expected, at the end.", unit)


def feature_key() -> str:
    """Explains the marks of every feature panel, once."""
    return key(
        ("swatch scoreline", f"median of {BLOCK} strides"),
        ("swatch expectedline", "expected at this pace and temperature"),
        ("swatch usual", "±1 spread"),
        ("swatch usual wide", "±2 spreads"),
    )


def _learning(plot: Plot, result: ReplayResult) -> None:
    span = baseline_span(result)
    if span:
        low = plot.y[0]
        plot.line(np.array(span), np.full(2, low + 0.02 * (plot.y[1] - low)), "learning")


def _curve(plot: Plot, t: np.ndarray, y: np.ndarray, cls: str) -> None:
    seen = np.isfinite(y)
    plot.line(*break_at(t[seen], y[seen], PAUSE_BLOCKS * _usual_step(t)), cls)


def _usual_step(t: np.ndarray) -> float:
    return float(np.median(np.diff(t))) if len(t) > 1 else 1.0
