"""Frames between the stand-in of `bluetooth` and the host that plays the radio; both ends use it.

Frame: u16 length of what follows, u8 kind, payload. Values are tagged: none, integer, bytes,
text, list. Pure Python that MicroPython and CPython both run.

    kind    direction   payload
    CALL    band->host  [number, name of the BLE method, arguments]
    REPLY   host->band  [number, errno or 0, result]
    NOTIFY  band->host  u16 connection, u16 handle, bytes: the call that repeats, without a list
    NOTIFIED host->band u16 errno or 0
    EVENT   host->band  [IRQ number, number to answer under or 0, arguments]
    ANSWER  band->host  [number, result of the handler]
"""

import struct

CALL, REPLY, NOTIFY, NOTIFIED, EVENT, ANSWER = 67, 82, 78, 75, 69, 65

_NONE, _INTEGER, _BYTES, _TEXT, _LIST = 0, 1, 2, 3, 4


def encode(kind, value):
    """A whole frame."""
    frame = bytearray(3)
    _append(frame, value)
    struct.pack_into("<HB", frame, 0, len(frame) - 2, kind)
    return bytes(frame)


def decode(payload):
    """The list behind the kind. Raises ValueError when it is none."""
    message = _take(payload, 0)[0]
    if not isinstance(message, list):
        raise ValueError("not a frame of the virtual radio")
    return message


def _append(frame, value):
    if value is None:
        frame.append(_NONE)
    elif isinstance(value, (int, bool)):  # in MicroPython a bool is no int
        frame.append(_INTEGER)
        frame.extend(struct.pack("<q", int(value)))
    elif isinstance(value, str):
        text = value.encode()
        frame.append(_TEXT)
        frame.extend(struct.pack("<H", len(text)))
        frame.extend(text)
    elif isinstance(value, (list, tuple)):
        frame.append(_LIST)
        frame.append(len(value))
        for item in value:
            _append(frame, item)
    else:
        data = bytes(value)
        frame.append(_BYTES)
        frame.extend(struct.pack("<H", len(data)))
        frame.extend(data)


def _take(payload, at):
    tag = payload[at]
    at += 1
    if tag == _NONE:
        return None, at
    if tag == _INTEGER:
        return struct.unpack_from("<q", payload, at)[0], at + 8
    if tag == _LIST:
        items = []
        n = payload[at]
        at += 1
        for _ in range(n):
            item, at = _take(payload, at)
            items.append(item)
        return items, at
    n = struct.unpack_from("<H", payload, at)[0]
    at += 2
    data = bytes(payload[at : at + n])
    return (data.decode() if tag == _TEXT else data), at + n
