"""Who may do what to the band: its firmware on MicroPython, a real host stack, the bleak API."""

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from bleak.exc import BleakError, BleakGATTProtocolError
from bumble.keys import PairingKeys
from radio_band import (
    ControlPoint,
    bonded_central,
    central_on,
    collect,
    hung_up,
    radio_band,
    run,
    status_numbers,
)

from host_tools.client.packets import (
    CONTROL_UUID,
    INFO_UUID,
    SERVICE_UUID,
    STATUS_UUID,
    STRIDE_UUID,
    decode_info,
    request,
)
from host_tools.firmware_tables import wire

BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
NAME = "00002a00-0000-1000-8000-00805f9b34fb"
OF_THE_STACK = ("00001800", "00001801")  # GAP and GATT, which the stack answers by itself
NO_RIGHT = (0x02, 0x03, 0x05, 0x0F)  # ATT: not permitted to read, write; authentication; encryption
EVERY_UUID = {
    *(wire.UUID_OF % n for n in range(2, 8)),
    *(f"0000{n:04x}-0000-1000-8000-00805f9b34fb" for n in (0x2A19, 0x2A53, 0x2A54)),
    *(f"0000{n:04x}-0000-1000-8000-00805f9b34fb" for n in range(0x2A24, 0x2A28)),
}


def band_characteristics(client):
    return [
        characteristic
        for service in client.services
        if not service.uuid.startswith(OF_THE_STACK)
        for characteristic in service.characteristics
    ]


async def readable(client) -> set[str]:
    """UUIDs of the band's characteristics whose value this link gets."""
    got = set()
    for characteristic in band_characteristics(client):
        try:
            await client.read_gatt_char(characteristic)
            got.add(characteristic.uuid)
        except BleakGATTProtocolError as error:
            assert error.code in NO_RIGHT, (characteristic.uuid, error)
    return got


async def writable(client) -> set[str]:
    """UUIDs of those that take a write."""
    taken = set()
    for characteristic in band_characteristics(client):
        try:
            await client.write_gatt_char(characteristic, request(wire.BUZZ, 4), response=True)
            taken.add(characteristic.uuid)
        except BleakGATTProtocolError as error:
            assert error.code in NO_RIGHT, (characteristic.uuid, error)
        await characteristic.obj.write_value(request(wire.BUZZ, 4), with_response=False)
    return taken


