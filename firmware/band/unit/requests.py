"""Requests of the control point: checked by the table of wire.py before anyone acts on them."""

from struct import calcsize, unpack_from

from band import wire


def check(request):
    """0, or the result that refuses these bytes: opcode, length and range of each parameter."""
    if len(request) == 0:
        return wire.INVALID
    opcode = request[0]
    if opcode == 0 or opcode >= len(wire.REQUESTS):
        return wire.UNKNOWN_OPCODE
    at = 1
    for _, code, low, high, also in wire.REQUESTS[opcode]:
        code = "<" + code
        if at + calcsize(code) > len(request):
            return wire.INVALID
        value = unpack_from(code, request, at)[0]
        at += calcsize(code)
        if value != also and (value < low or (high is not None and value > high)):
            return wire.INVALID
    return 0 if at == len(request) else wire.INVALID


def page(request, data, room):
    """What of an answer's rows fits into `room` bytes, from the row that was asked for.

    Counters and rows of the calibration are numbered from 0; the sessions that `data` lists start
    with the one asked for.
    """
    if request[0] == wire.LIST_SESSIONS:
        row = 0
        for _, code, _, _ in wire.SESSION_ROW:
            row += calcsize("<" + code)
        return data[: room // row * row]
    if request[0] == wire.COUNT or request[0] == wire.READ_CALIBRATION:
        return data[request[1] * 4 :][: room // 4 * 4]
    return data
