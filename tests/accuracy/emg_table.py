"""The EMG onset tables and their headline figures: `python -m tests.accuracy emg`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console

from tests.accuracy.emg_rows import CONTRACTIONS, CYCLES, FIRMWARE, EmgResult, Score, measure
from tests.accuracy.grid import Grid
from tests.accuracy.headline import Figure

__all__ = ["figures", "grids", "main", "measure"]

_SLACK_MS = 0.7
_NEARER_SLACK_MS = 3  # of a single onset


def grids(result: EmgResult, kind: str) -> list[Grid]:
    """One table for the synthetic trials, two for the real recordings."""
    scores = result.of(kind)
    note = "; ".join(result.skipped)
    if not scores:
        return []
    if kind == "synthetic":
        groups = list(dict.fromkeys(score.group for score in scores))
        return [
            _grid(
                "EMG onset by SNR: bias ± SD in ms, missed, false",
                scores,
                groups,
                "Mains, drift and artefacts in all; rises of 0-60 ms; bursts of 0.15-3 s. " + note,
            )
        ]
    walk = [name for _, name, _, _ in CYCLES]
    return [
        _grid(
            "EMG onset of real contractions against a maximum-likelihood step: ms, extra bursts",
            scores,
            list(CONTRACTIONS),
            note,
        ),
        _grid(
            "EMG onset of real calf muscles in walking: after touchdown ± SD in ms, missed, extra",
            scores,
            walk,
            "Six strides; the SD holds the muscle's own variation.",
        ),
    ]


def _grid(title: str, scores: Sequence[Score], groups: Sequence[str], note: str) -> Grid:
    grid = Grid(title, ["method", *groups], note=note.strip())
    for method in dict.fromkeys(score.method for score in scores):
        own = {score.group: score for score in scores if score.method == method}
        cells = [_cell(own[group]) if group in own else "" for group in groups]
        grid.add(method, *cells, strong=method == FIRMWARE)
    return grid


def _cell(score: Score) -> str:
    if score.true == 1:
        error = f"{score.bias_ms:+.0f}" if len(score.error_ms) else "missed"
        return f"{error}, {score.false}"
    figures = "-" if np.isnan(score.sd_ms) else f"{score.bias_ms:+.0f} ± {score.sd_ms:.0f}"
    if score.kind == "real":
        return f"{figures}, {score.missed}, {score.false}"
    return f"{figures}, {_percent(score.missed, score)}, {_percent(score.false, score)}"


def _percent(count: int, score: Score) -> str:
    return f"{100 * count / score.true:.1f}".removesuffix(".0") + " %"


def figures(result: EmgResult) -> Iterator[Figure]:
    """What the firmware reaches; lower is better."""
    for score in result.scores:
        if score.method != FIRMWARE:
            continue
        name = f"onset, {score.group}"
        yield Figure("emg", score.kind, f"{name}: missed", score.missed, 0.0, "bursts")
        if score.true == 1:
            far = abs(score.bias_ms)
            yield Figure("emg", score.kind, f"{name}: |error|", far, _NEARER_SLACK_MS, "ms")
        else:
            yield Figure("emg", score.kind, f"{name}: SD", score.sd_ms, _SLACK_MS, "ms")
            yield Figure("emg", score.kind, f"{name}: extra", score.false, 1.0, "bursts")
        if score.kind == "synthetic":
            bias = abs(score.bias_ms)
            yield Figure("emg", score.kind, f"{name}: |bias|", bias, _SLACK_MS, "ms")


def main() -> None:
    """Print the tables."""
    console = Console()
    result = measure()
    for kind in ("synthetic", "real"):
        for grid in grids(result, kind):
            console.print(f"{kind}:", grid.rich())


if __name__ == "__main__":
    main()
