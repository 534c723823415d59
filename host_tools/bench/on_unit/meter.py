"""`meter` of target/micropython on a unit: marks charge the time between them to open sections.

The same protocol as that of the counter of instructions (target/count.py); a row of `spent` for
each round, a column for each section. What the marks cost themselves is measured once and taken
off again. Allocates nothing while it marks.
"""

from array import array

from timer import ticks_cpu, ticks_diff

_LEAVE, _OVERHEAD, _ROUND, _STOPPED = 0, 60, 61, 62  # as sections.py, which imports this module
_NOBODY = -1
_TIMES = 64

spent = array("i")
_columns = 0
_open = array("i", [0] * 24)
_top = -1
_row = 0
_since = 0
_charged = False
# Of entering a section: what it is charged too much, and the one around it; of stopping.
_costs = array("i", [0, 0, 0])


def make_room(rounds, named):
    """named: sections; what belongs to none of them has the first column."""
    global spent, _columns
    _columns = named + 1
    spent = array("i", [0] * (_columns * rounds))
    clear()


def clear():
    """The next round is the first row."""
    global _row
    _row = -_columns
    for i in range(len(spent)):
        spent[i] = 0


def mark(n):
    global _top, _row, _since, _charged
    now = ticks_cpu()
    if _charged:
        spent[_row + _open[_top]] += ticks_diff(now, _since)
    if n == _ROUND:
        _row += _columns
        _top = 0
        _open[0] = 0
    elif n == _STOPPED:
        if _top >= 0 and _open[_top] >= 0:
            spent[_row + _open[_top]] -= _costs[2]
        _top += 1
        _open[_top] = _NOBODY
    elif n == _LEAVE:
        _top -= 1
    elif n != _OVERHEAD:
        if _top >= 0:
            if _open[_top] >= 0:
                spent[_row + _open[_top]] -= _costs[1]
            spent[_row + n] -= _costs[0]
        _top += 1
        _open[_top] = n
    _charged = n != _OVERHEAD and _top >= 0 and _open[_top] >= 0
    _since = ticks_cpu()
    return n


def _nothing():
    pass


def calibrate():
    """Find what the marks cost; `spent` has room for a round at least."""
    from sections import _wrapped

    wrapped = _wrapped(_nothing, 0, 1)
    for i in range(3):
        _costs[i] = 0
    loop = _charged_for(_empty_loop, _nothing)
    calls = _charged_for(_call_loop, _nothing) - loop
    outside = _charged_for(_call_loop, wrapped) - loop
    inside = spent[1]
    stops = _charged_for(_stop_loop, _nothing) - loop
    _costs[0] = (inside - calls) // _TIMES
    _costs[1] = outside // _TIMES
    _costs[2] = stops // _TIMES
    clear()
    return list(_costs)


def _charged_for(loop, function):
    clear()
    mark(_ROUND)
    loop(function)
    mark(_LEAVE)
    return spent[0]


def _empty_loop(function):
    for _ in range(_TIMES):
        pass


def _call_loop(function):
    for _ in range(_TIMES):
        function()


def _stop_loop(function):
    for _ in range(_TIMES):
        mark(_STOPPED)
        mark(_LEAVE)


def address(function):
    return 0


def code_bytes():
    return 0


def stack_bytes():
    return 0
