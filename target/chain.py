"""The whole chain on each machine: the same records, byte for byte, as on the host."""

from __future__ import annotations

from pathlib import Path

from host_tools.firmware_tables import wire
from target.machines import FIRMWARE, HOST_STAND_INS, SCRIPTS, TWIN, Machine, host
from target.recordings import Fed

_MEASURED = 3 * 4  # time and memory, the last fields of the end record
_TAGS = {getattr(wire, name): name[4:].lower() for name in dir(wire) if name.startswith("TAG_")}


def replay(fed: Fed, machine: Machine, firmware: Path = FIRMWARE) -> bytes:
    """The records of a recording, replayed on a machine."""
    path = () if machine.frozen else (firmware,)
    return machine.run(TWIN / "replay_chain.py", fed.settings, path=path, stdin=fed.messages)


def replayed(fed: Fed, machine: Machine, firmware: Path = FIRMWARE) -> bytes:
    """The same without what was measured there."""
    return replay(fed, machine, firmware)[:-_MEASURED]


def whole_band(
    rounds: Path,
    settings: Path,
    machine: Machine,
    records: Path,
    firmware: Path = FIRMWARE,
    script: str = "whole_band.py",
) -> bytes:
    """The records of the whole band, from I2S and FIFO words on, or as another script reads it."""
    folders = [SCRIPTS, TWIN]
    if not machine.frozen:
        folders.append(firmware)
    if machine == host():
        folders.insert(0, HOST_STAND_INS)
    machine.run(SCRIPTS / script, settings, records, path=folders, stdin=rounds)
    return records.read_bytes()


def difference(expected: bytes, found: bytes) -> str:
    """Which record differs first; empty when none does."""
    if expected == found:
        return ""
    at = 0
    number = 0
    while at + 2 <= min(len(expected), len(found)):
        size = 2 + 4 * expected[at + 1]
        if expected[at : at + size] != found[at : at + size]:
            break
        at += size
        number += 1
    if at + 2 > len(expected):
        return f"{len(found) - len(expected)} bytes more come than on the host"
    kind = _TAGS.get(expected[at], "unknown")
    here = expected[at + 2 : at + 2 + 4 * expected[at + 1]]
    there = found[at + 2 : at + 2 + len(here)]
    for field in range(len(here) // 4):
        mine, other = (
            int.from_bytes(one[4 * field : 4 * field + 4], "little", signed=True)
            for one in (here, there)
        )
        if mine != other:
            return f"record {number + 1}, a {kind}: field {field + 1} is {other}, not {mine}"
    return f"record {number + 1}, a {kind}, is not what it is on the host"
