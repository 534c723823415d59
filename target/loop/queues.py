"""The radio's queues, the buffers of the stack behind them, and the phone that empties those."""

from __future__ import annotations

from typing import Protocol

from target.loop.figures import Plant
from target.loop.fills import BULK, SMALL, Fill, Phone
from target.loop.firmware import Firmware


class Playing(Protocol):
    """What the radio asks of the loop that it is part of."""

    firmware: Firmware
    plant: Plant
    phone: Phone

    def why(self, since_us: float) -> str: ...


class Radio:
    """The queues of band/unit/radio.py, the stack's buffers behind them, and the phone."""

    def __init__(self, loop: Playing, fills: dict[str, Fill]):
        self._loop = loop
        self._fills = fills
        self._firmware = firmware = loop.firmware
        self._plant = plant = loop.plant
        self._phone = loop.phone
        self.bulk = self.small = 0.0
        self._stack = 0.0
        self._events = 0
        self._credit = float(firmware.burst)
        self._stepped = 0.0
        self._send_us = plant.part("packet to the stack") + plant["notify"]
        dma_s = firmware.dma_us / 1e6
        frames = firmware.frames_per_s * dma_s
        self._raw_packets = (
            1000 * dma_s / firmware.emg_per_packet + frames / firmware.motion_per_packet
        )
        self._stride_packets = 2 * loop.phone.strides_per_s * dma_s
        self._stride_us = plant.part("stride into packet and log")

    def step(self, now: float, t: float, buffers: int) -> float:
        """Queue what so many DMA buffers' time brought, and send; when that is done."""
        phone = self._phone
        if buffers:
            t += buffers * 0.5 * self._stride_packets * self._stride_us
        if phone.interval_us == 0:
            return t
        if buffers:
            self.small = self._add(SMALL, self.small + buffers * self._stride_packets, t)
            if phone.raw:
                self.bulk = self._add(BULK, self.bulk + buffers * self._raw_packets, t)
        events = int(t / phone.interval_us)
        if events > self._events:
            passed = events - self._events
            self._events = events
            self._stack = max(0.0, self._stack - passed * self._plant["per event"])
            t += self._plant["stolen"] * min(passed, 4)
        self._credit += (now - self._stepped) / 1e6 * self._firmware.packets_per_s
        self._credit = min(self._credit, self._firmware.burst)
        self._stepped = now
        for queue in ("small", "bulk"):
            waiting = getattr(self, queue)
            while waiting >= 1 and self._credit >= 1:
                t += self._send_us
                if self._stack >= self._plant["stack"]:
                    break
                self._stack += 1
                self._credit -= 1
                waiting -= 1
            setattr(self, queue, waiting)
        return t

    def _add(self, name: str, waiting: float, t: float) -> float:
        fill = self._fills[name]
        if waiting > fill.most:
            fill.fill(min(waiting, fill.capacity), t, self._loop.why(self._stepped))
        if waiting > fill.capacity:
            fill.overrun(t, waiting - fill.capacity, self._loop.why(self._stepped))
            return fill.capacity
        return waiting
