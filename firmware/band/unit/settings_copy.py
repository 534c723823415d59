"""One copy of what is kept twice, as text: `name=value` lines, and the proof that it is whole.

First the lines `generation`, which tells the newer copy, and `schema`, the meaning of the names;
the last line is `check=` the CRC-32 of all before it. Pure: the host writes and reads copies, too.
"""

from binascii import crc32

_GENERATION = "generation="
_SCHEMA = "schema="
MOST_BYTES = 8192  # a longer file is none of ours, and may not fit in memory


def encode(generation, schema, lines):
    """Bytes of a copy. lines: (name, text); neither holds a line feed, no name a "="."""
    rows = [f"{_GENERATION}{generation}\n", f"{_SCHEMA}{schema}\n"]
    rows += [f"{name}={text}\n" for name, text in lines]
    data = "".join(rows).encode()
    return data + b"check=%d\n" % crc32(data)


def decode(data):
    """(generation, schema, lines) of a copy. Raises ValueError when it is not whole."""
    at = data.rfind(b"check=")
    if at < 0 or len(data) > MOST_BYTES or data[at:] != b"check=%d\n" % crc32(data[:at]):
        raise ValueError("check")
    rows = data[:at].decode().split("\n")
    if len(rows) < 3 or rows[-1] or not rows[0].startswith(_GENERATION):
        raise ValueError("head")
    if not rows[1].startswith(_SCHEMA):
        raise ValueError("head")
    lines = []
    for row in rows[2:-1]:
        name, text = row.split("=", 1)
        lines.append((name, text))
    return int(rows[0][len(_GENERATION) :]), int(rows[1][len(_SCHEMA) :]), lines
