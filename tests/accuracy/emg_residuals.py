"""The firmware's EMG onsets in walking, stride by stride, by the best peer's and the signal."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from host_tools.report.svg import Margin, Plot, nice_ticks, tick_labels
from tests.accuracy.emg_real import WALK, Score
from tests.accuracy.emg_rows import FIRMWARE, EmgResult
from tests.accuracy.emg_spread import Strides
from tests.accuracy.emg_table import missed_targets
from tests.accuracy.residual_page import histogram

LEAST_SPAN_MS = 25
HEIGHT = 340
LOWEST_DB, HIGHEST_DB = 10, 44  # over 1 uV
_KEY = (
    '<div class="key"><span class="freshtext">● this band</span>'
    '<span class="softtext">● best peer</span>'
    '<span class="nowtext">● how far the whole rise moves</span></div>'
)


def section(result: EmgResult) -> str:
    """HTML; "" where no strides were measured."""
    if not result.strides:
        return ""
    missed = missed_targets(result)
    met = len(result.strides) - len(missed)
    intro = (
        f"{WALK}: onsets after touchdown less their mean, ms (+ is late), how often each occurs, "
        f"and the muscle's level from {LOWEST_DB} to {HIGHEST_DB} dB over 1 uV against % of the "
        "stride after touchdown, one stride under the other, with the onsets marked. "
        f"{met} of {len(result.strides)} bursts meet the target."
    )
    parts = [_burst(one, result.of("real"), missed.get(one.name, "")) for one in result.strides]
    return (
        "<section><header><h2>EMG onsets of the firmware over the strides of a walk</h2>"
        f"<p>{intro}</p>{_KEY}</header>{''.join(parts)}</section>"
    )


def _burst(one: Strides, scores: Sequence[Score], missed: str) -> str:
    peer = best_peer([s for s in scores if s.group == one.name and s.method != FIRMWARE])
    peer_ms = peer.at_ms if peer else np.full(len(one.onset_ms), np.nan)
    words = f"{np.nanmean(one.onset_ms):+.0f} ± {np.nanstd(one.onset_ms, ddof=1):.0f} ms"
    if peer:
        words += f"; {peer.method} {peer.bias_ms:+.0f} ± {peer.sd_ms:.0f}, {peer.missed} missed"
    words += f"; whole rise ± {one.shift_sd_ms:.0f}"
    mark = f'<p class="missed">{escape(missed)}</p>' if missed else ""
    return (
        f"<h3>{escape(one.name)}</h3><p>{escape(words)}</p>{mark}"
        f'<div class="residuals emg">{_over_strides(one, peer_ms)}{_levels(one, peer_ms)}</div>'
    )


def best_peer(scores: Sequence[Score]) -> Score | None:
    """The one that misses fewest, and of those the one that scatters least."""
    known = [score for score in scores if np.isfinite(score.sd_ms)]
    return min(known, key=lambda score: (score.missed, score.sd_ms), default=None)


def _over_strides(one: Strides, peer_ms: np.ndarray) -> str:
    """Residuals over the number of the stride, and their histogram."""
    own_ms = one.onset_ms - np.nanmean(one.onset_ms)
    peers_ms = peer_ms - np.nanmean(peer_ms) if np.isfinite(peer_ms).any() else peer_ms
    together = np.concatenate([own_ms, peers_ms, one.shift_ms])
    span = max(LEAST_SPAN_MS, 1.1 * float(np.nanmax(np.abs(together))))
    limits = (-span, span)
    count = len(own_ms)
    plot = Plot((0.5, count + 0.5), limits, HEIGHT, f"{one.name}: residuals over strides")
    plot.y_axis(tick_labels(nice_ticks(*limits)))
    plot.x_axis([(k, str(k)) for k in range(1, count + 1)])
    plot.hline(0, "zero")
    number = np.arange(1, count + 1)
    plot.dots(number, peers_ms, "stride few peer")
    plot.dots(number, one.shift_ms, "stride few own")
    plot.dots(number, own_ms, "stride few firmware")
    return plot.html() + histogram(own_ms[np.isfinite(own_ms)], limits, HEIGHT, one.name)


def _levels(one: Strides, peer_ms: np.ndarray) -> str:
    """Level against gait phase in % of the stride, the first stride on top."""
    count, n = one.level_uv.shape
    after_ms = one.from_ms + np.arange(n)
    percent = 100 / one.stride_ms
    limits = (after_ms[0] * percent.min(), after_ms[-1] * percent.min())
    limits = (min(limits), max(limits))
    label = f"{one.name}: level and onsets over the gait cycle"
    plot = Plot(limits, (-count, 0.1), HEIGHT, label, Margin(left=30))
    plot.x_axis(tick_labels(nice_ticks(*limits, about=6)))
    plot.y_axis([(-k - 0.7, str(k + 1)) for k in range(count)], grid=False)
    if limits[0] < 0 < limits[1]:
        plot.vline(0, "zero")
    level_db = 20 * np.log10(np.maximum(one.level_uv, 0.1))
    height = np.clip((level_db - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB), 0, 1)
    for k in range(count):
        plot.hline(-k - 1, "grid")
        floor = np.full(n, -k - 1.0)
        plot.ribbon(after_ms * percent[k], floor, floor + 0.95 * height[k], "level")
        for at_ms, kind in ((peer_ms[k], "told peer"), (one.onset_ms[k], "told")):
            at = np.full(2, at_ms * percent[k])
            plot.line(at, np.array([-k - 0.95, -k - 0.1]), kind)
    return plot.html()