def test_a_stranger_reads_info_battery_and_name_only(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            async with central.connected() as client:
                assert {c.uuid for c in band_characteristics(client)} == EVERY_UUID
                assert await readable(client) == {INFO_UUID, BATTERY}
                assert bytes(await client.read_gatt_char(NAME)) == b"Calf band test"
                info = decode_info(bytes(await client.read_gatt_char(INFO_UUID)))
                assert info["imu_hz"] == 833 and info["emg_lsb_nv"] == 250

    run(story)


def test_a_stranger_can_change_nothing_by_any_characteristic(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            async with central.connected() as client:
                assert await writable(client) == set()
                assert await band.tell("asked") == "[]"

    run(story)


def test_a_stranger_who_subscribes_is_told_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            async with central.connected() as client:
                heard = [
                    await collect(client, c.uuid)
                    for c in band_characteristics(client)
                    if {"notify", "indicate"} & set(c.properties)
                ]
                assert len(heard) == 7
                await band.tell("stride", "valid=1", "speed_m_s=3000", "cadence_spm=1700")
                await band.tell("status", *status_numbers(3, unit_faults=1, session_s=100))
                await band.tell("battery", 55)
                await asyncio.sleep(0.2)
                assert [queue.qsize() for queue in heard] == [0] * 7

    run(story)


def test_an_encrypted_link_without_a_bond_has_no_more_rights_than_a_stranger(
    tmp_path: Path,
) -> None:
    """Someone pairs while the window is closed. The band's loop is held, as it could be by a
    flash write, so that the link lives on after the pairing: the callback alone must refuse."""

    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            async with central.connected() as client:
                heard = await collect(client, STRIDE_UUID)
                await band.tell("freeze", 1)
                with pytest.raises(BleakError, match="does not bond now"):
                    await client.pair()
                assert next(iter(central.device.connections.values())).is_encrypted
                assert await readable(client) == {INFO_UUID, BATTERY}
                taken = await writable(client)  # the stack lets encrypted writes pass
                assert (await band.state())["rejected"] == 2 * len(taken)
                assert await band.tell("asked") == "[]"
                await band.tell("stride", "valid=1")
                await band.tell("freeze", 0)
                await hung_up(client)
                assert heard.empty()
                assert (await band.state())["bonded"] == 0

    run(story)


def test_pairing_outside_the_window_leaves_no_keys_on_either_side(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            async with central.connected() as client:
                with pytest.raises(BleakError):
                    await client.pair()
                await hung_up(client)
            assert await central.keys.get_all() == []
            assert (await band.state())["bonded"] == 0
            assert not (tmp_path / "bonds.bin").exists()

    run(story)


def test_the_window_closes_after_sixty_seconds(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            await band.tell("pairing")
            await band.tell("age", 59)
            assert (await band.state())["pairing"] == 1
            await band.tell("age", 2)
            await band.until(pairing=0)
            central = await central_on(band)
            async with central.connected() as client:
                with pytest.raises(BleakError):
                    await client.pair()

    run(story)


def test_a_bonded_central_may_read_all_and_write_only_the_control_point(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            told_only = {wire.UUID_OF % n for n in (4, 5, 6, 7)} | {
                "00002a53-0000-1000-8000-00805f9b34fb"
            }
            assert await readable(client) == EVERY_UUID - told_only
            assert await writable(client) == {CONTROL_UUID}
            assert SERVICE_UUID in {service.uuid for service in client.services}

    run(story)


def test_a_bonded_central_comes_back_after_a_restart_of_the_firmware(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            await band.tell("pairing")
            async with central.connected(pair=True) as client:
                await client.read_gatt_char(STATUS_UUID)
            for _ in range(2):
                await band.state()  # a step of the loop lies between: the bond is in its file
            await band.stop()
            await band.start()
            state = await band.state()
            assert (state["bonded"], state["pairing"]) == (1, 0)
            async with central.connected() as client:
                await client.read_gatt_char(STATUS_UUID)
                control = await ControlPoint(client).listen()
                assert await control.ask(request(wire.BUZZ, 2)) == (wire.BUZZ, wire.SUCCESS, b"")

    run(story)


def test_a_pairing_that_fails_leaves_the_band_as_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            await band.tell("pairing")
            central = await central_on(band)
            pairs = central.device.pairing_config_factory

            def refusing(connection):
                config = pairs(connection)

                async def no() -> bool:
                    return False

                config.delegate.accept = no
                config.delegate.confirm = lambda auto=False: no()
                return config

            central.device.pairing_config_factory = refusing
            async with central.connected() as client:
                with pytest.raises(BleakError):
                    await client.pair()
                assert await readable(client) == {INFO_UUID, BATTERY}
            state = await band.state()
            assert (state["bonded"], state["connected"], state["errors"]) == (0, 0, 0)
            async with bonded_central(band, 2) as client:
                await client.read_gatt_char(STATUS_UUID)

    run(story)


def test_a_wrong_key_opens_nothing_and_the_bond_stays(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            await band.tell("pairing")
            async with central.connected(pair=True) as client:
                await client.read_gatt_char(STATUS_UUID)  # answered once the bond is kept
            await band.tell("age", 61)
            ((name, good),) = await central.keys.get_all()
            await central.keys.update(name, PairingKeys(ltk=PairingKeys.Key(bytes(16))))
            with pytest.raises(BleakError):
                async with central.connected() as client:
                    await client.read_gatt_char(STATUS_UUID)
            await central.keys.update(name, good)
            async with central.connected() as client:
                await client.read_gatt_char(STATUS_UUID)

    run(story)


def test_a_stranger_with_a_bonded_centrals_address_cannot_take_its_bond(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            await band.tell("pairing")
            async with central.connected(pair=True) as client:
                await client.read_gatt_char(STATUS_UUID)  # answered once the bond is kept
            await band.tell("age", 61)
            ((name, keys),) = await central.keys.get_all()
            await central.keys.delete(name)  # the same address, without its keys: an impostor
            async with central.connected() as client:
                with pytest.raises(BleakError):
                    await client.pair()
                await hung_up(client)
            await central.keys.update(name, keys)
            async with central.connected() as client:
                await client.read_gatt_char(STATUS_UUID)
            assert (await band.state())["bonded"] == 1

    run(story)


def test_a_long_press_forgets_all_bonds_and_closes_their_links(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            await band.tell("pairing")
            async with central.connected(pair=True) as client:
                await client.read_gatt_char(STATUS_UUID)
                await band.tell("forget")
                await hung_up(client)
            await band.tell("age", 61)
            for _ in range(2):
                assert (await band.state())["bonded"] == 0
                async with central.connected() as client:
                    assert await readable(client) == {INFO_UUID, BATTERY}
                await band.stop()
                await band.start()

    run(story)


def test_forgetting_by_request_answers_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            control = await ControlPoint(client).listen()
            answer = await control.ask(request(wire.FORGET))
            assert answer == (wire.FORGET, wire.SUCCESS, b"")
            await hung_up(client)
            assert (await band.state())["bonded"] == 0

    run(story)


def test_the_fifth_central_takes_the_place_of_the_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            centrals = [await central_on(band, n) for n in range(1, 6)]
            await band.tell("pairing")
            for central in centrals:
                async with central.connected(pair=True) as client:
                    await client.read_gatt_char(STATUS_UUID)
            await band.tell("age", 61)
            assert (await band.state())["bonded"] == 4
            async with centrals[1].connected() as client:
                await client.read_gatt_char(STATUS_UUID)
            async with centrals[0].connected() as client:
                assert await readable(client) == {INFO_UUID, BATTERY}

    run(story)


def test_a_fourth_connection_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            async with (
                bonded_central(band, 1),
                bonded_central(band, 2),
                bonded_central(band, 3) as third,
            ):
                await band.until(connected=3)
                assert await (await central_on(band, 4)).find(0.5) is None
                # One that came in while the third one was still connecting.
                band.bridge._tell(1, 77, 1, bytes(6))
                await band.until(refused_links=1)
                await third.read_gatt_char(STATUS_UUID)
                await third.disconnect()
                assert await (await central_on(band, 5)).find()

    run(story)
