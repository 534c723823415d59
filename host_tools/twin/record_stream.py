"""Records on their way out: u8 tag, u8 number of fields, fields as int32, in one big buffer."""

import micropython
from micropython import const

_OUT_BYTES = const(16_384)


@micropython.viper
def _put(buffer, at: int, tag: int, record, n: int) -> int:
    out = ptr8(buffer)
    values = ptr8(record)
    out[at] = tag
    out[at + 1] = n
    at += 2
    i = 0
    while i < 4 * n:
        out[at + i] = values[i]
        i += 1
    return at + i


class RecordStream:
    """Packs records and writes them out when the buffer is full; allocates nothing."""

    def __init__(self, stream, out_bytes=_OUT_BYTES):
        self._stream = stream
        self._out = bytearray(out_bytes)
        self._used = 0

    def put(self, tag, record):
        """record: array('i')."""
        n = len(record)
        if self._used + 2 + 4 * n > len(self._out):
            self.flush()
        self._used = _put(self._out, self._used, tag, record, n)

    def flush(self):
        self._stream.write(self._out, self._used)
        self._used = 0
