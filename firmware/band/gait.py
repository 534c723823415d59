"""From IMU frames to strides: running, walking or standing, and the two contact times.

The shake of the acceleration tells that a foot landed; `contacts` then says when. A stride is
closed by the next landing, so that its length is known when its toe-off is sought.
"""

from array import array

import micropython
from micropython import const

from band import contacts
from band.fixmath import median
from band.frame import ShankFrame
from band.motion import STEPS, condense, health, peak_shake, shake
from band.units import UNKNOWN

STEP_MASK = const(511)  # as in motion.py; an imported name is looked up each time
QUANTUM = const(32)  # frames processed at a time, always whole
STEPS_PER_QUANTUM = const(8)
MAGNITUDES = const(2048)  # 2.46 s of |a|
MAGNITUDE_MASK = const(2047)

STANDING = const(0)
WALKING = const(1)
RUNNING = const(2)

TOWERS = const(52)  # 250 ms: a landing's shake towers over this much on both sides
SHAKE_FLOOR = const(2050)  # 0.8 g of change per 9.6 ms, averaged over 48 ms
LONGEST = const(416)  # 2 s without a landing: standing
RUN_MAGNITUDE = const(384)  # mean |a| 1.5 g: walking stays below 1.35 g, running above 1.7 g
WALK_MAGNITUDE = const(358)
SLOWEST_RUN = const(208)  # 1.0 s a stride
FASTEST_RUN = const(90)
USUAL_OF = const(5)  # strides
UNSEEN = const(3)  # landings in a row that the gyroscope may deny
FACE_STEPS = const(300)  # 1.4 s, a whole stride
TURN_PROMINENCE = const(500)  # 35 deg/s: more than ripple, less than a weak toe-off crest
CLIP_LEAST = const(3900)  # 3.8 g: no accelerometer has a smaller range
LOOK_EVERY = const(4)  # quanta
CLIP_QUANTA = const(416)  # 16 s, of which a quarter is looked at
CLIP_REPEATS = const(8)
STILL_LOOKS = const(4)  # 0.6 s

# Smoothing window over steps, Q14; np.hanning, the middle one makes the sum exact.
HANN_216_MS = (
    3, 13, 29, 52, 80, 113, 151, 192, 237, 284, 332, 380, 429, 475, 520, 562, 599, 632, 660, 683,
    699, 709, 716, 709, 699, 683, 660, 632, 599, 562, 520, 475, 429, 380, 332, 284, 237, 192, 151,
    113, 80, 52, 29, 13, 3,
)  # fmt: skip


