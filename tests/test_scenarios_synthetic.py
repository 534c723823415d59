"""Whole SYNTHETIC runs of 40 minutes through the chain: what the athlete is told, and when.

Every run is another athlete, drawn from its seed; the model was set up on other seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from host_tools.replay import Job, replay
from host_tools.synth import Fault, Segment, Wear
from host_tools.synth.fatigue_course import FatigueCourse, draw_course
from host_tools.synth.seeds import stream

HEAVY = 3
ONSET_MIN = 17.0
STEADY_S = 960  # a baseline's worth of even running before pace or grade change
RUNNING = 2

PERIPHERAL, CENTRAL_TYPE = "peripheral", "central-type"


@dataclass
class Told:
    """All a run's athlete was told, and the strides it was told from."""

    rows: list[dict[str, Any]]
    strides: dict[str, np.ndarray]

    @property
    def highest(self) -> int:
        return max(row["level"] for row in self.rows)

    def heavy(self) -> dict[str, Any]:
        return next(row for row in self.rows if row["level"] >= HEAVY)

    def named(self, what: str) -> set[str]:
        """The attributions, or the faults, of all rows."""
        if what == "attribution":
            return {row[what] for row in self.rows}
        return {name for row in self.rows for name in row[what]}


@pytest.fixture(scope="module")
def told(synthetic_edf, tmp_path_factory) -> Callable[..., Told]:
    """`told(**plan)`: replay that synthetic run; 40 minutes, fresh legs unless the plan says."""

    def run(**plan) -> Told:
        plan.setdefault("course", FatigueCourse())
        path = synthetic_edf(**plan)
        result = replay(Job(path, tmp_path_factory.mktemp("out") / "out", report=False))
        return Told(result.warnings, result.strides)

    return run


def tiring(seed: int, pattern: str) -> FatigueCourse:
    return draw_course(stream(seed, "scenario"), pattern, ONSET_MIN, ramp_min=12.0)


def stepped(seed: int, speed_m_s: float, changes: tuple[tuple[float, float], ...]):
    """Even running, then every change of (relative speed, grade in %) for four minutes."""
    steps = [Segment("run", 240, speed_m_s * share, grade) for share, grade in changes]
    return {"seed": seed, "segments": (Segment("run", STEADY_S, speed_m_s), *steps)}


@pytest.mark.parametrize(("seed", "speed_m_s"), [(501, 2.6), (502, 3.8)])
def test_synthetic_fresh_legs_called_heavy(seed, speed_m_s, told):
    fresh = told(seed=seed, speed_m_s=speed_m_s)
    assert fresh.highest < HEAVY
    assert fresh.named("faults") == set()
    assert fresh.named("attribution") <= {"none"}


@pytest.mark.parametrize(
    ("seed", "pattern", "attribution", "wear"),
    [
        (511, "responder", PERIPHERAL, Wear()),
        (512, "responder", PERIPHERAL, Wear(upside_down=True)),
        (513, "central", CENTRAL_TYPE, Wear()),
        (514, "paradoxical", CENTRAL_TYPE, Wear()),
    ],
)
def test_synthetic_tiring_run_missed_or_misnamed(seed, pattern, attribution, wear, told):
    tired = told(seed=seed, speed_m_s=3.3, course=tiring(seed, pattern), wear=wear)
    assert tired.highest >= HEAVY
    first = tired.heavy()
    assert ONSET_MIN + 2 < first["t_s"] / 60 < ONSET_MIN + 16
    assert first["attribution"] == attribution
    assert tired.rows[-1]["attribution"] == attribution
    assert tired.rows[-1]["level"] >= HEAVY


@pytest.mark.parametrize(("seed", "with_speed"), [(521, True), (522, False)])
def test_synthetic_pace_change_taken_for_fatigue_or_for_a_slip(seed, with_speed, told):
    changes = ((0.9, 0.0), (1.08, 0.0), (1.0, 0.0), (0.88, 0.0), (1.12, 0.0), (0.95, 0.0))
    paced = told(**stepped(seed, 3.3, changes), with_speed=with_speed)
    assert paced.highest < HEAVY
    assert "pace" in paced.named("attribution")
    assert paced.named("faults") == set()
    if not with_speed:
        assert max(row["confidence_pct"] for row in paced.rows) <= 60


def test_synthetic_hill_taken_for_fatigue_or_for_pace(told):
    changes = ((0.88, 6.0), (1.0, 0.0), (1.1, -5.0), (1.0, 0.0), (0.94, 4.0), (1.0, 0.0))
    hilly = told(**stepped(531, 3.3, changes))
    assert hilly.highest < HEAVY
    assert "terrain" in hilly.named("attribution")
    assert hilly.named("faults") == set()


def test_synthetic_electrode_off_taken_for_fatigue_or_not_told(told):
    faults = tuple(
        Fault("electrode-off-1", 60 * minute, 45, mode)
        for minute, mode in ((18, "flat"), (24, "mains"), (30, "rail"))
    )
    loose = told(seed=541, speed_m_s=3.0, faults=faults)
    assert loose.highest < HEAVY
    assert "sensor" in loose.named("attribution")
    for fault in faults:
        told_at = [row for row in loose.rows if 0 <= row["t_s"] - fault.start_s < 30]
        assert any("electrode off ch1" in row["faults"] for row in told_at), fault.mode
    assert loose.rows[-1]["faults"] == []


def test_synthetic_slip_or_dying_gyroscope_taken_for_fatigue_or_not_told(told):
    faults = (Fault("band-slip", 1200, value=15), Fault("gyro-lost", 1620, 90))
    moved = told(seed=551, speed_m_s=3.0, faults=faults)
    assert moved.highest < HEAVY
    slips = [row["t_s"] for row in moved.rows if "band slipped" in row["faults"]]
    assert len(slips) == 1 and 0 < slips[0] - 1200 < 15
    lost = [row["t_s"] for row in moved.rows if "gyroscope lost" in row["faults"]]
    assert lost and 0 < lost[0] - 1620 < 15
    assert moved.rows[-1]["faults"] == []


def test_synthetic_walking_taken_for_running_or_warned_of(told):
    walked = told(seed=561, segments=(Segment("stand", 8), Segment("walk", 1100, 1.5)))
    assert len(walked.strides["gait"]) > 900
    assert np.all(walked.strides["gait"] != RUNNING)
    assert walked.strides["valid"].sum() == 0
    assert [row["level"] for row in walked.rows] == [0]


def test_synthetic_breaks_taken_for_a_slip_or_for_fatigue(told):
    rests = (Segment("stand", 20), Segment("walk", 25, 1.3))
    segments = [Segment("stand", 8), Segment("walk", 60, 1.4)]
    for _ in range(6):
        segments += [Segment("run", 370, 3.4), *rests]
    rested = told(seed=571, segments=tuple(segments))
    assert rested.highest < HEAVY
    assert rested.named("faults") == set()
    assert rested.strides["valid"].sum() > 2800
