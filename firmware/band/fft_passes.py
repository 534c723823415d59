"""The passes of the 128-point complex FFT, on bit-reversed array('H') of re, im pairs.

work[256] is the exponent so far (right shifts less left shifts), work[257] the largest component.
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
def first_pass(work):
    """Radix 4 over neighbours: twiddles are 1 and -i."""
    w = ptr16(work)
    peak = int(w[_PEAK])
    down = 0
    while peak > _PASS_LIMIT >> 2:
        peak = peak >> 1
        down += 1
    half = (1 << down) >> 1
    peak = 0
    i = 0
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
        elif 0 - br > peak:
            peak = 0 - br
        if bi > peak:
            peak = bi
        elif 0 - bi > peak:
            peak = 0 - bi
        br = (sr - tr) >> down
        bi = (si - ti) >> down
        w[i + 4] = br
        w[i + 5] = bi
        if br > peak:
            peak = br
        elif 0 - br > peak:
            peak = 0 - br
        if bi > peak:
            peak = bi
        elif 0 - bi > peak:
            peak = 0 - bi
        br = (ar + ci) >> down
        bi = (ai - cr) >> down
        w[i + 2] = br
        w[i + 3] = bi
        if br > peak:
            peak = br
        elif 0 - br > peak:
            peak = 0 - br
        if bi > peak:
            peak = bi
        elif 0 - bi > peak:
            peak = 0 - bi
        br = (ar - ci) >> down
        bi = (ai + cr) >> down
        w[i + 6] = br
        w[i + 7] = bi
        if br > peak:
            peak = br
        elif 0 - br > peak:
            peak = 0 - br
        if bi > peak:
            peak = bi
        elif 0 - bi > peak:
            peak = 0 - bi
        i += 8
    w[_EXPONENT] = w[_EXPONENT] + down
    w[_PEAK] = peak


@micropython.viper
def radix4_pass(work, cosine, quarter: int):
    """Join groups of 4 x `quarter` points: two radix-2 stages with one rounding."""
    w = ptr16(work)
    c = ptr16(cosine)
    peak = int(w[_PEAK])
    down = 14
    while peak * 21 > _PASS_LIMIT << 2:  # 21/4 > 1 + 3 sqrt(2)
        peak = peak >> 1
        down += 1
    half = 1 << (down - 1)
    group = quarter << 3
    peak = 0
    j = 0
    while j < quarter:
        # W = exp(-2 pi i j / (4 quarter)) is entry k of 256; b, c and d take W^2, W and W^3.
        k = (64 // quarter) * j
        c1 = (c[k] ^ 0x8000) - 0x8000
        s1 = (c[k + 64] ^ 0x8000) - 0x8000
        c2 = (c[k + k] ^ 0x8000) - 0x8000
        s2 = (c[k + k + 64] ^ 0x8000) - 0x8000
        k = k * 3
        c3 = (c[k] ^ 0x8000) - 0x8000
        s3 = (c[k + 64] ^ 0x8000) - 0x8000
        i = j + j
        while i < _POINTS:
            k = i + quarter + quarter
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
            k += quarter + quarter
            re = (w[k] ^ 0x8000) - 0x8000
            im = (w[k + 1] ^ 0x8000) - 0x8000
            cr = re * c1 - im * s1
            ci = re * s1 + im * c1
            k += quarter + quarter
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
            elif 0 - br > peak:
                peak = 0 - br
            if bi > peak:
                peak = bi
            elif 0 - bi > peak:
                peak = 0 - bi
            k -= quarter + quarter
            br = (sr - tr) >> down
            bi = (si - ti) >> down
            w[k] = br
            w[k + 1] = bi
            if br > peak:
                peak = br
            elif 0 - br > peak:
                peak = 0 - br
            if bi > peak:
                peak = bi
            elif 0 - bi > peak:
                peak = 0 - bi
            k -= quarter + quarter
            br = (ar + ci) >> down
            bi = (ai - cr) >> down
            w[k] = br
            w[k + 1] = bi
            if br > peak:
                peak = br
            elif 0 - br > peak:
                peak = 0 - br
            if bi > peak:
                peak = bi
            elif 0 - bi > peak:
                peak = 0 - bi
            br = (sr + tr) >> down
            bi = (si + ti) >> down
            w[i] = br
            w[i + 1] = bi
            if br > peak:
                peak = br
            elif 0 - br > peak:
                peak = 0 - br
            if bi > peak:
                peak = bi
            elif 0 - bi > peak:
                peak = 0 - bi
            i += group
        j += 1
    w[_EXPONENT] = w[_EXPONENT] + down - 14
    w[_PEAK] = peak


@micropython.viper
def last_pass(work, cosine):
    """Radix 2 over the two halves."""
    w = ptr16(work)
    c = ptr16(cosine)
    peak = int(w[_PEAK])
    down = 14
    while peak * 5 > 65535:  # 5/2 > 1 + sqrt(2)
        peak = peak >> 1
        down += 1
    half = 1 << (down - 1)
    peak = 0
    i = 0
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
        elif 0 - re > peak:
            peak = 0 - re
        if im > peak:
            peak = im
        elif 0 - im > peak:
            peak = 0 - im
        re = (ar + br) >> down
        im = (ai + bi) >> down
        w[i] = re
        w[i + 1] = im
        if re > peak:
            peak = re
        elif 0 - re > peak:
            peak = 0 - re
        if im > peak:
            peak = im
        elif 0 - im > peak:
            peak = 0 - im
        i += 2
    w[_EXPONENT] = w[_EXPONENT] + down - 14
    w[_PEAK] = peak
