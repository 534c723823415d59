"""Stride by stride: stiffness and EMG onset over the run, and the average stride overlaid."""

from __future__ import annotations

import numpy as np

from host_tools.report.figures import Missing, figure, key, panels, time_axis
from host_tools.report.numbers import (
    baseline_span,
    block_medians,
    break_at,
    column,
    emg_envelope,
    fresh_and_now,
    number,
    signed,
    stride_average,
    thin,
    valid_strides,
)
from host_tools.report.svg import Margin, Plot, limits, nice_ticks, tick_labels
from host_tools.report.trend_charts import FEATURE
from host_tools.result import ReplayResult

PAUSE_S = 60.0
FEW = 200  # strides that can be drawn one by one
LEAD_S = 0.15  # shown before contact: the muscle switches on first


def run_figures(result: ReplayResult) -> str | Missing:
    """kvert (and kleg when a speed made it known) and onset latency, a dot per stride."""
    shown = [
        ("kvert_kn_m", "Stride stiffness (vertical)", "Needs running strides and a known mass."),
        ("kleg_kn_m", "Leg stiffness", "Needs a speed, the mass and the height."),
        ("onset_ms", "EMG onset latency", "Needs calf EMG together with running strides."),
    ]
    if not np.isfinite(column(result.strides, "kleg_kn_m")[valid_strides(result)]).any():
        del shown[1]
    titles = [title for _, title, _ in shown]
    return panels([_per_stride(result, *panel) for panel in shown], titles, len(shown))


def _per_stride(result: ReplayResult, name: str, title: str, why_not: str) -> str | Missing:
    t, y = column(result.strides, "t_ic_s"), column(result.strides, name)
    use = np.flatnonzero(valid_strides(result) & np.isfinite(t) & np.isfinite(y))
    if len(use) < 3:
        return Missing(why_not)
    unit = FEATURE[name][1]
    end = max(result.duration_s, float(t[use[-1]]))
    label = f"{title}: {len(use)} strides, median {number(float(np.median(y[use])))} {unit}."
    plot = Plot((0, end), limits(y[use], keep=0.005), 230, label, Margin(10, 14, 24, 52))
    plot.y_axis(tick_labels(nice_ticks(*plot.y, about=4)))
    fresh = _fresh_band(result, t, y, use)
    if fresh:
        middle, spread = fresh
        plot.box(plot.x, (middle - spread, middle + spread), "usual")
        plot.hline(middle, "expected")
    shown = thin(use)
    plot.dots(t[shown], y[shown], "stride" if len(shown) > FEW else "stride few")
    mt, my = block_medians(t[use], y[use])
    plot.line(*break_at(mt, my, PAUSE_S), "score")
    time_axis(plot, 6)
    said = [_against(fresh, my, unit)]
    if name == "onset_ms":
        said.append("Negative: before the foot lands.")
    if name == "kleg_kn_m" and "SPEED" not in result.signals:
        said.append("Speed was assumed, not measured.")
    return figure(title, plot.html(), " ".join(said), unit)


def _against(fresh: tuple[float, float] | None, medians: np.ndarray, unit: str) -> str:
    if not fresh:
        return "No baseline was completed, so no usual range is drawn."
    middle, spread = fresh
    baseline = f"Baseline {number(middle)} ± {number(spread, 2)} {unit}."
    if not len(medians) or not middle:
        return baseline
    off = float(medians[-1]) - middle
    change = (
        f"{signed(off)}\u00a0ms" if unit == "ms" else f"{signed(100 * off / abs(middle))}\u00a0%"
    )
    return f"{change} at the end. {baseline}"


def stride_key() -> str:
    """Explains dots, line and band of the panels per stride, once."""
    return key(
        ("swatch stridedot", "one stride"),
        ("swatch scoreline", "median of 25 strides"),
        ("swatch usual", "baseline: median ± spread of single strides"),
    )


def _fresh_band(
    result: ReplayResult, t: np.ndarray, y: np.ndarray, use: np.ndarray
) -> tuple[float, float] | None:
    span = baseline_span(result)
    if not span:
        return None
    inside = y[use][(t[use] >= span[0]) & (t[use] <= span[1])]
    if len(inside) < 20:
        return None
    middle = float(np.median(inside))
    return middle, 1.4826 * float(np.median(np.abs(inside - middle)))


def average_figures(result: ReplayResult) -> str | Missing:
    """The mean stride, fresh against now: shin acceleration, angular rate, EMG envelope."""
    fresh, now = fresh_and_now(result)
    if len(fresh) < 3:
        return Missing("Needs at least three strides with a known contact.")
    lasted = column(result.strides, "stride_ms")[fresh]
    lasted = lasted[np.isfinite(lasted)]
    stride_s = float(np.median(lasted)) / 1000 if len(lasted) else 0.75
    at = np.linspace(-LEAD_S, stride_s - LEAD_S * 0.4, 240)
    sets = [("fresh", fresh)] + ([("now", now)] if len(now) else [])
    emg_label, emg = _emg(result) or ("EMG", None)
    shown = (
        ("Shin acceleration", "g, resultant", _resultant(result, "ACC"), "accelerometer"),
        ("Shin angular rate", "°/s, main axis", _main_rotation(result, fresh), "gyroscope"),
        (f"Calf muscle ({emg_label})", "µV, envelope", emg, "EMG"),
    )
    parts = [
        _overlay(result, title, unit, signal, sets, at)
        if signal
        else Missing(f"No {sensor} in this recording.")
        for title, unit, signal, sensor in shown
    ]
    return panels(parts, [title for title, *_ in shown], 3)


