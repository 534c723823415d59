"""Records into Bluetooth packets, by the tables of wire.py; without allocation."""

from struct import calcsize, pack_into

from micropython import const

from band import wire
from band.units import UNKNOWN

_U16_END = const(0xFFFF)  # the first value that does not fit: what is above travels as unknown
_I16_END = const(0x8000)

_VALID = wire.index(wire.STRIDE, "valid")
_DEGRADED = wire.index(wire.STRIDE, "degraded")
_CADENCE = wire.index(wire.STRIDE, "cadence_spm")
_CONTACT = wire.index(wire.STRIDE, "contact_ms")
_KVERT = wire.index(wire.STRIDE, "kvert_kn_m")
_ONSET = wire.index(wire.STRIDE, "onset_ms")
_MNF = wire.index(wire.STRIDE, "mnf_hz")
_GAIT = len(wire.STRIDE) + wire.index(wire.STRIDE_EXTRA, "gait")
_SPEED = len(wire.STRIDE) + wire.index(wire.STRIDE_EXTRA, "speed_m_s")
_RUNNING = const(2)  # as a gait
_RSC_RUNNING = const(0x04)  # as a flag of the RSC Measurement


class Packer:
    """Writes the fields of one packet table that stand in a record; the others are the caller's.

    `source` names the record's fields in order; a packet field of another name keeps its bytes.
    """

    def __init__(self, table, source):
        self._formats = []
        self._offsets = []
        self._steps = []
        self._unknown = []
        self._sources = []
        at = 0
        names = [field[0] for field in source]
        for name, code, step, unknown in table:
            if name in names:
                self._formats.append("<" + code)
                self._offsets.append(at)
                self._steps.append(step)
                self._unknown.append(unknown)
                self._sources.append(names.index(name))
            at += calcsize("<" + code)
        self._n = len(self._formats)
        self.size = at

    def pack(self, record, packet, offset):
        """Fill `packet` from `offset` on. Without an unknown value in the table, 0 stands in."""
        for i in range(self._n):
            value = record[self._sources[i]]
            form = self._formats[i]
            if value != UNKNOWN:
                step = self._steps[i]
                if step > 1:
                    value = (value + (step >> 1)) // step
            if form == "<h":
                fits = -_I16_END < value < _I16_END
            elif form == "<H":
                fits = 0 <= value and (value < _U16_END or self._unknown[i] is None)
            else:
                fits = value >= 0
            if not fits:
                value = self._unknown[i] or 0
            pack_into(form, packet, offset + self._offsets[i], value)


class StridePacker:
    """Stride records of the chain into wire.STRIDE_PACKET."""

    def __init__(self):
        self._packer = Packer(wire.STRIDE_PACKET, wire.STRIDE)
        self.size = self._packer.size

    def pack(self, record, seq, packet):
        """Fill `packet` with one stride."""
        self._packer.pack(record, packet, 0)
        flags = 0
        if record[_VALID] == 1:
            flags |= 1 << 0
        if record[_DEGRADED] == 1:
            flags |= 1 << 1
        if record[_GAIT] != UNKNOWN:
            flags |= (record[_GAIT] & 3) << 2
        if record[_CONTACT] != UNKNOWN:
            flags |= 1 << 4
        if record[_KVERT] != UNKNOWN:
            flags |= 1 << 5
        if record[_ONSET] != UNKNOWN:
            flags |= 1 << 6
        if record[_MNF] != UNKNOWN:
            flags |= 1 << 7
        packet[0] = seq
        packet[1] = flags

    def has_speed(self, record):
        """Whether speed and cadence of this stride are known."""
        return record[_SPEED] != UNKNOWN and record[_SPEED] > 0 and record[_CADENCE] > 0


def pack_running(record, packet):
    """Speed and cadence as an RSC Measurement, 4 bytes (Running Speed and Cadence Service 1.0)."""
    flags = _RSC_RUNNING if record[_GAIT] == _RUNNING else 0
    speed = min(record[_SPEED] * 256 // 1000, 0xFFFF)  # 1/256 m/s
    pack_into("<BHB", packet, 0, flags, speed, min(record[_CADENCE] // 10, 255))  # steps/min
