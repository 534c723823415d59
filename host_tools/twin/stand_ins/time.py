"""MicroPython's `time` on a clock that the virtual band owns: the computer's, or a virtual one.

Found before the built-in one through MICROPYPATH. Ticks wrap at 2**30, as on the ESP32. In
virtual time nothing ever waits: whoever sleeps moves the clock, and asyncio jumps to its next
event. The same in both kinds of time:

    time.clock.us()            microseconds since power-up, never wrapping
    time.clock.wait(us)        lets this much time pass
    time.clock.moved = f       f() after every passing of time: timers, watchdog, faults
    time.clock.stall(us)       the processor is busy for so long; only the world goes on
    time.clock.pump = f        f(timeout_ms) lets Bluetooth's frames in; waits that long for one
    time.virtual(seed)         from now on virtual time; seed makes every waking a little late
    time.paced(pct, seed)      the same, held to so many percent of the computer's own pace
    time.own_asyncio()         makes asyncio sleep on this clock
"""

import micropython
import utime
from micropython import const
from utime import gmtime, localtime, mktime  # noqa: F401  (of the module shadowed)

_PERIOD = const(1 << 30)
_HALF = const(1 << 29)
_MASK = const((1 << 30) - 1)
_LAG = const(5_000_000)  # 50 ms times 100: what a busy computer may make up for
_EPOCH_S = const(1_767_225_600)  # virtual time begins on 1 January 2026


class RealClock:
    """The computer's clock."""

    def __init__(self):
        self.moved = None
        self.pump = None
        self._last = utime.ticks_us()
        self._us = 0
        self._epoch_s = utime.time()

    def us(self):
        now = utime.ticks_us()
        self._us += utime.ticks_diff(now, self._last)
        self._last = now
        return self._us

    def unix_s(self):
        return self._epoch_s + self.us() // 1_000_000

    def wait(self, us):
        end = self.us() + us
        while True:
            left = end - self.us()
            if self.pump is None:
                if left > 0:
                    utime.sleep_us(left)
            else:
                self.pump(left // 1000 if left > 0 else 0)
            if self.moved is not None:
                self.moved()
            if self.us() >= end:
                return

    def stall(self, us):
        utime.sleep_us(us)

    def idle(self, ms):
        """asyncio has nothing to do for `ms`; returns early when Bluetooth spoke."""
        if self.pump is None:
            utime.sleep_ms(ms)
        else:
            self.pump(ms)
        if self.moved is not None:
            self.moved()


class VirtualClock:
    """Time that moves only when someone waits.

    With a seed, the processor wakes up to 10 ms late, mostly less than 1 ms: Bluetooth and
    flash hold the interpreter that long on the ESP32.
    """

    def __init__(self, seed=None):
        self.moved = None
        self.pump = None
        self._us = 0
        self._random = None if seed is None else (seed * 2 + 1) & _MASK

    @micropython.native
    def us(self):
        return self._us

    def unix_s(self):
        return _EPOCH_S + self._us // 1_000_000

    def wait(self, us):
        self._us += us
        if self.moved is not None:
            self.moved()

    def stall(self, us):
        self._us += us

    @micropython.native
    def idle(self, ms):
        late_us = 0
        if self._random is not None:
            # Linear congruential, modulus 2**30; its high bits are the good ones.
            x = (self._random * 1_103_515_245 + 12_345) & _MASK
            self._random = x
            x >>= 8
            late_us = x & 1023
            if x >> 16 == 0:  # one in 64
                late_us *= 10
        if self.pump is not None:
            self.pump(0)
        self.wait(1000 * ms + late_us)


class PacedClock(VirtualClock):
    """Virtual time that does not run ahead of the computer's, times `pct` / 100.

    For who meets the band from outside: a computer that is busy makes time slower, not the
    processor late.
    """

    def __init__(self, pct, seed=None):
        super().__init__(seed)
        self._pct = pct
        self._last = utime.ticks_us()
        self._ahead_us = 0  # of the computer's clock, times pct

    def idle(self, ms):
        self._ahead_us += 100_000 * ms
        while True:
            now = utime.ticks_us()
            self._ahead_us -= utime.ticks_diff(now, self._last) * self._pct
            self._last = now
            if self._ahead_us <= 0:
                break
            left_ms = self._ahead_us // self._pct // 1000
            if self.pump is None:
                utime.sleep_us(self._ahead_us // self._pct)
            else:
                self.pump(left_ms)
                if left_ms == 0:
                    break
        if self._ahead_us < -_LAG:
            self._ahead_us = -_LAG
        super().idle(ms)


clock = RealClock()


def virtual(seed=None):
    """Go over to virtual time, from zero."""
    global clock
    clock = VirtualClock(seed)


def paced(pct, seed=None):
    """Go over to virtual time, from zero, held to a pace."""
    global clock
    clock = PacedClock(pct, seed)


def own_asyncio():
    """Make asyncio wait on this clock instead of on the computer's poll."""
    import asyncio
    from asyncio import core  # type: ignore  (its stubs leave it out)

    def wait_io_event(self, dt):
        if dt > 0:
            clock.idle(dt)
        elif clock.pump is not None:
            clock.pump(0)

    def create_task(coro):
        # Left alone, the queue takes the computer's ticks, which are not this clock's.
        task = core.Task(coro, core.__dict__)
        core._task_queue.push(task, ticks_ms())
        return task

    core.IOQueue.wait_io_event = wait_io_event
    core.create_task = create_task
    asyncio.create_task = create_task


@micropython.native
def ticks_us():
    return clock.us() & _MASK


@micropython.native
def ticks_ms():
    return (clock.us() // 1000) & _MASK


def ticks_cpu():
    return ticks_us()


@micropython.native
def ticks_add(ticks, delta):
    return (ticks + delta) & _MASK


@micropython.native
def ticks_diff(end, start):
    return ((end - start + _HALF) & _MASK) - _HALF


def sleep_us(us):
    clock.wait(us)


def sleep_ms(ms):
    clock.wait(1000 * ms)


def sleep(seconds):
    clock.wait(int(1_000_000 * seconds))


def time():
    return clock.unix_s()


def time_ns():
    return 1_000_000_000 * clock.unix_s()
