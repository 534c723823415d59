"""What befalls a virtual band: lines `at_ms name lasts_ms` of mishaps.txt, in order of time.

Times count from the recording's begin. A mishap of no length lasts until the end.
"""

import time


def read_mishaps(path):
    """[(at_us, name, lasts_us)], in order of time."""
    rows = []
    with open(path) as file:
        for line in file:
            at_ms, name, lasts_ms = line.split()
            rows.append((1000 * int(at_ms), name, 1000 * int(lasts_ms)))
    rows.sort()
    return rows


class Mishaps:
    """`step` with the time since the recording's begin; allocates only when something happens."""

    def __init__(self, bench, rows):
        self._bench = bench
        self._rows = rows
        self._next = 0
        self._ends = []  # (us, name) of those that are on
        self.due_us = 1 << 60
        self._charge = bench.gauge.charge_q8
        self._plan()

    def _plan(self):
        due = self._rows[self._next][0] if self._next < len(self._rows) else 1 << 60
        for at, _ in self._ends:
            due = min(due, at)
        self.due_us = due

    def step(self, now_us):
        if now_us < self.due_us:
            return
        for end in self._ends:
            if end[0] <= now_us:
                self._ends.remove(end)
                self._do(end[1], False, 0)
                break
        else:
            at_us, name, lasts_us = self._rows[self._next]
            self._next += 1
            if lasts_us and name not in ("stall", "imu-lose", "imu-garble"):
                self._ends.append((now_us + lasts_us, name))
            self._plan()
            self._do(name, True, lasts_us)
        self._plan()

    def _do(self, name, on, lasts_us):
        bench = self._bench
        if name == "imu-dead":
            bench.imu.dead = on
        elif name == "imu-frozen":
            bench.imu.freeze(on)
        elif name == "imu-brownout":
            if on:
                bench.imu.brownout()
        elif name == "imu-lose":
            bench.imu.lose_slots(max(1, lasts_us // 1200))
        elif name == "imu-garble":
            bench.imu.garble_tags(max(1, lasts_us // 600))
        elif name == "spi-stuck":
            bench.spi_stuck(0xFF if on else None)
        elif name == "emg-absent":
            bench.adc.absent = on
        elif name == "emg-brownout":
            if on:
                bench.adc.brownout()
        elif name == "skin-nack":
            bench.skin_wire.nacks = -1 if on else 0
        elif name == "gauge-nack":
            bench.gauge_wire.nacks = -1 if on else 0
        elif name == "battery-low":
            bench.gauge.charge_q8 = 3 * 256 if on else self._charge
        elif name == "usb":
            bench.usb(on)
        elif name == "button":
            bench.press(on)
        elif name == "stall":
            time.clock.stall(lasts_us)  # type: ignore  (of the stand-in)
        else:
            raise ValueError(name)
