"""The worst cases: what is asked of the loop in each, and what is known to overrun there."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from target.loop import flash
from target.loop.figures import Plant
from target.loop.fills import (
    BULK,
    COLLECTION,
    DMA,
    FIFO,
    INPUT,
    INTERRUPT,
    LOG,
    SMALL,
    Event,
    Phone,
)
from target.loop.firmware import Firmware
from target.loop.play import Loop

ROOMY_KB, FULL_KB = 2048, 16
STRIDES_PER_S = 1.36
_HOUR_US = 3_600_000_000
_SETTINGS_EVERY_US = 600_000_000
_AT_ONCE_EVERY_US = 61_000_000
_BATCH = {"put": f"{LOG}batch into its file", "sync": f"{LOG}file kept"}
_IMU_FAST = 1.04  # the chip's oscillator at the end of its range

Make = Callable[[Firmware, Plant, float, random.Random], list[Event]]


def _nothing(_firmware: Firmware, _plant: Plant, _until_us: float, _rng: random.Random):
    return []


@dataclass(frozen=True)
class Case:
    """known: buffers that overrun in it, for the reason in `because`. refused: no such board."""

    name: str
    what: str
    phone: Phone = field(default_factory=Phone)
    events: Make = _nothing
    free_kb: int = ROOMY_KB
    worst: bool = False
    psram: bool = False
    known: frozenset[str] = frozenset()
    because: str = ""

    def loop(self, firmware: Firmware, plant: Plant, until_us: float, seed: int) -> Loop:
        rng = random.Random(f"{self.name} {seed}")
        events = self.events(firmware, plant, until_us, rng)
        return Loop(
            firmware, plant, self.phone, events, seed,
            imu_fast=_IMU_FAST if self.worst else 1.0,
            collection_us=plant["PSRAM collection"] if self.psram else None,
            wake_us=plant["wake at worst"] if self.worst else None,
            worst_rounds=self.worst,
        )  # fmt: skip


def flash_event(at_us: float, name: str, work: flash.Work, plant: Plant) -> Event:
    """Reads and programs, then the erases."""
    pieces = [(work.us(plant) - work.erases * plant["erase"], False)]
    pieces += [(plant["erase"], True)] * work.erases
    told = f"{name} ({work.reads} reads, {work.programs} programs, {work.erases} erases)"
    return Event(at_us, told, tuple(pieces))


def collection(at_us: float, loop_us: float) -> Event:
    return Event(at_us, COLLECTION, ((loop_us, False),))


def log_events(free_kb: int, mount: flash.Mount | None = None) -> Make:
    """A session every hour, its log, a setting every ten minutes, a pairing every hour."""

    def make(firmware: Firmware, plant: Plant, until_us: float, rng: random.Random) -> list[Event]:
        works = flash.counted(free_kb, mount or flash.mount_of_unit())
        events = []
        every_us = 1e6 * firmware.batch_strides / STRIDES_PER_S
        at, n = every_us * rng.random(), 0
        sum_us = plant.part("batch of the log, without flash")
        while at < until_us:
            # One second after the other, as SessionLog.step does it.
            for k, (kind, name) in enumerate(_BATCH.items()):
                work = works[kind][n % len(works[kind])]
                event = flash_event(at + k * 1e6, name, work, plant)
                if k == 0:
                    event = replace(event, pieces=((sum_us, False), *event.pieces))
                events.append(event)
            at += every_us * rng.uniform(0.9, 1.1)
            n += 1
        for kind, every in (
            ("close", _HOUR_US), ("open", _HOUR_US), ("run", _HOUR_US), ("bonds", _HOUR_US),
            ("settings", _SETTINGS_EVERY_US),
        ):  # fmt: skip
            at, n = every * rng.random(), 0
            while at < until_us:
                work = works[kind][n % len(works[kind])]
                events.append(flash_event(at, f"file: {kind}", work, plant))
                at += every * rng.uniform(0.9, 1.1)
                n += 1
        return events

    return make


def at_once(free_kb: int | None, mount: flash.Mount | None = None) -> Make:
    """Everything in one tick, again and again at another phase. None: but for flash."""

    def make(firmware: Firmware, plant: Plant, until_us: float, rng: random.Random) -> list[Event]:
        events = []
        at = _AT_ONCE_EVERY_US * rng.random()
        while at < until_us:
            # All phases against the DMA and the reads of the FIFO come up in turn.
            at += rng.uniform(0, 4 * firmware.dma_us)
            stuck = ((3 * plant["i2c stuck"], False),)
            events.append(Event(at, "three calls on an I2C held low", stuck))
            events.append(collection(at, plant.part("collection")))
            if free_kb is not None:
                works = flash.counted(free_kb, mount or flash.mount_of_unit())
                for kind in ("put", "settings", "bonds"):
                    work = flash.worst(works[kind], plant)
                    name = _BATCH.get(kind, f"file: {kind}")
                    events.append(flash_event(at, name, work, plant))
            at += _AT_ONCE_EVERY_US
        return events

    return make


def collections(_: Firmware, plant: Plant, until_us: float, rng: random.Random) -> list[Event]:
    """One every minute, as slow as with a heap in PSRAM."""
    every = plant["garbage"]
    return [
        collection(every * (n + rng.random()), plant["PSRAM collection"])
        for n in range(int(until_us / every))
    ]


_PHONE = "the phone takes fewer packets than the streams make: the oldest go, and are counted"
_ERASE = "an erase keeps the I2S interrupt away, of a build without CONFIG_I2S_ISR_IRAM_SAFE"
_FULL = "and twice looks for free blocks"
_LONG = "and they stop the loop together for longer than the sensors' buffers last"
_COLLECTION = "a collection takes as long as the motion FIFO lasts: no such board"
_SENSORS = frozenset({FIFO, INPUT, INTERRUPT})

CASES = (
    Case("worn, no session", "a phone at 30 ms, nothing asked for"),
    Case("raw streams", "a phone at 30 ms takes EMG and motion", Phone(raw=True)),
    Case("slow phone", "a connection interval of 500 ms", Phone(500_000)),
    Case(
        "raw, slow phone", "both streams, an interval of 500 ms", Phone(500_000, raw=True),
        known=frozenset({BULK}), because=_PHONE,
    ),
    Case(
        "all at once but flash",
        "I2C held low, a collection, the worst rounds, woken late, raw streams, IMU 4 % fast",
        Phone(raw=True), at_once(None), worst=True,
    ),
    Case(
        "sessions", "an hour each, 2 MiB free beside their log", events=log_events(ROOMY_KB),
        known=frozenset({INTERRUPT}), because=_ERASE,
    ),
    Case(
        "flash nearly full", "16 KiB free beside the log", events=log_events(FULL_KB),
        known=_SENSORS, because=f"{_ERASE}, {_FULL}",
    ),
    Case(
        "all at once", "and the longest work for log, settings and keys in the same tick",
        Phone(raw=True), at_once(ROOMY_KB), worst=True,
        known=_SENSORS | {DMA, SMALL, BULK}, because=f"{_ERASE}, {_LONG}",
    ),
    Case(
        "stock LittleFS", "sessions on a flash as MicroPython mounts it",
        events=log_events(ROOMY_KB, flash.STOCK), known=_SENSORS | {DMA}, because=_ERASE,
    ),
    Case(
        "heap in PSRAM", "a collection of 286 ms every minute", events=collections, psram=True,
        known=frozenset({FIFO, INPUT}), because=_COLLECTION,
    ),
)  # fmt: skip
ORDINARY = CASES[0]
WORST = CASES[4]
