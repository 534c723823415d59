"""A small file of `name=int` lines; the last is `check=` the CRC-32 of all before it.

A file that was damaged counts as a whole: half of what somebody kept would be worse than none.
"""

import os
from binascii import crc32
from errno import ENOENT


def read_lines(path):
    """(name, value) of every line; [] without a file. Raises ValueError when it is damaged."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        if error.errno == ENOENT:
            return []
        raise ValueError(path) from error
    lines = []
    at = data.rfind(b"check=")
    if at < 0 or int(data[at + 6 :]) != crc32(data[:at]):
        raise ValueError(path)
    for line in data[:at].split(b"\n"):
        if line:
            name, value = line.split(b"=")
            lines.append((name.decode(), int(value)))
    return lines


def write_lines(path, lines):
    """Replace the file at once: a loss of power leaves the old one or the new. Raises OSError."""
    data = "".join([f"{name}={value}\n" for name, value in lines]).encode()
    with open(path + ".new", "wb") as file:
        file.write(data)
        file.write(b"check=%d\n" % crc32(data))
    os.rename(path + ".new", path)
