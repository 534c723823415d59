"""The lines of a certificate: each figure with its limits. A figure without limits informs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from host_tools.calibrate.accelerometer import AXES
from host_tools.calibrate.state import State
from host_tools.calibrate.steps import STEPS


@dataclass(frozen=True)
class Line:
    step: str
    name: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    decimals: int = 2

    @property
    def passed(self) -> bool | None:
        """None where there is nothing to pass."""
        if self.value is None or (self.low is None and self.high is None):
            return None
        above = self.low is None or self.value >= self.low
        return above and (self.high is None or self.value <= self.high)

    def as_json(self) -> dict[str, Any]:
        kept = asdict(self)
        kept.pop("decimals")
        return {**kept, "passed": self.passed}


def lines(state: State) -> list[Line]:
    """Of all steps that are done, in their order."""
    made: list[Line] = []
    for step in STEPS:
        found = state.result(step.name)
        if found is not None:
            made += _OF[step.name](found)
    return made


def _within(step: str, name: str, value: float, most: float, unit: str, decimals: int = 2) -> Line:
    return Line(step, name, value, unit, -most, most, decimals)


def _accelerometer(found: dict[str, Any]) -> list[Line]:
    step = "accelerometer"
    made = [
        _within(step, f"bias {axis}", value, 100, "mg", 1)
        for axis, value in zip(AXES, found["bias_mg"], strict=True)
    ]
    made += [
        _within(step, f"scale error {axis}", value, 4, "%")
        for axis, value in zip(AXES, found["scale_pct"], strict=True)
    ]
    made.append(Line(step, "misalignment", found["misalignment_pct"], "%", None, 3.0))
    made.append(Line(step, "residual, rms", found["residual_rms_mg"], "mg", None, 6.0))
    return made


def _gyroscope(found: dict[str, Any]) -> list[Line]:
    return [
        _within("gyroscope", f"bias {axis}", value, 10, "deg/s")
        for axis, value in zip(AXES, found["bias_dps"], strict=True)
    ]


def _turns(found: dict[str, Any]) -> list[Line]:
    return [
        _within("turns", f"scale error {axis}", value, 5, "%")
        for axis, value in zip(AXES, found["scale_pct"], strict=True)
    ]


def _clock(found: dict[str, Any]) -> list[Line]:
    return [
        _within("clock", "IMU rate off nominal", found["off_pct"], 3.5, "%", 3),
        Line("clock", "IMU rate", found["imu_hz"], "Hz"),
        Line("clock", "clocks disagree, rms", found["residual_ms"], "ms", None, 0.3, 3),
    ]


def _signal(found: dict[str, Any]) -> list[Line]:
    made = [
        _within("signal", f"gain error, channel {k + 1}", value, 5, "%")
        for k, value in enumerate(found["gain_pct"])
    ]
    made.append(Line("signal", "distortion and noise", max(found["rest_pct"]), "%", None, 1.0))
    return made


def _noise(found: dict[str, Any]) -> list[Line]:
    made = []
    for k in range(2):
        where = f"channel {k + 1}"
        made.append(Line("noise", f"noise, {where}", found["noise_uv"][k], "µV rms", None, 2.0))
        made.append(Line("noise", f"mains, {where}", found["mains_uv"][k], "µV rms", None, 1.0))
        made.append(_within("noise", f"offset, {where}", found["offset_uv"][k], 500, "µV", 1))
    return made


def _delay(found: dict[str, Any]) -> list[Line]:
    return [
        _within("delay", "EMG behind motion", found["delay_ms"], 4, "ms"),
        Line("delay", "standard error", found["se_ms"], "ms", None, 0.15, 3),
        Line("delay", "taps used", found["taps"], "", 8, None, 0),
    ]


def _check(found: dict[str, Any]) -> list[Line]:
    return [
        _within("check", "gravity, corrected", found["force_off_mg"], 3, "mg", 2),
        Line("check", "rate at rest, corrected", found["rate_dps"], "deg/s", None, 0.1, 3),
    ]


def _contact(found: dict[str, Any]) -> list[Line]:
    made = []
    for k in range(2):
        where = f"channel {k + 1}"
        made.append(
            Line("contact", f"mains, {where}", found["mains_uv"][k], "µV rms", None, 30.0, 1)
        )
        made.append(
            Line("contact", f"at rest, {where}", found["rest_uv"][k], "µV rms", 1.0, 15.0, 1)
        )
        made.append(_within("contact", f"offset, {where}", found["offset_uv"][k], 1000, "µV", 0))
    made.append(Line("contact", "likeness of the channels", found["alike"], "", None, 0.95))
    return made


def _mvc(found: dict[str, Any]) -> list[Line]:
    return [
        Line(
            "mvc", f"strongest half second, channel {channel}", one["mvc_uv"], "µV rms", 50, None, 0
        )
        for channel, one in sorted(found.items())
    ]


def _hops(found: dict[str, Any]) -> list[Line]:
    return [
        Line("hops", "contact", found["contact_ms"], "ms", None, None, 1),
        Line("hops", "flight", found["flight_ms"], "ms", None, None, 1),
        Line("hops", "contact, SD", found["contact_sd_ms"], "ms", None, None, 1),
        Line("hops", "vertical stiffness", found["kvert_kn_m"], "kN/m", None, None, 1),
    ]


_OF = {
    "accelerometer": _accelerometer,
    "gyroscope": _gyroscope,
    "turns": _turns,
    "clock": _clock,
    "signal": _signal,
    "noise": _noise,
    "delay": _delay,
    "check": _check,
    "contact": _contact,
    "mvc": _mvc,
    "hops": _hops,
}
