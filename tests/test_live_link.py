"""A link to a band on Bumble's virtual link: found, paired, decoded, lost and found again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from band_peripheral import ADDRESS, BandPeripheral, computer_on
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakError,
)
from bumble.link import LocalLink

from host_tools.client import find as finding
from host_tools.client.exchange import LinkLostError, NotPairedError, NotPermittedError
from host_tools.client.find import Air, Wanted
from host_tools.client.link import Link
from host_tools.client.listener import Listener
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire

QUICK = (0.05,)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SETTLE_S", 0.15)


class Heard(Listener):
    """Everything a link told, in order."""

    def __init__(self) -> None:
        self.all: list[tuple[Any, ...]] = []

    def connected(self, name: str, info: dict[str, Any], mtu: int) -> None:
        self.all.append(("connected", name, mtu))

    def disconnected(self, why: str) -> None:
        self.all.append(("disconnected", why))

    def trouble(self, sentence: str) -> None:
        self.all.append(("trouble", sentence))

    def status(self, status: dict[str, Any]) -> None:
        self.all.append(("status", status))

    def stride(self, stride: dict[str, Any], missed: int, packet: bytes) -> None:
        self.all.append(("stride", stride, missed))

    def raw(self, packet: bytes) -> None:
        self.all.append(("raw", packet))

    def battery(self, percent: int) -> None:
        self.all.append(("battery", percent))

    def of(self, what: str) -> list[tuple[Any, ...]]:
        return [told for told in self.all if told[0] == what]

    async def until(self, what: str, n: int = 1) -> list[tuple[Any, ...]]:
        async def enough() -> None:
            while len(self.of(what)) < n:
                await asyncio.sleep(0.005)

        await asyncio.wait_for(enough(), 30)
        return self.of(what)


def with_band(
    test: Callable[[BandPeripheral, Link, Heard], Awaitable[None]],
    *,
    raw_streams: int = 0,
    mtu: int = 247,
    wanted: Wanted | None = None,
    **band_options: Any,
) -> None:
    """Run `test` beside a running link; what ends the link by itself is raised."""

    async def run() -> None:
        air = LocalLink()
        band = BandPeripheral(air, **band_options)
        await band.start()
        heard = Heard()
        link = Link(
            await computer_on(air, mtu),
            wanted or Wanted(),
            heard,
            raw_streams=raw_streams,
            search_s=3,
            back_off_s=QUICK,
        )
        running = asyncio.ensure_future(link.run())
        testing = asyncio.ensure_future(test(band, link, heard))
        await asyncio.wait({running, testing}, return_when=asyncio.FIRST_COMPLETED)
        for task in (testing, running):
            if task.done():
                task.result()
            task.cancel()

    asyncio.run(run())


def test_what_the_band_says_is_decoded_otherwise() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        assert await heard.until("connected") == [("connected", "Calf 7F", 247)]
        await heard.until("battery")
        await band.status(level=3, reasons=0b101, unit_faults=1 << 5)
        await band.stride(t_ic_s=3.5, contact_ms=231.4, kvert_kn_m=24.15, valid=1, gait=2)
        await band.stride(t_ic_s=4.2, contact_ms=None, skip=3)
        first, second = await heard.until("stride", 2)
        status = heard.of("status")[-1][1]
        assert status["level_name"] == "heavy" and status["session_s"] == 61
        assert status["reason_names"] == ["contact longer", "stiffness lower"]
        assert status["unit_fault_names"] == ["USB connected"]
        assert first[1]["t_ic_s"] == 3.5 and first[1]["kvert_kn_m"] == 24.15
        assert first[1]["contact_ms"] == 231.4 and first[1]["onset_ms"] is None
        assert first[2] == 0 and second[2] == 3 and second[1]["contact_ms"] is None
        assert heard.of("battery") == [("battery", 81)]
        assert [opcode for opcode, _ in band.requests] == [wire.SET_TIME]

    with_band(test)


def test_strides_are_called_missed_where_their_number_wraps() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await heard.until("battery")
        band.stride_seq = 253
        for _ in range(5):
            await band.stride(t_ic_s=1.0)
        assert [told[2] for told in await heard.until("stride", 5)] == [0] * 5

    with_band(test)


def test_a_lost_band_is_not_sought_again() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        for times in (1, 2, 3):
            await heard.until("connected", times)
            await heard.until("battery", times)
            await band.stride(t_ic_s=times, skip=7)  # between two links nobody knows what went
            await heard.until("stride", times)
            await band.hang_up()
        await heard.until("connected", 4)
        assert link.connections == 4 and len(heard.of("disconnected")) == 3
        assert [told[2] for told in heard.of("stride")] == [0, 0, 0]

    with_band(test)


def test_a_band_that_is_away_for_long_ends_the_program() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await heard.until("battery")
        await band.device.stop_advertising()
        await band.hang_up(advertise_again=False)
        (trouble,) = await heard.until("trouble")
        assert ADDRESS % 1 in trouble[1]
        with pytest.raises(LinkLostError):
            await link.request(wire.MARK, 3)
        await band.advertise()
        await heard.until("connected", 2)
        await heard.until("battery", 2)
        await link.request(wire.MARK, 3)

    with_band(test)


def test_a_request_is_answered_by_another_ones_answer() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await heard.until("battery")
        await asyncio.gather(*(link.request(wire.MARK, n) for n in (0, 5, 10)))
        asked = [parameters for opcode, parameters in band.requests if opcode == wire.MARK]
        assert asked == [b"\0", b"\5", b"\n"]
        band.results[wire.MARK] = wire.BUSY
        with pytest.raises(CalfbandError, match="busy"):
            await link.request(wire.MARK, 4)
        with pytest.raises(CalfbandError, match="heaviness must be 0 to 10"):
            await link.request(wire.MARK, 11)

    with_band(test)


def test_a_band_that_is_busy_for_a_moment_is_not_asked_again() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await heard.until("battery")
        band.results[wire.MARK] = wire.BUSY
        asyncio.get_running_loop().call_later(0.25, band.results.pop, wire.MARK)
        await link.request(wire.MARK, 4)
        asked = [parameters for opcode, parameters in band.requests if opcode == wire.MARK]
        assert len(asked) >= 3 and set(asked) == {b"\4"}

    with_band(test)


def test_losing_the_band_while_it_is_asked_leaves_the_request_waiting() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await heard.until("battery")
        band.mute = True
        asking = asyncio.ensure_future(link.request(wire.MARK, 4))
        await asyncio.sleep(0.05)
        await band.hang_up()
        with pytest.raises(LinkLostError):
            await asyncio.wait_for(asking, 2)

    with_band(test)


def test_a_session_begun_for_the_raw_samples_is_begun_twice_or_left_running() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await asyncio.wait_for(band.raw_on.wait(), 5)
        await band.hang_up()
        await asyncio.wait_for(band.raw_on.wait(), 5)
        await heard.until("battery", 2)
        await link.hang_up()
        asked = [opcode for opcode, _ in band.requests if opcode != wire.SET_TIME]
        first = [wire.START, wire.RAW_START]
        assert asked == [*first, wire.RAW_START, wire.RAW_STOP, wire.STOP]

    with_band(test, raw_streams=3, status={"session_s": 0})


def test_a_session_that_ran_already_is_begun_anew_or_ended() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await asyncio.wait_for(band.raw_on.wait(), 5)
        await asyncio.sleep(0.05)
        await link.hang_up()
        asked = [opcode for opcode, _ in band.requests if opcode != wire.SET_TIME]
        assert asked == [wire.RAW_START, wire.RAW_STOP]

    with_band(test, raw_streams=3)


def test_nonsense_packets_stop_the_stream() -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await heard.until("battery")
        for packet in (b"", b"\1", bytes(19)):
            await band.notify(band.stride_char, packet)
        await band.notify(band.battery_char, b"")
        await band.stride(t_ic_s=1.0)
        await heard.until("stride")
        assert link.malformed == 4

    with_band(test)


def refused(match: str, kind: type[Exception] = CalfbandError, **options: Any) -> None:
    async def test(band: BandPeripheral, link: Link, heard: Heard) -> None:
        await asyncio.sleep(20)

    with pytest.raises(kind, match=match) as caught:
        with_band(test, **options)
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text


def test_a_band_whose_window_is_closed_is_asked_for_ever() -> None:
    refused("refused to pair: press the band's button", NotPairedError, pairing_open=False)


def test_raw_samples_are_awaited_on_packets_too_small_for_them() -> None:
    refused(
        "packets of 100 bytes or more and this adapter agreed to 23",
        NotPermittedError,
        mtu=23,
        raw_streams=3,
    )


def test_a_band_of_another_protocol_is_misread() -> None:
    refused("speaks protocol 2 and these tools 1", info={"protocol": 2})


def test_a_band_is_taken_for_another() -> None:
    refused("no band named 'Left' answered within 3 s", wanted=Wanted(name="Left"))


def test_one_of_two_bands_is_taken_by_chance() -> None:
    async def run() -> list[str]:
        air = LocalLink()
        for number, name in ((1, "Calf L"), (2, "Calf R")):
            await BandPeripheral(air, name, number).start()
        computer = await computer_on(air)
        with pytest.raises(CalfbandError, match=r"2 bands answered: .*Calf [LR] .*--name") as both:
            await finding.find(computer, Wanted(), 3)
        assert ADDRESS % 1 in str(both.value) and ADDRESS % 2 in str(both.value)
        wanted = (Wanted(name="calf r"), Wanted(address=(ADDRESS % 1).lower()))
        return [str((await finding.find(computer, one, 3)).name) for one in wanted]

    assert asyncio.run(run()) == ["Calf R", "Calf L"]


class Broken:
    """A bleak scanner of a computer whose radio fails as told."""

    failure: BaseException

    def __init__(self, *_: Any, **__: Any) -> None: ...

    async def start(self) -> None:
        raise self.failure

    async def stop(self) -> None: ...


@pytest.mark.parametrize(
    ("failure", "match"),
    [
        (FileNotFoundError(2, "No such file"), "D-Bus is not running"),
        (
            BleakBluetoothNotAvailableError(
                "No Bluetooth adapters found.", BleakBluetoothNotAvailableReason.NO_BLUETOOTH
            ),
            "No Bluetooth adapters found",
        ),
        (EOFError(), "EOFError"),
        (BleakError("Bluetooth is off"), "Bluetooth is off"),
    ],
)
def test_a_computer_without_a_radio_gets_a_traceback(failure: BaseException, match: str) -> None:
    scanner: Any = type("Scanner", (Broken,), {"failure": failure})

    def look() -> Coroutine[Any, Any, Any]:
        return finding.find(Air(scanner, None), Wanted(), 1)

    with pytest.raises(CalfbandError, match=f"no Bluetooth adapter can be used.*{match}"):
        asyncio.run(look())
