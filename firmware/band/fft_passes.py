"""The passes of the 128-point complex FFT, on bit-reversed array('H') of re, im pairs.

w[256] is the exponent so far (right shifts less left shifts), w[257] the largest component. An
argument i is 0: as the second one it lives in a register, and so does the index.
Radix 4 (the first without multiplications) and a last pass of radix 2. Each pass scales down by
what it may grow, and rounds each output once. Inputs to a radix-4 pass stay below 24900, so that
1 + 3 sqrt(2) of them in Q14 stay below 2**31.
"""

import micropython
from micropython import const

_POINTS = const(256)
_HALF_WAY = const(128)
_EXPONENT = const(256)
_PEAK = const(257)
_PASS_LIMIT = const(24900)


@micropython.viper
def first_pass(w: ptr16, i: int):
    """Radix 4 over neighbours: twiddles are 1 and -i."""
    peak = int(w[_PEAK])
    down = 0
    while peak > _PASS_LIMIT >> 2:
        peak = peak >> 1
        down += 1
    half = (1 << down) >> 1
    peak = 0
    low = 0
    while i < _POINTS:
        ar = (w[i] ^ 0x8000) - 0x8000
        ai = (w[i + 1] ^ 0x8000) - 0x8000
        br = (w[i + 2] ^ 0x8000) - 0x8000
        bi = (w[i + 3] ^ 0x8000) - 0x8000
        sr = ar + br + half
        si = ai + bi + half
        ar = ar - br + half
        ai = ai - bi + half
        cr = (w[i + 4] ^ 0x8000) - 0x8000
        ci = (w[i + 5] ^ 0x8000) - 0x8000
        br = (w[i + 6] ^ 0x8000) - 0x8000
        bi = (w[i + 7] ^ 0x8000) - 0x8000
        tr = cr + br
        ti = ci + bi
        cr = cr - br
        ci = ci - bi
        br = (sr + tr) >> down
        bi = (si + ti) >> down
        w[i] = br
        w[i + 1] = bi
        if br > peak:
            peak = br
        elif br < low:
            low = br
        if bi > peak:
            peak = bi
        elif bi < low:
            low = bi
        br = (sr - tr) >> down
        bi = (si - ti) >> down
        w[i + 4] = br
        w[i + 5] = bi
        if br > peak:
            peak = br
        elif br < low:
            low = br
        if bi > peak:
            peak = bi
        elif bi < low:
            low = bi
        br = (ar + ci) >> down
        bi = (ai - cr) >> down
        w[i + 2] = br
        w[i + 3] = bi
        if br > peak:
            peak = br
        elif br < low:
            low = br
        if bi > peak:
            peak = bi
        elif bi < low:
            low = bi
        br = (ar - ci) >> down
        bi = (ai + cr) >> down
        w[i + 6] = br
        w[i + 7] = bi
        if br > peak:
            peak = br
        elif br < low:
            low = br
        if bi > peak:
            peak = bi
        elif bi < low:
            low = bi
        i += 8
    w[_EXPONENT] = w[_EXPONENT] + down
    if low + peak < 0:
        peak = 0 - low
    w[_PEAK] = peak


