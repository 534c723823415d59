"""IMU kernels: what every sample goes through, and the search for contacts in it.

Three rates: raw frames at 833 Hz, "steps" of four averaged frames at 208 Hz, one value per
stride. Everything here is free of wearing angle: it uses magnitudes and differences only.
"""

import micropython
from micropython import const

STEPS = const(512)  # 2.46 s of history at 208 Hz
STEP_MASK = const(511)
# |a| is kept in 4 ACC LSB = 3.904 mg so that its square needs no more than 30 bits.
MAGNITUDE_SHIFT = const(2)
MAGNITUDE_PER_G = const(256)


@micropython.viper
def condense(
    p: int, x: int, raw, start: int, mask: int, steps: int, magnitudes, m_mask: int, out, step: int
):
    """Four frames to a step: |acceleration| of each frame, the average of all six axes.

    p and x, 0, claim registers: a frame's address in raw, and what is worked on.
    raw: ring of 6-axis frames, read from index `start`, a multiple of 4; magnitudes: ring of |a|
    at the same indices; out: ring of STEPS 6-axis frames, written from index `step`.
    """
    first = int(ptr16(raw))
    behind = first + 12 * (mask + 1)
    p = first + 12 * (start & mask)
    at = start & m_mask
    while steps > 0:
        to = int(ptr16(out)) + 12 * (step & STEP_MASK)
        # Offset binary, so the sum of four is 4 * 0x8000 too high; 2 rounds.
        x = (ptr16(p)[3] ^ 0x8000) - 0x1FFFE
        x = (ptr16(p)[9] ^ 0x8000) + x
        x = (ptr16(p)[15] ^ 0x8000) + x
        x = (ptr16(p)[21] ^ 0x8000) + x
        ptr16(to)[3] = x >> 2
        x = (ptr16(p)[4] ^ 0x8000) - 0x1FFFE
        x = (ptr16(p)[10] ^ 0x8000) + x
        x = (ptr16(p)[16] ^ 0x8000) + x
        x = (ptr16(p)[22] ^ 0x8000) + x
        ptr16(to)[4] = x >> 2
        x = (ptr16(p)[5] ^ 0x8000) - 0x1FFFE
        x = (ptr16(p)[11] ^ 0x8000) + x
        x = (ptr16(p)[17] ^ 0x8000) + x
        x = (ptr16(p)[23] ^ 0x8000) + x
        ptr16(to)[5] = x >> 2
        ax = 2
        ay = 2
        az = 2
        m = int(ptr16(magnitudes)) + at + at
        stop = p + 48
        while p != stop:
            x = (ptr16(p)[0] ^ 0x8000) - 0x8000
            ax += x
            x = x >> 2
            square = x * x + 1  # a root of 0 could not be divided by
            if x < 0:
                x = 0 - x
            total = x
            root = x
            x = (ptr16(p)[1] ^ 0x8000) - 0x8000
            ay += x
            x = x >> 2
            square += x * x
            if x < 0:
                x = 0 - x
            total += x
            if x > root:
                root = x
            x = (ptr16(p)[2] ^ 0x8000) - 0x8000
            az += x
            x = x >> 2
            square += x * x
            if x < 0:
                x = 0 - x
            total += x
            if root > x:
                x = root
            # A guess within 12 % (the largest part and half of the others, less 1/8 of it
            # all), then two Newton steps: within 1 LSB, at a fifth of an exact root's cost.
            x = ((total - x) >> 1) + x
            x = 1 - (x >> 3) + x
            x = (square // x + x) >> 1
            ptr16(m)[0] = (square // x + x) >> 1
            m += 2
            p += 12
        ptr16(to)[0] = ax >> 2
        ptr16(to)[1] = ay >> 2
        ptr16(to)[2] = az >> 2
        if p == behind:
            p = first
        at = (at + 4) & m_mask
        step += 1
        steps -= 1


# Shake: change of the acceleration vector over two steps (9.6 ms), summed over the axes and
# over ten steps (48 ms). An impact stands out of it whichever way the band is worn; swing and
# push-off are too smooth. Quarter ACC LSB. Of the angular rate, where there is no
# accelerometer: nothing brakes the leg like the end of the swing. Quarter GYR LSB.
SHAKE_SPAN = const(10)
SOON = const(14)  # 67 ms: a landing that was expected is told within 200 ms of the contact


@micropython.viper
def shake(steps: ptr16, step: int, mask: int, n: int, first: int, change, out, total: int) -> int:
    """out[step] = shake of the three components from `first`; `change` keeps the single changes.

    Returns the running sum.
    """
    c = ptr16(change)
    o = ptr16(out)
    while n > 0:
        i = (step & mask) * 6 + first
        j = ((step - 2) & mask) * 6 + first
        k = 0
        d = 0
        while k < 3:
            v = (steps[i] ^ 0x8000) - (steps[j] ^ 0x8000)
            if v < 0:
                v = 0 - v
            d += v
            i += 1
            j += 1
            k += 1
        d = d >> 2
        total += d - c[(step - SHAKE_SPAN) & mask]
        c[step & mask] = d
        v = total
        if v > 65535:
            v = 65535
        o[step & mask] = v
        step += 1
        n -= 1
    return total


@micropython.viper
def peak_shake(shaken, step: int, mask: int, n: int, state, window: int, floor: int) -> int:
    """Find the next shake peak that towers over `window` steps on both sides.

    Where a peak is expected and high enough it is believed after SOON steps: nothing higher may
    have come within `window` before it, but what comes later is not waited for.

    state (array 'I'): 0 candidate value, 1 candidate step, 2 last peak's step, 3 running peak
    height, 4 and 5 first and last step where a peak is expected (none: 4 above 5), 6 how high it
    must be there. Returns the number of steps consumed up to and including the confirming one
    when a peak is confirmed (its step in state[1], height in state[0]), else 0.
    """
    s = ptr16(shaken)
    st = ptr32(state)
    value = int(st[0])
    at = int(st[1])
    usual = int(st[3])
    done = 0
    found = 0
    while done < n and found == 0:
        v = int(s[step & mask])
        if v > value:
            value = v
            at = step
        else:
            wait = window
            if at >= int(st[4]) and at <= int(st[5]) and value > int(st[6]):
                wait = SOON
            if step - at >= wait:
                limit = (usual * 3) >> 3
                if limit < floor:
                    limit = floor
                good = 1
                if value < limit or at < window:
                    good = 0
                else:
                    i = at - window
                    while i < at:
                        if int(s[i & mask]) > value:
                            good = 0
                        i += 1
                if good:
                    found = 1
                elif step - at >= window:
                    value = v
                    at = step
        step += 1
        done += 1
        if usual > floor and step - int(st[2]) > 416:
            # Two seconds without a contact: what was usual no longer is.
            usual -= usual >> 7
    st[0] = value
    st[1] = at
    st[3] = usual
    if found:
        return done
    return 0


@micropython.viper
def health(raw, start: int, mask: int, frames: int, least: int, rail) -> int:
    """Bit 0: no acceleration changed in `frames` frames, bit 1: no angular rate did.

    Counts repeats of the greatest repeated |acceleration|, which is an axis at its rail: a peak
    may repeat its own highest value once, a rail is repeated by every peak. rail (array 'I'):
    0 that value, at least `least`; 1 how often two neighbours both had it.
    """
    p = ptr16(raw)
    r = ptr32(rail)
    top = int(r[0])
    if top < least:
        top = least
    count = int(r[1])
    still = 3
    j = ((start - 1) & mask) * 6
    while frames > 0:
        i = (start & mask) * 6
        if still & 2:
            if p[i + 3] != p[j + 3] or p[i + 4] != p[j + 4] or p[i + 5] != p[j + 5]:
                still = still & 1
        end = i + 3
        while i < end:
            if p[i] == p[j]:
                v = (p[i] ^ 0x8000) - 0x8000
                if v < 0:
                    v = 0 - v
                if v > top:
                    top = v
                    count = 0
                if v == top:
                    count += 1
            else:
                still = still & 2
            i += 1
            j += 1
        j = i - 3
        start += 1
        frames -= 1
    r[0] = top
    r[1] = count
    return still


@micropython.viper
def stride_sums(steps: ptr16, step: int, mask: int, n: int, magnitudes, m_mask: int, out):
    """Over n <= 416 steps: out[0:3] = mean acc, out[3] = mean |a|, out[4:10] = gyr moments.

    Moments xx yy zz xy xz yz in (16 LSB)^2, averaged. out: array('i').
    """
    m = ptr16(magnitudes)
    o = ptr32(out)
    ax = 0
    ay = 0
    az = 0
    magnitude = 0
    xx = 0
    yy = 0
    zz = 0
    xy = 0
    xz = 0
    yz = 0
    stop = step + n
    while step < stop:
        magnitude += m[(step << 2) & m_mask]
        i = (step & mask) * 6
        ax += steps[i] ^ 0x8000
        ay += steps[i + 1] ^ 0x8000
        az += steps[i + 2] ^ 0x8000
        x = ((steps[i + 3] ^ 0x8000) - 0x8000) >> 4
        y = ((steps[i + 4] ^ 0x8000) - 0x8000) >> 4
        z = ((steps[i + 5] ^ 0x8000) - 0x8000) >> 4
        xx += (x * x) >> 3
        yy += (y * y) >> 3
        zz += (z * z) >> 3
        xy += (x * y) >> 3
        xz += (x * z) >> 3
        yz += (y * z) >> 3
        step += 1
    o[0] = ax // n - 0x8000
    o[1] = ay // n - 0x8000
    o[2] = az // n - 0x8000
    o[3] = magnitude // n
    # Sums may be negative: divide them above a bias that makes them positive.
    bias = n << 19
    o[4] = ((xx + bias) // n - 0x80000) << 3
    o[5] = ((yy + bias) // n - 0x80000) << 3
    o[6] = ((zz + bias) // n - 0x80000) << 3
    o[7] = ((xy + bias) // n - 0x80000) << 3
    o[8] = ((xz + bias) // n - 0x80000) << 3
    o[9] = ((yz + bias) // n - 0x80000) << 3
