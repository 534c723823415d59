"""What the converter must see so that the band's decimator gives back a recording's samples.

The virtual converter holds each value for 8 of its frames, in eighths of an LSB. Behind it the
band filters and rounds. The filter is undone here: once by its inverse, then again for what the
rounding left, with the band's own integers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

Ints = NDArray[np.int64]

# The stages of firmware/band/decimate.py: whole symmetric response, step, shift behind the sum.
STAGES = tuple(
    (np.array(half + [middle] + half[::-1], dtype=np.int64), step, shift)
    for half, middle, step, shift in (
        ([102, 306, 631, 1015, 1322], 1440, 4, 11),
        ([30, 0, -52, 0, 93, 0, -171, 0, 291, 34, -553, -153, 1379], 2300, 2, 14),
    )
)
_LEAST = -32768
_MOST = 32767
_HELD = 8  # frames per sample
_CENTRE = 61  # frame 8 k - 61 is the first that holds the value of sample k
_MARGIN = 64  # samples at rest on either side
_INVERSE = 255  # taps
_WHOLE_PASSES = 8
_LOCAL_PASSES = 60
_REACH = 32  # samples; a value is felt 20 away


def decimated(frames: Ints) -> Ints:
    """The band's samples from frames (16 bits) at 8 kHz, as firmware/band/decimate.py makes them.

    Before the first frame there was silence; frame 8 k completes sample k.
    """
    line = frames
    for taps, step, shift in STAGES:
        padded = np.concatenate([np.zeros(len(taps) - 1, dtype=np.int64), line])
        total = np.full((len(line) + step - 1) // step, 1 << (shift - 1), dtype=np.int64)
        for k in np.flatnonzero(taps):
            total += taps[k] * padded[k : k + len(line) : step][: len(total)]
        line = total >> shift
    return np.clip(line, _LEAST, _MOST)


def held(values: Ints) -> Ints:
    """Frames of values in eighths of an LSB, as twin/player.py holds them."""
    steps = np.arange(_HELD)
    frames = (values[:, None] >> 3) + (steps[None, :] < (values[:, None] & 7))
    return np.clip(frames, _LEAST, _MOST).reshape(-1)


def _through(values: Ints) -> Ints:
    """The band's samples for held values, sample k for value k."""
    first = -(-_CENTRE // _HELD)
    ahead = np.zeros(_HELD * first - _CENTRE, dtype=np.int64)
    behind = np.zeros(_CENTRE, dtype=np.int64)
    frames = np.concatenate([ahead, held(values), behind])
    return decimated(frames)[first : first + len(values)]


def _inverse() -> NDArray[np.float64]:
    """What undoes holding and filtering at 1 kHz, with a delay of half its taps."""
    pulse = np.zeros(2 * _MARGIN, dtype=np.int64)
    pulse[_MARGIN] = 1 << 17  # large: rounding does not show
    response = _through(pulse) / (1 << 14)
    size = 4096
    spectrum = np.fft.rfft(np.roll(np.pad(response, (0, size - len(response))), -_MARGIN))
    taps = np.fft.irfft(1 / spectrum, size)
    return np.roll(taps, _INVERSE // 2)[:_INVERSE]


def skin_values(samples: NDArray[np.int16]) -> tuple[NDArray[np.int32], int]:
    """Values to hold for one channel's samples, and how many of those come back changed.

    Samples at the rails may: there the converter clips.
    """
    wanted = np.pad(samples.astype(np.int64), _MARGIN)
    inverse = _inverse()

    def undone(x: NDArray) -> Ints:
        y = oaconvolve(8.0 * x, inverse, mode="full")[_INVERSE // 2 :][: len(x)]
        return np.rint(y).astype(np.int64)

    rng = np.random.default_rng(0)
    values = _within(undone(wanted))
    off = wanted - _through(values)
    for _ in range(_WHOLE_PASSES):
        # Rounding is not linear: with all of the rest it would go round in circles.
        better = _within(values + undone(off * rng.uniform(0.5, 1, len(off))))
        off_better = wanted - _through(better)
        if np.count_nonzero(off_better) < np.count_nonzero(off):
            values, off = better, off_better
    for seed in range(_LOCAL_PASSES):
        wrong = np.flatnonzero(off[_MARGIN:-_MARGIN]) + _MARGIN
        if len(wrong) == 0:
            break
        _nudge(values, wanted, off, wrong, seed)
    inner = slice(_MARGIN, _MARGIN + len(samples))
    return values[inner].astype(np.int32), int(np.count_nonzero(off[inner]))


def _within(values: Ints) -> Ints:
    return np.clip(values, 8 * _LEAST, 8 * _MOST)


def _nudge(values: Ints, wanted: Ints, off: Ints, wrong: Ints, seed: int) -> None:
    """Try other values near each sample that comes back wrong, and keep what brings it closer."""
    # Each on its own: what is changed for one must not reach the next.
    apart = np.diff(wrong, prepend=wrong[0] - 2 * _REACH) >= 2 * _REACH
    wrong = wrong[apart]
    rng = np.random.default_rng(seed)
    around = wrong[:, None] + np.arange(-_REACH, _REACH)
    around = around[(around[:, 0] >= 0) & (around[:, -1] < len(values))]
    if len(around) == 0:
        return
    tried = values[around]
    tried[:, _REACH - 1 : _REACH + 2] += rng.integers(-5, 6, (len(tried), 3))
    tried = _within(tried)
    back = _through(tried.reshape(-1)).reshape(tried.shape)
    inner = slice(_REACH // 2, -(_REACH // 2))
    off_tried = (wanted[around] - back)[:, inner]
    better = np.abs(off_tried).sum(axis=1) < np.abs(off[around][:, inner]).sum(axis=1)
    values[around[better]] = tried[better]
    off[around[better][:, inner]] = off_tried[better]
