"""The program of the unit: boot, self-test, settings, then one loop that does everything."""

import asyncio
import os
from binascii import hexlify
from time import ticks_add, ticks_diff, ticks_ms, ticks_us

from micropython import const

from band import wire
from band.chain import Chain
from band.unit import button, self_test
from band.unit.control import Control
from band.unit.faults import Counters, Faults, fault
from band.unit.heap import Heap
from band.unit.lateness import Lateness
from band.unit.no_radio import NoRadio
from band.unit.radio import Radio
from band.unit.rest import Rest
from band.unit.restarts import Restarts
from band.unit.sensors import Sensors
from band.unit.session import BEGIN, END_LENGTH, END_STILL, NOTHING, Session
from band.unit.session_log import SessionLog
from band.unit.unit_settings import FOLDER, Store
from band.unit.upkeep import Upkeep

_LOOK_MS = const(10_000)  # at the heap
_PRESS_AGAIN_MS = const(60_000)  # as long as the band may be paired

_LATE = fault("late loop")
_SETTINGS_LOST = fault("settings lost")
_SELF_TEST = fault("self-test failed")
_BY_WATCHDOG = fault("restarted by watchdog")
_BY_ERROR = fault("restarted after an error")

running = None  # the app; what it counted is still there when the console has interrupted it

_FEATURES = (1 << len(wire.FEATURE_BITS)) - 1
_LONGEST_LOOP = wire.COUNTERS.index("longest_loop_us")


