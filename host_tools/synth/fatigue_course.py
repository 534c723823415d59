"""How the legs tire: when, how far, and which of the known patterns.

Depths follow the ranges for synthetic recordings: contact +2-5 %, flight -2...-8 %, onset
0...+15 ms, rates -3...-8 %, shock 0...+60 %, spectrum -5...-15 % or 0...+8 %.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

PATTERNS = ("none", "responder", "paradoxical", "central")


@dataclass(frozen=True)
class FatigueCourse:
    """Full-depth changes (relative unless the name carries a unit) and when they come."""

    pattern: str = "none"
    onset_min: float = 17.0
    ramp_min: float = 12.0
    contact: float = 0.0
    flight: float = 0.0
    spread: float = 0.0  # of the coefficients of variation
    onset_ms: float = 0.0
    rates: float = 0.0
    shock: float = 0.0
    damping: float = 0.0
    rms: float = 0.0
    mdf: float = 0.0

    def __post_init__(self) -> None:
        if self.pattern not in PATTERNS:
            raise ValueError(f"fatigue '{self.pattern}' is not one of {', '.join(PATTERNS)}.")
        if not (self.onset_min >= 0 and self.ramp_min > 0):
            raise ValueError("fatigue starts at minute 0 or later and takes more than 0 minutes.")

    def level(self, t_s: np.ndarray) -> np.ndarray:
        """0 fresh ... 1 full depth, with a soft start and end (smoothstep)."""
        if self.pattern == "none":
            return np.zeros_like(t_s)
        x = np.clip((t_s / 60 - self.onset_min) / self.ramp_min, 0, 1)
        return x * x * (3 - 2 * x)


def draw_course(
    rng: Generator,
    pattern: str = "responder",
    onset_min: float = 17.0,
    ramp_min: float = 12.0,
    depth: float = 1.0,
) -> FatigueCourse:
    """A course of one pattern; `depth` scales every change (1 = inside the published ranges)."""
    if not 0 < depth <= 3:
        raise ValueError(f"fatigue depth {depth:g} is outside 0-3.")
    course = FatigueCourse(pattern, onset_min, ramp_min)
    contact = rng.uniform(0.025, 0.05)
    # A stride never gets shorter with fatigue: flight may not lose more than contact gains.
    flight = -min(rng.uniform(0.02, 0.08), 2.1 * contact)
    mechanics = {
        "contact": contact,
        "flight": flight,
        "spread": rng.uniform(0.2, 0.5),
        "onset_ms": rng.uniform(4, 15),
        "rates": -rng.uniform(0.03, 0.08),
        "shock": rng.uniform(0.05, 0.6),
        "damping": rng.uniform(0.05, 0.2),
    }
    emg = {
        "responder": (rng.uniform(0.12, 0.25), -rng.uniform(0.06, 0.15)),
        "paradoxical": (-rng.uniform(0.05, 0.15), rng.uniform(0.03, 0.08)),
        "central": (-rng.uniform(0.14, 0.20), rng.uniform(-0.01, 0.02)),
    }
    if pattern not in emg:
        return course
    rms, mdf = emg[pattern]
    changes = {**mechanics, "rms": rms, "mdf": mdf}
    return replace(course, **{name: depth * value for name, value in changes.items()})
