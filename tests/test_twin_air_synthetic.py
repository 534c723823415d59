"""The whole unit and its whole radio, in real time: pressed, paired, heard, fetched, restarted.

recording -> chips -> drivers -> chain -> wire -> Bumble -> bleak -> decoded packet. Synthetic.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from bleak import BleakClient
from bumble.link import LocalLink
from radio_band import Central, ControlPoint, collect, run
from test_live_link import Heard
from test_twin_synthetic import ATHLETE, fed, read_log, running

from host_tools import feed
from host_tools.band import run_chain
from host_tools.client import find as finding
from host_tools.client.exchange import NotPairedError
from host_tools.client.find import Wanted
from host_tools.client.link import Link
from host_tools.client.packets import (
    CONTROL_UUID,
    LOG_UUID,
    STATUS_UUID,
    decode,
    decode_log,
    decode_raw,
    decode_rows,
    decode_stride,
    request,
)
from host_tools.firmware_tables import wire
from host_tools.radio.bridge import Bridge
from host_tools.radio.bumble_backend import air_of
from host_tools.radio.virtual_link import central_pairing, virtual_device
from host_tools.records import parse_records
from host_tools.virtual.unit import RecordReader, command, environment
from host_tools.virtual.world import WorldPlan, write_world

BOTH = 0b11
LISTEN_S = 25.0


class UnitOnAir:
    """A virtual band in real time, with its flash in `folder`."""

    def __init__(self, folder: Path, link: LocalLink) -> None:
        self.folder = folder
        self.link = link

    @asynccontextmanager
    async def booted(self) -> AsyncIterator[UnitOnAir]:
        bridge = Bridge(self.link)
        socket = self.folder / "radio"
        await bridge.listen(str(socket))
        child = await asyncio.create_subprocess_exec(
            *command(self.folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(socket),
        )
        assert child.stdin and child.stdout
        self._keys = child.stdin
        reader = RecordReader()
        ready = asyncio.Event()

        async def listen() -> None:
            assert child.stdout
            while piece := await child.stdout.read(1 << 16):
                if list(reader.feed(piece)):
                    ready.set()

        listening = asyncio.ensure_future(listen())
        try:
            await asyncio.wait_for(bridge.advertising.wait(), 10)
            await asyncio.wait_for(ready.wait(), 10)  # the self-test is over
            yield self
            self.press("q")
            assert await asyncio.wait_for(child.wait(), 10) == 0, reader.console.decode()
        finally:
            if child.returncode is None:
                child.kill()
            await listening
            await bridge.close()

    def press(self, key: str) -> None:
        """b: the button, q: the power."""
        self._keys.write(key.encode())


async def a_central(link: LocalLink) -> Central:
    device = virtual_device(link, "central", "F0:00:00:00:00:01")
    device.pairing_config_factory = central_pairing
    await device.power_on()
    return Central(device, air_of([device], 247))


async def session_file(client: BleakClient, session: int, offset: int) -> tuple[dict, bytes]:
    """Head of a session's file and its bytes from `offset` on, over the air."""
    pieces = await collect(client, LOG_UUID)
    control = await ControlPoint(client).listen()
    opcode, result, data = await control.ask(request(wire.READ_LOG, session, offset))
    assert (opcode, result) == (wire.READ_LOG, wire.SUCCESS)
    got = b""
    while True:
        head, piece = decode_log(await asyncio.wait_for(pieces.get(), 5))
        assert head == {"session": session, "offset": offset + len(got)}
        if not piece:
            break
        got += piece
    await client.stop_notify(LOG_UUID)
    await client.stop_notify(CONTROL_UUID)
    return decode(wire.LOG_HEAD, data), got


def assert_raw_is_what_was_fed(heard: Heard, given: bytes) -> None:
    for kind, tag, channels in (("EMG", feed.TAG_EMG, 2), ("IMU", feed.TAG_IMU, 6)):
        frames = fed(given, tag, channels)
        count = 0
        packets = [packet for _, packet in heard.of("raw")]
        for packet in packets:
            if wire.RAW_KINDS[packet[2]] != kind:
                continue
            head, samples = decode_raw(packet)
            there = frames[head["index"] : head["index"] + head["count"]]
            assert np.array_equal(np.array(samples), there), (kind, head)
            count += len(samples)
        assert count > 0.9 * LISTEN_S * 800, kind


