"""The band's Bluetooth packets, to and from named values; the layouts are the firmware's own."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire

Field = tuple[str, str, int, "int | None"]
Value = int | float | None

_SCALES = {
    name: divisor
    for name, divisor, _, _ in (*wire.STRIDE, *wire.STRIDE_EXTRA, *wire.WARNING)
    if divisor > 1
}
RAW_CHANNELS = {"EMG": 2, "IMU": 6}

SERVICE_UUID: str = wire.UUID_OF % wire.SERVICE
INFO_UUID: str = wire.UUID_OF % wire.INFO
STATUS_UUID: str = wire.UUID_OF % wire.STATUS
STRIDE_UUID: str = wire.UUID_OF % wire.STRIDES
CONTROL_UUID: str = wire.UUID_OF % wire.CONTROL
RAW_UUID: str = wire.UUID_OF % wire.RAW
LOG_UUID: str = wire.UUID_OF % wire.LOG


class PacketError(CalfbandError):
    """A packet that does not fit the table of the firmware in this checkout."""


def size(table: Sequence[Field]) -> int:
    """Bytes of the packet."""
    return struct.calcsize(_format(table))


def decode(table: Sequence[Field], packet: bytes) -> dict[str, Value]:
    """Named values in the units their names carry; None for what the band did not know.

    Bytes behind the table's fields are left to the caller. Raises PacketError when it is too short.
    """
    if len(packet) < size(table):
        raise PacketError(
            f"a packet of {len(packet)} bytes instead of {size(table)}: the band's firmware does "
            "not match these tools; use the checkout that the band was flashed from."
        )
    values = struct.unpack_from(_format(table), packet)
    return {
        name: _natural(name, value, step, unknown)
        for (name, _, step, unknown), value in zip(table, values, strict=True)
    }


def encode(table: Sequence[Field], values: Mapping[str, Value]) -> bytes:
    """The packet the band would send: `decode` backwards, for whoever plays the band."""
    integers = []
    for name, _, step, unknown in table:
        value = values[name]
        if value is None:
            integers.append(unknown)
        else:
            integers.append(round(value * _SCALES.get(name, 1) / step))
    return struct.pack(_format(table), *integers)


def decode_info(packet: bytes) -> dict[str, Any]:
    """Info with `feature_names`, and `version` as text."""
    info: dict[str, Any] = decode(wire.INFO_PACKET, packet)
    info["feature_names"] = names_of(wire.FEATURE_BITS, info["features"])
    info["version"] = "{version_major}.{version_minor}.{version_patch}".format(**info)
    return info


def decode_status(packet: bytes) -> dict[str, Any]:
    """Status with the names of its codes and bits: `level_name`, `unit_fault_names` ..."""
    status: dict[str, Any] = decode(wire.STATUS_PACKET, packet)
    status["level_name"] = name_of(wire.LEVELS, status["level"])
    status["attribution_name"] = name_of(wire.ATTRIBUTIONS, status["attribution"])
    status["phase_name"] = name_of(wire.PHASES, status["phase"])
    status["state_name"] = name_of(wire.STATES, status["state"])
    status["reason_names"] = names_of(wire.REASONS, status["reasons"])
    status["fault_names"] = names_of(wire.FAULTS, status["faults"])
    status["unit_fault_names"] = names_of(wire.UNIT_FAULTS, status["unit_faults"])
    return status


def decode_stride(packet: bytes) -> dict[str, Any]:
    """Stride with its flags by name."""
    stride: dict[str, Any] = decode(wire.STRIDE_PACKET, packet)
    for name, bit, bits in wire.STRIDE_FLAGS:
        stride[name] = stride["flags"] >> bit & ((1 << bits) - 1)
    return stride


def encode_stride(values: Mapping[str, Value]) -> bytes:
    """A stride from its fields and flags by name; absent fields are unknown, absent flags 0."""
    flags = 0
    for name, bit, _ in wire.STRIDE_FLAGS:
        flags |= int(values.get(name) or 0) << bit
    fields = {name: values.get(name) for name, *_ in wire.STRIDE_PACKET}
    fields["seq"] = fields["seq"] or 0
    return encode(wire.STRIDE_PACKET, {**fields, "flags": flags})


def decode_raw(packet: bytes) -> tuple[dict[str, Any], list[tuple[int, ...]]]:
    """Head of a raw packet (`kind_name` added) and its frames of int16."""
    head: dict[str, Any] = decode(wire.RAW_PACKET, packet)
    head["kind_name"] = kind = name_of(wire.RAW_KINDS, head["kind"])
    body = packet[size(wire.RAW_PACKET) :]
    channels = RAW_CHANNELS.get(kind, 0)
    if not channels or len(body) != 2 * channels * head["count"]:
        raise PacketError(
            f"a raw packet of kind {head['kind']} with {head['count']} frames in {len(body)} bytes"
        )
    return head, list(struct.iter_unpack(f"<{channels}h", body))


def encode_raw(seq: int, kind: str, index: int, frames: Sequence[Sequence[int]]) -> bytes:
    """A raw packet of int16 frames."""
    head = {
        "seq": seq & 0xFFFF,
        "kind": wire.RAW_KINDS.index(kind),
        "count": len(frames),
        "index": index,
    }
    body = b"".join(struct.pack(f"<{len(frame)}h", *frame) for frame in frames)
    return encode(wire.RAW_PACKET, head) + body


def decode_log(packet: bytes) -> tuple[dict[str, Any], bytes]:
    """Head of a log packet, and its bytes; none: the end."""
    head: dict[str, Any] = decode(wire.LOG_PACKET, packet)
    return head, packet[size(wire.LOG_PACKET) :]


def request(opcode: int, *parameters: int) -> bytes:
    """A write to the control point, checked as the band checks it. Raises PacketError."""
    fields = wire.REQUESTS[opcode]
    if len(fields) != len(parameters):
        raise PacketError(f"request {opcode} takes {len(fields)} parameters, not {len(parameters)}")
    for (name, code, low, high, also), value in zip(fields, parameters, strict=True):
        most = high if high is not None else 256 ** struct.calcsize("<" + code) - 1
        if value != also and not low <= value <= most:
            raise PacketError(f"{name} must be {low} to {most}, not {value}")
    codes = "".join(code for _, code, *_ in fields)
    return struct.pack("<B" + codes, opcode, *parameters)


def decode_answer(packet: bytes) -> tuple[int, int, bytes]:
    """(opcode, result, data) of an indication of the control point."""
    if len(packet) < 3 or packet[0] != wire.ANSWER:
        raise PacketError(f"an answer of the control point that is none: {packet.hex()}")
    return packet[1], packet[2], packet[3:]


def encode_answer(opcode: int, result: int, data: bytes = b"") -> bytes:
    """An indication of the control point."""
    return bytes((wire.ANSWER, opcode, result)) + data


def decode_rows(table: Sequence[Field], data: bytes) -> list[dict[str, Value]]:
    """The data of an answer as rows of one table, such as wire.SESSION_ROW."""
    step = size(table)
    if len(data) % step:
        raise PacketError(f"{len(data)} bytes are no rows of {step}")
    return [decode(table, data[at : at + step]) for at in range(0, len(data), step)]


def decode_counters(first: int, data: bytes) -> dict[str, int]:
    """Counters from number `first` on, by name."""
    values = [value for (value,) in struct.iter_unpack("<I", data)]
    return dict(zip(wire.COUNTERS[first:], values, strict=False))


def names_of(table: Sequence[str], bits: int) -> list[str]:
    """Names of the bits set; a bit without a name is told by its number."""
    return [name_of(table, n) for n in range(bits.bit_length()) if bits >> n & 1]


def name_of(table: Sequence[str | None], code: int) -> str:
    """The name of a code; one that the table lacks is told by its number."""
    known = table[code] if code < len(table) else None
    return known or f"unknown ({code})"


def result_name(result: int) -> str:
    """What a result of the control point means."""
    return name_of(wire.RESULTS, result)


def _format(table: Sequence[Field]) -> str:
    return "<" + "".join(code for _, code, _, _ in table)


def _natural(name: str, value: int, step: int, unknown: int | None) -> Value:
    if unknown is not None and value == unknown:
        return None
    divisor = _SCALES.get(name)
    return value * step / divisor if divisor else value
