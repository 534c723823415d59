"""From what a user types about speed and grade to the segments of a run."""

from enum import Enum

from host_tools.synth.plan import MAX_MINUTES, Segment


class SpeedPlan(str, Enum):
    """How one speed is run."""

    constant = "constant"
    intervals = "intervals"
    progressive = "progressive"


def plan_segments(
    minutes: float,
    speed: str,
    speed_plan: SpeedPlan,
    grade: str,
    standing_s: float,
    walking_s: float,
    cool_down_s: float,
) -> tuple[Segment, ...]:
    """Segments of a run. Raises ValueError with a sentence for text that is no plan."""
    if not 0.05 <= minutes <= MAX_MINUTES:
        raise ValueError(f"{minutes:g} minutes is outside 0.05-{MAX_MINUTES}.")
    paces = _stretches(speed, "speed", minutes)
    if len(paces) == 1:
        paces = _paced(speed_plan, paces[0][0], paces[0][1])
    elif speed_plan is not SpeedPlan.constant:
        raise ValueError("give either stretches in --speed or a --speed-plan, not both.")
    total = sum(length for _, length in paces)
    if total > MAX_MINUTES:
        raise ValueError(f"speed '{speed}' lasts longer than {MAX_MINUTES} minutes; shorten it.")
    grades = _stretches(grade, "grade", total)
    before = (("stand", standing_s, 3.0), ("walk", walking_s, 1.4))
    segments = [Segment(gait, s, v) for gait, s, v in before if s]
    segments += [
        Segment("run", length * 60, pace, slope) for pace, slope, length in _merged(paces, grades)
    ]
    if cool_down_s:
        segments.append(Segment("walk", cool_down_s, 1.4))
    return tuple(segments)


def _stretches(text: str, what: str, minutes: float) -> list[tuple[float, float]]:
    """`3.0` or `3.0x10,3.6x5` as [(value, minutes)]."""
    stretches = []
    parts = text.split(",")
    for part in parts:
        value, times, length = part.partition("x")
        try:
            stretches.append((float(value), float(length) if times else minutes))
        except ValueError:
            raise ValueError(
                f"{what} '{text}' is neither a number nor stretches like 3.0x10,3.6x5."
            ) from None
        if len(parts) > 1 and not times:
            raise ValueError(f"{what} '{text}': every stretch needs its minutes, like {part}x5.")
        if not 0 < stretches[-1][1] <= MAX_MINUTES:
            raise ValueError(
                f"{what} '{text}': a stretch lasts more than 0, up to {MAX_MINUTES} minutes."
            )
    return stretches


def _paced(plan: SpeedPlan, speed: float, minutes: float) -> list[tuple[float, float]]:
    """(speed, minutes) of a plan about one speed."""
    if plan is SpeedPlan.constant:
        return [(speed, minutes)]
    stretches: list[tuple[float, float]] = []
    left = minutes
    if plan is SpeedPlan.progressive:  # 2 % faster every 5 minutes
        while left > 1e-9:
            stretches.append((speed * (1 + 0.02 * len(stretches)), min(5.0, left)))
            left -= 5.0
        return stretches
    # 12 minutes easy, then 3 minutes 15 % faster and 2 minutes 8 % slower by turns.
    pattern = [(1.0, 12.0)] + [(1.15, 3.0), (0.92, 2.0)] * 120
    for factor, length in pattern:
        if left > 1e-9:
            stretches.append((speed * factor, min(length, left)))
            left -= length
    return stretches


def _merged(
    paces: list[tuple[float, float]], grades: list[tuple[float, float]]
) -> list[tuple[float, float, float]]:
    """Both lists cut at each other's borders: (speed, grade, minutes); the last grade holds."""
    total = sum(length for _, length in paces)
    cuts = {0.0, total}
    for stretches in (paces, grades):
        t = 0.0
        for _, length in stretches:
            t += length
            cuts.add(min(t, total))
    edges = sorted(cuts)

    def value(stretches: list[tuple[float, float]], t: float) -> float:
        end = 0.0
        for item, length in stretches:
            end += length
            if t < end:
                return item
        return stretches[-1][0]

    return [
        (value(paces, (a + b) / 2), value(grades, (a + b) / 2), b - a)
        for a, b in zip(edges, edges[1:], strict=False)
        if b - a > 1e-6
    ]
