"""What the band has said so far, ready to be shown."""

from __future__ import annotations

import statistics
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from host_tools.client.link import Link
from host_tools.client.listener import Listener
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire

HISTORY = 2000  # strides: some 25 minutes
RECENT = 10  # strides whose median is shown
QUALITY_OF = 60  # strides over which the quality is judged
EVENTS = 6


@dataclass(frozen=True)
class Feature:
    """A value of each stride."""

    key: str
    title: str
    unit: str
    decimals: int


FEATURES = (
    Feature("kvert_kn_m", "stiffness", "kN/m", 1),
    Feature("contact_ms", "contact", "ms", 0),
    Feature("cadence_spm", "cadence", "steps/min", 0),
    Feature("onset_ms", "EMG onset", "ms", 1),
    Feature("lag_ms", "EMG latency", "ms", 1),
    Feature("rms_uv", "EMG amplitude", "µV", 1),
    Feature("mnf_hz", "EMG frequency", "Hz", 1),
)


@dataclass(frozen=True)
class Event:
    """A line of what happened; `style` as Rich knows it."""

    at_s: float  # time.time()
    text: str
    style: str = ""


class LiveState(Listener):
    """Keeps the newest of everything and the recent strides."""

    def __init__(self) -> None:
        self.name = ""
        self.is_connected = False
        self.state = "looking for the band"
        self.info: dict[str, Any] = {}
        self.mtu = 0
        self.now: dict[str, Any] | None = None  # Status
        self.battery_pct: int | None = None
        self.strides: deque[dict[str, Any]] = deque(maxlen=HISTORY)
        self.told = 0
        self.missed = 0
        self.levels: deque[tuple[float, int]] = deque(maxlen=HISTORY)  # (session s, level)
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.plotted = 0

    def connected(self, name: str, info: dict[str, Any], mtu: int) -> None:
        again = bool(self.name)
        self.name, self.info, self.mtu = name, info, mtu
        self.is_connected, self.state = True, "connected"
        self.event(f"{'back on' if again else 'connected to'} {name}", "green")

    def disconnected(self, why: str) -> None:
        self.is_connected, self.state = False, f"{why}; looking for it"
        self.event(self.state, "yellow")

    def trouble(self, sentence: str) -> None:
        self.is_connected, self.state = False, sentence
        if not self.events or self.events[-1].text != sentence:
            self.event(sentence, "yellow")

    def status(self, status: dict[str, Any]) -> None:
        before, self.now = self.now, status
        if before is None or before["level"] != status["level"]:
            self.event(f"level {status['level_name']}, {status['confidence_pct']} % sure", "bold")
        self.levels.append((status["session_s"], status["level"]))
        for key in ("fault_names", "unit_fault_names"):
            for fault in status[key]:
                if before is None or fault not in before[key]:
                    self.event(f"fault: {fault}", "yellow")

    def stride(self, stride: dict[str, Any], missed: int, packet: bytes) -> None:
        stride_ms = stride["stride_ms"]
        stride["cadence_spm"] = 120_000 / stride_ms if stride_ms else None
        self.strides.append(stride)
        self.told += 1
        self.missed += missed

    def battery(self, percent: int) -> None:
        self.battery_pct = percent

    def event(self, text: str, style: str = "") -> None:
        self.events.append(Event(time.time(), text, style))

    def next_feature(self) -> None:
        self.plotted = (self.plotted + 1) % len(FEATURES)

    async def mark(self, link: Link, heaviness: int) -> None:
        """Tell the band how heavy the legs feel."""
        try:
            await link.request(wire.MARK, heaviness)
            self.event(f"marked: legs feel {heaviness} of 10", "magenta")
        except CalfbandError as error:
            self.event(f"not marked: {error}", "red")

    def recent(self, key: str) -> float | None:
        """Median over the recent running strides that know it."""
        values = [s[key] for s in self.strides if s["valid"] and s[key] is not None][-RECENT:]
        return statistics.median(values) if values else None

    @property
    def quality_pct(self) -> float | None:
        """Of the recent strides, those that arrived and are whole: none missed, none degraded."""
        recent = list(self.strides)[-QUALITY_OF:]
        good = sum(1 for s in recent if s["valid"] and not s["degraded"])
        return 100 * good / len(recent) if recent else None

    @property
    def latest_gait(self) -> str:
        gaits = ("standing", "walking", "running")
        gait = self.strides[-1]["gait"] if self.strides else None
        return gaits[gait] if gait is not None and gait < len(gaits) else "–"
