"""Blocks from the computer: base64 in pieces into one buffer, checked, and read as they inflate."""

import io
from binascii import a2b_base64, crc32

import deflate

_block = memoryview(b"")
_used = 0


def make_room(most):
    """most: bytes of the largest block."""
    global _block
    _block = memoryview(bytearray(most))


def take(text):
    global _used
    piece = a2b_base64(text)
    _block[_used : _used + len(piece)] = piece
    _used += len(piece)


def inflated(sum_, window_bits):
    """The block's content as a stream; None when it did not come whole."""
    global _used
    n, _used = _used, 0
    if crc32(_block[:n]) != sum_:
        return None
    held = io.BytesIO(_block[:n])  # type: ignore  (its stub wants no buffers)
    return deflate.DeflateIO(held, deflate.RAW, window_bits)


def read(stream, n):
    """Exactly n bytes; a stream may give fewer at a time."""
    data = bytearray(n)
    read_into(stream, data)
    return data


def read_into(stream, data):
    """Fill a buffer."""
    at = stream.readinto(data)
    window = memoryview(data)
    while at < len(data):
        got = stream.readinto(window[at:])
        if not got:
            raise OSError(5)
        at += got
