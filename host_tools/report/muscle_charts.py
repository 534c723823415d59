"""The muscle's own pictures: average spectra, and contraction by contraction."""

from __future__ import annotations

import numpy as np

from host_tools.report.figures import Missing, absent, figure, grid, time_axis
from host_tools.report.numbers import clock, column, emg_envelope, mean_frequency, number, signed
from host_tools.report.svg import Margin, Plot, limits, nice_ticks, tick_labels
from host_tools.result import ReplayResult

TOP_HZ = 350.0  # above it a surface spectrum is flat; the indices still use 8-500 Hz
BURST_INDICES = (("rms_uv", "amplitude (RMS)", "µV"), ("mnf_hz", "mean frequency", "Hz"))
ENOUGH_STRIDES = 5  # from here on the run tells more than single contractions


def channel_label(result: ReplayResult, channel: int) -> str:
    """The recording's label of EMG channel 1 or 2."""
    labels = [label for label in result.signals if label.startswith("EMG")]
    preferred = {1: "EMG GM", 2: "EMG SO"}.get(channel, "")
    if preferred in labels:
        return preferred
    others = [label for label in labels if label not in ("EMG GM", "EMG SO")]
    return others[0] if others else f"EMG channel {channel}"


def spectrum_figures(result: ReplayResult) -> str | Missing:
    """Per channel: first averaged spectrum (fresh) against the last (now), with mean frequency."""
    channels = sorted({int(s["channel"]) for s in result.spectra if np.sum(s["power"]) > 0})
    if not channels:
        emg = any(label.startswith("EMG") for label in result.signals)
        why = (
            "The band averages spectra over running strides; this recording has too few."
            if emg
            else "No EMG in this recording."
        )
        return Missing(why)
    return grid([_spectrum(result, channel) for channel in channels], 2)


def _spectrum(result: ReplayResult, channel: int) -> str:
    mine = [s for s in result.spectra if int(s["channel"]) == channel and np.sum(s["power"]) > 0]
    pair = [("fresh", mine[0])] + ([("now", mine[-1])] if len(mine) > 1 else [])
    curves = []
    for cls, spectrum in pair:
        hz, power = np.asarray(spectrum["hz"], float), np.asarray(spectrum["power"], float)
        # Each in per cent of its own power per 10 Hz: the shape is compared, not the strength.
        share = 1000 * power / (power.sum() * (hz[1] - hz[0]))
        curves.append((cls, spectrum, hz, share, mean_frequency(hz, power)))
    top = 1.18 * max(float(share.max()) for *_, share, _ in curves)
    told = ", ".join(f"{cls} {number(mnf)} Hz" for cls, *_, mnf in curves)
    label = channel_label(result, channel)
    words = f"Average spectrum of {label}; mean frequency {told}."
    plot = Plot((0, TOP_HZ), (0, top), 220, words, Margin(26, 14, 24, 40))
    plot.y_axis(tick_labels(nice_ticks(0, top, about=4)))
    for cls, _, hz, share, _ in curves:
        inside = hz <= TOP_HZ
        plot.ribbon(hz[inside], np.zeros(int(inside.sum())), share[inside], f"{cls}band")
    for cls, _, hz, share, _ in curves:
        inside = hz <= TOP_HZ
        plot.line(hz[inside], share[inside], f"{cls} curve")
    lowest = min(mnf for *_, mnf in curves)
    for cls, _, _, _, mnf in curves:
        plot.vline(mnf, f"event {cls}")
        left = len(curves) > 1 and mnf == lowest
        name = cls if len(curves) > 1 else "mean frequency"
        side, dx = (" end", -5) if left else ("", 5)
        plot.text(mnf, top, f"{name} {number(mnf)} Hz", f"note {cls}text{side}", dx=dx, dy=-8)
    plot.x_axis((v, "0 Hz" if v == 0 else f"{v}") for v in range(0, 351, 50))
    when = " against ".join(clock(float(s["t_s"])) for _, s, *_ in curves)
    change = ""
    if len(curves) > 1:
        shift = 100 * (curves[1][4] / curves[0][4] - 1)
        change = f" Mean frequency {signed(shift)}\u00a0%."
    return figure(
        label, plot.html(), f"Average over strides, at {when}.{change}", "% of power per 10 Hz"
    )


