"""Nonsense over the air: the band obeys none of it, and goes on working."""

import ast
import asyncio
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from bleak.exc import BleakError
from bumble.att import ATT_CID
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from radio_band import (
    ControlPoint,
    bonded_central,
    central_on,
    collect,
    radio_band,
    run,
)
from test_radio_unit import near_valid, verdict

from host_tools.client.packets import CONTROL_UUID, INFO_UUID, STRIDE_UUID, request
from host_tools.firmware_tables import wire

# Each example is a band that boots: no time to look for a smaller one.
FUZZ = settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
packets = st.lists(
    st.one_of(st.binary(max_size=300), st.composite(near_valid)()).filter(
        lambda packet: packet[:1] != bytes([wire.FORGET])  # which hangs up
    ),
    min_size=16,
    max_size=16,
)


async def obeyed(band) -> list[bytes]:
    """Requests that reached the app."""
    asked = ast.literal_eval(await band.tell("asked"))
    return [bytes([opcode]) + parameters for opcode, parameters in asked]


@FUZZ
@given(some=packets)
def test_every_write_to_the_control_point_is_answered_by_the_rules(
    tmp_path: Path, some: list[bytes]
) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            control = await ControlPoint(client).listen()
            expected = []
            for packet in some:
                while True:
                    opcode, result, _ = await control.ask(packet[:244])
                    assert opcode == (packet[0] if packet else 0)
                    if result != wire.BUSY:
                        break
                    await asyncio.sleep(0.13)
                wrong = verdict(packet[:244])
                if wrong:
                    assert result == wrong
                else:
                    expected.append(packet[:244])
            assert await obeyed(band) == expected

    run(story, 110)


@FUZZ
@given(
    some=st.lists(
        st.tuples(st.integers(0, 30), st.binary(max_size=300), st.booleans()),
        min_size=40,
        max_size=40,
    )
)
def test_writes_to_any_attribute_of_a_bonded_link_change_nothing(
    tmp_path: Path, some: list[tuple[int, bytes, bool]]
) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            attributes = [
                characteristic
                for service in client.services
                for characteristic in service.characteristics
                if characteristic.uuid != CONTROL_UUID and service.uuid[4:8] not in ("1800", "1801")
            ]
            for at, data, response in some:
                one = attributes[at % len(attributes)]
                try:
                    await client.write_gatt_char(one, data, response)
                except BleakError:
                    pass
            assert await obeyed(band) == []
            control = await ControlPoint(client).listen()
            strides = await collect(client, STRIDE_UUID)
            assert (await control.ask(request(wire.BUZZ, 1)))[1] == wire.SUCCESS
            await band.tell("stride", "contact_ms=2500")
            assert len(await asyncio.wait_for(strides.get(), 5)) == 20

    run(story)


@FUZZ
@given(some=st.lists(st.binary(min_size=1, max_size=60), min_size=50, max_size=50))
def test_a_stranger_who_speaks_nonsense_below_gatt_does_no_harm(
    tmp_path: Path, some: list[bytes]
) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            async with central.connected():
                (connection,) = central.device.connections.values()
                for pdu in some:
                    # Even opcodes are requests and commands; an odd one would be ours to answer.
                    connection.send_l2cap_pdu(ATT_CID, bytes([pdu[0] & 0xFE]) + pdu[1:])
                await asyncio.sleep(0.2)
            assert await obeyed(band) == []
            async with bonded_central(band, 2) as client:
                assert len(await client.read_gatt_char(INFO_UUID)) == 16
                control = await ControlPoint(client).listen()
                assert (await control.ask(request(wire.BUZZ, 1)))[1] == wire.SUCCESS

    run(story)
