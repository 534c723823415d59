"""What a unit says of itself over its console: first the app that ran, then all else without it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from host_tools.errors import CalfbandError
from host_tools.firmware_tables import units, wire
from host_tools.flash.check import arch_of_running
from host_tools.image.compile import build_firmware
from host_tools.provision.on_unit import UnitSettings, quiet_unit, read_unit
from host_tools.usb.console import Console
from host_tools.usb.self_test import run_self_test

RUNS, SAFE, FAILED, ABSENT = "runs", "safe mode", "failed", "absent"
BOOTS_WITHIN_S = 5.0
OnStep = Callable[[str], None]

# The console has interrupted the app; what it counted is still there.
_APP = """
import sys
_module = sys.modules.get("band.unit.app")
_app = getattr(_module, "running", None)
print(("safe_mode", globals().get("safe_mode")))
print(("runs", _app is not None))
if _app is not None:
    print(("uptime_s", _app.upkeep.uptime_s))
    print(("faults", _app.faults.bits))
    print(("failures", _app.failures))
    print(("charge_pct", _app.sensors.charge_pct))
    print(("counters", list(_app.upkeep.count().values)))
    print(("radio_error", repr(getattr(_app.radio, "last_error", None))))
"""
_STATE = """
import os, sys, gc
print(("micropython", sys.implementation.version[:3]))
print(("machine", sys.implementation._machine))
_s = os.statvfs("/")
print(("file_system", (_s[0] * _s[3], _s[0] * _s[2])))
try:
    _n = [_e[3] for _e in os.ilistdir("/data/sessions") if _e[0].endswith(".log")]
except OSError:
    _n = []
print(("sessions", _n))
gc.collect()
print(("heap", (gc.mem_free(), gc.mem_alloc())))
"""
_RESTARTS = """
from band.unit.restarts import Restarts
_r = Restarts("data")
print(("watchdog", _r.watchdog))
print(("error", _r.error))
print(("last_error", _r.last_error()))
"""
_FORGET = """
import os
for _name in ("restarts.txt", "last_error.txt"):
    try:
        os.remove("/data/" + _name)
    except OSError:
        pass
"""


@dataclass
class UnitFacts:
    """What could be learnt of a unit. errors: what could not, by step."""

    port: str
    app: str = ABSENT  # RUNS, SAFE, FAILED or ABSENT
    uptime_s: int = 0
    faults: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)  # of the self-test when it started
    charge_pct: int | None = None
    counters: dict[str, int] = field(default_factory=dict)
    radio_error: str = ""
    micropython: tuple[int, ...] = ()
    machine: str = ""
    free_bytes: int = 0
    total_bytes: int = 0
    heap_free_bytes: int = 0
    session_bytes: list[int] = field(default_factory=list)
    slot: str = ""
    firmware: dict[str, str] = field(default_factory=dict)  # version, build, arch
    tree: dict[str, str] = field(default_factory=dict)  # of this computer's firmware
    damaged: list[str] = field(default_factory=list)
    watchdog_restarts: int = 0
    error_restarts: int = 0
    last_error: str = ""
    settings: UnitSettings | None = None
    self_test: dict[str, str] = field(default_factory=dict)
    errors: dict[str, CalfbandError] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        errors = {step: str(error) for step, error in self.errors.items()}
        settings = asdict(self.settings) if self.settings else None
        plain = {name: value for name, value in vars(self).items()}
        return {**plain, "errors": errors, "settings": settings}


def ask(port: str, on_step: OnStep, forget_errors: bool = False) -> UnitFacts:
    """Everything about the unit on this port; its app is interrupted, and started again at the end.

    Nothing is acquired while USB is plugged in, so no session is lost. Raises CalfbandError only
    when the unit cannot be spoken with at all.
    """
    facts = UnitFacts(port)
    on_step("taking the console")
    with Console.open(port, BOOTS_WITHIN_S) as console:
        _ask_app(console, facts)
        again = facts.app in (SAFE, FAILED)
        if again:
            # Our Ctrl-C may have met it in the middle of its start; or it was in safe mode.
            on_step("starting the app")
            console.reset()
            time.sleep(BOOTS_WITHIN_S)
    with Console.open(port, BOOTS_WITHIN_S) as console:
        if again:
            _ask_app(console, facts)
        quiet_unit(console)
        for step, question in (
            ("state", _ask_state),
            ("firmware", _ask_firmware),
            ("restarts", _ask_restarts),
            ("settings", _ask_settings),
            ("self-test", _ask_self_test),
        ):
            on_step(step)
            try:
                question(console, facts)
            except CalfbandError as error:
                facts.errors[step] = error
        if forget_errors:
            console.exec(_FORGET)
        console.reset()
    return facts


def _names(bits: int, table: tuple[str, ...]) -> list[str]:
    return [name for number, name in enumerate(table) if bits >> number & 1]


def _ask_app(console: Console, facts: UnitFacts) -> None:
    said = dict(console.rows(_APP))
    if not said["runs"]:
        # boot.py leaves the name behind.
        facts.app = {None: ABSENT, True: SAFE, False: FAILED}[said["safe_mode"]]
        return
    facts.app = RUNS
    facts.uptime_s = said["uptime_s"]
    facts.faults = _names(said["faults"], wire.UNIT_FAULTS)
    facts.failures = _names(said["failures"], wire.SELF_TESTS)
    known = said["charge_pct"] != units.UNKNOWN
    facts.charge_pct = said["charge_pct"] if known else None
    facts.counters = dict(zip(wire.COUNTERS, said["counters"], strict=False))
    facts.radio_error = "" if said["radio_error"] == "None" else said["radio_error"]


def _ask_state(console: Console, facts: UnitFacts) -> None:
    said = dict(console.rows(_STATE))
    facts.micropython = tuple(said["micropython"])
    facts.machine = said["machine"]
    facts.free_bytes, facts.total_bytes = said["file_system"]
    if facts.free_bytes > facts.total_bytes:
        facts.free_bytes = 0  # LittleFS counts shared blocks twice, and statvfs below zero
    facts.session_bytes = list(said["sessions"])
    facts.heap_free_bytes = said["heap"][0]


def _ask_firmware(console: Console, facts: UnitFacts) -> None:
    """Which version, and whether every file of it is as it was written."""
    from host_tools.flash.update import running

    now = running(console)
    facts.slot = now.slot
    facts.firmware = {name: str(now.manifest[name]) for name in ("version", "build", "arch")}
    listed = {f"/{now.slot}/{entry['path']}": entry["sha256"] for entry in now.manifest["files"]}
    listed |= {f"/{entry['path']}": entry["sha256"] for entry in now.manifest["loader"]}
    found = console.sha256(sorted(listed))
    facts.damaged = [path for path, sha256 in sorted(listed.items()) if found.get(path) != sha256]
    tree = build_firmware(arch_of_running(console))
    facts.tree = {"version": tree.version, "build": tree.build, "arch": tree.arch}


def _ask_restarts(console: Console, facts: UnitFacts) -> None:
    said = dict(console.rows(_RESTARTS))
    facts.watchdog_restarts = said["watchdog"]
    facts.error_restarts = said["error"]
    facts.last_error = said["last_error"]


def _ask_settings(console: Console, facts: UnitFacts) -> None:
    facts.settings = read_unit(console)


def _ask_self_test(console: Console, facts: UnitFacts) -> None:
    facts.self_test = run_self_test(console)