def assert_strides_are_the_replays(told: list[dict[str, Any]], given: bytes, settings: list[str]):
    """Every stride that came is the one that the chain alone finds, to an LSB of the packet."""
    replayed = parse_records(run_chain(settings, [given])).strides
    names = [field[0] for field in (*wire.STRIDE, *wire.STRIDE_EXTRA)]
    scale = {name: divisor for name, divisor, *_ in wire.STRIDE}
    by_time = {int(row[names.index("t_ic_s")]): row for row in replayed}
    for stride in told:
        row = by_time[round(stride["t_ic_s"] * scale["t_ic_s"])]
        for name, _, step, unknown in wire.STRIDE_PACKET:
            if name not in names or stride[name] is None:
                continue
            ours = int(row[names.index(name)])
            theirs = round(stride[name] * scale[name] / step)
            assert theirs == (ours + (step >> 1)) // step, (name, stride["t_ic_s"])
            assert unknown is None or theirs != unknown
        for name in ("valid", "degraded", "gait"):
            assert stride[name] == row[names.index(name)], name


def numbered(_: int, *fields: int) -> dict[str, Any]:
    """A stride of the session's file; its own number tells nothing about the one on the air."""
    form = "<" + "".join(code for _, code, *_ in wire.STRIDE_PACKET)
    return decode_stride(struct.pack(form, 0, *fields))


@pytest.mark.real_time
@pytest.mark.timeout(150)
def test_a_runner_presses_pairs_runs_and_fetches(
    tmp_path: Path, synthetic_edf, monkeypatch: pytest.MonkeyPatch
):
    """Strides, raw samples and the session's file as bleak gets them, and after a restart."""
    monkeypatch.setattr(finding, "SETTLE_S", 0.2)
    source = running(synthetic_edf, 1)
    settings = ATHLETE + [f"{name}={value}" for name, value in source.present.items()]
    plan = WorldPlan(fast=False, seed=None, lead_ms=3000, settings=settings, trace=True)
    write_world(tmp_path, source, plan)

    async def story() -> None:
        link = LocalLink()
        unit = UnitOnAir(tmp_path, link)
        central = await a_central(link)
        heard = Heard()
        async with unit.booted():
            with pytest.raises(NotPairedError, match="press the band's button once"):
                await Link(central.air, Wanted(), Heard(), search_s=5).run()
            unit.press("b")  # opens the window, and begins a session
            await asyncio.sleep(1.5)
            talk = Link(central.air, Wanted(), heard, search_s=5, raw_streams=BOTH)
            talking = asyncio.ensure_future(talk.run())
            first = asyncio.ensure_future(heard.until("raw"))
            await asyncio.wait({talking, first}, return_when=asyncio.FIRST_COMPLETED)
            assert not talking.done() or talking.result()  # what ends the link is raised
            await first
            await asyncio.sleep(LISTEN_S)
            assert await talk.request(wire.MARK, 6) == b""
            await talk.hang_up()
            await talk.request(wire.STOP)
            talking.cancel()
            await asyncio.sleep(0.3)
            async with central.connected() as client:
                control = await ControlPoint(client).listen()
                _, _, rows = await control.ask(request(wire.LIST_SESSIONS, 0))
                await client.stop_notify(CONTROL_UUID)
                (row,) = decode_rows(wire.SESSION_ROW, rows)
                head, whole = await session_file(client, int(row["session"] or 0), 0)
                _, rest = await session_file(client, int(row["session"] or 0), 100)
        assert head["bytes"] == row["bytes"] == len(whole)
        assert head["crc32"] == int.from_bytes(whole[-4:], "little")
        assert rest == whole[100:]

        given = max(tmp_path.glob("fed*.bin"), key=lambda path: path.stat().st_size).read_bytes()
        told = [stride for _, stride, _ in heard.of("stride")]
        assert len(told) > 20 and sum(stride["valid"] for stride in told) > 10
        assert [missed for _, _, missed in heard.of("stride")] == [0] * len(told)
        assert_strides_are_the_replays(told, given, settings)
        assert_raw_is_what_was_fed(heard, given)
        log = read_log(whole)
        kept = [numbered(*fields) for tag, fields in log if tag == wire.LOG_STRIDE]
        assert all({**stride, "seq": 0} in kept for stride in told)
        assert [fields[1] for tag, fields in log if tag == wire.LOG_MARK] == [6]

        async with unit.booted(), central.connected() as client:  # its flash knows this central
            assert len(await client.read_gatt_char(STATUS_UUID)) > 0

    run(story, 140)
