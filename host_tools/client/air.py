"""Options that every command over Bluetooth has, and the radio they choose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from host_tools.client.find import Air

_BAND = "Which band"
Name = Annotated[
    str | None,
    typer.Option("--name", help="Part of the band's name.", rich_help_panel=_BAND),
]
Address = Annotated[
    str | None,
    typer.Option("--address", help="The band's Bluetooth address.", rich_help_panel=_BAND),
]
Twin = Annotated[
    bool,
    typer.Option(
        "--twin",
        help="A virtual band of calfband twin on this computer, not the radio.",
        rich_help_panel=_BAND,
    ),
]
Search = Annotated[
    float,
    typer.Option("--search", min=0.5, help="Seconds to look for it.", rich_help_panel=_BAND),
]
Seconds = Annotated[
    float, typer.Option("--seconds", min=0.0, help="End by itself after so long; 0: never.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Lines of text, for pipes and logs.")]


@asynccontextmanager
async def air_over(twin: bool) -> AsyncIterator[Air]:
    """The computer's own radio, or the virtual link of the twins that run here.

    Raises CalfbandError when no twin runs.
    """
    if not twin:
        yield Air()
        return
    from host_tools.radio import need_bumble

    need_bumble()
    from host_tools.radio.bumble_backend import virtual_air

    async with virtual_air() as air:
        yield air
