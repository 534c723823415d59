"""Power, area and centroid of a burst, summed exactly in limbs of 15 bits and up."""

import micropython
from micropython import const

_MASK = const(2047)

# The sums, array('I'): of x^2, of |x| t, and of |x|.
POWER_LOW = const(0)
POWER_HIGH = const(1)
MOMENT_LOW = const(2)
MOMENT_HIGH = const(3)
AREA = const(4)
SUMS = const(5)


@micropython.viper
def add_samples(ring: ptr16, start: int, n: int, age: int, sums):
    """Add x^2, |x| and |x| t of n samples; t starts at age, age + n < 2**15."""
    s = ptr32(sums)
    power_low = int(s[POWER_LOW])
    power_high = int(s[POWER_HIGH])
    moment_low = int(s[MOMENT_LOW])
    moment_high = int(s[MOMENT_HIGH])
    area = int(s[AREA])
    stop = start + n
    while start < stop:
        x = (ring[start & _MASK] ^ 0x8000) - 0x8000
        start += 1
        if x < 0:
            x = 0 - x
        area += x
        v = x * x
        power_low += v & 0x7FFF
        power_high += v >> 15
        v = x * age
        age += 1
        moment_low += v & 0x7FFF
        moment_high += v >> 15
    s[POWER_LOW] = power_low & 0x7FFF
    s[POWER_HIGH] = power_high + (power_low >> 15)
    s[MOMENT_LOW] = moment_low & 0x7FFF
    s[MOMENT_HIGH] = moment_high + (moment_low >> 15)
    s[AREA] = area


@micropython.viper
def quotient(high: int, low: int, divisor: int) -> int:
    """(high * 2**15 + low) // divisor for 0 <= high, 0 < divisor < 2**30 and a result < 2**30."""
    whole = high // divisor
    rest = high - whole * divisor
    bit = 14
    while bit >= 0:
        rest = (rest << 1) | ((low >> bit) & 1)
        whole = whole << 1
        if rest >= divisor:
            rest -= divisor
            whole += 1
        bit -= 1
    return whole
