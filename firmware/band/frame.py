"""The shank's own axes in the sensor's frame, at any wearing angle, upside down too.

Two directions are measured on every stride: the mean acceleration (mostly along the tibia)
and the main axis of rotation (right-left). A fast average of them follows a shift of the band
within a few strides; a slow one remembers how it was worn. When they part while the running
itself has not changed, the band has slipped, and the frame is found anew; so it is, without a
word, in another gait.
"""

from array import array

import micropython
from micropython import const

from band.arrays import words
from band.fixmath import isqrt

Q14 = const(1 << 14)
SETTLED_STRIDES = const(10)
SLIP_STRIDES = const(4)  # this many strides in a row must agree
FAST = const(2)  # averages over 2**FAST strides
SLOW = const(6)
SIN_SLIP = const(1428)  # 5 degrees
SIN_TILT_SLIP = const(4240)  # 15 degrees in the sagittal plane, where pace and grade act as well


@micropython.viper
def _main_axis(moments, axis):
    """Two power iterations of the symmetric matrix moments[4:10] on axis (Q14)."""
    m = ptr32(moments)
    a = ptr32(axis)
    top = int(m[4]) | int(m[5]) | int(m[6])
    shift = 0
    while (top >> shift) > 8191:
        shift += 1
    if top == 0:
        return
    xx = int(m[4]) >> shift
    yy = int(m[5]) >> shift
    zz = int(m[6]) >> shift
    xy = (((int(m[7]) & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000) >> shift
    xz = (((int(m[8]) & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000) >> shift
    yz = (((int(m[9]) & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000) >> shift
    x = ((int(a[0]) & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
    y = ((int(a[1]) & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
    z = ((int(a[2]) & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
    turn = 0
    while turn < 2:
        u = (xx * x + xy * y + xz * z) >> 13
        v = (xy * x + yy * y + yz * z) >> 13
        w = (xz * x + yz * y + zz * z) >> 13
        while u > 16383 or u < -16383 or v > 16383 or v < -16383 or w > 16383 or w < -16383:
            u = u >> 1
            v = v >> 1
            w = w >> 1
        length = int(isqrt(u * u + v * v + w * w))
        if length < 64:
            return
        x = int(_q14(u, length))
        y = int(_q14(v, length))
        z = int(_q14(w, length))
        turn += 1
    a[0] = x
    a[1] = y
    a[2] = z


@micropython.viper
def _q14(part: int, length: int) -> int:
    if part < 0:
        return 0 - ((0 - part) << 14) // length
    return (part << 14) // length


def _unit(vector):
    """Scale a vector of at most 15 bits a component to Q14 length 1; False when it is null."""
    length = isqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2])
    if length < 64:
        return False
    vector[0] = _q14(vector[0], length)
    vector[1] = _q14(vector[1], length)
    vector[2] = _q14(vector[2], length)
    return True


def _dot(a, b):
    """Q14 dot product of two Q14 unit vectors."""
    return (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) >> 14


class ShankFrame:
    """`up` (along the tibia, proximal) and `right` (axis of flexion), unit vectors in Q14."""

    def __init__(self):
        self.up = array("i", (0, 0, 0))
        self.right = array("i", (0, 0, 0))
        self.front = array("i", (0, 0, 0))
        self.strides = 0  # since the frame was (re)found
        self.slips = 0
        self._mean = array("i", (0, 0, 0))  # fast average of the mean acceleration, Q4 LSB
        self._moments = words(10)
        self._axis = array("i", (9459, 9459, 9459))
        self._fast_up = array("i", (0, 0, 0))
        self._lean = 0  # sine between `_fast_up` and the flexion axis, slow
        self._doubts = 0
        self._strange = 0  # strides in a row of another gait
        self._wrong_way = 0
        self._stride_q6 = 0  # slow averages of stride time and mean |a|: the pace of the frame
        self._magnitude_q6 = 0
        self._had_gyr = False
        self._had_acc = False

    def forget(self):
        """Start anew, as after putting the band on."""
        self.strides = 0
        self._doubts = 0
        self._strange = 0
        self._wrong_way = 0

    def update(self, sums, stride_steps, has_gyr, has_acc):
        """Take one stride's means (motion.stride_sums). Returns True when the band slipped.

        Without an accelerometer only the axis of flexion can be found, and no slip.
        """
        if has_gyr != self._had_gyr or has_acc != self._had_acc:
            # With the axis of flexion `up` is at right angles to it, without it is not.
            self.forget()
            self._had_gyr = has_gyr
            self._had_acc = has_acc
        first = self.strides == 0
        for k in range(3):
            new = sums[k] << 4
            self._mean[k] = new if first else self._mean[k] + ((new - self._mean[k]) >> FAST)
            # |mean| < 4 g, so 15 bits hold it in quarter LSB
            self._fast_up[k] = self._mean[k] >> 5
        if not has_acc:
            self._fast_up[0] = self._fast_up[1] = 0
            self._fast_up[2] = Q14
        elif not _unit(self._fast_up):
            return False
        if has_gyr:
            for k in range(4, 10):
                old = self._moments[k]
                self._moments[k] = sums[k] if first else old + ((sums[k] - old) >> FAST)
            if first:
                for k in range(3):
                    self._axis[k] = 9459
                for _ in range(4):
                    _main_axis(self._moments, self._axis)
            _main_axis(self._moments, self._axis)
        slipped = False
        if has_acc and self.strides >= SETTLED_STRIDES:
            slipped = self._parted(sums, stride_steps, has_gyr)
            if slipped:
                self.slips += 1
                self.forget()
        self._settle(has_gyr)
        if self.strides == 0:
            self._stride_q6 = stride_steps << 6
            self._magnitude_q6 = sums[3] << 6
        else:
            shift = FAST if self.strides < SETTLED_STRIDES else SLOW
            self._stride_q6 += ((stride_steps << 6) - self._stride_q6) >> shift
            self._magnitude_q6 += ((sums[3] << 6) - self._magnitude_q6) >> shift
        self.strides += 1
        return slipped

    def facing(self, swing_rate):
        """Told the mean rate before a contact, when the foot swings forward. True when the third
        in a row was backward, and the frame has been turned round."""
        if swing_rate >= 0:
            self._wrong_way = 0
            return False
        self._wrong_way += 1
        if self._wrong_way < 3:
            return False
        self.turn_round()
        return True

    def turn_round(self):
        """Right is left: swap the ends of the flexion axis."""
        for k in range(3):
            self.right[k] = -self.right[k]
            self.front[k] = -self.front[k]
            self._axis[k] = -self._axis[k]
        self._wrong_way = 0

    def _settle(self, has_gyr):
        fast = self.strides < SETTLED_STRIDES
        for k in range(3):
            up = self._fast_up[k]
            right = self._axis[k] if has_gyr else 0
            if not fast:
                up = self.up[k] + ((up - self.up[k]) >> SLOW)
                right = self.right[k] + ((right - self.right[k]) >> SLOW)
            self.up[k] = up
            self.right[k] = right
        if has_gyr:
            # The tibia is at right angles to the axis it swings about.
            along = _dot(self.up, self.right)
            for k in range(3):
                self.up[k] -= (along * self.right[k]) >> 14
            _unit(self.right)
            lean = _dot(self._fast_up, self.right)
            self._lean = lean if fast else self._lean + ((lean - self._lean) >> SLOW)
        _unit(self.up)
        u = self.up
        r = self.right
        self.front[0] = (u[1] * r[2] - u[2] * r[1]) >> 14
        self.front[1] = (u[2] * r[0] - u[0] * r[2]) >> 14
        self.front[2] = (u[0] * r[1] - u[1] * r[0]) >> 14

    def _parted(self, sums, stride_steps, has_gyr):
        magnitude = self._magnitude_q6 >> 6
        dm = sums[3] - magnitude
        if dm * 4 > magnitude or dm * -4 > magnitude:
            # Walking or standing about: another gait turns the leg about another axis.
            self._doubts = 0
            self._strange += 1
            if self._strange >= SLIP_STRIDES:
                self.forget()
            return False
        self._strange = 0
        up = self._fast_up
        doubt = False
        if has_gyr:
            # Seen along the tibia: has the flexion axis turned? From the front: has the tibia?
            turned = _dot(self._axis, self.front)
            leaned = _dot(up, self.right) - self._lean
            doubt = abs(turned) > SIN_SLIP or abs(leaned) > SIN_SLIP
            tilted = _dot(up, self.front)
        else:
            along = _dot(up, self.up)
            tilted = isqrt((1 << 28) - along * along) if along < Q14 else 0
        if abs(tilted) > SIN_TILT_SLIP:
            # Only at the pace and the loading the frame was found at is it the band that moved.
            dt = stride_steps - (self._stride_q6 >> 6)
            if dt * dt <= 25 and dm * 12 < sums[3] and dm * -12 < sums[3]:
                doubt = True
        self._doubts = self._doubts + 1 if doubt else 0
        return self._doubts >= SLIP_STRIDES
