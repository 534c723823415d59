"""Arrays of one value, made in place: from a list or bytes, they would take the heap twice."""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array

import micropython


@micropython.viper
def _fill_halfwords(buffer: ptr16, count: int, value: int):
    i = 0
    while i < count:
        buffer[i] = value
        i += 1


@micropython.viper
def _fill_words(buffer: ptr32, count: int, value: int):
    i = 0
    while i < count:
        buffer[i] = value
        i += 1


def halfwords(count, value=0):
    """array('H') of `count` values."""
    made = array("H", range(count))  # its length is known before
    _fill_halfwords(made, count, value)
    return made


def words(count, value=0, typecode="i"):
    """array('i'), or of another type of four bytes, of `count` values."""
    made = array(typecode, range(count))
    _fill_words(made, count, value)
    return made