class Gait:
    """Call `process` while the ring holds a quantum; True says that `stride` fields are new.

    Positions are in sixteenths of a raw frame; -1 is unknown.
    """

    def __init__(self, settings, timebase):
        self.timebase = timebase
        self.frame = ShankFrame()
        self.state = STANDING
        self.gyr_lost = False
        self.acc_lost = False
        self.clipped = False
        self.slipped = 0  # strides for which a slip is still reported
        self.ic_f16 = -1
        self.to_f16 = -1
        self.next_ic_f16 = -1
        self.push_f16 = -1
        self.pushoff_lsb = 0
        self.peak = 0  # largest |a| after contact, motion.MAGNITUDE_PER_G
        self.tilt_ddeg = UNKNOWN
        self.degraded = 0
        self.regular = False  # the closed stride is about as long as usual
        self._has_gyr = settings.has_gyr != 0
        self._steps = array("H", bytes(2 * 6 * STEPS))
        self._magnitudes = array("H", bytes(2 * MAGNITUDES))
        self._changes = array("H", bytes(2 * STEPS))
        self._shakes = array("H", bytes(2 * STEPS))
        self._shake_total = 0
        self._search = array("I", (0, 0, 0, 0))
        self._step = 0
        self._landing = -1  # the last landing's step ...
        self._height = 0  # ... and shake
        self._stride_steps = 0  # usual length, the median of the last; 0 = not known yet
        self._lengths = array("i", [0] * USUAL_OF)
        self._sorted = array("i", [0] * USUAL_OF)
        self._told = 0  # strides since standing
        self._unseen = 0
        self._mean_magnitude = 0
        self._sums = array("i", [0] * 10)
        self._window = array("H", bytes(2 * STEPS))
        self._smooth = array("H", bytes(2 * STEPS))
        self._long = array("H", HANN_216_MS)
        self._still_gyr = 0
        self._still_acc = 0
        self._rail = array("I", (0, 0))
        self._quanta = 0
        self._degraded = 0

    @micropython.native
    def process(self, ring, real):
        """Take one quantum from the ring. Returns True when a stride has been closed.

        `real` is false when some of its frames only stand in for lost ones.
        """
        data = ring.data
        mask = ring.mask
        start = ring.tail
        step = self._step
        steps = self._steps
        magnitudes = self._magnitudes
        shakes = self._shakes
        if step == 0:
            # Before the first sample there was no change.
            condense(data, start, mask, 1, magnitudes, MAGNITUDE_MASK, steps, -1)
            condense(data, start, mask, 1, magnitudes, MAGNITUDE_MASK, steps, -2)
        condense(data, start, mask, STEPS_PER_QUANTUM, magnitudes, MAGNITUDE_MASK, steps, step)
        self._shake_total = shake(
            steps, step, STEP_MASK, STEPS_PER_QUANTUM, self._changes, shakes, self._shake_total
        )
        self._quanta += 1
        if real and self._quanta & (LOOK_EVERY - 1) == 0:
            self._health(data, start, mask)
        ring.tail = start + QUANTUM
        end = step + STEPS_PER_QUANTUM
        self._step = end
        self.timebase.advance()
        closed = False
        left = STEPS_PER_QUANTUM
        while left > 0:
            used = peak_shake(shakes, step, STEP_MASK, left, self._search, TOWERS, SHAKE_FLOOR)
            if used == 0:
                break
            step += used
            left -= used
            closed = self._landed()
        landing = self._landing
        if landing >= 0 and end - landing > LONGEST + TOWERS:
            self._landing = -1
            self._stride_steps = 0
            self._told = 0
            self.state = STANDING
        return closed

    def finish(self):
        """The session ends: give the stride still open. True when there is one."""
        if self._landing < 0:
            return False
        self.ic_f16 = self.next_ic_f16
        self.degraded = self._degraded
        self.next_ic_f16 = self.ic_f16 + (self._stride_steps << 6)
        self._measure()
        self.next_ic_f16 = -1
        return True

    @micropython.native
    def _health(self, data, start, mask):
        """A sensor that never changes is lost; one that stops at its rail is clipped."""
        still = health(data, start, mask, QUANTUM, CLIP_LEAST, self._rail)
        if still & 1:
            self._still_acc += 1
            if self._still_acc >= STILL_LOOKS:
                self.acc_lost = True
        elif self._still_acc:
            self._still_acc = 0
            self.acc_lost = False
        if still & 2 and self._has_gyr:
            # Half a second to be lost, a second and a half to be believed again.
            self._still_gyr = 10 if self.gyr_lost else self._still_gyr + 1
            if self._still_gyr >= STILL_LOOKS:
                self.gyr_lost = True
        elif self._still_gyr:
            self._still_gyr -= 1
            if self._still_gyr == 0:
                self.gyr_lost = False
        if self._quanta >= CLIP_QUANTA:
            self.clipped = self._rail[1] >= CLIP_REPEATS
            self._rail[0] = 0
            self._rail[1] = 0
            self._quanta = 0

    @micropython.native
    def _landed(self):
        """A shake peak stands out: is it a landing, and does it close a stride?"""
        search = self._search
        height = search[0]
        step = search[1]
        search[0] = 0
        last = self._landing
        length = step - last
        usual = self._stride_steps
        # Much too early: the swing's own shake, or the other foot's.
        early = last >= 0 and usual > 0 and length * 20 < usual * 13
        position = -1
        if self._rates() and self.frame.strides:
            position = self._contact_by_rate(step)
            if position >= 0:
                self._unseen = 0
            elif early or self._unseen < UNSEEN:
                self._unseen += 1  # no swing ended here
                return False
        if early and height * 4 < search[3] * 3:
            return False
        # A greater height is believed at once, a smaller one slowly.
        search[3] += (height - search[3]) >> (1 if height > search[3] else 3)
        if self._height * 8 < height * 3:
            last = -1  # beside this one the last was no landing
        self._height = height
        search[2] = step
        self._landing = step
        if last < 0 or length > LONGEST:
            self.next_ic_f16 = self._contact(step, position)
            return False
        self.regular = usual == 0 or (length * 10 > usual * 7 and length * 10 < usual * 13)
        contacts.stride_sums(
            self._steps, last, STEP_MASK, length, self._magnitudes, MAGNITUDE_MASK, self._sums
        )
        self._tell_gait(length)
        if self.frame.update(self._sums, length, self._rates()):
            self.slipped = 10
        elif self.slipped:
            self.slipped -= 1
        if self.frame.strides == 1 and self._rates():
            self._face()
            self.next_ic_f16 = self._contact(last, self._contact_by_rate(last))
            position = self._contact_by_rate(step)
        self.ic_f16 = self.next_ic_f16
        self.degraded = self._degraded
        self.next_ic_f16 = self._contact(step, position)
        self._measure()
        return True

    @micropython.native
    def _rates(self):
        return self._has_gyr and not self.gyr_lost

    @micropython.native
    def _tell_gait(self, length):
        """Running or walking, from the mean |a| over about two seconds and the stride time."""
        mean = self._sums[3]
        if self._mean_magnitude == 0 or self.state == STANDING:
            self._mean_magnitude = mean
        else:
            self._mean_magnitude += ((mean - self._mean_magnitude) * length) // LONGEST
        limit = WALK_MAGNITUDE if self.state == RUNNING else RUN_MAGNITUDE
        fits = length > FASTEST_RUN and length < SLOWEST_RUN
        self.state = RUNNING if fits and self._mean_magnitude > limit else WALKING
        lengths = self._lengths
        lengths[self._told % USUAL_OF] = length
        self._told += 1
        known = self._told if self._told < USUAL_OF else USUAL_OF
        for k in range(known):
            self._sorted[k] = lengths[k]
        self._stride_steps = median(self._sorted, 0, known)

    @micropython.native
    def _contact(self, step, by_rate):
        """Position of the initial contact whose shake peaked at `step`; sets `_degraded`."""
        self._degraded = 0
        if by_rate >= 0:
            return by_rate
        self._degraded = 1
        frame = step << 2
        return (
            contacts.impact_rise_f16(self._magnitudes, MAGNITUDE_MASK, frame - 104, frame, 50)
            - contacts.IMPACT_TO_CONTACT_F16
        )

    @micropython.native
    def _face(self):
        """Which way is forward: nothing turns the leg faster than its forward swing."""
        n = self._step if self._step < FACE_STEPS else FACE_STEPS
        rate = self._smooth
        right = self.frame.right
        contacts.project(self._steps, self._step - n, STEP_MASK, n, 3, right, self._window)
        contacts.smooth_33_ms(self._window, 0, n, rate)
        fastest = rate[contacts.highest(rate, 0, n)] - 0x8000
        if fastest < 0x8000 - rate[contacts.lowest(rate, 0, n)]:
            self.frame.turn_round()

    @micropython.native
    def _contact_by_rate(self, step):
        """Position of the trough after the swing that ends near `step`; -1 when none does."""
        start = step - 60
        rate = self._smooth
        contacts.project(self._steps, start, STEP_MASK, 85, 3, self.frame.right, self._window)
        contacts.smooth_33_ms(self._window, 0, 85, rate)
        if self.frame.facing(rate[15] + rate[25] + rate[35] - 0x18000):
            contacts.project(self._steps, start, STEP_MASK, 85, 3, self.frame.right, self._window)
            contacts.smooth_33_ms(self._window, 0, 85, rate)
        swing = contacts.highest(rate, 0, 66)
        turn = contacts.falls_below(rate, swing, 80, 0x8000)
        if turn >= 80:
            return -1
        end = turn + 17
        trough = contacts.lowest(rate, turn, end if end < 84 else 84)
        if rate[swing] - 0x8000 < 1143 or 0x8000 - rate[trough] < 571:  # 80 and 40 deg/s
            return -1
        return (
            (start << 6)
            + contacts.vertex_f16(rate, trough, 85)
            + contacts.STEP_CENTRE_F16
            - contacts.TROUGH_TO_CONTACT_F16
        )

    @micropython.native
    def _measure(self):
        """Toe-off, shock, push-off and tilt of the stride from ic_f16 to next_ic_f16."""
        self.to_f16 = -1
        self.push_f16 = -1
        self.tilt_ddeg = UNKNOWN
        frame = self.ic_f16 >> 4
        self.peak = contacts.largest(self._magnitudes, MAGNITUDE_MASK, frame, frame + 67)
        start = self.ic_f16 >> 6
        n = (self.next_ic_f16 >> 6) - start
        if n < FASTEST_RUN or n > LONGEST or self.state != RUNNING or start + n > self._step:
            return
        by_rate = self._rates() and not self.degraded
        if by_rate:
            self._toe_off_by_rate(start, n)
        if self.to_f16 < 0:
            self.degraded = 1
            self._toe_off_along(start, n)
        contact = self.to_f16 - self.ic_f16
        if contact < n * 6 or contact > n * 40:  # of 64 f16 a step: 10 % and 62 % of the stride
            self.to_f16 = -1
        elif by_rate:
            self._push_off(start, contact >> 6, n)
            self._tilt(start, contact >> 6)

    @micropython.native
    def _toe_off_by_rate(self, start, n):
        rate = self._smooth
        contacts.project(self._steps, start, STEP_MASK, n, 3, self.frame.right, self._window)
        contacts.smooth_33_ms(self._window, 0, n, rate)
        stance = contacts.lowest(rate, 0, 20)
        forward = contacts.highest(rate, n >> 1, n)
        turn = contacts.last_below(rate, stance, forward, 0x8000)
        turns = contacts.last_turns(rate, stance, turn, TURN_PROMINENCE)
        if turn < 0 or turns < 0:
            return
        top = turns >> 9
        swing = turns & 511
        fall = rate[top] - rate[swing]
        at = contacts.last_fall_f16(rate, top, swing, rate[top] - fall * 15 // 100)
        if at >= 0:
            self.to_f16 = (
                (start << 6) + at + contacts.STEP_CENTRE_F16 - contacts.FALL_TO_TOE_OFF_F16
            )

    @micropython.native
    def _toe_off_along(self, start, n):
        start += n * 25 // 100 - 22
        span = n * 35 // 100 + 44
        contacts.project(self._steps, start, STEP_MASK, span, 0, self.frame.up, self._window)
        contacts.smooth(self._window, span, self._long, 45, self._smooth)
        at = contacts.valley(self._smooth, 22, span - 22, 22 + n * 15 // 100)
        if at < 0:
            return
        self.to_f16 = (
            (start << 6)
            + contacts.vertex_f16(self._smooth, at, span)
            + contacts.STEP_CENTRE_F16
            - contacts.MINIMUM_TO_TOE_OFF_F16
        )

    @micropython.native
    def _push_off(self, start, contact, n):
        """Fastest backward rotation round toe-off; the rate is still in `_smooth`."""
        rate = self._smooth
        at = contacts.lowest(rate, contact >> 1, contact + n // 5)
        self.pushoff_lsb = 0x8000 - rate[at]
        self.push_f16 = (start << 6) + contacts.vertex_f16(rate, at, n) + contacts.STEP_CENTRE_F16

    @micropython.native
    def _tilt(self, start, contact):
        """Where the middle of stance pushes, against the tibia: moves with the grade."""
        first = start + contact * 3 // 10
        n = contact * 4 // 10
        contacts.project(self._steps, first, STEP_MASK, n, 0, self.frame.front, self._window)
        front = contacts.mean(self._window, n)
        contacts.project(self._steps, first, STEP_MASK, n, 0, self.frame.up, self._window)
        up = contacts.mean(self._window, n)
        if up > 256:
            self.tilt_ddeg = front * 573 // up
