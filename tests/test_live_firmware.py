"""The host's tools against the band's own radio firmware on MicroPython."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from radio_band import RadioBand, central_on, radio_band, run, status_numbers
from test_live_link import Heard

from host_tools.athlete import Athlete
from host_tools.band_input import band_input
from host_tools.client import find as finding
from host_tools.client.exchange import NotPairedError
from host_tools.client.find import Wanted
from host_tools.client.link import Link
from host_tools.console import Console
from host_tools.firmware_tables import wire
from host_tools.record.command import Session
from host_tools.recording import read_recording

BOTH = 0b11


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SETTLE_S", 0.2)


async def a_link(band: RadioBand, heard: Heard) -> Link:
    central = await central_on(band)
    return Link(central.air, Wanted(), heard, search_s=10, back_off_s=(0.05,))


def test_a_stranger_is_let_in_or_not_told_why(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            link = await a_link(band, Heard())
            with pytest.raises(NotPairedError, match="press the band's button once"):
                await link.run()

    run(story)


def test_what_the_firmware_says_is_read_otherwise(tmp_path: Path) -> None:
    """Paired in the window; known again, without pairing, after the band lost its power."""

    async def story() -> None:
        async with radio_band(tmp_path) as band:
            heard = Heard()
            link = await a_link(band, heard)
            await band.tell("pairing")
            running = asyncio.ensure_future(link.run())
            await heard.until("battery")
            await band.tell("stride t_ic_s=95000 contact_ms=2314 valid=1 kvert_kn_m=24150")
            (stride,) = await heard.until("stride")
            assert stride[1]["t_ic_s"] == 9.5 and stride[1]["contact_ms"] == 231.4
            assert stride[1]["kvert_kn_m"] == 24.15 and stride[1]["valid"]
            await link.request(wire.MARK, 7)
            assert repr((wire.MARK, b"\7")) in await band.tell("asked")
            await band.stop()
            await heard.until("disconnected")
            await band.start()
            await heard.until("battery", 2)
            before = len(heard.of("status"))
            await band.tell("status", *status_numbers(level=3))
            await heard.until("status", before + 1)
            assert heard.of("status")[-1][1]["level_name"] == "heavy"
            running.cancel()

    run(story)


def test_raw_samples_of_the_firmware_are_recorded_otherwise(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            out = tmp_path / "run.edf"
            session = Session(out, Athlete(), Console(), plain=True)
            await band.tell("pairing")
            air = (await central_on(band)).air
            stop = asyncio.Event()
            recording = asyncio.ensure_future(
                session.run(air, Wanted(), 0, 10.0, back_off_s=(0.05,), stop=stop)
            )
            await band.until(raw_streams=BOTH)
            for i in range(40):
                if i != 20:  # 50 ms that the sensors themselves lost
                    await band.tell("raw", 0, 50 * i, 50)
                await band.tell("raw", 1, 42 * i, 42)
                await asyncio.sleep(0.03)
            await band.until(dropped=0)
            await asyncio.sleep(0.5)
            stop.set()
            written = await recording
            assert written is not None and written.lost == {"EMG": 50, "IMU": 0}
            assert written.lost_in_band == {"EMG": 50, "IMU": 0}
            source = band_input(read_recording(out))
            assert source.emg is not None
            start, stop = source.emg_gaps[0]
            assert stop - start == 50
            for i in (0, 500, start - 1, stop):  # as radio_driver.py makes them
                assert source.emg[i].tolist() == [2 * i % 30_000, (2 * i + 1) % 30_000]

    run(story)