class App:
    """board: of band/unit/board.py. by_watchdog: the watchdog has restarted the unit."""

    def __init__(self, board, by_watchdog=False, folder=FOLDER):
        self.board = board
        self.faults = Faults()
        self.counters = Counters()
        self.heap = Heap(self.counters)
        self.lateness = Lateness()
        self._folder = folder
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it is there
        self.restarts = Restarts(folder)
        self._again = by_watchdog or self.restarts.after_error
        self.faults.set(_BY_WATCHDOG, by_watchdog)
        self.faults.set(_BY_ERROR, self.restarts.after_error)
        self.restarts.started(by_watchdog)
        self.store = Store(folder)
        self.store.load()
        self.faults.set(_SETTINGS_LOST, self.store.lost)
        unit = self.store.unit
        self.log = SessionLog(folder + "/sessions", unit.log_kb * 1024)
        self.log.start()
        self.sensors = Sensors(board, self.faults, self.counters)
        self.sensors.calibrate(self.store)
        self.control = Control(self)
        self.radio = self._make_radio()
        self.session = Session(unit, self.log, self.radio, board.motor, self.counters)
        self.chain = None
        self.failures = 0
        self._may_end = False  # a press has told that the next one is meant
        self._pressed_ms = 0
        self.upkeep = Upkeep(self)
        self.rest = Rest(self)
        self._unix_s = 0  # at uptime 0; 0: nobody has told the time
        self._speed_mm_s = self.store.chain.speed_mm_s

    def _make_radio(self):
        number = hexlify(self.board.unique_id).decode()
        store = self.store
        info = {
            "name": store.get("id.name") or "Calf band " + number[-4:],
            "model": "Calfband",
            "hardware": store.get("id.hardware"),
            "serial": store.get("id.serial") or number,
            "features": _FEATURES,
        }
        return Radio(info, self._folder, self.control)

    # --- what happens at boot ---

    def boot(self):
        """Start and test every part; what fails is told, and the unit goes on without it."""
        now_ms = ticks_ms()
        failures = self_test.test_storage(self._folder)
        try:
            self.radio.start()
        except OSError:
            failures |= self_test.RADIO
            self.radio = self.session.radio = NoRadio()  # type: ignore
        self.sensors.start_gauge(now_ms)
        self.upkeep.look()
        if not self._again:
            # After a restart on the road nobody stands still for it.
            failures |= self_test.test_imu(self.board.imu)
        if self.upkeep.may_acquire():
            self.sensors.start(now_ms)
            failures |= self_test.test_emg(self.board.emg_adc)
            failures |= self_test.test_slow(self.board.skin, self.board.gauge)
        self._tell_failures(failures)
        self.renew_chain()

    def test_again(self):
        """The self-test on request, without a session: bits of wire.SELF_TESTS that failed."""
        self.get_up()
        failures = self_test.test_storage(self._folder) | self_test.test_imu(self.board.imu)
        if isinstance(self.radio, NoRadio):
            failures |= self_test.RADIO
        if self.upkeep.may_acquire():
            self.sensors.start(ticks_ms())
            failures |= self_test.test_emg(self.board.emg_adc)
            failures |= self_test.test_slow(self.board.skin, self.board.gauge)
            self.renew_chain()
        self._tell_failures(failures)
        return failures

    def _tell_failures(self, failures):
        self.failures = failures
        self.faults.set(_SELF_TEST, failures != 0)

    # --- sessions ---

    def renew_chain(self):
        """A chain that knows nothing yet. The old one goes first: two do not fit on the heap."""
        self.sensors.detach()
        self.session.attach(None)
        self.chain = None
        self.heap.collect()
        if self.sensors.running:
            self.chain = Chain(self.store.chain, self.session)
            self.session.attach(self.chain)
            self.set_speed(self._speed_mm_s)
            self.sensors.attach(self.chain)
        self.heap.collect()

    def begin_session(self):
        """False where nothing can be acquired, or someone calibrates."""
        self.get_up()
        if self.chain is None or self.session.running or self.calibrating:
            return False
        self.session.begin(self.unix_s())
        self.heap.collect()
        return True

    @property
    def calibrating(self):
        """A link gets uncorrected samples, and the chain with it."""
        return self.radio.raw_streams & wire.UNCORRECTED != 0

    def end_session(self, why):
        """Say what is still open, keep the log and what was learnt of the athlete."""
        session = self.session
        if not session.running:
            return
        if self.chain is not None:
            self.chain.finish()
        session.end(why)
        if session.baseline.complete:
            try:
                self.store.add_run(session.baseline.medians())
            except OSError:
                self.faults.begin(_SETTINGS_LOST)
        self.renew_chain()

    def set_athlete(self, mass_g, height_mm, side):
        """Raises OSError when it cannot be kept."""
        self.store.change({"mass_g": mass_g, "height_mm": height_mm, "side": side})
        self.faults.set(_SETTINGS_LOST, self.store.lost)
        if not self.session.running:
            self.renew_chain()

    def set_calibration(self, values):
        """Keep {name: value} of settings, all at once, and go by them. Raises OSError."""
        self.store.change(values)
        self.faults.set(_SETTINGS_LOST, self.store.lost)
        self.sensors.calibrate(self.store)
        self.renew_chain()

    def set_speed(self, mm_s):
        """A trusted speed in mm/s, or 0."""
        self._speed_mm_s = mm_s
        if self.chain is not None:
            self.chain.speed(mm_s)

    def set_time(self, unix_s):
        self._unix_s = unix_s - self.upkeep.uptime_s
        self.log.time(self.session.now_dms(), unix_s)

    def unix_s(self):
        return self._unix_s + self.upkeep.uptime_s if self._unix_s else 0

    def acquire(self, allowed, why):
        """Begin to acquire, or stop because of `why` (wire.ENDED_BY). A unit at rest gets up."""
        now_ms = ticks_ms()
        if not self.rest.end(now_ms) and allowed == self.sensors.running:
            return
        self.end_session(why)
        if allowed:
            self.sensors.start(now_ms)
        else:
            self.sensors.stop()
        self.renew_chain()

    def get_up(self):
        """Samples are needed: a unit at rest measures again, where it may."""
        if self.rest.resting:
            self.acquire(self.upkeep.may_acquire(), "")

    # --- the loop ---

    async def run(self):
        """Boot, then a tick every 10 ms, at rest every 50, until the power goes."""
        global running
        running = self
        self.boot()
        watchdog = self.board.watchdog()
        lateness = self.lateness
        rest = self.rest
        due = ticks_us()
        second_ms = ticks_ms()
        look_ms = ticks_add(second_ms, _LOOK_MS)
        while True:
            now_us = ticks_us()
            late_us = ticks_diff(now_us, due)
            if late_us < 0:
                late_us = 0
            now_ms = ticks_ms()
            if lateness.note(late_us):
                self.faults.happened(_LATE, now_ms)
            watchdog.feed()
            changes = rest.changes
            self._tick(now_ms)
            if ticks_diff(now_ms, second_ms) >= 0:
                second_ms = ticks_add(second_ms, 1000)
                self.upkeep.each_second(now_ms)
            if ticks_diff(now_ms, look_ms) >= 0:
                look_ms = ticks_add(now_ms, _LOOK_MS)
                self.heap.look(self._asked())
            took_us = ticks_diff(ticks_us(), now_us)
            if took_us > self.counters.values[_LONGEST_LOOP]:
                self.counters.put(_LONGEST_LOOP, took_us)
            if rest.changes != changes:
                now_us = ticks_us()  # nothing was there to be late for
            due = ticks_add(now_us, 1000 * rest.tick_ms)
            pause_us = ticks_diff(due, ticks_us())
            await asyncio.sleep_ms(pause_us // 1000 if pause_us > 0 else 0)

    def _tick(self, now_ms):
        session = self.session
        board = self.board
        self.sensors.step(now_ms, self.radio)
        if session.wanted != NOTHING:
            self._decide(session.wanted)
        if session.news:
            session.news = False
            self.radio.status(session.status)
        pressed = board.button.poll(now_ms)
        if pressed != button.NONE:
            self.rest.stir(now_ms)
        if pressed == button.SHORT:
            self._pressed(now_ms)
        elif pressed == button.LONG:
            self.radio.forget_bonds()
        self.rest.step(now_ms)
        self.radio.step(now_ms)
        self.control.step(self.radio)
        board.motor.step(now_ms)
        board.light.step(now_ms)

    def _decide(self, wanted):
        if wanted == BEGIN:
            self.begin_session()
        elif wanted == END_STILL:
            self.end_session("standing still")
        elif wanted == END_LENGTH:
            self.end_session("length")
            self.begin_session()

    def _pressed(self, now_ms):
        """A press lets a phone pair for a minute and begins a session where none runs; another
        one within that minute ends it."""
        again = self._may_end and ticks_diff(now_ms, self._pressed_ms) < _PRESS_AGAIN_MS
        self._may_end = not again
        self._pressed_ms = now_ms
        if again and self.session.running:
            self.end_session("button")
            return
        self.radio.open_pairing(now_ms)
        if not self.session.running:
            self.begin_session()

    def _asked(self):
        """Changes with everything that may use the heap."""
        return (
            self.control.asked
            + self.session.begun
            + self.sensors.attempts
            + self.log.works
            + self.radio.connected
            + self.rest.changes
        )
