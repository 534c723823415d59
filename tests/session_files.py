"""Session files as the band writes them, made by the layouts of wire.py."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

from host_tools.client.packets import encode_stride
from host_tools.firmware_tables import wire

START_S = 7.5  # on the chain's time line


def record(tag: int, *values: int) -> bytes:
    codes = "".join(code for _, code, *_ in wire.LOG_RECORDS[tag])
    return struct.pack("<B" + codes, tag, *values)


def start(session: int = 3, unix_s: int = 0) -> bytes:
    return record(wire.LOG_START, session, unix_s, round(START_S * 10_000), 0, 1, 0)


def stride(seq: int, t_s: float, **values: float | None) -> bytes:
    packet = encode_stride({"seq": seq % 256, "t_ic_s": t_s, **values})
    return bytes((wire.LOG_STRIDE,)) + packet


def end(t_s: float, strides: int, why: str = "button", dropped: int = 0) -> bytes:
    code = wire.ENDED_BY.index(why)
    return record(wire.LOG_END, round(t_s * 10_000), code, strides, strides, dropped)


def chunks(bodies: Iterable[bytes]) -> bytes:
    """A file of these chunks."""
    data = b""
    crc = 0
    for body in bodies:
        chunk = struct.pack("<H", len(body)) + body
        crc = zlib.crc32(chunk, crc)
        data += chunk + struct.pack("<I", crc)
    return data


def session_file(
    session: int = 3, unix_s: int = 0, strides: int = 500, ended: bool = True
) -> bytes:
    """The start, then batches of 97 strides as the band writes them, 0.7 s each."""
    told = [
        stride(k, START_S + 0.7 * k, contact_ms=231.4 + session, valid=1, gait=2)
        for k in range(strides)
    ]
    bodies = [b"".join(told[k : k + 97]) for k in range(0, strides, 97)]
    last = [end(START_S + 0.7 * strides, strides)] if ended else []
    return chunks([start(session, unix_s), *bodies, *last])
