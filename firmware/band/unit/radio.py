"""The band on Bluetooth: who may connect, what they are told, what they may ask for.

It allocates nothing while packets flow, but for what the `bluetooth` module itself makes: an
OSError for each packet that it has no room for, the bytes of each write received.
"""

from struct import pack_into
from time import ticks_add, ticks_diff, ticks_ms

import bluetooth
from micropython import const

from band import wire
from band.unit.advertising import Advertising
from band.unit.bonds import Bonds
from band.unit.callback import Callback
from band.unit.control_point import ControlPoint
from band.unit.links import LINKS
from band.unit.outbox import Outbox
from band.unit.packing import Packer, StridePacker, pack_running
from band.unit.raw_stream import RawStream
from band.unit.services import RUNNING_SERVICE, Services, own_service

_NO_INPUT_NO_OUTPUT = const(3)
_MTU = const(247)
_PACKET_BYTES = const(244)
_ATT_HEAD = const(3)
_LOG_HEAD = const(6)
_CLOCK = const(2)  # of wire.RAW_KINDS
_CLOCK_BYTES = const(12)
_RUNNING_BYTES = const(4)
_PAIRING_MS = const(60_000)
_SAVE_AGAIN_MS = const(10_000)
_CONFIRM_MS = const(30_000)  # ATT transaction timeout: such a link is dead
_PER_MS = const(200)  # thousandths of a packet: 200 packets a second
_BURST = const(8_000)
_NEWS_FROM = const(1)  # a status is news when one of these bytes differs: level to unit_faults
_NEWS_TO = const(11)
_STATE = const(19)  # the byte of `state`, which is news too