def average_key(result: ReplayResult) -> str:
    """Which strides were averaged."""
    fresh, now = fresh_and_now(result)
    if not len(fresh):
        return ""
    name = "baseline" if baseline_span(result) else "start"
    entries = [("swatch freshline", f"fresh: {len(fresh)} strides of the {name}, ± 1 SD")]
    if len(now):
        entries.append(("swatch nowline", f"now: last {len(now)} strides"))
    else:
        entries = [("swatch freshline", f"all {len(fresh)} strides (too few to compare), ± 1 SD")]
    return key(*entries)


def _overlay(
    result: ReplayResult,
    title: str,
    unit: str,
    signal: tuple[float, np.ndarray],
    sets: list[tuple[str, np.ndarray]],
    at: np.ndarray,
) -> str | Missing:
    t_ic = column(result.strides, "t_ic_s")
    means = {cls: stride_average(signal, t_ic[indices], at) for cls, indices in sets}
    if not any(np.isfinite(mean).any() for mean, _ in means.values()):
        return Missing("The samples around these strides were lost.")
    mean, sd = means["fresh"]
    label = f"Average stride, {title}, from before contact to the next swing."
    low, high = limits(mean - sd, mean + sd, *(other for other, _ in means.values()))
    plot = Plot((at[0] * 1000, at[-1] * 1000), (low, high), 230, label, Margin(30, 10, 24, 46))
    plot.y_axis(tick_labels(nice_ticks(low, high, about=4)))
    plot.ribbon(at * 1000, mean - sd, mean + sd, "freshband")
    _events(plot, result, sets, with_onset="envelope" in unit)
    for cls, (mean, _) in means.items():
        plot.line(at * 1000, mean, f"{cls} curve")
    ticks = tick_labels(nice_ticks(*plot.x, about=4))
    plot.x_axis((value, words + (" ms" if value == 0 else "")) for value, words in ticks)
    return figure(title, plot.html(), side=unit)


def _events(
    plot: Plot, result: ReplayResult, sets: list[tuple[str, np.ndarray]], with_onset: bool
) -> None:
    """Contact at zero; toe-off and EMG onset at their medians, a line for each set."""
    top = plot.y[1]
    plot.vline(0, "event")
    # Beside the onset's label, contact's own moves to the right of its line.
    plot.text(0, top, "contact", "note" if with_onset else "note mid", dx=-3 * with_onset, dy=-8)
    marks = [("contact_ms", "toe-off", "note mid", 0)]
    if with_onset:
        marks.append(("onset_ms", "onset", "note end", 8))
    for source, words, cls, dx in marks:
        values = column(result.strides, source)
        for which, indices in sets:
            known = values[indices][np.isfinite(values[indices])]
            if len(known) < 3:
                continue
            x = float(np.median(known))
            plot.vline(x, f"event {which}")
            if which == "fresh":
                plot.text(x, top, words, cls, dx=dx, dy=-8)


def _resultant(result: ReplayResult, kind: str) -> tuple[float, np.ndarray] | None:
    axes = _axes(result, kind)
    if not axes:
        return None
    rate, values = axes
    return rate, np.sqrt((values**2).sum(axis=0))


def _main_rotation(result: ReplayResult, fresh: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Angular rate about the axis the shin swings on most, swing forward positive."""
    axes = _axes(result, "GYR")
    if not axes:
        return None
    rate, values = axes
    t_ic = column(result.strides, "t_ic_s")[fresh]
    first, last = (int(np.clip(t * rate, 0, values.shape[1])) for t in (t_ic[0], t_ic[-1] + 1))
    part = np.nan_to_num(values[:, first:last])
    if part.shape[1] < 10:
        return None
    main = np.linalg.eigh(part @ part.T)[1][:, -1]
    along = main @ values
    # Swing is the longer, larger positive phase; the sign of an eigenvector is arbitrary.
    skew = float((np.nan_to_num(main @ part) ** 3).sum())
    return rate, along if skew >= 0 else -along


def _axes(result: ReplayResult, kind: str) -> tuple[float, np.ndarray] | None:
    found = [result.signals[f"{kind} {a}"] for a in "XYZ" if f"{kind} {a}" in result.signals]
    if not found:
        return None
    length = min(len(values) for _, values in found)
    return found[0][0], np.stack([np.asarray(values[:length], float) for _, values in found])


def _emg(result: ReplayResult) -> tuple[str, tuple[float, np.ndarray]] | None:
    for label, (rate, values) in result.signals.items():
        if label.startswith("EMG"):
            return label, (rate, emg_envelope(rate, np.asarray(values, float)))
    return None
