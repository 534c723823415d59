"""The netlist in SKiDL: its electrical rule check and the netlist that KiCad reads.

The parts are made here, pin by pin, from the tables of this folder: no symbol library is needed.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from typing import Any

from hardware.board.netlist import Netlist, Placed


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """SKiDL writes logs into the current folder as it is imported, and warns of missing tables."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


with _elsewhere():
    import skidl  # noqa: E402
    from skidl import erc as _erc  # noqa: F401, E402
    from skidl.logger import active_logger, erc_logger, rt_logger  # noqa: E402

    for _logger in (erc_logger, rt_logger):
        _logger.stop_file_output()

_NAMESPACE = uuid.UUID("a5c8f2e4-0f6f-4c35-9b1c-3c1c5d0e7b11")


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(re.sub(r"\s+@ \[.*", "", record.getMessage()))


def circuit(unit: Netlist) -> Any:
    """A skidl.Circuit with every part and net of the unit."""
    made = skidl.Circuit()
    made.no_files = True
    types = skidl.Pin.types
    nets = {name: skidl.Net(name, circuit=made) for name in unit.nets()}
    for name in unit.supplies & nets.keys():
        nets[name].drive = skidl.POWER
    for placed in unit.parts.values():
        part = _part(placed, made, types)
        for number, net in placed.nets.items():
            if net is not None:
                part[number] += nets[net]
            elif number in placed.left_open:
                part[number] += made.NC
    return made


def _part(placed: Placed, made: Any, types: Any) -> Any:
    kind = placed.kind
    part = skidl.Part(
        name=kind.mpn,
        tool=skidl.SKIDL,
        dest=skidl.TEMPLATE,
        ref_prefix=kind.prefix,
        pins=[
            skidl.Pin(num=pin.number, name=pin.name, func=getattr(types, pin.type))
            for pin in kind.pins
        ],
    )(circuit=made, ref=placed.ref, value=kind.value, footprint=kind.footprint)
    part.fields["MPN"] = kind.mpn
    part.fields["Manufacturer"] = kind.maker
    # Without a tag SKiDL invents one, and each netlist would differ from the last.
    part.tag = str(uuid.uuid5(_NAMESPACE, placed.ref))
    return part


def erc(unit: Netlist) -> list[str]:
    """What SKiDL's electrical rule check has to say; an empty list is a clean check."""
    made = circuit(unit)
    collector = _Collector()
    erc_logger.addHandler(collector)
    consoles = [h for h in erc_logger.handlers if h is not collector]
    for handler in consoles:
        erc_logger.removeHandler(handler)
    active_logger.push(erc_logger)
    try:
        skidl.erc.dflt_circuit_erc(made)
    finally:
        active_logger.pop()
        erc_logger.removeHandler(collector)
        for handler in consoles:
            erc_logger.addHandler(handler)
    return collector.messages


def kicad_netlist(unit: Netlist) -> str:
    """The netlist as KiCad's board editor imports it; the same text for the same unit."""
    with _elsewhere():
        text = circuit(unit).generate_netlist(tool=skidl.KICAD9)
    text = re.sub(r'\(date "[^"]*"\)', '(date "")', text)
    return re.sub(r'\(source "[^"]*"\)', f'(source "calf band, {unit.chip}")', text)