class Radio:
    """One per unit. `control.request(opcode, parameters)` answers (result, data) to requests."""

    def __init__(self, info, folder, control):
        """`info`: dict with name, model, hardware, serial and features; `folder`: of the keys."""
        self._info = info
        self._control = control
        self._bonds = Bonds(folder)
        self._stride_packer = StridePacker()
        self._small = Outbox(16, self._stride_packer.size)
        for size in (self._stride_packer.size, _RUNNING_BYTES, 1):
            self._small.expect(size)
        self._bulk = Outbox(24, _PACKET_BYTES)
        self._credit = _BURST
        self._stepped_ms = 0
        self._pairing_until = 0
        self._save_at = 0
        self._battery = -1
        self._stride_seq = 0
        self._status_packer = Packer(wire.STATUS_PACKET, wire.STATUS_PACKET)
        self._status = bytearray(self._status_packer.size)
        self._told = bytearray(self._status_packer.size)

    def start(self):
        """Switch the radio on and be found. Raises OSError when the stack does not start."""
        self._bonds.load()
        self._open(bluetooth.BLE())
        self.step(ticks_ms())

    def _open(self, ble):
        self._ble = ble
        self._callback = callback = Callback(ble, self._bonds)
        self._links = callback.links
        ble.irq(callback.on_event)
        ble.active(True)
        ble.config(gap_name=self._info["name"], mtu=_MTU)
        ble.config(le_secure=True, mitm=False, io=_NO_INPUT_NO_OUTPUT, bond=False)
        self._services = services = Services(ble, self._info)
        callback.expose(services)
        self._points = ControlPoint(ble, services, callback, self._control, self._status)
        ble.gatts_write(services.status, self._status)
        self._advertising = Advertising(
            ble, self._info["name"], own_service(), (RUNNING_SERVICE,), ticks_ms()
        )
        self._raw = [RawStream(k, self._bulk, services.raw, _PACKET_BYTES) for k in (0, 1)]
        self._clock_seq = 0
        self._stepped_ms = self._save_at = ticks_ms()

    # --- what the app asks ---

    @property
    def connected(self):
        """Number of bonded centrals on an encrypted link."""
        mask = self._links.trusted()
        return (mask & 1) + (mask >> 1 & 1) + (mask >> 2 & 1)

    @property
    def bonded(self):
        """Number of centrals that the band knows."""
        return self._bonds.peers()

    @property
    def bonds_lost(self):
        """The file of the keys was there and could not be trusted: all must pair again."""
        return self._bonds.lost

    @property
    def pairing(self):
        """Whether a central may pair just now."""
        return self._callback.pairing

    @property
    def dropped(self):
        """Packets that were dropped because the radio could not keep up."""
        return self._small.dropped + self._bulk.dropped

    @property
    def most_waiting(self):
        """Packets that one of the queues held at its fullest."""
        return max(self._small.most_waiting, self._bulk.most_waiting)

    @property
    def rejected(self):
        """Writes refused: rights, length, range, rate."""
        return self._callback.rejected

    @property
    def errors(self):
        """Exceptions kept inside, and refusals of the stack; the last one is `last_error`."""
        return self._callback.errors

    @property
    def last_error(self):
        """The exception that was kept last, or None."""
        return self._callback.last_error

    @property
    def refused_links(self):
        """Connections that were closed because there was no room for them."""
        return self._callback.refused_links

    @property
    def raw_streams(self):
        """Raw streams someone wants: bits of wire.RAW_KINDS, and wire.UNCORRECTED."""
        links = self._links
        streams = (1 if links.streams(0) else 0) | (2 if links.streams(1) else 0)
        return streams | wire.UNCORRECTED if links.streams(2) else streams

    @property
    def log_room(self):
        """Bytes the next `log` may carry; 0: not now, -1: nobody reads a log."""
        reader = self._links.reading_log()
        if reader < 0:
            return -1
        if self._bulk.free() < self._bulk.waiting:
            return 0
        return min(self._links.all[reader].mtu - _ATT_HEAD, _PACKET_BYTES) - _LOG_HEAD

    # --- what the app tells ---

    def open_pairing(self, ticks_ms):
        """For 60 s a central may pair."""
        self._pairing_until = ticks_add(ticks_ms, _PAIRING_MS)
        self._callback.pairing = True
        self._ble.config(bond=True)
        self._advertising.restart(ticks_ms)

    def rest(self, resting, ticks_ms):
        """Advertise more slowly while the unit rests; fast again when it has got up."""
        self._advertising.rest(resting, ticks_ms)

    def stop(self):
        """No radio any more: the power goes, or the processor sleeps."""
        self._ble.active(False)

    def forget_bonds(self):
        """Forget all keys, those of a pairing that goes on as well, and close all links."""
        self._points.forgetting = False
        self._close_pairing()
        self._bonds.clear()
        for i in range(LINKS):
            self._links.all[i].trusted = False
            self._links.all[i].expel = True
        self._save_at = ticks_ms()
        self._save_bonds(self._save_at)

    def status(self, fields):
        """Tell the state: integers in the order of wire.STATUS_PACKET; `seq` is not looked at.

        What is news (all but the times and the count of strides) is indicated to every bonded
        link at once; the characteristic can be read at any time.
        """
        status = self._status
        seq = status[0]
        self._status_packer.pack(fields, status, 0)
        news = False
        for i in range(_NEWS_FROM, _NEWS_TO):
            if status[i] != self._told[i]:
                self._told[i] = status[i]
                news = True
        if status[_STATE] != self._told[_STATE]:
            self._told[_STATE] = status[_STATE]
            news = True
        status[0] = (seq + 1) & 0xFF if news else seq
        self._ble.gatts_write(self._services.status, status)
        if news:
            now = ticks_ms()
            for i in range(LINKS):
                link = self._links.all[i]
                link.status_due = link.trusted
                self._points.indicate(link, now)

    def stride(self, record):
        """Tell a stride of the chain to the bonded links, and its speed when that is known."""
        seq = self._stride_seq
        self._stride_seq = (seq + 1) & 0xFF
        mask = self._links.trusted()
        if mask == 0:
            return
        packer = self._stride_packer
        packer.pack(record, seq, self._small.add(self._services.stride, mask, packer.size))
        if packer.has_speed(record):
            pack_running(record, self._small.add(self._services.running, mask, _RUNNING_BYTES))

    def raw(self, kind, index, samples, n):
        """n frames of int16 of one sensor, the first of them frame `index` of the session."""
        self._raw[kind].add(index, samples, n)

    def raw_clock(self, index, t_dms):
        """IMU frame `index` of the session was taken at `t_dms` of its EMG samples' time."""
        mask = self._links.streams(0) | self._links.streams(1)
        if mask:
            packet = self._bulk.add(self._services.raw, mask, _CLOCK_BYTES)
            pack_into("<HBBII", packet, 0, self._clock_seq, _CLOCK, 1, index, t_dms)
            self._clock_seq = (self._clock_seq + 1) & 0xFFFF

    def log(self, session, offset, data, n):
        """n bytes of a session's file, at most `log_room`; 0 bytes: the end of it."""
        reader = self._links.reading_log()
        if reader < 0:
            return
        packet = self._bulk.add(self._services.log, 1 << reader, _LOG_HEAD + n)
        pack_into("<HI", packet, 0, session, offset)
        packet[_LOG_HEAD : _LOG_HEAD + n] = memoryview(data)[:n]
        if n == 0:
            self._links.all[reader].reads_log = False

    def battery(self, pct):
        """Tell the charge, 0 to 100 %; what is out of range is told as its limit."""
        pct = max(0, min(100, pct))
        if pct == self._battery:
            return
        self._battery = pct
        self._ble.gatts_write(self._services.battery, bytes([pct]))
        mask = self._links.trusted()
        if mask:
            self._small.add(self._services.battery, mask, 1)[0] = pct

    # --- the loop ---

    def step(self, ticks_ms):
        """Work off what the callback noted, and send what is due. To be called every few ms."""
        elapsed = ticks_diff(ticks_ms, self._stepped_ms)
        self._stepped_ms = ticks_ms
        callback = self._callback
        if callback.pairing and ticks_diff(ticks_ms, self._pairing_until) >= 0:
            self._close_pairing()
        if self._points.forgetting and ticks_diff(ticks_ms, self._points.forget_at) >= 0:
            self.forget_bonds()
        if callback.changed:
            callback.changed = False
            self._after_links_changed(ticks_ms)
        for i in range(LINKS):
            if callback.surplus[i] >= 0:
                self._disconnect(callback.surplus[i])
                callback.surplus[i] = -1
            self._step_link(self._links.all[i], ticks_ms)
        self._save_bonds(ticks_ms)
        try:
            self._advertising.step(ticks_ms, self._links.count() < LINKS)
        except OSError as error:
            callback.keep(error)
        if elapsed > 0:
            self._credit = min(_BURST, self._credit + min(elapsed, 1000) * _PER_MS)
        self._send(self._small)
        self._send(self._bulk)

    def _step_link(self, link, now):
        conn = link.conn
        if conn < 0:
            return
        if link.unconfirmed and ticks_diff(now, link.indicated_ms) > _CONFIRM_MS:
            link.expel = True
        if link.expel:
            link.expel = False
            self._disconnect(conn)
            return
        self._points.step(link, now)

    def _send(self, outbox):
        if outbox.waiting and self._credit >= 1000:
            self._credit -= 1000 * outbox.send(self._ble, self._links.all, self._credit // 1000)

    def _after_links_changed(self, now):
        self._advertising.restart(now)
        self._bulk.expect_none()
        self._bulk.expect(_CLOCK_BYTES)
        for kind in (0, 1):
            mask = self._links.streams(kind)
            self._raw[kind].start(mask, self._links.smallest_mtu(mask))

    def _close_pairing(self):
        self._callback.pairing = False
        self._ble.config(bond=False)

    def _save_bonds(self, now):
        if not self._bonds.dirty or ticks_diff(now, self._save_at) < 0:
            return
        try:
            self._bonds.save()
        except OSError as error:
            self._save_at = ticks_add(now, _SAVE_AGAIN_MS)
            self._callback.keep(error)

    def _disconnect(self, conn):
        try:
            self._ble.gap_disconnect(conn)
        except OSError as error:
            self._callback.keep(error)
