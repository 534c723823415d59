"""`calfband fetch` against bands on Bumble's virtual link: whole files or none."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from conftest import BIN
from keeping_band import PIECE, KeepingBand, fetched, logs, states, visited
from radio_band import central_on, radio_band, run
from session_files import session_file

from host_tools.client import find as finding
from host_tools.client.find import Air, Wanted
from host_tools.errors import CalfbandError
from host_tools.fetch import transfer
from host_tools.fetch.command import visit_band
from host_tools.fetch.session_file import chunk_ends
from host_tools.fetch.store import Store
from host_tools.fetch.visit import FETCHED, HERE, ON_BAND, Visit

UNIX_S = 1_790_000_000
A, B = session_file(1, UNIX_S, 400), session_file(2, UNIX_S + 9000, 900)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SETTLE_S", 0.1)
    monkeypatch.setattr(transfer, "QUIET_S", 0.3)
    monkeypatch.setattr(transfer, "RETRY_S", 0.05)


def no_halves(out: Path) -> None:
    """Nothing that looks finished and is not."""
    for path in out.glob("*/*"):
        assert path.name in {
            "session.json", "session.log", "strides.csv", "warnings.csv", "events.csv",
            "summary.json",
        }, path  # fmt: skip


def test_sessions_come_changed_or_twice(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        listed = await visited(band, air, None, list_only=True)
        assert states(listed) == [ON_BAND, ON_BAND] and not band.reads
        assert states(await visited(band, air, tmp_path)) == [FETCHED, FETCHED]
        assert logs(tmp_path) == [A, B]
        no_halves(tmp_path)
        summary = json.loads(next(tmp_path.glob("00002-*/summary.json")).read_text())
        assert summary["counts"]["strides"] == 900 and summary["band"]["serial"] == "abcd"
        before = list(band.reads)
        assert states(await visited(band, air, tmp_path)) == [HERE, HERE]
        assert states(await visited(band, air, tmp_path, list_only=True)) == [HERE, HERE]
        assert band.reads == before and not band.erased()

    fetched({"files": {1: A, 2: B}}, story)


def test_more_sessions_than_one_answer_holds_are_forgotten() -> None:
    files = {n: session_file(n, UNIX_S + n, 1) for n in range(1, 61)}

    async def story(band: KeepingBand, air: Air) -> None:
        visit = await visited(band, air, None, list_only=True)
        assert [outcome.row.session for outcome in visit.outcomes] == list(files)

    fetched({"files": files}, story)


@pytest.mark.parametrize("lost", [{0}, {7}, {5, 6, 7, 30}, set(range(3, 20, 2)), {82, 83}])
def test_lost_packets_leave_a_hole(tmp_path: Path, lost: set[int]) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        band.lost = lost
        assert states(await visited(band, air, tmp_path)) == [FETCHED]
        assert logs(tmp_path) == [B]
        if lost == {7}:
            assert band.reads == [(2, 0), (2, 7 * PIECE)]

    fetched({"files": {2: B}}, story)


def test_leftovers_of_an_earlier_request_are_taken_for_its_answer(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        band.leftovers = True
        band.lost = {7, 40}
        assert states(await visited(band, air, tmp_path)) == [FETCHED, FETCHED]
        assert logs(tmp_path) == [A, B]
        assert [offset for _, offset in band.reads[:2]] == [0, 7 * PIECE] and len(band.reads) == 4

    fetched({"files": {1: A, 2: B}}, story)


def test_a_disconnection_starts_the_file_anew_or_spoils_it(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        band.hang_up_at = [20, 45]
        assert states(await visited(band, air, tmp_path)) == [FETCHED]
        assert logs(tmp_path) == [B]
        first, second, third = (offset for _, offset in band.reads)
        assert first == 0 < second < third

    fetched({"files": {2: B}}, story)


def test_a_stopped_fetch_leaves_a_final_name_or_starts_anew(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        going = asyncio.ensure_future(visited(band, air, tmp_path))
        band.on_packet = lambda: band.sent == 40 and going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        assert logs(tmp_path) == []
        (part,) = tmp_path.glob("*/session.part")
        assert B.startswith(part.read_bytes())
        ends = [end for end in chunk_ends(B) if end <= part.stat().st_size]
        assert states(await visited(band, air, tmp_path)) == [FETCHED]
        assert logs(tmp_path) == [B] and band.reads[-1] == (2, ends[-2])
        no_halves(tmp_path)

    fetched({"files": {2: B}}, story)


def test_a_byte_that_changed_on_the_way_is_kept(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        def once(offset: int, data: bytes) -> bytes:
            if offset < 5000 or not data:
                return data
            band.flip = lambda offset, data: data
            return bytes((data[0] ^ 1,)) + data[1:]

        band.flip = once
        assert states(await visited(band, air, tmp_path)) == [FETCHED]
        assert logs(tmp_path) == [B] and len(band.reads) == 2 and band.reads[1][1] > 0

    fetched({"files": {2: B}}, story)


def test_a_session_that_is_not_there_is_silently_left_out(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        visit = await visited(band, air, tmp_path, 9)
        assert visit.troubles == ["session 9 is not on the band; see them with --list."]

    fetched({"files": {1: A}}, story)


def test_a_band_that_sends_nothing_is_awaited_for_ever(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        band.lost = set(range(10_000))
        with pytest.raises(CalfbandError, match="does not send session 2"):
            await visited(band, air, tmp_path)

    fetched({"files": {2: B}}, story)


def test_a_full_disk_is_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    async def story(band: KeepingBand, air: Air) -> None:
        with pytest.raises(CalfbandError, match="cannot be written .No space left") as refused:
            await visited(band, air, tmp_path)
        assert str(refused.value).endswith(".")

    monkeypatch.setattr("host_tools.fetch.store.os.fsync", full)
    fetched({"files": {2: B}}, story)


def test_the_firmwares_own_sessions_come_otherwise(tmp_path: Path) -> None:
    """The unit's log, control and radio on MicroPython; restarted in the middle of a file."""

    async def story() -> None:
        flash, out = tmp_path / "flash", tmp_path / "out"
        (flash / "sessions").mkdir(parents=True)
        async with radio_band(flash) as band:
            await band.tell("session", 60, UNIX_S)
            await band.tell("session", 2500, 0)
            await band.tell("session", 150, UNIX_S, "open")
            central = await central_on(band)
            await band.tell("pairing")
            killed = asyncio.Event()

            def on_bytes(session: int, there: int, of: int) -> None:
                if session == 2 and there > 20_000:
                    killed.set()

            async def power_cut() -> None:
                await killed.wait()
                await band.stop()
                await band.start()

            visit = Visit(Store(out), [], erase=True, on_bytes=on_bytes)
            cutting = asyncio.ensure_future(power_cut())
            files = [path.read_bytes() for path in sorted((flash / "sessions").glob("*.log"))]
            await visit_band(visit, central.air, Wanted(), lambda line: None, 5, back_off_s=(0.05,))
            await cutting
            # The third was cut off by the restart: what was on flash of it is whole.
            assert states(visit) == [FETCHED] * 3 and not visit.troubles
            assert logs(out)[:2] == files[:2]
            assert not list((flash / "sessions").glob("*.log"))
            counts = [outcome.summary["counts"] for outcome in visit.outcomes if outcome.summary]
            assert [count["strides"] for count in counts[:2]] == [60, 2500]

    run(story)


def test_the_command_is_a_traceback_without_a_radio(tmp_path: Path) -> None:
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
    for options in (("--list",), ("--out", str(tmp_path / "out"), "--erase")):
        done = subprocess.run(
            [BIN / "calfband", "fetch", *options], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert done.stderr.startswith("calfband: no Bluetooth adapter can be used (")
        assert not (tmp_path / "out").exists()
