"""Where in a stride the foot landed and left the ground.

With a gyroscope, about the segment's own axis (positive: the foot swings forward):
    initial contact  the trough that follows the swing's fall through zero, less a constant;
    toe-off          the rate's last crest in stance, before the trough of early swing: where
                     15 % of the fall between them is done, less a constant.
With acceleration alone, free of wearing angle:
    initial contact  where |a| has risen a quarter of the way from the dip to the impact peak;
    toe-off          the valley of the acceleration along the tibia, under a 220 ms window, that
                     is nearest to 40 % of the stride.
The constants are the filters' and the tissue's delays; they hold for everyone.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array

import micropython
from micropython import const

from band import windows
from band.motion import STEPS
from band.units import UNKNOWN

STEP_CENTRE_F16 = const(24)  # a step averages frames 0..3: it stands for frame 1.5

IMPACT_TO_CONTACT_F16 = const(300)  # 22.5 ms
TROUGH_TO_CONTACT_F16 = const(427)  # 32 ms
FALL_TO_TOE_OFF_F16 = const(170)  # 12.8 ms
MINIMUM_TO_TOE_OFF_F16 = const(373)  # 28 ms
MAGNITUDES = const(2048)  # 2.46 s of |a|
MAGNITUDE_MASK = const(2047)
STEP_MASK = const(511)  # as in motion.py; an imported name is looked up each time
FACE_STEPS = const(300)  # 1.4 s, a whole stride
TURN_PROMINENCE = const(500)  # 35 deg/s: more than ripple, less than a weak toe-off crest
# Smoothing window over steps, Q14; np.hanning, the middle one makes the sum exact.
HANN_216_MS = (
    3, 13, 29, 52, 80, 113, 151, 192, 237, 284, 332, 380, 429, 475, 520, 562, 599, 632, 660, 683,
    699, 709, 716, 709, 699, 683, 660, 632, 599, 562, 520, 475, 429, 380, 332, 284, 237, 192, 151,
    113, 80, 52, 29, 13, 3,
)  # fmt: skip


@micropython.viper
def impact_rise_f16(magnitudes, mask: int, start: int, stop: int, back: int) -> int:
    """A quarter of the way up from the dip (at most `back` frames before) to the impact peak.

    The peak is the largest |a| in [start, stop). Returns an absolute position in f16.
    """
    m = ptr16(magnitudes)
    peak = start
    i = start
    while i < stop:
        if int(m[i & mask]) > int(m[peak & mask]):
            peak = i
        i += 1
    dip = peak
    i = peak - back
    while i < peak:
        if int(m[i & mask]) < int(m[dip & mask]):
            dip = i
        i += 1
    low = int(m[dip & mask])
    level = low * 4 + int(m[peak & mask]) - low
    i = peak
    while i > dip and int(m[(i - 1) & mask]) * 4 >= level:
        i -= 1
    before = int(m[(i - 1) & mask]) * 4
    rise = int(m[i & mask]) * 4 - before
    if i == dip or rise <= 0:
        return i * 16
    return (i - 1) * 16 + ((level - before) * 16) // rise


class Contacts:
    """Looks back into the last 2.46 s for the contacts of one stride.

    steps, magnitudes: rings that motion.condense fills. After `measure`: `to_f16`, `push_f16`
    (-1: not found), `pushoff_lsb`, `peak` (motion.MAGNITUDE_PER_G), `tilt_ddeg` or UNKNOWN.
    """

    def __init__(self, frame):
        self.frame = frame
        self.steps = array("H", bytes(2 * 6 * STEPS))
        self.magnitudes = array("H", bytes(2 * MAGNITUDES))
        self.to_f16 = -1
        self.push_f16 = -1
        self.pushoff_lsb = 0
        self.peak = 0
        self.tilt_ddeg = UNKNOWN
        self._window = array("H", bytes(2 * STEPS))
        self._smooth = array("H", bytes(2 * STEPS))
        self._long = array("H", HANN_216_MS)

    @micropython.native
    def face(self, now):
        """Which way is forward: nothing turns the leg faster than its forward swing."""
        n = now if now < FACE_STEPS else FACE_STEPS
        rate = self._smooth
        right = self.frame.right
        windows.project(self.steps, now - n, STEP_MASK, n, 3, right, self._window)
        windows.smooth_33_ms(self._window, 0, n, rate)
        fastest = rate[windows.highest(rate, 0, n)] - 0x8000
        if fastest < 0x8000 - rate[windows.lowest(rate, 0, n)]:
            self.frame.turn_round()

    @micropython.native
    def landing_by_rate(self, step):
        """Position of the trough after the swing that ends near `step`; -1 when none does."""
        start = step - 60  # the window: from 288 ms before the shake's peak to 120 ms after
        rate = self._smooth
        windows.project(self.steps, start, STEP_MASK, 85, 3, self.frame.right, self._window)
        windows.smooth_33_ms(self._window, 0, 85, rate)
        if self.frame.facing(rate[15] + rate[25] + rate[35] - 0x18000):
            windows.project(self.steps, start, STEP_MASK, 85, 3, self.frame.right, self._window)
            windows.smooth_33_ms(self._window, 0, 85, rate)
        swing = windows.highest(rate, 0, 66)
        turn = windows.falls_below(rate, swing, 80, 0x8000)
        if turn >= 80:
            return -1
        end = turn + 17  # 80 ms
        trough = windows.lowest(rate, turn, end if end < 84 else 84)
        if rate[swing] - 0x8000 < 1143 or 0x8000 - rate[trough] < 571:  # 80 and 40 deg/s
            return -1
        return (
            (start << 6)
            + windows.vertex_f16(rate, trough, 85)
            + STEP_CENTRE_F16
            - TROUGH_TO_CONTACT_F16
        )

    def landing_by_impact(self, step):
        """Position of the initial contact whose shake peaked at `step`, from |a| alone."""
        frame = step << 2
        return (
            impact_rise_f16(self.magnitudes, MAGNITUDE_MASK, frame - 104, frame, 50)
            - IMPACT_TO_CONTACT_F16
        )

    @micropython.native
    def measure(self, ic_f16, next_ic_f16, by_rate):
        """Toe-off, shock, push-off and tilt of the running stride between two contacts.

        Returns whether the gyroscope, asked by `by_rate`, gave the toe-off.
        """
        start = ic_f16 >> 6
        n = (next_ic_f16 >> 6) - start
        if by_rate:
            self._toe_off_by_rate(start, n)
            by_rate = self.to_f16 >= 0
        if not by_rate:
            self._toe_off_along(start, n)
        contact = self.to_f16 - ic_f16
        if contact < n * 6 or contact > n * 40:  # of 64 f16 a step: 10 % and 62 % of the stride
            self.to_f16 = -1
        elif by_rate:
            self._push_off(start, contact >> 6, n)
            self._tilt(start, contact >> 6)
        return by_rate

    def shock(self, ic_f16):
        """Forget the last stride; take the largest |a| in the 80 ms after this contact."""
        self.to_f16 = -1
        self.push_f16 = -1
        self.tilt_ddeg = UNKNOWN
        frame = ic_f16 >> 4
        self.peak = windows.largest(self.magnitudes, MAGNITUDE_MASK, frame, frame + 67)

    @micropython.native
    def _toe_off_by_rate(self, start, n):
        rate = self._smooth
        windows.project(self.steps, start, STEP_MASK, n, 3, self.frame.right, self._window)
        windows.smooth_33_ms(self._window, 0, n, rate)
        stance = windows.lowest(rate, 0, 20)
        forward = windows.highest(rate, n >> 1, n)
        turn = windows.last_below(rate, stance, forward, 0x8000)
        turns = windows.last_turns(rate, stance, turn, TURN_PROMINENCE)
        if turn < 0 or turns < 0:
            return
        top = turns >> 9
        swing = turns & 511
        fall = rate[top] - rate[swing]
        at = windows.last_fall_f16(rate, top, swing, rate[top] - fall * 15 // 100)
        if at >= 0:
            self.to_f16 = (start << 6) + at + STEP_CENTRE_F16 - FALL_TO_TOE_OFF_F16

    @micropython.native
    def _toe_off_along(self, start, n):
        start += n * 25 // 100 - 22
        span = n * 35 // 100 + 44
        windows.project(self.steps, start, STEP_MASK, span, 0, self.frame.up, self._window)
        windows.smooth(self._window, span, self._long, 45, self._smooth)
        at = windows.valley(self._smooth, 22, span - 22, 22 + n * 15 // 100)
        if at < 0:
            return
        self.to_f16 = (
            (start << 6)
            + windows.vertex_f16(self._smooth, at, span)
            + STEP_CENTRE_F16
            - MINIMUM_TO_TOE_OFF_F16
        )

    @micropython.native
    def _push_off(self, start, contact, n):
        """Fastest backward rotation round toe-off; the rate is still in `_smooth`."""
        rate = self._smooth
        at = windows.lowest(rate, contact >> 1, contact + n // 5)
        self.pushoff_lsb = 0x8000 - rate[at]
        self.push_f16 = (start << 6) + windows.vertex_f16(rate, at, n) + STEP_CENTRE_F16

    @micropython.native
    def _tilt(self, start, contact):
        """Where the middle of stance pushes, against the tibia: moves with the grade."""
        first = start + contact * 3 // 10
        n = contact * 4 // 10
        windows.project(self.steps, first, STEP_MASK, n, 0, self.frame.front, self._window)
        front = windows.mean(self._window, n)
        windows.project(self.steps, first, STEP_MASK, n, 0, self.frame.up, self._window)
        up = windows.mean(self._window, n)
        if up > 256:
            self.tilt_ddeg = front * 573 // up
