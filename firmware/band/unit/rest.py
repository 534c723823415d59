"""Rest: nobody needs samples and nothing moves, so the unit measures nothing until that changes.

The EMG's front end is off, the IMU dozes, the processor's clock, the loop and advertising are
slow. Motion, a press or a request that needs samples ends it. What is not known keeps the unit
awake. A unit with an empty cell measures nothing anyhow: it lies down at once, and goes to deep
sleep when it has lain still for as long as another one takes to lie down. A full one does so only
where it was told to (unit.sleep_min): no motion wakes the processor from it, the button does.
"""

from time import ticks_add, ticks_diff

from micropython import const

from band.gait import STANDING
from band.units import UNKNOWN
from band.wire import COUNTERS, FAULTS

TICK_MS = const(10)
_REST_TICK_MS = const(50)  # a press of the button lasts longer
_LOOK_MS = const(500)  # at the motion chip, which remembers
_HURRY_MS = const(5000)  # the loop is quick for so long after a press or a request
_NUDGE_S = const(60)  # what has been moved, but takes no step, lies down again so soon
_EMPTY_S = const(10)
# 0.05 g of change per 9.6 ms, as in gait.py: three times a sensor's noise; the least in 2.4 s
# of recorded walking is 3600.
_STILL_SHAKE = const(128)
_NOT_FELT = 1 << FAULTS.index("accelerometer lost")
_RESTS = COUNTERS.index("rests")
_RESTED_S = COUNTERS.index("rested_s")


class Rest:
    """Works for one `app`. `resting`: as wire.STATES tells it."""

    def __init__(self, app):
        self._app = app
        self.resting = False
        self.changes = 0
        self.still_s = 0
        self._asked = 0
        self._nudged = False  # what moved the unit was no step yet
        self._look_ms = 0
        self._looked = False
        self._hurry = False
        self._hurry_ms = 0

    @property
    def tick_ms(self):
        """How long the loop may take until its next turn."""
        if self.resting and not self._hurry and not self._app.board.light.lit:
            return _REST_TICK_MS
        return TICK_MS

    def stir(self, now_ms):
        """Someone is at the band: a press, or a request."""
        self.still_s = 0
        self._nudged = False
        self._hurry = True
        self._hurry_ms = ticks_add(now_ms, _HURRY_MS)

    def step(self, now_ms):
        """Each turn of the loop."""
        app = self._app
        if app.control.asked != self._asked:
            self._asked = app.control.asked
            self.stir(now_ms)
        if not self.resting:
            return
        if app.board.button.pressed():
            self.stir(now_ms)
        elif self._hurry and ticks_diff(now_ms, self._hurry_ms) >= 0:
            self._hurry = False
        if ticks_diff(now_ms, self._look_ms) < 0:
            return
        self._look_ms = ticks_add(now_ms, _LOOK_MS)
        try:
            moved = app.board.imu.moved()
        except OSError:
            moved = True  # nobody knows; started anew it will tell what is wrong
            self._looked = True
        if moved and self._looked:
            self.still_s = 0
            if app.upkeep.may_acquire():
                self._nudged = True
                app.get_up()
        # The first look sees the fall from full rate to dozing.
        self._looked = True

    def each_second(self, now_ms):
        app = self._app
        if self.resting:
            app.counters.add(_RESTED_S, 1)
        limit_s = 60 * app.store.unit.rest_min
        if limit_s == 0 or not self._is_still():
            self.still_s = 0
            return
        self.still_s += 1
        low = app.upkeep.low
        if self.resting:
            if not low:
                limit_s = 0 if app.radio.connected else 60 * app.store.unit.sleep_min
            if limit_s and self.still_s >= limit_s and app.sensors.charge_pct != UNKNOWN:
                self._sleep()
        elif self.still_s >= (_EMPTY_S if low else _NUDGE_S if self._nudged else limit_s):
            self._lie_down(now_ms)

    def _is_still(self):
        """Nobody needs samples, and nothing that is known to be seen moves."""
        app = self._app
        if app.session.running:
            self._nudged = False
            return False
        if app.upkeep.usb or app.radio.raw_streams or app.radio.pairing:
            return False
        if self.resting or app.upkeep.low:
            return True
        chain = app.chain
        if chain is None or not app.sensors.motion_known or chain.faults() & _NOT_FELT:
            return False
        if chain.gait.state != STANDING:
            self._nudged = False
            return False
        return chain.gait.most_shake() < _STILL_SHAKE

    def _lie_down(self, now_ms):
        app = self._app
        self.still_s = 0
        try:
            app.sensors.rest()
        except OSError:
            if app.upkeep.may_acquire():
                app.sensors.start(now_ms)
            app.renew_chain()
            return
        app.renew_chain()
        app.board.slow_clock(True)
        app.radio.rest(True, now_ms)
        app.counters.add(_RESTS, 1)
        self.changes += 1
        self._looked = False
        self._look_ms = ticks_add(now_ms, _LOOK_MS)
        self.resting = True

    def end(self, now_ms):
        """The unit gets up; the caller starts the sensors or stops them. False: it was up."""
        if not self.resting:
            return False
        self.resting = False
        self.changes += 1
        self.still_s = 0
        self._app.board.slow_clock(False)
        self._app.radio.rest(False, now_ms)
        return True

    def _sleep(self):
        """Until the button is pressed or the charger comes; the processor then starts anew."""
        app = self._app
        self.still_s = 0
        if not app.board.can_wake():
            return
        app.sensors.stop()
        app.radio.stop()
        app.board.deep_sleep()
