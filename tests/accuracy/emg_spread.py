"""Why onsets scatter over the strides of a walk: the detector, or the muscle itself?

The muscle's own part is measured without any onset: how far the whole rise of a stride has to be
moved, in time, to fit the others' (maximum likelihood; not causal). What that would come to if all
strides were equal is simulated with the envelope that the strides have in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.accuracy import emg_peers
from tests.accuracy.emg_real import CYCLES, WALK, read, touchdowns_ms
from tests.accuracy.emg_signals import muscle

REACH_MS = 120  # of the rise, on both sides of the mean onset
MOST_MS = 50  # that a stride may be moved
PASSES = 5
SMOOTH_MS = 31
GROUPS = 40  # simulated walks


@dataclass(frozen=True)
class Strides:
    """One burst over n strides: onsets (n,) after touchdown; shift_ms (n,), mean 0, later is +.

    equal_sd_ms: the SD that shifts of equal strides stay below 95 times in 100.
    level_uv (n, samples) is the RMS over SMOOTH_MS from `from_ms` after touchdown on, 1 per ms.
    """

    name: str
    onset_ms: np.ndarray
    stride_ms: np.ndarray
    shift_ms: np.ndarray
    equal_sd_ms: float
    level_uv: np.ndarray
    from_ms: int

    @property
    def shift_sd_ms(self) -> float:
        return float(self.shift_ms.std(ddof=1))

    @property
    def moves(self) -> bool:
        """The rise moves by more than strides that are equal could show."""
        return self.shift_sd_ms > self.equal_sd_ms

    @property
    def agreement(self) -> float:
        """Correlation of onset and shift over the strides."""
        known = np.isfinite(self.onset_ms)
        return float(np.corrcoef(self.onset_ms[known], self.shift_ms[known])[0, 1])


def measure(folder: str, name: str, onset_ms: np.ndarray) -> Strides:
    """`name`: one of CYCLES; onset_ms: the firmware's, after each TOUCHDOWN, NaN where missed."""
    label = next(label for label, burst, _, _ in CYCLES if burst == name)
    raw_uv, _, events = read(folder, WALK, label)
    uv = emg_peers.clean(raw_uv, 50)
    touchdown_ms = touchdowns_ms(events)
    rise_ms = touchdown_ms + np.nanmean(onset_ms)
    shift_ms = shifts_ms(whitened_power(uv), rise_ms)
    window = np.arange(-2 * REACH_MS, 2 * REACH_MS)
    # A rise too near the file's ends repeats their samples.
    at = np.clip(np.round(rise_ms).astype(int)[:, None] + window, 0, len(uv) - 1)
    stride_ms = np.diff(touchdown_ms)
    return Strides(
        name=name,
        onset_ms=onset_ms,
        stride_ms=np.append(stride_ms, np.median(stride_ms)),
        shift_ms=shift_ms,
        equal_sd_ms=equal_sd_ms(uv, rise_ms + shift_ms),
        level_uv=np.sqrt(_smooth(uv**2)[at]),
        from_ms=round(float(np.nanmean(onset_ms))) - 2 * REACH_MS,
    )


def shifts_ms(power: np.ndarray, rise_ms: np.ndarray) -> np.ndarray:
    """How much later each stride's rise is than the others', (n,), mean 0.

    power: of independent samples, one per ms; rise_ms: where the rises are expected.
    """
    smooth = _smooth(power)
    start = np.round(rise_ms).astype(int) - REACH_MS
    wide = np.arange(-MOST_MS, 2 * REACH_MS + MOST_MS)
    found = np.zeros(len(start))
    for _ in range(PASSES):
        moved = np.round(found - found.mean()).astype(int)
        at = np.clip((start + moved)[:, None] + wide, 0, len(power) - 1)
        total = smooth[at].sum(0)
        for k, first in enumerate(start):
            variance = (total - smooth[at[k]]) / (len(start) - 1)
            tries = np.lib.stride_tricks.sliding_window_view(variance, 2 * REACH_MS)
            own = power[np.clip(first + np.arange(2 * REACH_MS), 0, len(power) - 1)]
            misfit = (np.log(tries) + own / tries).sum(1)
            found[k] = MOST_MS - int(misfit.argmin())
    return found - found.mean()


def equal_sd_ms(uv: np.ndarray, rise_ms: np.ndarray) -> float:
    """95 % quantile of the SD of `shifts_ms` over strides that all have the mean envelope."""
    half = REACH_MS + MOST_MS + SMOOTH_MS
    at = np.round(rise_ms).astype(int)[:, None] + np.arange(-half, half)
    rms_uv = np.sqrt(_smooth(uv**2)[np.clip(at, 0, len(uv) - 1)].mean(0))
    rest_uv = rms_uv.min()
    active_uv = np.tile(np.sqrt(rms_uv**2 - rest_uv**2), len(rise_ms))
    centre = half + 2 * half * np.arange(len(rise_ms))
    rng = np.random.default_rng(1)
    found = []
    for _ in range(GROUPS):
        n = len(active_uv)
        walk_uv = muscle(rng, n, 100) * active_uv + rng.standard_normal(n) * rest_uv
        found.append(shifts_ms(whitened_power(walk_uv), centre).std(ddof=1))
    return float(np.quantile(found, 0.95))


def whitened_power(uv: np.ndarray) -> np.ndarray:
    """Of x[n] - x[n - 2], as the firmware has it: neighbours tell less of the same."""
    return np.pad(uv[2:] - uv[:-2], (2, 0)) ** 2 + 1e-6


def _smooth(power: np.ndarray) -> np.ndarray:
    window = np.hanning(SMOOTH_MS + 2)[1:-1]
    return np.convolve(power, window / window.sum(), "same")
