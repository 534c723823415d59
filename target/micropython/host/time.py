"""On the host, the clock of port/clock.c: only sleeping takes it forward."""

_PERIOD = 1 << 30
_now_us = 0


def ticks_us():
    return _now_us & (_PERIOD - 1)


def ticks_ms():
    return _now_us // 1000 & (_PERIOD - 1)


def sleep_ms(ms):
    sleep_us(1000 * ms)


def sleep_us(us):
    global _now_us
    _now_us += us


def ticks_add(ticks, delta):
    return (ticks + delta) & (_PERIOD - 1)


def ticks_diff(later, earlier):
    half = _PERIOD >> 1
    return ((later - earlier + half) & (_PERIOD - 1)) - half
