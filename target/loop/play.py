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

from target.loop.figures import Plant
from target.loop.fills import (
    BUFFERS,
    COLLECTION,
    DMA,
    FIFO,
    INPUT,
    INTERRUPT,
    LOG,
    WATCHDOG,
    Event,
    Fill,
    Phone,
    Played,
)
from target.loop.firmware import Firmware
from target.loop.queues import Radio

_POLL_US = 40
_TOLD_US = 1000  # shorter work is not told of
_REMEMBERED = 24
_A_SECOND = 32  # rounds, about


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
        self._radio = Radio(self, fills)
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
