"""Where in a stride the foot landed and left the ground.

With a gyroscope, about the segment's own axis (positive: the foot swings forward):
    initial contact  between the moment when the swing's fall passed -280 deg/s and the trough
                     that ends it, a third of the way, less a constant. The faster the runner,
                     the sooner the passage and the later the trough: this point stays;
    toe-off          the crest before the steepest fall of early swing: where 15 % of the fall
                     from it is done, less a constant.
With acceleration alone, free of wearing angle:
    initial contact  where |a| has risen a quarter of the way from the dip to the impact peak;
    toe-off          the valley of the acceleration along the tibia, under a 300 ms window, that
                     is nearest to 40 % of the stride; in fast running, where there is none,
                     the one under a 216 ms window. Each less its constant.
The constants are the filters' and the tissue's delays; they hold for everyone.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array

import micropython
from micropython import const

from band import windows
from band.arrays import halfwords
from band.motion import STEPS
from band.units import UNKNOWN

NOT_YET = const(-2)
STEP_CENTRE_F16 = const(24)  # a step averages frames 0..3: it stands for frame 1.5

IMPACT_TO_CONTACT_F16 = const(300)  # 22.5 ms
FALL_TO_CONTACT_F16 = const(265)  # 19.9 ms
FALL_TO_TOE_OFF_F16 = const(170)  # 12.8 ms
VALLEY_TO_TOE_OFF_F16 = const(418)  # 31.4 ms
NARROW_VALLEY_TO_TOE_OFF_F16 = const(733)  # 55 ms
LANDING_RATE = const(4000)  # 280 deg/s
CREST_STEPS = const(12)  # 58 ms: the crest of toe-off lies no further before the steepest fall
VOTES = const(8)
MAGNITUDES = const(2048)  # 2.46 s of |a|
MAGNITUDE_MASK = const(2047)
STEP_MASK = const(511)  # as in motion.py; an imported name is looked up each time
FACE_STEPS = const(300)  # 1.4 s, a whole stride
TURN_PROMINENCE = const(500)  # 35 deg/s: more than ripple, less than a weak toe-off crest
# Smoothing windows over steps, Q14; np.hanning, the middle one makes the sum exact.
HANN_302_MS = (
    1, 5, 11, 19, 30, 43, 58, 75, 94, 114, 135, 158, 182, 206, 231, 256, 281, 306, 330, 354, 377,
    398, 418, 437, 454, 469, 482, 493, 501, 507, 511, 512, 511, 507, 501, 493, 482, 469, 454, 437,
    418, 398, 377, 354, 330, 306, 281, 256, 231, 206, 182, 158, 135, 114, 94, 75, 58, 43, 30, 19,
    11, 5, 1,
)  # fmt: skip
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
        self.steps = halfwords(6 * STEPS)
        self.magnitudes = halfwords(MAGNITUDES)
        self.to_f16 = -1
        self.push_f16 = -1
        self.pushoff_lsb = 0
        self.peak = 0
        self.tilt_ddeg = UNKNOWN
        self._window = halfwords(STEPS)
        self._smooth = halfwords(STEPS)
        self._wide = array("H", HANN_302_MS)
        self._narrow = array("H", HANN_216_MS)
        self._votes = VOTES  # positive: the wide window shows this runner's valleys

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

    def landing_by_rate(self, step, known, impact):
        """Position of the contact after the swing that ends near `step`; -1 when none does,
        NOT_YET when it has not quite ended.

        `known`: steps from `step` on that have been seen, of which 120 ms are looked at. Only an
        impact is proof that a swing which seems to go backward is seen the wrong way round.
        """
        start = step - 60  # 288 ms before the shake's peak
        stop = 60 + known if known < 25 else 85
        rate = self._smooth
        windows.project(self.steps, start, STEP_MASK, stop, 3, self.frame.right, self._window)
        windows.smooth_33_ms(self._window, 0, stop, rate)
        if impact and self.frame.facing(rate[15] + rate[25] + rate[35] - 0x18000):
            windows.project(self.steps, start, STEP_MASK, stop, 3, self.frame.right, self._window)
            windows.smooth_33_ms(self._window, 0, stop, rate)
        swing = windows.highest(rate, 0, 66)
        turn = windows.falls_below(rate, swing, stop - 1, 0x8000)
        if turn >= stop - 1:
            return NOT_YET if known < 25 and rate[stop - 1] < rate[stop - 2] else -1
        end = turn + 17  # 80 ms
        trough = windows.lowest(rate, turn, end if end < stop else stop)
        depth = 0x8000 - rate[trough]
        if rate[swing] - 0x8000 < 1143:  # 80 deg/s
            return -1
        if trough == stop - 1 and known < 25:
            return NOT_YET
        if depth < 571:  # 40 deg/s
            return -1
        level = depth * 13 >> 4
        if level > LANDING_RATE:
            level = LANDING_RATE
        passed = windows.last_fall_f16(rate, turn - 1, trough, 0x8000 - level)
        at = (windows.vertex_f16(rate, trough, stop) + 2 * passed) // 3
        return (start << 6) + at + STEP_CENTRE_F16 - FALL_TO_CONTACT_F16

    def landing_by_impact(self, step):
        """Position of the initial contact whose shake peaked at `step`, from |a| alone."""
        frame = step << 2
        return (
            impact_rise_f16(self.magnitudes, MAGNITUDE_MASK, frame - 104, frame, 50)
            - IMPACT_TO_CONTACT_F16
        )

    def clear(self):
        """Nothing is known of the stride's toe-off."""
        self.to_f16 = -1
        self.push_f16 = -1
        self.tilt_ddeg = UNKNOWN
        self.peak = 0

    def shock(self, ic_f16):
        """Take the largest |a| in the 80 ms after this contact."""
        frame = ic_f16 >> 4
        self.peak = windows.largest(self.magnitudes, MAGNITUDE_MASK, frame, frame + 67)

    def measure(self, ic_f16, n, by_rate, known):
        """Toe-off, push-off and tilt of the running stride of n steps that this contact begins.

        `known` steps from the contact on have been seen, four fifths of the stride or more.
        Returns whether the gyroscope, asked by `by_rate`, gave the toe-off.
        """
        start = ic_f16 >> 6
        if known > n:
            known = n
        if by_rate:
            self._toe_off_by_rate(start, n, known)
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

    def forward_from(self, ic_f16, n):
        """The step of the stride from which on the leg swings forward; -1 when it never does."""
        return self._forward_swing(ic_f16 >> 6, n, n)

    def _forward_swing(self, start, n, known):
        """Leaves the rate of `known` steps in `_smooth`; where it last turned positive, or -1."""
        rate = self._smooth
        windows.project(self.steps, start, STEP_MASK, known, 3, self.frame.right, self._window)
        windows.smooth_33_ms(self._window, 0, known, rate)
        return windows.last_below(rate, 0, windows.highest(rate, n >> 1, known), 0x8000)

    def _toe_off_by_rate(self, start, n, known):
        turn = self._forward_swing(start, n, known)
        rate = self._smooth
        stance = windows.lowest(rate, 0, 20)
        turns = windows.last_turns(rate, stance, turn, TURN_PROMINENCE)
        if turn < 0 or turns < 0:
            return
        top = turns >> 9
        swing = turns & 511
        steepest = windows.steepest_fall(rate, top, swing)
        if steepest - CREST_STEPS > top:
            top = windows.highest(rate, steepest - CREST_STEPS, steepest)
        fall = rate[top] - rate[swing]
        at = windows.last_fall_f16(rate, top, swing, rate[top] - fall * 15 // 100)
        if at >= 0:
            self.to_f16 = (start << 6) + at + STEP_CENTRE_F16 - FALL_TO_TOE_OFF_F16

    def _toe_off_along(self, start, n):
        """By the wide window or the narrow, whichever most of this runner's strides ask for."""
        found = self._valley(start, n, 33, 47, self._wide, 63, VALLEY_TO_TOE_OFF_F16)
        votes = self._votes + (1 if found else -1)
        self._votes = VOTES if votes > VOTES else -VOTES if votes < -VOTES else votes
        if not found or votes < 0:
            self._valley(start, n, 25, 60, self._narrow, 45, NARROW_VALLEY_TO_TOE_OFF_F16)

    def _valley(self, start, n, first_pct, last_pct, weights, taps, delay_f16):
        """Toe-off from the valley nearest to 40 % of the stride; False when there is none."""
        half = taps >> 1
        first = n * first_pct // 100
        span = n * last_pct // 100 - first + half + half
        start += first - half
        windows.project(self.steps, start, STEP_MASK, span, 0, self.frame.up, self._window)
        windows.smooth(self._window, span, weights, taps, self._smooth)
        at = windows.valley(self._smooth, half, span - half, half + n * 40 // 100 - first)
        if at < 0:
            return False
        at_f16 = windows.vertex_f16(self._smooth, at, span) + STEP_CENTRE_F16 - delay_f16
        self.to_f16 = (start << 6) + at_f16
        return True

    def _push_off(self, start, contact, n):
        """Fastest backward rotation round toe-off; the rate is still in `_smooth`."""
        rate = self._smooth
        at = windows.lowest(rate, contact >> 1, contact + n // 5)
        self.pushoff_lsb = 0x8000 - rate[at]
        self.push_f16 = (start << 6) + windows.vertex_f16(rate, at, n) + STEP_CENTRE_F16

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