@micropython.viper
def radix4_pass(w: ptr16, k: int, cosine):
    """Join groups of 4 x k points: two radix-2 stages with one rounding."""
    c = ptr16(cosine)
    peak = int(w[_PEAK])
    down = 14
    while peak * 21 > _PASS_LIMIT << 2:  # 21/4 > 1 + 3 sqrt(2)
        peak = peak >> 1
        down += 1
    half = 1 << (down - 1)
    quarter = k << 1  # in halfwords
    group = quarter << 2
    step = 64 // k
    peak = 0
    low = 0
    j = 0
    while j < quarter:
        # W = exp(-2 pi i j / group) is entry k of 256; b, c and d take W^2, W and W^3.
        k = (step * j) >> 1
        c1 = (c[k] ^ 0x8000) - 0x8000
        s1 = (c[k + 64] ^ 0x8000) - 0x8000
        c2 = (c[k + k] ^ 0x8000) - 0x8000
        s2 = (c[k + k + 64] ^ 0x8000) - 0x8000
        k = k * 3
        c3 = (c[k] ^ 0x8000) - 0x8000
        s3 = (c[k + 64] ^ 0x8000) - 0x8000
        i = j
        while i < _POINTS:
            k = i + quarter
            re = (w[k] ^ 0x8000) - 0x8000
            im = (w[k + 1] ^ 0x8000) - 0x8000
            br = re * c2 - im * s2
            bi = re * s2 + im * c2
            re = (((w[i] ^ 0x8000) - 0x8000) << 14) + half
            im = (((w[i + 1] ^ 0x8000) - 0x8000) << 14) + half
            sr = re + br
            si = im + bi
            ar = re - br
            ai = im - bi
            k += quarter
            re = (w[k] ^ 0x8000) - 0x8000
            im = (w[k + 1] ^ 0x8000) - 0x8000
            cr = re * c1 - im * s1
            ci = re * s1 + im * c1
            k += quarter
            re = (w[k] ^ 0x8000) - 0x8000
            im = (w[k + 1] ^ 0x8000) - 0x8000
            br = re * c3 - im * s3
            bi = re * s3 + im * c3
            tr = cr + br
            ti = ci + bi
            cr = cr - br
            ci = ci - bi
            br = (ar - ci) >> down
            bi = (ai + cr) >> down
            w[k] = br
            w[k + 1] = bi
            if br > peak:
                peak = br
            elif br < low:
                low = br
            if bi > peak:
                peak = bi
            elif bi < low:
                low = bi
            k -= quarter
            br = (sr - tr) >> down
            bi = (si - ti) >> down
            w[k] = br
            w[k + 1] = bi
            if br > peak:
                peak = br
            elif br < low:
                low = br
            if bi > peak:
                peak = bi
            elif bi < low:
                low = bi
            k -= quarter
            br = (ar + ci) >> down
            bi = (ai - cr) >> down
            w[k] = br
            w[k + 1] = bi
            if br > peak:
                peak = br
            elif br < low:
                low = br
            if bi > peak:
                peak = bi
            elif bi < low:
                low = bi
            br = (sr + tr) >> down
            bi = (si + ti) >> down
            w[i] = br
            w[i + 1] = bi
            if br > peak:
                peak = br
            elif br < low:
                low = br
            if bi > peak:
                peak = bi
            elif bi < low:
                low = bi
            i += group
        j += 2
    w[_EXPONENT] = w[_EXPONENT] + down - 14
    if low + peak < 0:
        peak = 0 - low
    w[_PEAK] = peak


@micropython.viper
def last_pass(w: ptr16, i: int, cosine):
    """Radix 2 over the two halves."""
    c = ptr16(cosine)
    peak = int(w[_PEAK])
    down = 14
    while peak * 5 > 65535:  # 5/2 > 1 + sqrt(2)
        peak = peak >> 1
        down += 1
    half = 1 << (down - 1)
    peak = 0
    low = 0
    while i < _HALF_WAY:
        k = i + _HALF_WAY
        wr = (c[i] ^ 0x8000) - 0x8000
        wi = (c[i + 64] ^ 0x8000) - 0x8000
        re = (w[k] ^ 0x8000) - 0x8000
        im = (w[k + 1] ^ 0x8000) - 0x8000
        br = re * wr - im * wi
        bi = re * wi + im * wr
        ar = (((w[i] ^ 0x8000) - 0x8000) << 14) + half
        ai = (((w[i + 1] ^ 0x8000) - 0x8000) << 14) + half
        re = (ar - br) >> down
        im = (ai - bi) >> down
        w[k] = re
        w[k + 1] = im
        if re > peak:
            peak = re
        elif re < low:
            low = re
        if im > peak:
            peak = im
        elif im < low:
            low = im
        re = (ar + br) >> down
        im = (ai + bi) >> down
        w[i] = re
        w[i + 1] = im
        if re > peak:
            peak = re
        elif re < low:
            low = re
        if im > peak:
            peak = im
        elif im < low:
            low = im
        i += 2
    w[_EXPONENT] = w[_EXPONENT] + down - 14
    if low + peak < 0:
        peak = 0 - low
    w[_PEAK] = peak
