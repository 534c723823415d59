"""The EMG onset tables and their headline figures: `python -m tests.accuracy emg`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console

from tests.accuracy.emg_real import CONTRACTIONS, CYCLES, WALK, Score
from tests.accuracy.emg_rows import FIRMWARE, EmgResult, measure
from tests.accuracy.emg_spread import Strides
from tests.accuracy.grid import Grid
from tests.accuracy.headline import Figure

__all__ = ["figures", "grids", "main", "measure", "missed_targets"]

ASKED_SD_MS = 10  # of an onset over the strides of a walk
_SLACK_MS = 0.7
_NEARER_SLACK_MS = 3  # of a single onset


def grids(result: EmgResult, kind: str) -> list[Grid]:
    """One table for the synthetic trials, three for the real recordings."""
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
        *_own_grid(result.strides),
    ]


def _own_grid(strides: Sequence[Strides]) -> Iterator[Grid]:
    if not strides:
        return
    columns = ["burst", "onset SD", "rise moves, SD", "equal strides, at most", "correlation"]
    note = (
        "Rise moves: by how much the whole rise of a stride has to be moved to fit the others' "
        "(maximum likelihood, not causal; no onset is told). Equal strides: what that comes to by "
        "chance where nothing moves, 95 times in 100."
    )
    grid = Grid("Does the muscle scatter, or the detector? Walking, ms", columns, note=note)
    for one in strides:
        onset_sd_ms = np.nanstd(one.onset_ms, ddof=1)
        spread = (f"{value:.1f}" for value in (onset_sd_ms, one.shift_sd_ms, one.equal_sd_ms))
        grid.add(one.name, *spread, f"{one.agreement:.2f}", strong=one.moves)
    yield grid


def missed_targets(result: EmgResult) -> dict[str, str]:
    """Burst -> what was asked of its onset and is not reached, and why where that was measured."""
    strides = {one.name: one for one in result.strides}
    said = {}
    for score in result.of("real"):
        if score.method != FIRMWARE or not len(score.at_ms) or score.sd_ms <= ASKED_SD_MS:
            continue
        words = f"onset SD {score.sd_ms:.0f} ms, {ASKED_SD_MS} was asked"
        one = strides.get(score.group)
        if one and one.moves:
            words += (
                f": the muscle's whole rise moves by {one.shift_sd_ms:.0f} ms from stride to "
                f"stride, where equal strides would seem to by {one.equal_sd_ms:.0f} at most"
            )
        said[score.group] = words
    return said


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
    for name, words in missed_targets(result).items():
        console.print(f"target missed: {WALK}: {name}: {words}")


if __name__ == "__main__":
    main()
