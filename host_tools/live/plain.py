"""`calfband live --plain`: a line of text for each thing the band says."""

from __future__ import annotations

import time
from typing import Any

from host_tools.live.state import LiveState

STRIDE_FIELDS = (
    ("contact_ms", "contact", "ms", 1),
    ("stride_ms", "stride time", "ms", 1),
    ("kvert_kn_m", "stiffness", "kN/m", 2),
    ("onset_ms", "EMG onset", "ms", 1),
    ("lag_ms", "latency", "ms", 1),
    ("rms_uv", "amplitude", "uV", 1),
    ("mnf_hz", "frequency", "Hz", 2),
)


class PlainState(LiveState):
    """Prints instead of keeping for a dashboard."""

    def connected(self, name: str, info: dict[str, Any], mtu: int) -> None:
        super().connected(name, info, mtu)
        features = ", ".join(info["feature_names"])
        _say(f"band {name}, firmware {info['version']}, packets of {mtu} bytes: {features}")

    def status(self, status: dict[str, Any]) -> None:
        super().status(status)
        words = [
            f"status {status['level_name']}",
            f"{status['confidence_pct']} %",
            f"attribution {status['attribution_name']}",
            f"phase {status['phase_name']}",
            f"session {status['session_s']} s",
            f"{status['strides']} strides",
        ]
        if status["state"]:
            words.append(status["state_name"])
        for title, key in (("reasons", "reason_names"), ("faults", "fault_names")):
            if status[key]:
                words.append(f"{title}: {', '.join(status[key])}")
        if status["unit_fault_names"]:
            words.append(f"unit: {', '.join(status['unit_fault_names'])}")
        _say("; ".join(words))

    def stride(self, stride: dict[str, Any], missed: int, packet: bytes) -> None:
        super().stride(stride, missed, packet)
        words = [f"stride {stride['t_ic_s']:.4f} s"]
        for key, title, unit, decimals in STRIDE_FIELDS:
            if stride[key] is not None:
                words.append(f"{title} {stride[key]:.{decimals}f} {unit}")
        if not stride["valid"]:
            words.append("not valid")
        if stride["degraded"]:
            words.append("degraded")
        if missed:
            words.append(f"{missed} before it not heard")
        _say("; ".join(words))

    def battery(self, percent: int) -> None:
        super().battery(percent)
        _say(f"battery {percent} %")

    def event(self, text: str, style: str = "") -> None:
        super().event(text, style)
        _say(text)


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
