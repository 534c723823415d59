"""Integer arithmetic that gives the same result on a 32-bit band and a 64-bit host.

Every intermediate stays within +-2**31 and every result within +-2**30, so nothing allocates.
"""

import micropython


@micropython.viper
def isqrt(v: int) -> int:
    """Floor of the square root of v, 0 <= v < 2**30; 0 for a negative v."""
    root = 0
    if v <= 0:
        return 0
    bit = 0x10000000
    while bit > v:
        bit = bit >> 2
    while bit:
        if v >= root + bit:
            v -= root + bit
            root = (root >> 1) + bit
        else:
            root = root >> 1
        bit = bit >> 2
    return root


@micropython.viper
def log2_q8(v: int) -> int:
    """256 * log2(v), rounded, for 1 <= v < 2**30; 0 for v < 1. Error below 0.6 LSB."""
    if v < 1:
        return 0
    exponent = 14
    while v < 0x4000:
        v = v << 1
        exponent -= 1
    # The mantissa keeps 15 bits, rounded once; each squaring then yields one bit of the fraction.
    shift = 0
    while (v >> shift) >= 0x8000:
        shift += 1
    if shift:
        v = (v + (1 << (shift - 1))) >> shift
        exponent += shift
        if v >= 0x8000:
            v = v >> 1
            exponent += 1
    bits = 0
    while bits < 9:
        v = (v * v + 0x2000) >> 14
        exponent = exponent << 1
        if v >= 0x8000:
            v = v >> 1
            exponent += 1
        bits += 1
    return (exponent + 1) >> 1


@micropython.viper
def muldiv(a: int, b: int, c: int) -> int:
    """a * b / c, rounded half away from zero, exact for |a|, |b| < 2**30 and 0 < c < 2**30.

    Saturates at +-(2**30 - 1); c <= 0 counts as an overflow.
    """
    negative = 0
    if a < 0:
        a = 0 - a
        negative = 1
    if b < 0:
        b = 0 - b
        negative = 1 - negative
    quotient = 0x3FFFFFFF
    if a < 0x8000 and b < 0x8000 and c > 0:
        quotient = a * b
        remainder = quotient % c
        quotient = quotient // c
        if remainder + remainder >= c:
            quotient += 1
    else:
        # 60-bit product as two 30-bit words, from 15-bit limbs.
        a_low = a & 0x7FFF
        b_low = b & 0x7FFF
        a = a >> 15
        b = b >> 15
        low = a_low * b_low
        middle = a * b_low + a_low * b + (low >> 15)
        remainder = a * b + (middle >> 15)
        low = ((middle & 0x7FFF) << 15) | (low & 0x7FFF)
        if remainder < c:
            # Long division by two digits of 15 bits (Knuth 4.3.1 D), c shifted to 30 bits.
            shift = 0
            scaled = c
            while scaled < 0x20000000:
                scaled = scaled << 1
                remainder = (remainder << 1) | ((low >> 29) & 1)
                low = (low << 1) & 0x3FFFFFFF
                shift += 1
            c_high = scaled >> 15
            c_low = scaled & 0x7FFF
            quotient = 0
            step = 0
            while step < 2:
                digit = remainder // c_high
                rest = remainder - digit * c_high
                rest = (rest << 15) | (low >> 15)
                below = digit * c_low
                # At most two too large.
                while below > rest or digit > 0x7FFF:
                    digit -= 1
                    below -= c_low
                    rest += c_high << 15
                    if rest > 0x3FFFFFFF:
                        break
                remainder = rest - below
                low = (low & 0x7FFF) << 15
                quotient = (quotient << 15) + digit
                step += 1
            remainder = remainder >> shift
            if remainder + remainder >= c and quotient < 0x3FFFFFFF:
                quotient += 1
    if negative:
        return 0 - quotient
    return quotient


@micropython.viper
def sort(buf, start: int, n: int):
    """Sort buf[start : start + n] of an array('i') in place, ascending. For small n."""
    words = ptr32(buf)
    end = start + n
    i = start + 1
    while i < end:
        key = words[i]
        # A 32-bit load is zero-extended on a 64-bit host: rebuild the sign from its halves.
        key = (((((key >> 16) & 0xFFFF) ^ 0x8000) - 0x8000) << 16) | (key & 0xFFFF)
        j = i
        while j > start:
            other = words[j - 1]
            other = (((((other >> 16) & 0xFFFF) ^ 0x8000) - 0x8000) << 16) | (other & 0xFFFF)
            if other <= key:
                break
            words[j] = other
            j -= 1
        words[j] = key
        i += 1


def median(buf, start, n):
    """Median of buf[start : start + n], n >= 1, sorting it in place; even n: the mean, floored."""
    sort(buf, start, n)
    middle = start + (n >> 1)
    if n & 1:
        return buf[middle]
    low = buf[middle - 1]
    high = buf[middle]
    # Not (low + high) >> 1: the sum may leave the 31 bits of a small integer.
    return (low >> 1) + (high >> 1) + (low & high & 1)
