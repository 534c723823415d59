"""Truth in a file, as annotations: event times, 0/1 columns, or vertical force."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.importing.clock import declared_rate, timing
from host_tools.importing.map import Truth
from host_tools.importing.sources import Source
from host_tools.importing.units import conversion

MIN_CONTACT_S = 0.06  # shorter than any step: noise of the force plate
MIN_FLIGHT_S = 0.03


@dataclass(frozen=True)
class Event:
    """`t_s` on the time axis of the file it came from."""

    t_s: float
    text: str
    duration_s: float = -1.0


def read_truth(source: Source, truth: Truth, others: list[Source]) -> list[Event]:
    """Events of one [[truth]] entry. Raises CalfbandError."""
    if truth.kind == "times":
        return _times(source, truth)
    values = source.numbers(truth.column)
    when, known = timing(source, truth.clock, truth.column, len(values))
    values = when.place(values if known is None else values[known])
    t = when.start_s + np.arange(len(values)) / float(when.rate_hz)
    if truth.kind == "flags":
        return _edges(source, truth, t, values)
    newtons = conversion("force", truth.unit)
    assert newtons is not None  # checked with the map
    force = newtons(values)
    if np.nanmean(force) < 0:  # the plates' convention: what the foot does to the plate
        force = -force
    contacts = contacts_of(force, float(when.rate_hz), truth.on_n, truth.off_n)
    if not contacts:
        raise CalfbandError(
            f"{source.path}: {truth.column} never goes from {truth.off_n:g} N over "
            f"{truth.on_n:g} N and back (it lies between {np.nanmin(force):.4g} and "
            f"{np.nanmax(force):.4g} N); check its unit, on_n and off_n in the map."
        )
    spans = [
        (_crossing(t, force, a, truth.on_n), _crossing(t, force, b, truth.off_n))
        for a, b in contacts
    ]
    if truth.lower:
        spans = _of_one_leg(spans, truth, others)
    first, last = truth.labels[0], truth.labels[-1]
    events = [Event(a, first) for a, _ in spans if a is not None]
    if len(truth.labels) > 1:
        events += [Event(b, last) for _, b in spans if b is not None]
    return sorted(events, key=lambda event: event.t_s)


def _crossing(t: np.ndarray, force: np.ndarray, k: int, level_n: float) -> float | None:
    """When the force passes `level_n` between samples k-1 and k; None for k < 0."""
    if k < 0:
        return None
    before, after = force[k - 1], force[k]
    share = (level_n - before) / (after - before) if k > 0 and after != before else 1.0
    return float(t[k] - (1 - np.clip(share, 0, 1)) * (t[1] - t[0]))


def contacts_of(
    force_n: np.ndarray, rate_hz: float, on_n: float, off_n: float
) -> list[tuple[int, int]]:
    """(first sample above `on_n`, first sample below `off_n` after it); -1 where cut off.

    Hysteresis; contacts and flights too short to be steps are taken for noise.
    """
    force = np.nan_to_num(force_n)
    contacts: list[tuple[int, int]] = []
    inside = bool(force[0] > on_n)
    start = -1
    above, below = force > on_n, force < off_n
    at = 0
    while at < len(force):
        turn = below if inside else above
        step = int(np.argmax(turn[at:]))
        if not turn[at + step]:
            break
        at += step
        if inside:
            contacts.append((start, at))
        else:
            start = at
        inside = not inside
    if inside and start >= 0:
        contacts.append((start, -1))
    merged: list[tuple[int, int]] = []
    for a, b in contacts:
        if merged and a - merged[-1][1] < MIN_FLIGHT_S * rate_hz:
            merged[-1] = (merged[-1][0], b)
        else:
            merged.append((a, b))
    return [(a, b) for a, b in merged if a < 0 or b < 0 or b - a >= MIN_CONTACT_S * rate_hz]


def _of_one_leg(spans: list, truth: Truth, others: list[Source]) -> list:
    """Contacts in whose middle the first of two markers is lower than the second: of that leg."""
    assert truth.lower is not None
    source = next((s for s in others if all(s.has(ref) for ref in truth.lower or ())), None)
    if source is None:
        raise CalfbandError(
            f"{others[0].path}: the columns {truth.lower[0]} and {truth.lower[1]}, which tell the "
            "legs apart, are not in any file given; give the file with the markers, too."
        )
    tracks = []
    for ref in truth.lower:
        values = source.numbers(ref)
        when, known = timing(source, truth.clock, ref, len(values))
        values = when.place(values if known is None else values[known])
        good = np.isfinite(values)
        t = when.start_s + np.arange(len(values)) / float(when.rate_hz)
        tracks.append((t[good], values[good]))
    kept = []
    for a, b in spans:
        middle = a if b is None else b if a is None else (a + b) / 2
        own, other = (np.interp(middle, t, values) for t, values in tracks)
        if own < other:
            kept.append((a, b))
    return kept


def _times(source: Source, truth: Truth) -> list[Event]:
    values = source.numbers(truth.column)
    values = values[np.isfinite(values)]
    if truth.unit == "samples":
        rate = declared_rate(source, truth.clock, truth.column)
        if rate is None:
            raise CalfbandError(
                f"{source.path}: {truth.column} counts samples; give rate_hz in [truth.time]."
            )
        values = values / rate
    else:
        values = values * {"s": 1.0, "ms": 1e-3, "us": 1e-6}[truth.unit]
    return [Event(float(t), truth.labels[0]) for t in values]


def _edges(source: Source, truth: Truth, t: np.ndarray, values: np.ndarray) -> list[Event]:
    """Rising edges of a 0/1 column, and falling ones where a second label is given."""
    good = values[np.isfinite(values)]
    if not np.isin(good, (0.0, 1.0)).all():
        odd = good[~np.isin(good, (0.0, 1.0))][0]
        raise CalfbandError(
            f"{source.path}: {truth.column} holds {odd:g}, but flags are 0 or 1; "
            "use kind = times or force, or name another column."
        )
    steps = np.diff(np.nan_to_num(values))
    events = [Event(float(t[k + 1]), truth.labels[0]) for k in np.flatnonzero(steps > 0)]
    if len(truth.labels) > 1:
        events += [Event(float(t[k + 1]), truth.labels[1]) for k in np.flatnonzero(steps < 0)]
    return sorted(events, key=lambda event: event.t_s)
