"""Several units at once, a thread each: one that fails holds up no other."""

from __future__ import annotations

import contextlib
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import CalfbandError
from host_tools.flash.outcome import OnStep, Outcome, Turn
from host_tools.flash.update import update
from host_tools.flash.whole import START_S, WholePlan, flash_whole
from host_tools.image.compile import BAND, HOST, Firmware, build_firmware
from host_tools.usb.console import Console


@dataclass(frozen=True)
class Job:
    ports: list[str]
    plan: WholePlan | None  # None: an update
    records: Path


def build_for(virtual: list[bool]) -> dict[str, Firmware]:
    """The firmware for what is connected, compiled once."""
    wanted = {HOST if is_host else BAND for is_host in virtual}
    return {arch: build_firmware(arch) for arch in sorted(wanted)}


def run_job(job: Job, firmware: dict[str, Firmware], on_step: OnStep) -> list[tuple[Outcome, Path]]:
    """Outcome and record of every unit, in the order of the ports."""

    def one(port: str) -> tuple[Outcome, Path]:
        turn = Turn(port, "flash" if job.plan else "update", on_step)
        try:
            if job.plan:
                flash_whole(port, job.plan, firmware, turn, job.records)
            else:
                _update(port, firmware, turn)
            with turn.step("done"):
                turn.say("the unit is good" if turn.outcome.good else "the self-test failed")
        except CalfbandError as error:
            turn.fail(str(error), error.exit_code)
        except Exception as error:
            # Of our own making: the other units go on, and the log has it all.
            turn.say(traceback.format_exc())
            turn.fail(f"{port}: a fault of ours: {error!r}; the log tells where.", 3)
        return turn.outcome, turn.write(job.records)

    with ThreadPoolExecutor(max_workers=len(job.ports)) as pool:
        return list(pool.map(one, job.ports))


def _update(port: str, firmware: dict[str, Firmware], turn: Turn) -> None:
    with turn.step("connect"):
        console = Console.open(port, wait_s=START_S)
    with console:
        mac = console.eval("__import__('machine').unique_id()")
        turn.outcome.mac = mac.hex(":")
        turn.outcome.chip = console.eval("__import__('sys').implementation._machine")
        try:
            update(console, firmware, turn)
        except CalfbandError:
            # Whatever was tried in this interpreter: the unit goes on with what it starts from.
            with contextlib.suppress(CalfbandError):
                console.reset()
            raise
