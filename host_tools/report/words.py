"""What the levels say in plain words: headline, meaning, advice.

General wellness only: a training-fatigue indicator. Nothing here diagnoses or speaks of injury.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from host_tools.firmware_tables import wire
from host_tools.report.numbers import column, minutes
from host_tools.result import ReplayResult

CAUSE_NAMED = {
    "none": "",
    "peripheral": "legs (peripheral)",
    "central-type": "drive rather than muscle (central-type)",
    "pace": "pace explains it",
    "terrain": "terrain explains it",
    "sensor": "sensor trouble",
}

ENOUGH_WATCHED_S = 300.0  # less says little about a run
SET_ASIDE = ("pace", "terrain", "sensor")
CAUSE = {
    "peripheral": "The stride changes and the calf muscle has to work harder for it: the pattern "
    "of legs that tire.",
    "central-type": "The stride changes while the muscle is driven less, its signal otherwise as "
    "before: central-type down-regulation. Surface EMG can suggest this, not prove it.",
    "pace": "The stride changed together with speed and cadence; what is left after allowing for "
    "pace is small.",
    "terrain": "The change came like a step and reverses: more likely the ground than the runner.",
    "sensor": "The signal jumped in a way legs cannot. Treat this stretch as not measured.",
}

ADVICE = {
    0: "Nothing to act on. A useful run for the band is 20 minutes or more at an even, easy pace, "
    "band snug, so that the first 15 minutes can teach it what fresh looks like.",
    1: "Nothing to change. If the effort felt hard all the same, trust the athlete: the band sees "
    "the calf and the stride, not heat, breath or sleep.",
    2: "Ask how the legs feel. One kind of sign alone is often pace, shoes or ground; worth a "
    "note, not yet a change of plan.",
    3: "If the aim was quality, it ends about here: ease the pace, shorten the set or call it the "
    "day’s work. If the aim was to run on tired legs, this is where that training begins.",
    4: "Stop the hard part. Walk or jog easily, and plan the next session by how the legs feel "
    "tomorrow.",
}

REASON = {
    "contact longer": "the foot stays longer on the ground",
    "contact shorter": "the foot stays shorter on the ground",
    "stiffness lower": "the stride is softer (lower stiffness)",
    "stiffness higher": "the stride is stiffer",
    "peak force lower": "less peak force into the ground",
    "onset later": "the calf switches on later",
    "onset earlier": "the calf switches on earlier",
    "lag longer": "longer from muscle to push-off",
    "lag shorter": "shorter from muscle to push-off",
    "timing less steady": "the timing varies more from stride to stride",
    "EMG amplitude higher": "more muscle activity for the same stride",
    "EMG amplitude lower": "less muscle activity",
    "spectrum lower": "the muscle’s signal has become slower (lower spectrum)",
    "spectrum higher": "the muscle’s signal has become faster (higher spectrum)",
    "shock higher": "harder landings at the shin",
    "push-off weaker": "a weaker push-off",
}


# The measure behind each of the band's reasons, by the words they share.
REASON_FEATURE = {
    "contact": "contact_ms",
    "stiffness": "kvert_kn_m",
    "peak force": "fmax_n",
    "onset": "onset_ms",
    "lag": "lag_ms",
    "timing": "onset_sd_ms",
    "EMG amplitude": "rms_uv",
    "spectrum": "mnf_hz",
    "shock": "tib_peak_g",
    "push-off": "pushoff_dps",
}


@dataclass(frozen=True)
class Segment:
    """A stretch of one level, seconds."""

    start: float
    end: float
    level: int
    warning: dict[str, Any]


@dataclass(frozen=True)
class Headline:
    """`short` carries the finding, `detail` cause and confidence."""

    short: str
    detail: str
    meaning: list[str]
    advice: str
    level: int


def segments(result: ReplayResult) -> list[Segment]:
    """Level over time; before the first warning row the level is 0, insufficient."""
    rows = sorted(result.warnings, key=lambda row: row["t_s"])
    if not rows or rows[0]["t_s"] > 0:
        rows.insert(0, {"t_s": 0.0, "level": 0})
    ends = [row["t_s"] for row in rows[1:]] + [max(result.duration_s, rows[-1]["t_s"])]
    found: list[Segment] = []
    for row, end in zip(rows, ends, strict=True):
        level = int(row["level"])
        if found and found[-1].level == level:
            # One stretch, told by its latest row; rows that only tell of pace, terrain or a
            # sensor do not take a level's own reason away.
            aside = row.get("attribution") in SET_ASIDE
            told = found[-1].warning if aside else row
            found[-1] = Segment(found[-1].start, float(end), level, told)
        elif end > row["t_s"] or not found:
            found.append(Segment(float(row["t_s"]), float(end), level, row))
    return found


def headline(result: ReplayResult) -> Headline:
    """The finding of the whole recording; the report’s first lines."""
    spans = segments(result)
    peak = max(span.level for span in spans)
    if peak == 0:
        meaning = [not_judged(result), *_set_aside(result)]
        return Headline("Not enough to judge", "", meaning, ADVICE[0], 0)
    last = spans[-1]
    if peak == 1:
        watched = sum(span.end - span.start for span in spans if span.level == 1)
        short = "Fresh to the end"
        if last.level == 0 or watched < ENOUGH_WATCHED_S:
            short = f"Fresh in the {minutes(watched)} it could be judged"
        detail = f"{minutes(watched)} watched, confidence {last_confidence(spans)}\u00a0%"
        return Headline(short, detail, [_calm(result), *_set_aside(result)], ADVICE[1], 1)
    first_up = next(span for span in spans if span.level >= 2)
    top = next(span for span in spans if span.level == peak)
    name = wire.LEVELS[peak]
    if not any(span.level == 1 and span.end <= first_up.start for span in spans):
        short = f"{wire.LEVELS[first_up.level].capitalize()} from minute {_minute(first_up.start)}"
        if first_up is not top:
            short += f", {name} from minute {_minute(top.start)}"
    elif minutes(first_up.start) == minutes(top.start):
        short = f"Fresh for {minutes(first_up.start)}, then {name}"
    else:
        short = f"Fresh for {minutes(first_up.start)}, {name} by minute {_minute(top.start)}"
    if last.level < peak:
        ending = "not judged" if last.level == 0 else wire.LEVELS[last.level]
        back = next(s for s in reversed(spans) if s.level == peak).end
        short += f" until minute {_minute(back)}, {ending} at the end"
    told = last if last.level >= 2 else top
    cause = CAUSE_NAMED.get(told.warning.get("attribution", "none"), "")
    sure = f"confidence {_percent(told.warning)}\u00a0%"
    return Headline(
        short,
        f"{cause}, {sure}" if cause else sure,
        _why(told, result),
        ADVICE[max(2, told.level)] if told.level else ADVICE[peak],
        told.level or peak,
    )


def counted(result: ReplayResult) -> dict[str, str]:
    """Feature -> reason the band gave for the last level of 2 or more; empty without one."""
    raised = [span for span in segments(result) if span.level >= 2]
    reasons = raised[-1].warning.get("reasons", []) if raised else []
    return {
        feature: str(reason)
        for words, feature in REASON_FEATURE.items()
        for reason in reasons
        if str(reason).startswith(words)
    }


def last_confidence(spans: list[Segment]) -> str:
    """Confidence of the last judged stretch, as text without the percent sign."""
    return _percent(next(s for s in reversed(spans) if s.level > 0).warning)


def not_judged(result: ReplayResult) -> str:
    """Why there is no level, in one sentence."""
    gait = column(result.strides, "gait")
    running = int((column(result.strides, "valid") == 1).sum())
    if running == 0 and (gait == 1).any():
        return "Only walking was found. The band judges running, so it says nothing here."
    if running == 0 and len(column(result.bursts, "t_on_s")):
        count = len(column(result.bursts, "t_on_s"))
        return (
            f"No running strides were found; {count} muscle contraction"
            f"{'s were' if count != 1 else ' was'} measured one by one below."
        )
    if running == 0:
        return "No running strides were found in this recording."
    return (
        f"{running} running stride{'s' if running != 1 else ''} in "
        f"{minutes(result.duration_s)}: the band learns what fresh looks like over minutes 6 to 15 "
        "of a run and at least 250 strides before it judges."
    )


def _why(span: Segment, result: ReplayResult) -> list[str]:
    lines = []
    cause = CAUSE.get(span.warning.get("attribution", "none"))
    if cause:
        lines.append(cause)
    reasons = [REASON.get(str(r), str(r)) for r in span.warning.get("reasons", [])]
    if reasons:
        lines.append("Against this athlete’s own fresh running: " + ", ".join(reasons) + ".")
    if not _has_speed(result):
        lines.append(
            "Pace was not known. A faster or slower stretch can look similar, so confidence never "
            "exceeds 60\u00a0% here."
        )
    return lines


def _set_aside(result: ReplayResult) -> list[str]:
    """What the band saw and put down to something other than fatigue, and what troubled it."""
    causes = [row.get("attribution") for row in result.warnings]
    lines = [CAUSE[cause] for cause in SET_ASIDE if cause in causes]
    faults = dict.fromkeys(str(f) for row in result.warnings for f in row.get("faults", []))
    if faults:
        lines.append("The band reported: " + ", ".join(faults) + ".")
    return lines


def _calm(result: ReplayResult) -> str:
    text = "Stride, timing and muscle stayed inside this athlete’s own fresh range."
    if not any(label.startswith("EMG") for label in result.signals):
        text = "The stride stayed inside this athlete’s own fresh range. No EMG was recorded."
    return text


def _has_speed(result: ReplayResult) -> bool:
    return "SPEED" in result.signals or bool(result.settings.get("speed_mm_s"))


def _percent(row: dict[str, Any]) -> str:
    value = row.get("confidence_pct")
    return "–" if value is None or value != value else f"{value:.0f}"


def _minute(seconds: float) -> int:
    return round(seconds / 60)
