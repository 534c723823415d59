"""One visit at a band: list, fetch what is not here yet, erase what may go."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from host_tools.errors import CalfbandError
from host_tools.fetch.session_file import chunk_ends, last_sum, read_session
from host_tools.fetch.store import (
    DAMAGED,
    WHOLE,
    ForeignPartError,
    Part,
    Place,
    Row,
    Store,
)
from host_tools.fetch.tables import FILES, write_session
from host_tools.fetch.transfer import Transfer

ON_BAND, RUNNING = "on the band", "running"
FETCHED, HERE, BROKEN = "fetched", "here", "damaged on the band"
SAME_TWICE = 3  # readings of a file whose checksum is wrong, at most


@dataclass
class Outcome:
    """What became of one session of the band."""

    row: Row
    state: str
    place: Place | None = None
    summary: dict[str, Any] | None = None  # where it is decoded
    erased: bool = False


class Visit:
    """`troubles` are sentences about sessions that could not be had whole."""

    def __init__(
        self,
        store: Store | None,
        chosen: list[int],
        *,
        list_only: bool = False,
        erase: bool = False,
        on_bytes: Callable[[int, int, int], None] = lambda session, there, of: None,
    ) -> None:
        """No `chosen` sessions: all but the one that runs. Without a store, only listing works.

        `on_bytes(session, there, of)` is told of each piece that came.
        """
        self.outcomes: list[Outcome] = []
        self.troubles: list[str] = []
        self._store = store
        self._chosen = chosen
        self._list_only = list_only
        self._erase = erase
        self._on_bytes = on_bytes

    async def run(self, transfer: Transfer) -> None:
        """Raises CalfbandError when the band or the disk fails; `outcomes` tell how far it came."""
        await self._look(transfer)
        for outcome in [] if self._list_only else self.outcomes:
            if outcome.state == RUNNING and not self._chosen:
                continue
            try:
                await self._fetch(transfer, outcome)
            except OSError as error:
                assert self._store
                raise CalfbandError(
                    f"{self._store.folder}: cannot be written ({error.strerror or error}); choose "
                    "another folder with --out."
                ) from error
            if self._erase and outcome.state != RUNNING and self._is_whole(outcome):
                await self._erase_on_band(transfer, outcome)

    async def _look(self, transfer: Transfer) -> None:
        """Fill `outcomes` with what the band has."""
        rows = await transfer.sessions()
        for row in rows:
            if self._chosen and row.session not in self._chosen:
                continue
            outcome = Outcome(row, ON_BAND)
            place = self._store.find(transfer.visitor.band, row) if self._store else None
            if transfer.visitor.session_s and row is rows[-1]:
                outcome.state = RUNNING
            elif place is not None and place.is_fetched(row):
                outcome.state = HERE if place.state == WHOLE else BROKEN
            if place is not None:
                outcome.summary = _summary_of(place)
            self.outcomes.append(outcome)
        for session in set(self._chosen) - {row.session for row in rows}:
            self.troubles.append(f"session {session} is not on the band; see them with --list.")

    @staticmethod
    def _is_whole(outcome: Outcome) -> bool:
        return outcome.place is not None and outcome.place.state == WHOLE

    async def _erase_on_band(self, transfer: Transfer, outcome: Outcome) -> None:
        outcome.erased = await transfer.erase(outcome.row.session)
        if not outcome.erased:
            self.troubles.append(
                f"session {outcome.row.session} stays on the band, which does not permit to erase "
                "it: it runs, or is being read; try again later."
            )

    async def _fetch(self, transfer: Transfer, outcome: Outcome) -> None:
        """Bring one session here, whole. What was here is trusted where nothing depends on it."""
        assert self._store
        row, band = outcome.row, transfer.visitor.band
        place = self._store.place(band, row)
        here = place.is_fetched(row)
        # Without its start a session is known by its number only; and before an erase we look.
        if not here or (place.state == WHOLE and (self._erase or not row.start_unix_s)):
            try:
                await self._download(transfer, place, row)
            except ForeignPartError:
                self._store.set_aside(place)
                place, here = self._store.place(band, row), False
                await self._download(transfer, place, row)
        outcome.place = place
        if not here or any(not (place.folder / name).exists() for name in FILES):
            self._decode(place)
        outcome.summary = _summary_of(place)
        if place.state == DAMAGED:
            outcome.state = BROKEN
            self.troubles.append(
                f"{place.log}: the band's own file is damaged; what is whole in it was decoded, "
                "and it stays on the band."
            )
        elif outcome.state != RUNNING:
            outcome.state = HERE if here else FETCHED

    async def _download(self, transfer: Transfer, place: Place, row: Row) -> None:
        part = Part(place)
        try:
            if part.kept > row.bytes:
                raise ForeignPartError(f"{place.part}: is longer than what the band has.")
            self._on_bytes(row.session, len(part.data), row.bytes)
            before = b""
            for _ in range(SAME_TWICE):
                size, crc = await transfer.read(
                    row.session, part, lambda there, of: self._on_bytes(row.session, there, of)
                )
                ends = [0, *chunk_ends(part.data)]
                good = last_sum(part.data) == crc and ends[-1] == size > 0
                if good or part.data == before:
                    break
                before = bytes(part.data)
                part.cut(ends[-1] if ends[-1] < size else 0)
            else:
                raise CalfbandError(
                    f"session {row.session} comes with a wrong checksum, differently each time; "
                    "bring the band nearer and run this again."
                )
            part.close(whole=True)
            place.bytes, place.crc32 = len(part.data), zlib.crc32(part.data)
            place.finish(WHOLE if good else DAMAGED)
        finally:
            part.close()

    def _decode(self, place: Place) -> None:
        try:
            session = read_session(place.log)
        except CalfbandError as error:
            self.troubles.append(str(error))
            return
        band = {"name": place.band.name, "serial": place.band.serial}
        write_session(session, place.folder, {"file": place.log.name, "band": band})


def _summary_of(place: Place) -> dict[str, Any] | None:
    try:
        return json.loads((place.folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
