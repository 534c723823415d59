"""`calfband live`: what the band says, as it says it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from host_tools.client.air import Address, Name, Plain, Search, Seconds, Twin, air_over
from host_tools.client.find import Air, Wanted
from host_tools.client.link import BACK_OFF_S, Link
from host_tools.console import Console
from host_tools.keys import HEAVINESS, keys
from host_tools.live.dashboard import dashboard
from host_tools.live.plain import PlainState
from host_tools.live.state import LiveState
from host_tools.until import run_until

REDRAW_S = 0.2


def live(
    name: Name = None,
    address: Address = None,
    twin: Twin = False,
    seconds: Seconds = 0.0,
    search: Search = 10.0,
    plain: Plain = False,
) -> None:
    """Show what a band says while you run: level, reasons, strides; mark how heavy legs feel.

    The band is sought again when it is lost.
    """
    console = Console()
    asyncio.run(_live(console, twin, Wanted(name, address), seconds, search, plain))


async def _live(
    console: Console, twin: bool, wanted: Wanted, seconds: float, search_s: float, plain: bool
) -> None:
    async with air_over(twin) as air:
        if plain or not console.is_terminal:
            await watch(PlainState(), air, wanted, seconds, search_s)
        else:
            await watch(LiveState(), air, wanted, seconds, search_s, console=console)


async def watch(
    state: LiveState,
    air: Air,
    wanted: Wanted,
    seconds: float,
    search_s: float,
    back_off_s: tuple[float, ...] = BACK_OFF_S,
    console: Console | None = None,
) -> None:
    """Keep `state` fed until Ctrl-C or for `seconds`; drawn on `console` if there is one.

    Raises CalfbandError as Link.run does.
    """
    stop = asyncio.Event()
    link = Link(air, wanted, state, search_s=search_s, back_off_s=back_off_s)
    marking: set[asyncio.Task[None]] = set()

    def on_key(key: str) -> None:
        if key in HEAVINESS:
            task = asyncio.ensure_future(state.mark(link, HEAVINESS[key]))
            marking.add(task)
            task.add_done_callback(marking.discard)
        elif key == "f":
            state.next_feature()
        elif key == "q":
            stop.set()

    with keys(on_key) as with_keys, _summed_up(state, console):
        drawing = asyncio.ensure_future(_drawn(console, state, with_keys, link))
        try:
            await run_until(link.run(), stop, seconds, link.hang_up)
        finally:
            drawing.cancel()
            with suppress(asyncio.CancelledError):
                await drawing


@contextmanager
def _summed_up(state: LiveState, console: Console | None) -> Iterator[None]:
    """A line that stays when the screen is given back."""
    try:
        yield
    finally:
        if console is not None and state.now is not None:
            console.print(
                f"{state.name}: level {state.now['level_name']}, {state.now['confidence_pct']} % "
                f"sure; {state.told} strides heard, {state.missed} not.",
                highlight=False,
                markup=False,
            )


async def _drawn(console: Console | None, state: LiveState, with_keys: bool, link: Link) -> None:
    """Draw until cancelled; first when the band was found, so that a refusal stays readable."""
    if console is None:
        return
    from rich.live import Live

    while not link.connections:
        await asyncio.sleep(REDRAW_S)
    with Live(console=console, screen=True, auto_refresh=False) as screen:
        while True:
            picture = dashboard(state, console.width, console.height, with_keys)
            screen.update(picture, refresh=True)
            await asyncio.sleep(REDRAW_S)