def contraction_figures(result: ReplayResult) -> str | Missing:
    """Amplitude and mean frequency of every contraction over time, per channel."""
    channel = column(result.bursts, "channel")
    if not len(channel):
        emg = any(label.startswith("EMG") for label in result.signals)
        why = "No contraction rose clearly above the rest." if emg else "No EMG in this recording."
        return Missing(why)
    parts = []
    for which in sorted({int(c) for c in channel if np.isfinite(c)}):
        mine = channel == which
        parts += [_envelope(result, which, mine), _indices(result, which, mine)]
    return grid(parts, 1)


def _envelope(result: ReplayResult, which: int, mine: np.ndarray) -> str:
    label = channel_label(result, which)
    on, off = (column(result.bursts, name)[mine] for name in ("t_on_s", "t_off_s"))
    if label not in result.signals:
        return absent(f"{label}: envelope", "Its samples are not at hand.")
    rate, values = result.signals[label]
    envelope = emg_envelope(rate, np.asarray(values, float))
    step = max(1, len(envelope) // 1200)
    top = envelope[: len(envelope) // step * step].reshape(-1, step).max(axis=1)
    t = (np.arange(len(top)) + 0.5) * step / rate
    words = f"Envelope of {label} with {len(on)} contractions marked."
    height = float(top.max()) * 1.1 or 1.0
    plot = Plot((0, result.duration_s), (0, height), 170, words, Margin(12, 14, 24, 52))
    for start, stop in zip(on, off, strict=True):
        plot.vspan(start, stop if np.isfinite(stop) else result.duration_s, "burst")
    plot.y_axis(tick_labels(nice_ticks(*plot.y, about=3)))
    plot.ribbon(t, np.zeros(len(t)), top, "envelope")
    time_axis(plot)
    count = f"{len(on)} contraction{'s' if len(on) != 1 else ''}, shaded from onset to end."
    return figure(f"{label}: envelope", plot.html(), count, "µV")


def _indices(result: ReplayResult, which: int, mine: np.ndarray) -> str:
    label = channel_label(result, which)
    t = column(result.bursts, "t_on_s")[mine]
    parts = []
    for name, index, unit in BURST_INDICES:
        y = column(result.bursts, name)[mine]
        seen = np.isfinite(t) & np.isfinite(y)
        title = f"{label}: {index} of each contraction"
        if not seen.any():
            parts.append(absent(title, "Each contraction was too short to measure it."))
            continue
        first, last = (f"{number(float(y[seen][i]))} {unit}" for i in (0, -1))
        words = f"{title}: {first} at first, {last} at last."
        limited = limits(y, pad=0.25)
        plot = Plot((0, result.duration_s), limited, 170, words, Margin(14, 64, 24, 52))
        plot.y_axis(tick_labels(nice_ticks(*plot.y, about=3)))
        few = int(seen.sum()) <= 400
        if 2 < seen.sum() <= 60:
            plot.line(t[seen], y[seen], "expected")
        plot.dots(t[seen], y[seen], "block big" if few else "stride")
        plot.text(t[seen][-1], y[seen][-1], last, "value", dx=8, dy=4)
        time_axis(plot, 6)
        parts.append(figure(title, plot.html(), _trend_words(y[seen], unit)))
    return grid(parts, 2)


def _trend_words(y: np.ndarray, unit: str) -> str:
    if len(y) < 6:
        return f"{number(float(np.median(y)))} {unit} (median of {len(y)})"
    third = len(y) // 3
    first, last = float(np.median(y[:third])), float(np.median(y[-third:]))
    change = signed(100 * (last / first - 1)) if first else "–"
    return f"First third {number(first)} {unit}, last third {number(last)} {unit}: {change}\u00a0%"
