"""When each sample was taken: rates, gaps and jitter from time columns, counters or rates."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.importing.map import Clock
from host_tools.importing.sources import Source

DECLARED_TOLERANCE = 2e-6  # a rate is given with so many digits; 34000/27 as 1259.2593
UNEVEN_TOLERANCE = 0.01  # what is interpolated anyway goes to a round rate nearby
MAX_STRETCH = 50  # a gap that makes a recording this much longer is a fault of the time column
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass
class Timing:
    """Samples on an even grid: sample i lies at `start_s + index[i] / rate_hz`."""

    rate_hz: Fraction
    start_s: float
    index: np.ndarray  # int (n,), rising
    times_s: np.ndarray | None = None  # of uneven samples, which must be interpolated
    gaps: np.ndarray | None = None  # of uneven samples: after which of them some are lost
    jitter_ms: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def n_grid(self) -> int:
        return int(self.index[-1]) + 1

    def place(self, values: np.ndarray) -> np.ndarray:
        """`values` (n,) on the grid (n_grid,), NaN where there is no sample."""
        out = np.full(self.n_grid, np.nan)
        if self.times_s is None:
            out[self.index] = values
            return out
        from scipy.interpolate import CubicSpline

        good = np.isfinite(values)
        grid = self.start_s + np.arange(self.n_grid) / float(self.rate_hz)
        if good.sum() >= 4:
            spline = CubicSpline(self.times_s[good], values[good])
            inside = (grid >= self.times_s[good][0]) & (grid <= self.times_s[good][-1])
            out[inside] = spline(grid[inside])
        step = 1 / float(self.rate_hz)
        for k in self.gaps if self.gaps is not None else ():
            out[(grid > self.times_s[k] + step / 2) & (grid < self.times_s[k + 1] - step / 2)] = (
                np.nan
            )
        return out


def nice_rate(rate_hz: float, tolerance: float = DECLARED_TOLERANCE) -> Fraction:
    """The simplest fraction within a relative `tolerance` of a rate."""
    exact = Fraction(rate_hz)
    for denominator in (1, 2, 3, 4, 5, 7, 8, 9, 10, 27, 81, 100, 1000, 10_000, 100_000):
        simple = exact.limit_denominator(denominator)
        if simple > 0 and abs(simple / exact - 1) <= tolerance:
            return simple
    return exact.limit_denominator(10_000_000)


def timing(source: Source, clock: Clock, ref: str, n: int) -> tuple[Timing, np.ndarray | None]:
    """When the `n` samples of column `ref` were taken, and which of them have a time at all
    (None: all). Raises CalfbandError."""
    rate = declared_rate(source, clock, ref)
    column = clock.column
    if clock.beside:
        column = source.left_of(ref, clock.beside)
    if column is not None:
        times = _times(source, clock, column, rate)
        if len(times) != n:
            raise CalfbandError(
                f"{source.path}: the time column {column} has {len(times)} rows and {ref} has {n}; "
                "name the time column that belongs to it."
            )
        known = np.isfinite(times)
        if known.sum() < 2:
            raise CalfbandError(
                f"{source.path}: the time column {column} holds fewer than two times; "
                "name another one or give rate_hz."
            )
        found = _from_times(source, column, times[known], rate, np.flatnonzero(known))
        if clock.from_start:
            shift = found.start_s
            found.start_s = 0.0
            found.times_s = None if found.times_s is None else found.times_s - shift
        return found, None if known.all() else known
    if rate is None:
        raise CalfbandError(
            f"{source.path}: nothing tells the sampling rate of {ref}; give rate_hz or a time "
            "column in the map ([time])."
        )
    index = np.arange(n)
    if clock.counter:
        index = _from_counter(source, clock, n)
    return Timing(nice_rate(rate), 0.0, index), None


def declared_rate(source: Source, clock: Clock, ref: str) -> float | None:
    """The rate that the map or the file states, or None. Raises CalfbandError."""
    rate = clock.rate_hz
    if rate is None and clock.rate_at:
        rate = float(source.numbers(clock.rate_at)[0])
    if rate is None and clock.period_at:
        period = float(source.numbers(clock.period_at)[0])
        rate = 1 / period if period > 0 else np.nan
    if rate is None and clock.rate_from:
        found = re.search(clock.rate_from, source.header)
        if found is None:
            raise CalfbandError(
                f"{source.path}: its header does not state a sampling rate where this map looks "
                f"for it ({clock.rate_from}); give rate_hz."
            )
        try:
            rate = float(found[1].replace(",", "."))
        except ValueError:
            rate = np.nan
    if rate is None:
        rate = source.rate_hz(ref)
    if rate is not None and not 1e-3 <= rate <= 1e6:
        raise CalfbandError(
            f"{source.path}: the sampling rate of {ref} reads {rate:g} Hz; give rate_hz in the map."
        )
    return rate


def _times(source: Source, clock: Clock, column: str, rate: float | None) -> np.ndarray:
    """A time column in seconds, NaN where a row has no time."""
    unit = clock.unit
    if unit == "file":
        stated = source.unit(column) or ""
        unit = "date" if "yyyy" in stated.lower() else stated.lower()
        if unit not in ("date", *_SECONDS):
            raise CalfbandError(
                f"{source.path}: nothing tells the unit of the time column {column} (it reads "
                f"{stated!r}); give unit in [time] of the map."
            )
    raw = source.raw(source.resolve(column))
    if raw.dtype.kind == "M":
        times = raw.astype("datetime64[us]").astype(np.int64).astype(float) * 1e-6
        times[np.isnat(raw)] = np.nan
        return times
    if unit == "date":
        texts = [str(t).strip().replace("/", "-").replace("T", " ") for t in raw]
        try:
            dates = np.array([t or "NaT" for t in texts], dtype="datetime64[us]")
        except ValueError:
            raise CalfbandError(
                f"{source.path}: the time column {column} is not in the form "
                "2024-05-31 12:00:00.5; name another one or give rate_hz."
            ) from None
        times = dates.astype(np.int64).astype(float) * 1e-6
        times[np.isnat(dates)] = np.nan
        return times
    times = source.numbers(column)
    if unit == "samples":
        if rate is None:
            raise CalfbandError(
                f"{source.path}: the time column {column} counts samples; give rate_hz, too."
            )
        return times / rate
    return times * _SECONDS[unit]


def _from_times(
    source: Source, column: str, t: np.ndarray, rate: float | None, rows: np.ndarray
) -> Timing:
    d = np.diff(t)
    back = np.flatnonzero(d < 0)
    if len(back):
        k = int(back[0])
        raise CalfbandError(
            f"{source.path}: time goes backwards in {column} from {t[k]:.10g} s to {t[k + 1]:.10g} "
            f"s ({source.place(int(rows[k + 1]) + 1)}); sort the rows or cut the file there."
        )
    if t[-1] == t[0]:
        raise CalfbandError(
            f"{source.path}: the time column {column} never changes; name another or give rate_hz."
        )
    if np.median(d) == 0 and rate is not None and np.mean(d == 0) > 0.6:
        note = f"the times in {column} are too coarse for the rate: {rate:g} Hz is taken"
        return Timing(nice_rate(rate), float(t[0]), np.arange(len(t)), notes=[note])
    period, guard = _period(d)
    lost = np.where(d > 1.5 * period + guard, np.rint(d / period) - 1, 0).astype(np.int64)
    index = np.concatenate(([0], np.cumsum(1 + lost)))
    if index[-1] > MAX_STRETCH * len(t):
        k = int(np.argmax(d))
        raise CalfbandError(
            f"{source.path}: time jumps by {d[k]:.6g} s in {column} "
            f"({source.place(int(rows[k + 1]) + 1)}); cut the file there."
        )
    slope, start = np.polyfit(index - index.mean(), t, 1)
    start -= slope * index.mean()
    residual = t - (start + slope * index)
    duration = t[-1] - t[0]
    # A rounder rate within what the jitter leaves open: over the recording 0.3 of the jitter.
    tolerance = float(np.clip(0.3 * residual.std() / duration, 1e-9, 1e-3))
    found = Timing(nice_rate(1 / slope, tolerance), float(start), index)
    found.jitter_ms = float(1000 * residual.std())
    worst = float(np.abs(residual).max())
    if rate is not None and abs(rate * slope - 1) > 0.01:
        found.notes.append(
            f"the rate is stated as {rate:g} Hz, but {column} shows {1 / slope:.6g} Hz, "
            "which is taken"
        )
    if guard > 6 * period:
        found.notes.append(
            f"the times in {column} come in bursts of some {guard / 3 / period:.0f} samples: "
            f"the mean rate of {1 / slope:.6g} Hz is taken"
        )
    elif worst > period + guard:
        found.times_s = t + np.arange(len(t)) * 1e-12  # equal times would stop the spline
        found.gaps = np.flatnonzero(lost)
        found.rate_hz, found.start_s = nice_rate(1 / slope, UNEVEN_TOLERANCE), float(t[0])
        found.index = np.floor((t - t[0]) * float(found.rate_hz)).astype(np.int64)
        found.notes.append(
            f"samples are uneven in time by up to {1000 * worst:.1f} ms: "
            f"interpolated to {float(found.rate_hz):.6g} Hz"
        )
    return found


def _period(d: np.ndarray) -> tuple[float, float]:
    """Mean step without the gaps, and how coarse the times are (0: finer than a step)."""
    positive = d[d > 0]
    typical = float(np.median(positive))
    if np.mean(d < 0.2 * d.mean()) > 0.2:  # several samples share a time: rounded, or in bursts
        guard = 3 * typical
        return float(d[d <= guard].mean()), guard
    period = min(float(d.mean()), 3 * typical)
    smallest, guard = float(positive.min()), 0.0
    for _ in range(4):
        fine = d <= 1.5 * period + guard
        period = float(d[fine].mean()) if fine.any() else period
        steps = positive[positive < 20 * period] / smallest
        # Times that are all multiples of one step, but not all that step itself, are rounded.
        whole = len(steps) and np.mean(np.abs(steps - np.rint(steps)) < 0.02) > 0.98
        guard = smallest if whole and np.mean(np.abs(d / period - 1) > 0.05) > 0.05 else 0.0
    return period, guard


def _from_counter(source: Source, clock: Clock, n: int) -> np.ndarray:
    """Places of the samples by a counter that runs to `modulo` and starts again."""
    assert clock.counter is not None
    count = source.numbers(clock.counter)
    if len(count) != n:
        raise CalfbandError(
            f"{source.path}: the counter {clock.counter} has {len(count)} rows and the signal {n}; "
            "name the one that belongs to it."
        )
    steps = np.diff(count)
    rising = steps[steps > 0]
    step = float(np.median(rising)) if len(rising) else 0.0
    if step > 0:
        modulo = clock.modulo or np.nanmax(count) - np.nanmin(count) + step
        steps = np.where(steps < 0, np.mod(steps, modulo), steps) / step
    if step == 0 or not np.isfinite(steps).all() or (steps <= 0).any():
        k = int(np.flatnonzero(~(np.nan_to_num(steps) > 0))[0])
        raise CalfbandError(
            f"{source.path}: the counter {clock.counter} does not rise in {source.place(k + 2)}; "
            "leave the counter out of the map or cut the file there."
        )
    return np.concatenate(([0], np.cumsum(np.maximum(np.rint(steps), 1)))).astype(np.int64)
