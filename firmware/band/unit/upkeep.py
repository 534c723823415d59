"""Once a second: USB, battery, faults, what the light shows, and the counts of all parts."""

from micropython import const

from band.decimate import RATIO
from band.unit import light
from band.unit.faults import fault
from band.units import UNKNOWN
from band.wire import COUNTERS

_GOOD_RUN_S = const(60)
_IDLE_CHAIN_DMS = const(100_000_000)  # 2.8 h at rest: the chain counts time for 14 h
_BATTERY_BACK_PCT = const(5)  # above the limit the band measures again

_LOW = fault("battery low")
_USB = fault("USB connected")
_LOG_FULL = fault("log full")
_RADIO_DROPPED = fault("radio queue dropped")
_LATE_LOOPS = COUNTERS.index("late_loops")
_LOG_DROPPED = COUNTERS.index("log_dropped")
_RADIO_DROPPED_COUNT = COUNTERS.index("radio_dropped")
_RADIO_REJECTED = COUNTERS.index("radio_rejected")
_RADIO_ERRORS = COUNTERS.index("radio_errors")
_WATCHDOG_RESTARTS = COUNTERS.index("watchdog_restarts")
_ERROR_RESTARTS = COUNTERS.index("error_restarts")
_LATEST_LOOP = COUNTERS.index("latest_loop_us")
_MOST_EMG = COUNTERS.index("most_emg_waiting")
_MOST_IMU = COUNTERS.index("most_imu_waiting")
_MOST_PACKETS = COUNTERS.index("most_packets_waiting")
_LONGEST_WRITE = COUNTERS.index("longest_write_us")


class Upkeep:
    """Works for one `app`, whose parts it looks after."""

    def __init__(self, app):
        self._app = app
        self.uptime_s = 0
        self._usb = False
        self._low = False
        self._radio_dropped = 0

    def look(self):
        """At boot, before anything is acquired."""
        app = self._app
        self._usb = app.board.usb_present()
        app.faults.set(_USB, self._usb)
        self._low = self._is_low()
        app.faults.set(_LOW, self._low)

    @property
    def usb(self):
        return self._usb

    @property
    def low(self):
        """So little charge is left that nothing is measured."""
        return self._low

    def may_acquire(self):
        return not self._usb and not self._low

    def each_second(self, now_ms):
        app = self._app
        self.uptime_s += 1
        if self.uptime_s == _GOOD_RUN_S:
            app.restarts.ran_well()
        self._mind_usb()
        self._mind_battery()
        faults = app.faults
        faults.set(_LOG_FULL, app.log.full)
        dropped = app.radio.dropped
        if dropped != self._radio_dropped:
            self._radio_dropped = dropped
            faults.happened(_RADIO_DROPPED, now_ms)
        faults.step(now_ms)
        app.rest.each_second(now_ms)
        session = app.session
        session.each_second(app.sensors.motion_known, faults.bits)
        session.tell_state(app.rest.resting)
        app.radio.status(session.status)
        session.news = False
        if session.resting() and session.now_dms() > _IDLE_CHAIN_DMS:
            app.renew_chain()
        self._show()

    def _mind_usb(self):
        """Electrodes on skin and a charger on the mains do not go together."""
        usb = self._app.board.usb_present()
        if usb != self._usb:
            self._usb = usb
            self._app.faults.set(_USB, usb)
            self._app.acquire(self.may_acquire(), "USB")

    def _mind_battery(self):
        low = self._is_low()
        if low != self._low:
            self._low = low
            self._app.faults.set(_LOW, low)
            self._app.acquire(self.may_acquire(), "battery")

    def _is_low(self):
        pct = self._app.sensors.charge_pct
        if pct == UNKNOWN:
            return self._low
        self._app.radio.battery(pct)
        limit = self._app.store.unit.low_battery_pct
        return pct <= limit + (_BATTERY_BACK_PCT if self._low else 0)

    def _show(self):
        app = self._app
        if app.radio.pairing:
            pattern = light.PAIRING
        elif self._usb:
            pattern = light.USB
        elif self._low:
            pattern = light.LOW_BATTERY
        elif app.faults.bits:
            pattern = light.FAULT
        elif app.session.warned():
            pattern = light.WARNED
        elif app.session.running:
            pattern = light.SESSION
        elif app.rest.resting:
            pattern = light.RESTING
        else:
            pattern = light.READY
        app.board.light.show(pattern)

    def count(self):
        """All counters, those of the parts included."""
        app = self._app
        counters = app.counters
        counters.put(_LATE_LOOPS, app.lateness.late)
        counters.put(_LOG_DROPPED, app.log.dropped)
        counters.put(_RADIO_DROPPED_COUNT, app.radio.dropped)
        counters.put(_RADIO_REJECTED, app.radio.rejected)
        counters.put(_RADIO_ERRORS, app.radio.errors)
        counters.put(_WATCHDOG_RESTARTS, app.restarts.watchdog)
        counters.put(_ERROR_RESTARTS, app.restarts.error)
        counters.put(_LATEST_LOOP, app.lateness.worst_us)
        counters.put(_MOST_EMG, app.sensors.emg_source.most_waiting // RATIO)
        counters.put(_MOST_IMU, app.sensors.imu_source.most_waiting)
        counters.put(_MOST_PACKETS, app.radio.most_waiting)
        counters.put(_LONGEST_WRITE, app.log.longest_write_us)
        return counters
