"""What looks wrong in signals that could be read: usually a unit."""

from __future__ import annotations

import numpy as np

from host_tools.importing.assemble import Assembled
from host_tools.importing.signals import Channel

# Norm of acceleration that would be 1 g if the unit were another one.
_ACC_GUESSES = ((9.80665, "m/s^2"), (1000.0, "mg"), (1 / 9.80665, "g, not m/s^2"), (1e-3, "kg"))
REST_SD_G = 0.05
MOVING_G = 0.25
HELD = 0.6  # share of samples equal to the one before on all axes: held, not sampled
RUNNING_G = (0.35, 6.0)  # median of the norm on a moving shank; 3.2 g were seen at 4.5 m/s


def warnings_for(made: Assembled) -> list[str]:
    """Sentences, each naming the channel and what to check."""
    by_kind: dict[str, list[Channel]] = {}
    for channel in made.channels:
        by_kind.setdefault(channel.kind, []).append(channel)
    found: list[str] = []
    for channel in by_kind.get("emg", []):
        found += _emg(channel)
    acc = by_kind.get("acc", [])
    moving = False
    if len(acc) == 3:
        norm = np.sqrt(sum(c.values**2 for c in acc))
        moving = float(norm.std()) > MOVING_G
        found += _acc(acc, norm)
    gyr = by_kind.get("gyr", [])
    if len(gyr) == 3:
        found += _gyr(gyr, moving)
    for channel in made.channels:
        if channel.clipped:
            share = 100 * channel.clipped / max(1, len(channel.values))
            found.append(
                f"{channel.label}: {channel.clipped} samples ({share:.2g} %) sit at the sensor's "
                "limit; peaks there are larger than recorded"
            )
    for event in made.lost:
        if event.duration_s > 0.5 * made.duration_s:
            found.append(f"{event.text}: {event.duration_s:.1f} s are missing, most of the file")
    return found


def _emg(channel: Channel) -> list[str]:
    values = channel.values - np.median(channel.values)
    high = float(np.percentile(np.abs(values), 99.5))
    said = []
    if high > 10_000:
        said.append(
            f"{channel.label} reaches {high / 1000:.3g} mV: skin EMG stays below 10 mV; the source "
            f"is probably not in {channel.source_unit}, or still holds the amplifier's gain"
        )
    elif high < 5:
        said.append(
            f"{channel.label} stays within {high:.2g} uV: less than noise; the source is probably "
            f"not in {channel.source_unit}"
        )
    if channel.values.min() >= 0 and high > 0:
        said.append(f"{channel.label} is never negative: rectified or an envelope, not raw EMG")
    offset = float(np.median(channel.values))
    if abs(offset) > 5 * max(high, 1.0):
        said.append(f"{channel.label} sits on an offset of {offset:.4g} uV")
    return said


def _acc(acc: list[Channel], norm: np.ndarray) -> list[str]:
    window = max(2, round(float(acc[0].rate_hz)))
    n = len(norm) // window
    if n == 0:
        return []
    blocks = norm[: n * window].reshape(n, window)
    spread = blocks.std(axis=1)
    quiet = int(np.argmin(spread))
    typical = float(np.median(norm))
    at_rest = float(spread[quiet]) < REST_SD_G * max(typical, 1e-9)
    level = float(blocks[quiet].mean()) if at_rest else typical
    same = np.all([np.diff(c.values) == 0 for c in acc], axis=0)
    if same.mean() > HELD:
        changes = np.count_nonzero(~same) + 1
        true_hz = float(acc[0].rate_hz) * changes / len(norm)
        return [
            f"the acceleration keeps each value for {len(norm) / changes:.3g} samples: it was "
            f"probably sampled at {true_hz:.3g} Hz only"
        ]
    if 0.85 <= level <= 1.15 or (not at_rest and RUNNING_G[0] <= level <= RUNNING_G[1]):
        return []
    when = "at rest" if at_rest else "in the middle"
    guess = next((f" (in {name}?)" for k, name in _ACC_GUESSES if 0.7 < level / k < 1.4), "")
    return [
        f"the acceleration {when} is {level:.3g} g and not 1 g: the source is probably not in "
        f"{acc[0].source_unit}{guess}, or an axis is wrong"
    ]


def _gyr(gyr: list[Channel], moving: bool) -> list[str]:
    rate = np.sqrt(sum(c.values**2 for c in gyr))
    high = float(np.percentile(rate, 99))
    if high > 4000:
        return [
            f"the angular rate reaches {high:.0f} deg/s, more than a leg turns: the source is "
            f"probably not in {gyr[0].source_unit} (mdps?)"
        ]
    if moving and high < 25:
        return [
            f"the angular rate stays below {high:.2g} deg/s while the leg moves: the source is "
            f"probably not in {gyr[0].source_unit} (rad/s?)"
        ]
    return []
