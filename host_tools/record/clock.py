"""When each IMU frame was taken, on the line of the EMG samples.

The two sensors run on clocks of their own, some percent apart and drifting with temperature. The
band aligns them and says so once a second; a band that does not is judged by the order in which
its packets came, which tells no better than a packet's length (some 20 ms).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from host_tools.record.streams import EMG, IMU, RATES_HZ, Segment

KNOT_S = 60.0
_NOMINAL_MS = 1000 / RATES_HZ[IMU]
_TOLERANCE = 0.05  # no IMU clock is further off nominal: such a slope is no clock


@dataclass(frozen=True)
class ImuClock:
    """Straight lines through `frames` (ascending) at `ms`; beyond them they go on."""

    frames: np.ndarray
    ms: np.ndarray
    told: bool  # by the band, not guessed from the order of packets
    jumps: tuple[int, ...] = ()  # first frames after time without frames

    def at(self, frame: np.ndarray | float) -> np.ndarray:
        """ms on the EMG's line at (fractional) frames."""
        frame = np.asarray(frame, dtype=np.float64)
        first, last = self._slopes()
        inside = np.interp(frame, self.frames, self.ms)
        before = np.minimum(frame - self.frames[0], 0) * first
        behind = np.maximum(frame - self.frames[-1], 0) * last
        return inside + before + behind

    def frame(self, ms: np.ndarray) -> np.ndarray:
        """The fractional frame at a time: `at` backwards."""
        first, last = self._slopes()
        inside = np.interp(ms, self.ms, self.frames)
        before = np.minimum(ms - self.ms[0], 0) / first
        behind = np.maximum(ms - self.ms[-1], 0) / last
        return inside + before + behind

    def _slopes(self) -> tuple[float, float]:
        if len(self.frames) < 2:
            return _NOMINAL_MS, _NOMINAL_MS
        slopes = np.diff(self.ms[[0, 1, -2, -1]])[[0, 2]]
        steps = np.diff(self.frames[[0, 1, -2, -1]])[[0, 2]]
        return float(slopes[0] / steps[0]), float(slopes[1] / steps[1])


def imu_clock(segment: Segment) -> ImuClock:
    """The clock of IMU frames that came."""
    for points, told in ((segment.told, True), (_from_order(segment), False)):
        knots, jumps = _knots(np.array(sorted(set(points)), dtype=np.float64).reshape(-1, 2))
        if len(knots):
            return ImuClock(knots[:, 0], knots[:, 1], told, jumps)
    # No EMG to be aligned with: nominal.
    start = segment.runs[0].start
    return ImuClock(np.array([start, start + 1.0]), (start + np.arange(2.0)) * _NOMINAL_MS, False)


def _knots(points: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Points (n, 2) of (frame, ms) that an IMU clock can connect, and the frames of jumps.

    A single point off the line is left out. When the line goes on from there, time has passed in
    which the sensor counted no frames: a jump.
    """
    kept: list[tuple[float, float]] = []
    jumps: list[int] = []
    off: tuple[float, float] | None = None
    for frame, ms in points:
        if not kept or _connects(kept[-1], (frame, ms)):
            kept.append((frame, ms))
            off = None
        elif off is not None and _connects(off, (frame, ms)) and off[1] > kept[-1][1]:
            before, old_ms = kept[-1]
            if off[0] - 1 > before:
                kept.append((off[0] - 1, old_ms + (off[0] - 1 - before) * _NOMINAL_MS))
            jumps.append(int(off[0]))
            kept += [off, (frame, ms)]
            off = None
        else:
            off = (frame, ms)
    return np.array(kept).reshape(-1, 2), tuple(jumps)


def _connects(one: tuple[float, float], other: tuple[float, float]) -> bool:
    frames, ms = other[0] - one[0], other[1] - one[1]
    nominal_ms = frames * _NOMINAL_MS
    # A told time is a whole tenth of a millisecond.
    return frames >= 1 and abs(ms - nominal_ms) <= nominal_ms * _TOLERANCE + 0.2


def _from_order(segment: Segment) -> list[tuple[float, float]]:
    """(frame, ms) once a minute, from what was newest of each sensor as packets came in turn.

    When an EMG packet comes, the newest IMU frame is up to a packet old, and the other way round;
    the middle of both is taken.
    """
    if not segment.seen:
        return []
    frames = np.array([seen[0] for seen in segment.seen], dtype=np.float64)
    ms = np.array([seen[1] for seen in segment.seen], dtype=np.float64) * (1000 / RATES_HZ[EMG])
    after_emg = np.array([seen[2] == EMG for seen in segment.seen])
    knots = []
    window = ((ms - ms[0]) / (1000 * KNOT_S)).astype(int)
    for number in np.unique(window):
        here = window == number
        families = [here & after_emg, here & ~after_emg]
        if all(family.any() for family in families):
            middle = [(frames[f].mean(), ms[f].mean()) for f in families]
            frame, at_ms = np.mean(middle, axis=0)
            knots.append((float(frame), float(at_ms)))
    if not knots:  # one packet: of the other sensor nothing came after it
        knots.append((float(frames[0]), float(ms[0])))
    if len(knots) == 1:  # too short to tell a rate
        knots.append((knots[0][0] + 1000.0, knots[0][1] + 1000.0 * _NOMINAL_MS))
    return knots
