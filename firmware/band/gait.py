"""From IMU frames to strides: running, walking or standing, and the two contact times.

The shake of the acceleration tells that a foot landed; `contacts` then says when. Toe-off is
sought when four fifths of a usual stride have passed, at the latest at the next landing, which
closes the stride.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array

from micropython import const

from band.arrays import halfwords, words
from band.contacts import NOT_YET, Contacts
from band.fixmath import median
from band.frame import ShankFrame
from band.imu_health import ImuHealth
from band.motion import SHAKE_SPAN, STEPS, condense, peak_shake, shake, stride_sums

STEP_MASK = const(511)  # as in motion.py; an imported name is looked up each time
QUANTUM = const(32)  # frames processed at a time, always whole
STEPS_PER_QUANTUM = const(8)
MAGNITUDE_MASK = const(2047)

STANDING = const(0)
WALKING = const(1)
RUNNING = const(2)

TOWERS = const(52)  # 250 ms: a landing's shake towers over this much on both sides
TURN_TOWERS = const(40)  # 192 ms, where it is the angular rate's: the swing has two ends
SHAKE_FLOOR = const(2050)  # 0.8 g of change per 9.6 ms, averaged over 48 ms
LONGEST = const(416)  # 2 s without a landing: standing
RUN_MAGNITUDE = const(384)  # mean |a| 1.5 g: walking stays below 1.35 g, running above 1.7 g
WALK_MAGNITUDE = const(358)
MAGNITUDE_OF_A_RUN = const(512)
DOUBTFUL_MAGNITUDE = const(333)  # 1.3 g
SLOWEST_RUN = const(208)  # 1.0 s a stride
FASTEST_RUN = const(90)
USUAL_OF = const(5)  # strides
UNSEEN = const(3)  # landings in a row that the gyroscope may deny
SAME_F16 = const(3200)  # 240 ms
OVERTOPPED = const(3)  # landings believed soon and then overtopped: it was the wrong peak
_LOOK_EVERY = const(4)  # quanta, as in imu_health.py
# What `process` returns, bit by bit.
CLOSED = const(1)  # a stride is complete: ic_f16, next_ic_f16, contacts
LANDED = const(2)  # initial contact at next_ic_f16
LEFT = const(4)  # toe-off at contacts.to_f16


class Gait:
    """Call `process` while the ring holds a quantum; it says what is new.

    Positions are in sixteenths of a raw frame; -1 is unknown.
    """

    def __init__(self, settings, timebase):
        self.timebase = timebase
        self.health = ImuHealth(settings)
        self.frame = ShankFrame()
        self.contacts = Contacts(self.frame)
        self.state = STANDING
        self.slipped = 0  # strides for which a slip is still reported
        self.ic_f16 = -1
        self.next_ic_f16 = -1
        self.degraded = 0
        self.regular = False  # the closed stride is about as long as usual
        self._shaken = 0 if settings.has_acc else 3  # the first component that the shake is made of
        self._steps = self.contacts.steps
        self._magnitudes = self.contacts.magnitudes
        self._changes = halfwords(STEPS)
        self._shakes = halfwords(STEPS)
        self._shake_total = 0
        self._search = array("I", (0, 0, 0, 0, 1, 0, 0))
        self._step = 0
        self._landing = -1  # the last landing's step ...
        self._height = 0  # ... and shake
        self._stride_steps = 0  # usual length, the median of the last; 0 = not known yet
        self._lengths = words(USUAL_OF)
        self._sorted = words(USUAL_OF)
        self._told = 0  # strides since standing
        self._due = -1  # the step at which the open stride's toe-off is sought
        self._measured = False  # ... and whether it has been
        self._overtopped = 0
        self._unseen = 0
        self._mean_magnitude = 0
        self._sums = words(10)
        self._quanta = 0
        self._degraded = 0

    def most_shake(self):
        """The most that the acceleration has shaken in the last 2.4 s: 2562 is 1 g per 9.6 ms."""
        shakes = self._shakes
        most = 0
        k = 0
        while k < STEPS:
            if shakes[k] > most:
                most = shakes[k]
            k += SHAKE_SPAN
        return most

    def process(self, ring, real):
        """Take one quantum from the ring. Returns bits of CLOSED, LANDED, LEFT.

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
            condense(0, 0, data, start, mask, 1, magnitudes, MAGNITUDE_MASK, steps, -1)
            condense(0, 0, data, start, mask, 1, magnitudes, MAGNITUDE_MASK, steps, -2)
        condense(
            0, 0, data, start, mask, STEPS_PER_QUANTUM, magnitudes, MAGNITUDE_MASK, steps, step
        )
        self._shake_total = shake(
            steps,
            step,
            STEP_MASK,
            STEPS_PER_QUANTUM,
            self._shaken,
            self._changes,
            shakes,
            self._shake_total,
        )
        self._quanta += 1
        if real and self._quanta & (_LOOK_EVERY - 1) == 0:
            self._look(data, start, mask)
        ring.tail = start + QUANTUM
        end = step + STEPS_PER_QUANTUM
        self._step = end
        self.timebase.advance()
        news = 0
        left = STEPS_PER_QUANTUM
        towers = TURN_TOWERS if self._shaken else TOWERS
        while left > 0:
            used = peak_shake(shakes, step, STEP_MASK, left, self._search, towers, SHAKE_FLOOR)
            if used == 0:
                break
            step += used
            left -= used
            news |= self._landed()
        if self._due >= 0 and end >= self._due:
            self._due = -1
            if self.state == RUNNING:
                news |= self._measure(self.next_ic_f16, self._stride_steps)
        landing = self._landing
        if landing >= 0 and end - landing > LONGEST + TOWERS:
            self._landing = -1
            self._forget_pace()
            self.state = STANDING
        return news

    def finish(self):
        """The session ends: give the stride still open. True when there is one."""
        if self._landing < 0:
            return False
        self._close(self.next_ic_f16 + (self._stride_steps << 6))
        self.next_ic_f16 = -1
        return True

    def _look(self, data, start, mask):
        """See to the sensors; landings are told from the other one when the acceleration fails."""
        health = self.health
        health.look(data, start, mask)
        first = 3 if health.acc_lost and health.rates() else 0
        if health.has_acc and first != self._shaken:
            self._shaken = first
            self._landing = -1
            self._search[0] = 0
            self._search[3] = 0
            self._forget_pace()

    def _landed(self):
        """A shake peak stands out: is it a landing, and does it close a stride? Bits of news."""
        search = self._search
        height = search[0]
        step = search[1]
        search[0] = 0
        last = self._landing
        length = step - last
        if last >= 0 and length < TOWERS and not self._wrong_peak():
            return 0  # the landing was told before its highest shake
        usual = self._stride_steps
        # Much too early: the swing's own shake, or the other foot's.
        early = last >= 0 and usual > 0 and length * 20 < usual * 13
        position = -1
        if self.health.rates() and self.frame.strides:
            position = self._landing_by_rate(step)
            if position == NOT_YET:
                search[0] = height  # look again with the next step
                return 0
            if position >= 0:
                self._unseen = 0
                if last >= 0 and not self._degraded and position - self.next_ic_f16 < SAME_F16:
                    return 0  # the swing that ended in the last landing
            elif self._shaken or (not self.health.gyr_still and (early or self._unseen < UNSEEN)):
                self._unseen += 1  # no swing ended here
                if self._shaken:
                    self.contacts.face(self._step)
                return 0
        if early and height * 4 < search[3] * 3:
            return 0
        # A greater height is believed at once, a smaller one slowly.
        search[3] += (height - search[3]) >> (1 if height > search[3] else 3)
        if self._height * 8 < height * 3:
            last = -1  # beside this one the last was no landing
        self._height = height
        search[2] = step
        self._landing = step
        if self._overtopped:
            self._overtopped -= 1
        if last < 0 or length > LONGEST:
            self._open(step, position)
            return LANDED
        self.regular = usual == 0 or (length * 10 > usual * 7 and length * 10 < usual * 13)
        stride_sums(
            self._steps, last, STEP_MASK, length, self._magnitudes, MAGNITUDE_MASK, self._sums
        )
        self._tell_gait(length, position)
        if self.frame.update(self._sums, length, self.health.rates(), self._shaken == 0):
            self.slipped = 10
        elif self.slipped:
            self.slipped -= 1
        if self.frame.strides == 1 and self.health.rates():
            self.contacts.face(self._step)
            self._open(last, self._landing_by_rate(last))
            position = self._landing_by_rate(step)
        news = self._close(self._contact(step, position))
        self._open(step, position)
        return news | CLOSED | LANDED

    def _landing_by_rate(self, step):
        return self.contacts.landing_by_rate(step, self._step - step, self._shaken == 0)

    def _tell_gait(self, length, position):
        """Running or walking, from the mean |a| over about two seconds and the stride time.

        Where the mean is not clear, or there is none, the swing decides. `position`: the landing
        that ends the stride, -1 when the gyroscope does not tell.
        """
        mean = self._sums[3]
        if self._shaken:
            mean = MAGNITUDE_OF_A_RUN if self._swings_early(position) else 0
        elif DOUBTFUL_MAGNITUDE < mean < MAGNITUDE_OF_A_RUN and self._swings_early(position):
            mean = MAGNITUDE_OF_A_RUN
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

    def _contact(self, step, by_rate):
        """Position of the initial contact whose shake peaked at `step`."""
        return by_rate if by_rate >= 0 else self.contacts.landing_by_impact(step)

    def _open(self, step, by_rate):
        """A stride begins with the landing whose shake peaked at `step`."""
        self.next_ic_f16 = self._contact(step, by_rate)
        self._degraded = 0 if by_rate >= 0 else 1
        self._measured = False
        usual = self._stride_steps
        self._search[4] = 1
        self._search[5] = 0
        self._due = -1
        if self._told < 1 or self.state != RUNNING:
            return
        self._due = (self.next_ic_f16 >> 6) + (usual * 13 >> 4)
        self._search[4] = step + usual * 4 // 5
        self._search[5] = step + usual * 6 // 5
        # The swing proves a landing; without it a weak shake may be anything.
        self._search[6] = 0 if by_rate >= 0 else self._search[3] >> 1

    def _close(self, next_ic_f16):
        """The open stride ends here. LEFT when only now its toe-off became known."""
        ic_f16 = self.next_ic_f16
        news = 0
        n = (next_ic_f16 >> 6) - (ic_f16 >> 6)
        if not self._measured:
            news = self._measure(ic_f16, n)
        elif self.state != RUNNING:
            self.contacts.clear()
        self.degraded = 1 if self._shaken else self._degraded
        self.ic_f16 = ic_f16
        self.next_ic_f16 = next_ic_f16
        return news

    def _swings_early(self, position):
        """The leg swings forward from 61 % of a running stride on, from 70 % of a walking one."""
        n = (position - self.next_ic_f16) >> 6
        if position < 0 or n > LONGEST:
            return False
        forward = self.contacts.forward_from(self.next_ic_f16, n)
        return forward > 0 and forward * 100 < n * 66

    def _wrong_peak(self):
        """The last landing, told soon, is overtopped by a later shake: true at the third time.

        The gyroscope places a contact whichever peak led to it.
        """
        if self._degraded:
            self._overtopped += 2
        if self._overtopped < OVERTOPPED * 2:
            return False
        self._overtopped = 0
        self._landing = -1
        self._forget_pace()
        return True

    def _forget_pace(self):
        """Nothing is known of the next stride."""
        self._stride_steps = 0
        self._told = 0
        self._due = -1
        self._search[4] = 1  # no landing is expected
        self._search[5] = 0

    def _measure(self, ic_f16, n):
        """What lies in the n steps from a contact on. LEFT when there is a toe-off."""
        contacts = self.contacts
        contacts.clear()
        if self._shaken == 0:
            contacts.shock(ic_f16)
        start = ic_f16 >> 6
        if n < FASTEST_RUN or n > LONGEST or self.state != RUNNING or start >= self._step:
            return 0
        self._measured = True
        self._due = -1
        by_rate = self.health.rates() and not self._degraded
        if not contacts.measure(ic_f16, n, by_rate, self._step - start):
            self._degraded = 1
        return LEFT if contacts.to_f16 >= 0 else 0
