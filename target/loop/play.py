"""The loop of band/unit/app.py tick by tick, with the buffers that fill meanwhile.

Time is in microseconds from the first tick. What the processor does takes its time in the order in
which App.run does it; DMA, motion chip and phone go on by their own clocks. Where the real loop's
work depends on what it finds (how many DMA buffers wait, how many words), so does this.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from target.loop.figures import Plant
from target.loop.firmware import Firmware

FIFO, DMA, INTERRUPT, INPUT = "motion FIFO", "EMG DMA", "EMG interrupt", "chain input"
SMALL, BULK, WATCHDOG = "packet queue", "raw queue", "watchdog"
BUFFERS = (FIFO, DMA, INTERRUPT, INPUT, SMALL, BULK, WATCHDOG)
UNITS = ("words", "buffers", "buffers", "samples", "packets", "packets", "s")
COLLECTION, LOG = "collection", "log: "  # names of events, the second their begin
_POLL_US = 40
_TOLD_US = 1000  # shorter work is not told of
_REMEMBERED = 24
_A_SECOND = 32  # rounds, about


@dataclass(frozen=True, order=True)
class Event:
    """Work beside the usual, in the first tick at or after `at_us`, when the sensors have been
    read: pieces of (us, whether flash is erased).
    """

    at_us: float
    name: str = field(compare=False)
    pieces: tuple[tuple[float, bool], ...] = field(compare=False)

    @property
    def us(self) -> float:
        return sum(us for us, _ in self.pieces)


@dataclass
class Phone:
    """interval_us 0: nobody is connected."""

    interval_us: int = 30_000
    raw: bool = False
    strides_per_s: float = 1.36  # two packets each


@dataclass
class Fill:
    """The fullest a buffer was, when, why; and what it lost: us of samples, packets.

    An interrupt of the I2S tells one DMA buffer: what fell due before, while it was kept away, is
    never read. The chain's input loses nothing: what finds it full is worked off before its turn.
    """

    capacity: float
    most: float = 0
    at_us: float = 0
    why: str = ""
    overruns: int = 0
    lost: float = 0
    first_us: float = -1
    first_why: str = ""

    def fill(self, most: float, at_us: float, why: str) -> None:
        self.most, self.at_us, self.why = most, at_us, why

    def overrun(self, at_us: float, lost: float, why: str) -> None:
        if self.overruns == 0:
            self.first_us, self.first_why = at_us, why
        self.overruns += 1
        self.lost += lost


@dataclass
class Played:
    """fills: of BUFFERS. bins, latest, late_loops: as band/unit/lateness.py counts."""

    us: float
    fills: dict[str, Fill]
    bins: list[int]
    latest_us: float = 0
    late_loops: int = 0
    longest_loop_us: float = 0
    collections: int = 0
    longest_collection_us: float = 0
    longest_write_us: float = 0  # of the log
    ticks: int = 0
    trace: list[tuple[float, float, float, float]] = field(default_factory=list)  # us, fills

    def overrun(self) -> list[str]:
        """Buffers that lost something, by the time of the first loss."""
        lost = [name for name, fill in self.fills.items() if fill.overruns]
        return sorted(lost, key=lambda name: self.fills[name].first_us)


class Loop:
    """One run; `play` does it, once."""

    def __init__(
        self,
        firmware: Firmware,
        plant: Plant,
        phone: Phone,
        events: Iterable[Event],
        seed: int,
        imu_fast: float = 1.0,
        collection_us: float | None = None,
        wake_us: float | None = None,
        worst_rounds: bool = False,
    ):
        """imu_fast: the motion chip's clock. wake_us: always so late; None: at random.

        worst_rounds: the chain always costs what one round in a hundred does, and each second
        the worst that there is; else each as often as it was counted.
        """
        self.firmware = firmware
        self.plant = plant
        self.phone = phone
        self._events = deque([*sorted(events), Event(math.inf, "the end", ())])
        rng = random.Random(seed)
        most = plant["wake"]
        self._wakes = [wake_us if wake_us is not None else most * rng.random() for _ in range(8192)]
        self._rounds = _rounds(plant, worst_rounds, rng)
        self._round = 0
        self._words_per_us = firmware.words_per_s * imu_fast / 1e6
        self._phase = firmware.dma_us * rng.random()  # of the DMA
        self._recent: deque[tuple[float, float, str]] = deque(maxlen=_REMEMBERED)
        self._collection_us = collection_us or plant.part("collection")
        capacities = (
            firmware.fifo_words, firmware.dma_waiting, 1, firmware.input_frames,
            firmware.small_slots, firmware.bulk_slots, firmware.watchdog_us / 1e6,
        )  # fmt: skip
        fills = {name: Fill(one) for name, one in zip(BUFFERS, capacities, strict=True)}
        self.played = Played(0, fills, [0] * (len(firmware.bin_ends_us) + 1))
        self._radio = _Radio(self, fills)
        self._taken = 0  # DMA buffers read or lost
        self._emptied_us = 0.0  # when the DMA had nothing more
        self._met_us = 0.0
        self._read_us = 0.0  # when the motion FIFO was
        self._imu_due = 0.0
        raw = ("raw stream, EMG", "raw stream, motion") if phone.raw else ()
        self._buffer_us = plant["i2s"] + sum(plant.part(name) for name in raw)

    # --- words for what happened ---

    def _note(self, started_us: float, us: float, name: str) -> None:
        if us >= _TOLD_US:
            self._recent.append((started_us, us, name))

    def why(self, since_us: float) -> str:
        """What took long since then."""
        told = [f"{name} {us / 1000:.0f} ms" for at, us, name in self._recent if at + us > since_us]
        return ", then ".join(told[-6:]) or "nothing but the usual"

    # --- the run ---

    def play(
        self,
        until_us: float,
        traced: tuple[float, float] = (0, 0),
        progress: Callable[[float], object] = lambda us: None,
    ) -> Played:
        """traced: from when to when the fills are kept in Played.trace."""
        firmware, plant, played, radio = self.firmware, self.plant, self.played, self._radio
        ends, bins, wakes = list(firmware.bin_ends_us), played.bins, self._wakes
        poll_us = plant.part("poll of both sources") + plant.us(plant["rest of a tick"])
        second_us = plant.us(plant["second"]) + 5 * plant["i2c"] + 3 * plant["spi"]
        look_us = 2 * plant.part("look at the heap")
        garbage_us = plant["garbage"]
        second_due = skin_due = fed_us = t = due = 0.0
        look_due = float(firmware.look_us)
        garbage_due = garbage_us
        while t < until_us:
            now = t
            late = now - due if now > due else 0.0
            bins[bisect_right(ends, late)] += 1
            if late > played.latest_us:
                played.latest_us = late
            if late >= firmware.late_us:
                played.late_loops += 1
            self._feed(fed_us, now)
            fed_us = now
            if traced[0] <= now < traced[1]:
                self._trace(now)
            if firmware.motion_first:
                t = self._read_motion(now, t + poll_us)
                t, buffers = self._read_emg(t)
            else:
                t, buffers = self._read_emg(t + poll_us)
                t = self._read_motion(now, t)
            if now >= skin_due:
                skin_due = now + firmware.skin_every_us
                t += 2 * plant["i2c"]
            t = radio.step(now, t, buffers)
            if self._events[0].at_us <= now:
                t = self._happen(now, t)
            if now >= second_due:
                second_due = now + 1_000_000
                t += second_us
            if now >= look_due:
                look_due = now + firmware.look_us
                t += look_us
                if now >= garbage_due:
                    garbage_due = now + garbage_us
                    t = self._collect(t, self._collection_us)
                progress(now)
            if t - now > played.longest_loop_us:
                played.longest_loop_us = t - now
            played.ticks += 1
            due = now + firmware.tick_us
            pause = due - t
            t += (pause // 1000) * 1000 if pause > 0 else 0
            t += wakes[played.ticks & 8191]
        played.us = t
        return played

    def _trace(self, t: float) -> None:
        fills = self.played.fills
        words = (t - self._read_us) * self._words_per_us
        waiting = (t - self._phase) / self.firmware.dma_us - self._taken
        self.played.trace.append(
            (
                t,
                max(0.0, min(waiting, fills[DMA].capacity)),
                min(words, fills[FIFO].capacity),
                self._radio.bulk,
            )
        )

    def _feed(self, fed_us: float, now: float) -> None:
        watchdog = self.played.fills[WATCHDOG]
        s = (now - fed_us) / 1e6
        if s > watchdog.most:
            watchdog.fill(s, now, self.why(fed_us))
            if s > watchdog.capacity:
                watchdog.overrun(now, 0, watchdog.why)

    def _read_emg(self, t: float) -> tuple[float, int]:
        """Read and work off until nothing waits: when that is, and how many DMA buffers it was."""
        firmware, dma = self.firmware, self.played.fills[DMA]
        dma_us, most = firmware.dma_us, firmware.dma_waiting
        read = 0
        while read < firmware.buffers_a_read * firmware.reads_a_tick:
            waiting = int((t - self._phase) / dma_us) - self._taken
            if waiting > most:
                self._taken += waiting - most
                dma.overrun(t, (waiting - most) * dma_us, self.why(self._emptied_us))
                waiting = most
            if waiting > dma.most:
                dma.fill(waiting, t, self.why(self._emptied_us))
            if waiting <= 0:
                wait = self._phase + (self._taken + 1) * dma_us - t
                met = read or t - self._met_us < firmware.meet_every_us or wait > firmware.meet_us
                if met:
                    self._emptied_us = t
                    break
                self._met_us = t
                t += wait + _POLL_US
                continue
            n = min(waiting, firmware.buffers_a_read)
            self._taken += n
            read += n
            for _ in range(n):
                t += self._buffer_us + self._rounds[self._round & 8191]
                self._round += 1
        if read and not firmware.motion_first:
            # The chain works EMG off only as far as the motion has come, in quanta.
            ahead = (self._phase + self._taken * dma_us - self._read_us) / 1000
            self._put_in(ahead + firmware.quantum, t, self._read_us)
        return t, read

    def _read_motion(self, now: float, t: float) -> float:
        """Read the FIFO every 25 ms; when that is done."""
        if now < self._imu_due:
            return t
        firmware, fifo = self.firmware, self.played.fills[FIFO]
        self._imu_due = now + firmware.imu_every_us
        words = (t - self._read_us) * self._words_per_us
        held = min(words, fifo.capacity)
        if held > fifo.most:
            fifo.fill(held, t, self.why(self._read_us))
        if words > held:
            # What comes before the next timestamp has no place in time, and is dropped with it.
            frames = firmware.timestamp_slots / 2 + (words - held) / firmware.words_a_frame
            lost_us = frames * firmware.words_a_frame / self._words_per_us
            fifo.overrun(t, lost_us, self.why(self._read_us))
        if firmware.motion_first:
            emg_us = self._phase + self._taken * firmware.dma_us
            ahead = (t - emg_us) / 1e6 * firmware.frames_per_s + firmware.motion_quantum
            self._put_in(ahead, t, self._emptied_us)
        self._read_us = t
        spi_us = 8e6 * firmware.word_bytes / firmware.spi_hz
        return t + (6 + held // 32) * self.plant["spi"] + held * spi_us

    def _put_in(self, held: float, t: float, since_us: float) -> None:
        fill = self.played.fills[INPUT]
        if held > fill.most:
            fill.fill(min(held, fill.capacity), t, self.why(since_us))
        if held > fill.capacity:
            fill.overrun(t, 0, self.why(since_us))

    def _collect(self, t: float, us: float) -> float:
        self.played.collections += 1
        self.played.longest_collection_us = max(self.played.longest_collection_us, us)
        self._note(t, us, COLLECTION)
        return t + us

    def _happen(self, now: float, t: float) -> float:
        """Do what is due; DMA buffers whose interrupt an erase kept away are never told."""
        while self._events[0].at_us <= now:
            event = self._events.popleft()
            if event.name == COLLECTION:
                t = self._collect(t, event.us)
                continue
            started = t
            for us, erases in event.pieces:
                if erases and self.plant.masked:
                    self._keep_away(t, us, event.name)
                t += us
            if event.name.startswith(LOG) and t - started > self.played.longest_write_us:
                self.played.longest_write_us = t - started
            self._note(started, t - started, event.name)
        return t

    def _keep_away(self, t: float, us: float, name: str) -> None:
        """No interrupt of the I2S for so long: of the DMA buffers due, only the last is told."""
        dma_us, interrupt = self.firmware.dma_us, self.played.fills[INTERRUPT]
        due = int((t + us - self._phase) / dma_us) - int((t - self._phase) / dma_us)
        if due > interrupt.most:
            interrupt.fill(due, t, name)
        if due > 1:
            self._taken += due - 1
            interrupt.overrun(t, (due - 1) * dma_us, name)


def _rounds(plant: Plant, worst: bool, rng: random.Random) -> list[float]:
    """Times of 8192 rounds in an order of chance."""
    times = [plant.us(n) for n in plant.parts.rounds.tolist()]
    if worst:
        rounds = [times[-3]] * 8192
        rounds[::_A_SECOND] = [times[-1]] * len(rounds[::_A_SECOND])
        return rounds
    rounds = [rng.choice(times[:-1]) for _ in range(8191)] + [times[-1]]
    rng.shuffle(rounds)
    return rounds


class _Radio:
    """The queues of band/unit/radio.py, the stack's buffers behind them, and the phone."""

    def __init__(self, loop: Loop, fills: dict[str, Fill]):
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
