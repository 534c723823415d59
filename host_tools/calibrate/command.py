"""`calfband calibrate`: guided, resumable, over Bluetooth; values to the unit, a certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools.calibrate import certificate
from host_tools.calibrate.accelerometer import STANDARD_G
from host_tools.calibrate.guide import Doer, Guide, SkippedError, StoppedError
from host_tools.calibrate.limits import Line, lines
from host_tools.calibrate.state import State, now
from host_tools.calibrate.steps import BY_NAME, CORRECTING, STEPS, Bench, References, Step, values
from host_tools.calibrate.unit import Unit
from host_tools.client.air import Address, Plain, Search, Twin, air_over
from host_tools.client.exchange import LinkLostError
from host_tools.client.find import Air, Wanted
from host_tools.console import Console
from host_tools.errors import CalfbandError
from host_tools.until import run_until

_REFERENCES = "What is known"


class Only(str, Enum):
    """Which part of it."""

    UNIT = "unit"
    ATHLETE = "athlete"


def calibrate(
    out: Annotated[
        Path, typer.Option("--out", help="Folder of states and certificates, one per serial.")
    ],
    band: Annotated[str | None, typer.Argument(help="Part of the band's name.")] = None,
    address: Address = None,
    twin: Twin = False,
    step: Annotated[
        list[str] | None, typer.Option(help=f"Do this again, alone: {', '.join(BY_NAME)}.")
    ] = None,
    only: Annotated[
        Only | None, typer.Option(help="The unit on the bench, or the athlete who wears it.")
    ] = None,
    gravity: Annotated[
        float,
        typer.Option(min=9.75, max=9.85, help="Of the place, m/s².", rich_help_panel=_REFERENCES),
    ] = STANDARD_G,
    turn_deg: Annotated[
        float, typer.Option(min=90, max=3600, help="Of the turns.", rich_help_panel=_REFERENCES)
    ] = 360.0,
    signal_uv: Annotated[
        float,
        typer.Option(min=50, max=5000, help="Test signal, µV rms.", rich_help_panel=_REFERENCES),
    ] = 500.0,
    signal_hz: Annotated[
        float, typer.Option(min=30, max=300, help="Its frequency.", rich_help_panel=_REFERENCES)
    ] = 100.0,
    mass_kg: Annotated[
        float | None,
        typer.Option(min=20, max=250, help="Of the athlete.", rich_help_panel=_REFERENCES),
    ] = None,
    search: Search = 10.0,
    virtual_hands: Annotated[
        bool,
        typer.Option("--virtual-hands", help="At a virtual bench: what is asked is done there."),
    ] = False,
    plain: Plain = False,
) -> None:
    """Calibrate a band step by step, tell it what was found, and write its certificate.

    What is done is kept: the same command goes on where it was stopped. Exit code 1 when a figure
    is out of its limits.
    """
    wanted = [_named(name) for name in step or []]
    if virtual_hands and not twin:
        raise CalfbandError("--virtual-hands work at a virtual bench only: add --twin.")
    references = References(gravity, turn_deg, signal_uv, signal_hz, mass_kg)
    console = Console(highlight=False)
    plain = plain or not console.is_terminal
    run = Run(out, references, console, plain, wanted, only)
    passed = asyncio.run(_over_the_air(run, twin, Wanted(band, address), search, virtual_hands))
    if passed is False:
        raise typer.Exit(1)


def _named(name: str) -> Step:
    if name not in BY_NAME:
        raise CalfbandError(f"--step {name}: there are {', '.join(BY_NAME)}.")
    return BY_NAME[name]


async def _over_the_air(
    run: Run, twin: bool, wanted: Wanted, search_s: float, virtual_hands: bool
) -> bool | None:
    doer: Doer | None = None
    if virtual_hands:
        from host_tools.radio.virtual_air import running_twins
        from host_tools.virtual.bench.hands import Hands

        paths = [entry["bench"] for entry in running_twins() if "bench" in entry]
        doer = await Hands.at(paths[0] if paths else "")
    async with air_over(twin) as air:
        return await run.over(air, wanted, search_s, doer, synthetic=twin)


class Run:
    """One call of the command; `over` the air."""

    def __init__(
        self,
        out: Path,
        references: References,
        console: Console,
        plain: bool,
        again: list[Step],
        only: Only | None = None,
    ) -> None:
        self._out = out
        self._references = references
        self._console = console
        self._plain = plain
        self._again = again
        self._only = only
        self.passed: bool | None = None
        self.unit: Unit | None = None

    async def over(
        self, air: Air, wanted: Wanted, search_s: float, doer: Doer | None, synthetic: bool
    ) -> bool | None:
        """Whether all figures are within their limits; None while some are missing."""
        unit = self.unit = Unit(air, wanted, search_s)
        guide = Guide(self._console, self._plain, doer)
        if doer is not None:
            await doer.do("b")  # let this computer pair
        stop = asyncio.Event()
        work = _beside(unit.link.run(), self._politely(unit, guide, synthetic))
        try:
            await run_until(work, stop, 0, unit.link.hang_up)
        except StoppedError:
            stop.set()
        if stop.is_set():
            guide.say("stopped; the same command goes on from here")
        return self.passed

    async def _politely(self, unit: Unit, guide: Guide, synthetic: bool) -> None:
        """Calibrate, and leave the band as it was found, however that ends."""
        try:
            await self._calibrate(unit, guide, synthetic)
        except asyncio.CancelledError:  # who cancels has seen to that
            raise
        except BaseException:
            await unit.link.hang_up()
            raise
        await unit.link.hang_up()

    async def _calibrate(self, unit: Unit, guide: Guide, synthetic: bool) -> None:
        await unit.until_ready()
        texts = unit.texts
        guide.say(
            f"{unit.name}, serial {texts['serial']}, firmware {texts['firmware']}, hardware "
            f"{texts['hardware']}"
        )
        state = State(self._out, texts["serial"])
        bench = Bench(unit, guide, state, self._references)
        todo = self._todo(state)
        for step in self._again:
            state.forget(step.name)
        number = len(STEPS)
        written = False
        is_corrected = False
        for step in todo:
            if step.corrected and not written:
                written = await self._write(bench)
            if step.corrected != is_corrected:
                is_corrected = step.corrected
                await _patiently(unit, unit.corrected, is_corrected)
            guide.title(STEPS.index(step) + 1, number, step.title)
            try:
                result = await step.do(bench)
            except SkippedError:
                guide.say("skipped", "dim")
                continue
            state.done(step.name, result)
            _show(guide, [line for line in lines(state) if line.step == step.name])
        if not todo:
            guide.say("all steps are done; do one again with --step NAME")
        await self._write(bench)
        kept = await _patiently(unit, unit.read_values)
        sheet = certificate.sheet(state, texts, unit.name, self._references, kept, synthetic, now())
        self.passed = sheet["passed"]
        page = certificate.write(sheet, state)
        guide.passed(certificate.verdict(sheet), self.passed)
        guide.say(f"→ {page}")

    def _todo(self, state: State) -> list[Step]:
        if self._again:
            steps = [step for step in STEPS if step in self._again]
            # A unit that corrects otherwise is checked again.
            if any(s.name in CORRECTING for s in steps) and BY_NAME["check"] not in steps:
                state.forget("check")
                if not any(state.result(name) is None for name in CORRECTING):
                    steps.append(BY_NAME["check"])
            return sorted(steps, key=STEPS.index)
        return [
            step
            for step in STEPS
            if state.result(step.name) is None
            and (self._only is None or step.of_athlete == (self._only is Only.ATHLETE))
        ]

    async def _write(self, bench: Bench) -> bool:
        """Tell the unit what is new; True when it keeps all there is."""
        unit = bench.unit
        wanted = values(bench.state)
        if not wanted:
            return False
        kept = await _patiently(unit, unit.read_values)
        new = {name: value for name, value in wanted.items() if kept[name] != value}
        if new:
            if any(not name.startswith(("mvc", "hop")) for name in new):
                new["day"] = certificate.day(bench.state)
            await _patiently(unit, unit.write_values, new)
            bench.guide.say(f"{len(new)} values written to the unit and read back", "green")
        return True


async def _patiently(unit: Unit, do: Any, *arguments: Any) -> Any:
    """Again when the link was lost in the middle: what is asked is whole or not at all."""
    while True:
        try:
            return await do(*arguments)
        except LinkLostError:
            await unit.until_ready()


async def _beside(link: Coroutine[Any, Any, None], work: Coroutine[Any, Any, None]) -> None:
    """Await `work` while `link` runs; what ends either of them by an exception is raised."""
    tasks = [asyncio.ensure_future(link), asyncio.ensure_future(work)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task


def _show(guide: Guide, found: list[Line]) -> None:
    for line in found:
        if line.value is not None:
            guide.passed(certificate.words(line), line.passed)
