"""What `calfband fetch` takes for the same session, keeps apart, and lets the band erase."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from keeping_band import KeepingBand, fetched, logs, states, visited
from session_files import session_file

from host_tools.client import find as finding
from host_tools.client.find import Air
from host_tools.console import Console
from host_tools.fetch import transfer
from host_tools.fetch.show import table
from host_tools.fetch.visit import BROKEN, FETCHED, HERE, RUNNING

UNIX_S = 1_790_000_000
A, B = session_file(1, UNIX_S, 400), session_file(2, UNIX_S + 9000, 900)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SETTLE_S", 0.1)
    monkeypatch.setattr(transfer, "QUIET_S", 0.3)
    monkeypatch.setattr(transfer, "RETRY_S", 0.05)


@pytest.mark.parametrize("serial", ["abcd", "beef"])
def test_a_part_is_completed_from_another_session(tmp_path: Path, serial: str) -> None:
    """The same number, of a band whose flash was emptied, or of another band: no clock told."""
    mine = session_file(2, 0, 900)
    strange = session_file(5, 0, 900)  # its strides differ

    async def first(band: KeepingBand, air: Air) -> None:
        going = asyncio.ensure_future(visited(band, air, tmp_path))
        band.on_packet = lambda: band.sent == 40 and going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    async def second(band: KeepingBand, air: Air) -> None:
        assert states(await visited(band, air, tmp_path)) == [FETCHED]
        assert logs(tmp_path) == [strange]
        assert len(list(tmp_path.glob("*/session.part"))) == 1
        assert states(await visited(band, air, tmp_path)) == [HERE]

    fetched({"files": {2: mine}}, first)
    fetched({"files": {2: strange}, "serial": serial, "number": 7}, second)


@pytest.mark.parametrize("unix_s", [0, UNIX_S])
def test_a_reused_number_counts_as_fetched_and_is_erased(tmp_path: Path, unix_s: int) -> None:
    """Same number, same start, same size; only what was measured differs."""
    old, new = session_file(2, unix_s, 300), session_file(5, unix_s, 300)

    async def first(band: KeepingBand, air: Air) -> None:
        assert states(await visited(band, air, tmp_path)) == [FETCHED]

    async def second(band: KeepingBand, air: Air) -> None:
        visit = await visited(band, air, tmp_path, erase=bool(unix_s))
        assert states(visit) == [FETCHED]
        assert sorted(logs(tmp_path)) == sorted([old, new])

    fetched({"files": {2: old}}, first)
    fetched({"files": {2: new}, "number": 7}, second)


def test_another_bands_session_counts_as_fetched(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        assert states(await visited(band, air, tmp_path)) == [FETCHED]

    for n in (1, 2):
        fetched({"files": {1: A}, "serial": f"band {n}", "number": n}, story)
    for n in (3, 4):  # nobody tells its serial number
        fetched({"files": {1: A}, "serial": "", "number": n}, story)
    assert logs(tmp_path) == [A] * 4


@pytest.mark.parametrize("damage", ["byte", "crc", "tail"])
def test_a_file_damaged_on_flash_is_erased_or_fetched_for_ever(tmp_path: Path, damage: str) -> None:
    held = {"byte": B[:9000] + b"\xff" + B[9001:], "crc": B, "tail": B + b"\1\2\3"}[damage]

    async def story(band: KeepingBand, air: Air) -> None:
        band.crc_mask = 1 if damage == "crc" else 0
        visit = await visited(band, air, tmp_path, erase=True)
        assert states(visit) == [BROKEN] and "damaged" in visit.troubles[0]
        assert logs(tmp_path) == [held] and not band.erased()
        whole = json.loads(next(tmp_path.glob("*/summary.json")).read_text())
        assert (whole["counts"]["strides"] == 900) == (damage != "byte")
        reads = len(band.reads)
        assert states(await visited(band, air, tmp_path)) == [BROKEN]
        assert len(band.reads) == reads

    fetched({"files": {2: held}}, story)


def test_what_is_not_here_whole_is_erased(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        assert states(await visited(band, air, tmp_path, 1)) == [FETCHED]
        visit = await visited(band, air, tmp_path, 1, erase=True)
        assert states(visit) == [HERE] and visit.outcomes[0].erased and band.erased() == [1]
        (log,) = tmp_path.glob("*/session.log")
        assert log.read_bytes() == A
        band.running = 2
        visit = await visited(band, air, tmp_path, erase=True)
        assert states(visit) == [FETCHED] and not visit.outcomes[0].erased
        assert "session 2 stays on the band" in visit.troubles[0] and 2 in band.files
        band.running = 0
        visit = await visited(band, air, tmp_path, erase=True)
        assert visit.outcomes[0].erased and not band.files
        screen = io.StringIO()
        Console(file=screen, width=80).print(table(visit.outcomes))
        shown = screen.getvalue().replace(" ", "")
        assert "│0:10:30│900│19.0kB│here,erased│" in shown and "…" not in shown

    fetched({"files": {1: A, 2: B}}, story)


def test_a_saved_file_that_changed_since_lets_the_band_erase_its_own(tmp_path: Path) -> None:
    async def story(band: KeepingBand, air: Air) -> None:
        await visited(band, air, tmp_path)
        (log,) = tmp_path.glob("*/session.log")
        for erase in (False, True):
            log.write_bytes(B[:9000] + b"\xff" + B[9001:])
            visit = await visited(band, air, tmp_path, erase=erase)
            assert visit.outcomes[0].erased == erase and log.read_bytes() == B

    fetched({"files": {2: B}}, story)


def test_the_session_that_runs_is_erased_or_never_completed(tmp_path: Path) -> None:
    whole, so_far = session_file(2, UNIX_S, 900), session_file(2, UNIX_S, 291, ended=False)
    assert whole.startswith(so_far)

    async def story(band: KeepingBand, air: Air) -> None:
        visit = await visited(band, air, tmp_path, erase=True)
        assert states(visit) == [FETCHED, RUNNING] and band.erased() == [1]
        visit = await visited(band, air, tmp_path, 2, erase=True)
        assert states(visit) == [RUNNING] and band.erased() == [1]
        assert logs(tmp_path) == [A, so_far]
        band.files[2] = whole
        band.status_values["session_s"] = 0
        assert states(await visited(band, air, tmp_path)) == [FETCHED]
        assert logs(tmp_path) == [A, whole] and band.reads[-1][1] > 0

    status = {"session_s": 31}
    fetched({"files": {1: A, 2: so_far}, "status": status}, story)
