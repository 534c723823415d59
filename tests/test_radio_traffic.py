"""What the band sends and answers over Bluetooth, also when the radio, the loop or the link fails.

The firmware runs on MicroPython, behind a real host stack; centrals use the bleak API.
"""

import asyncio
import struct
import time
import zlib
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from bleak.exc import BleakError
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
    LOG_UUID,
    RAW_UUID,
    STATUS_UUID,
    STRIDE_UUID,
    decode_counters,
    decode_log,
    decode_raw,
    decode_rows,
    decode_status,
    decode_stride,
    request,
)
from host_tools.firmware_tables import wire

RSC_UUID = "00002a53-0000-1000-8000-00805f9b34fb"


def test_a_stride_and_its_speed_arrive_with_their_values_at_mtu_23(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band, mtu=23) as client:
            assert client.mtu_size == 23
            strides = await collect(client, STRIDE_UUID)
            speeds = await collect(client, RSC_UUID)
            await band.tell("stride", "t_ic_s=123456", "contact_ms=2501", "valid=1")
            first = decode_stride(await strides.get())
            assert first["t_ic_s"] == 12.3456 and first["contact_ms"] == 250.1
            assert (first["valid"], first["contact_known"], first["kvert_known"]) == (1, 1, 0)
            assert first["kvert_kn_m"] is None and first["onset_ms"] is None
            await band.tell(
                *("stride", "kvert_kn_m=21345", "onset_ms=-123", "lag_ms=-32769", "gait=2"),
                *("speed_m_s=3500", "cadence_spm=1724", "rms_uv=65535", "mnf_hz=65534"),
            )
            second = decode_stride(await strides.get())
            assert second["seq"] == first["seq"] + 1
            assert (second["kvert_kn_m"], second["onset_ms"]) == (21.35, -12.3)
            assert second["lag_ms"] is None, "what does not fit must travel as unknown"
            assert second["rms_uv"] is None and second["mnf_hz"] == 655.34
            assert struct.unpack("<BHB", await speeds.get()) == (4, 896, 172)
            assert speeds.empty(), "a stride without a trusted speed must not claim one"

    run(story)


def test_only_news_is_indicated_and_any_state_can_be_read(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            statuses = await collect(client, STATUS_UUID)
            await band.tell("status", *status_numbers(2, session_s=10, strides=20))
            await band.tell("status", *status_numbers(2, session_s=11, strides=21))
            await band.tell("status", *status_numbers(2, unit_faults=16, session_s=12))
            first, second = [decode_status(await statuses.get()) for _ in range(2)]
            assert (first["level_name"], first["session_s"]) == ("watch", 10)
            assert second["unit_fault_names"] == ["battery low"]
            assert (second["seq"] - first["seq"]) % 256 == 1
            await band.tell("status", *status_numbers(2, unit_faults=16, session_s=99))
            read = decode_status(bytes(await client.read_gatt_char(STATUS_UUID)))
            assert (read["session_s"], read["seq"]) == (99, second["seq"])
            assert statuses.empty()

    run(story)


def test_heavy_legs_are_indicated_within_100_ms_of_the_decision(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            statuses = await collect(client, STATUS_UUID)
            latencies_ms = []
            for n in range(100):
                began = time.perf_counter()
                await band.tell("status", *status_numbers(3 + n % 2))
                await statuses.get()
                latencies_ms.append(1000 * (time.perf_counter() - began))
            latencies_ms.sort()
            print(f"status: median {latencies_ms[50]:.1f} ms, longest {latencies_ms[-1]:.1f} ms")
            assert latencies_ms[90] < 100

    run(story)


def test_a_flood_drops_the_oldest_and_every_loss_is_counted(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            strides = await collect(client, STRIDE_UUID)
            for _ in range(3):
                await band.tell("strides", 100)
            await asyncio.sleep(0.5)
            seen = [decode_stride(strides.get_nowait())["seq"] for _ in range(strides.qsize())]
            dropped = (await band.state())["dropped"]
            assert seen[-1] == 299 % 256, "the newest must survive"
            assert dropped > 100 and len(seen) + dropped == 300
            gaps = sum((b - a - 1) % 256 for a, b in zip([-1, *seen], seen, strict=False))
            assert gaps == dropped, "the gaps in the sequence are not what was counted"

    run(story)


def test_full_buffers_delay_packets_and_lose_none(tmp_path: Path) -> None:
    """The stack refuses with OSError(12)."""

    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            strides = await collect(client, STRIDE_UUID)
            band.bridge.refuse_notifications = 40
            await band.tell("strides", 10)
            assert [decode_stride(await strides.get())["seq"] for _ in range(10)] == [*range(10)]
            state = await band.state()
            assert (state["dropped"], state["connected"]) == (0, 1)

    run(story)


@pytest.mark.parametrize("mtu", [23, 99, 100, 247])
def test_raw_streams_need_room_and_carry_every_frame(tmp_path: Path, mtu: int) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band, mtu=mtu) as client:
            control = await ControlPoint(client).listen()
            packets = await collect(client, RAW_UUID)
            _, result, _ = await control.ask(request(wire.RAW_START, 3))
            if mtu < 100:
                assert result == wire.NOT_PERMITTED
                assert (await band.state())["raw_streams"] == 0
                return
            assert result == wire.SUCCESS
            await band.until(raw_streams=3)
            for at in range(0, 600, 24):
                await band.tell("raw", 1, at, 24)
                await band.tell("raw", 0, at, 24)
                await asyncio.sleep(0.02)
            await band.tell("raw", 0, 1000, 24)  # 400 samples were lost by the sensor
            await control.ask(request(wire.RAW_STOP))
            await asyncio.sleep(0.2)
            assert (await band.state())["dropped"] == 0
            got: dict[str, list] = {"EMG": [], "IMU": []}
            while not packets.empty():
                packet = packets.get_nowait()
                head, frames = decode_raw(packet)
                assert len(packet) <= mtu - 3
                got[head["kind_name"]].append((head["seq"], head["index"], frames))
            for kind, width in (("EMG", 2), ("IMU", 6)):
                assert [seq for seq, _, _ in got[kind]] == [*range(len(got[kind]))]
                here = {}
                for _, index, frames in got[kind]:
                    here.update({index + i: frame for i, frame in enumerate(frames)})
                want = [*range(600), *(range(1000, 1024) if kind == "EMG" else ())]
                assert sorted(here) == want
                assert all(
                    frame == tuple((index * width + i) % 30000 for i in range(width))
                    for index, frame in here.items()
                    if index % 24 == 0
                )

    run(story)


@pytest.mark.parametrize("mtu", [23, 247])
def test_long_answers_come_in_pages(tmp_path: Path, mtu: int) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band, mtu=mtu) as client:
            control = await ControlPoint(client).listen()
            counters: dict[str, int] = {}
            while len(counters) < len(wire.COUNTERS):
                _, result, data = await control.ask(request(wire.COUNT, len(counters)))
                assert result == wire.SUCCESS and 0 < len(data) <= mtu - 6
                counters |= decode_counters(len(counters), data)
            assert counters == {name: n for n, name in enumerate(wire.COUNTERS)}
            assert (await control.ask(request(wire.COUNT, 200)))[1:] == (wire.SUCCESS, b"")
            await asyncio.sleep(1)  # a link may ask eight times at once, no more
            _, _, data = await control.ask(request(wire.LIST_SESSIONS, 0))
            assert len(decode_rows(wire.SESSION_ROW, data)) == (1 if mtu == 23 else 10)

    run(story)


def test_a_log_is_read_from_an_offset_to_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            control = await ControlPoint(client).listen()
            packets = await collect(client, LOG_UUID)
            assert (await band.state())["log_room"] == -1
            _, result, data = await control.ask(request(wire.READ_LOG, 7, 100))
            assert result == wire.SUCCESS and decode_rows(wire.LOG_HEAD, data)[0]["bytes"] == 1000
            at = 100
            while at < 1000:
                room = (await band.state())["log_room"]
                n = min(room, 1000 - at)
                await band.tell("log", 7, at, n)
                at += n
            await band.tell("log", 7, at, 0)
            read, crc = 100, 0
            while True:
                head, body = decode_log(await packets.get())
                assert (head["session"], head["offset"]) == (7, read)
                if not body:
                    break
                read += len(body)
                crc = zlib.crc32(body, crc)
            assert (read, crc) == (1000, zlib.crc32(bytes(900)))
            assert (await band.state())["log_room"] == -1

    run(story)


def test_two_who_read_logs_at_once_are_not_given_each_others_bytes(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as one:
            async with bonded_central(band, 2) as other:
                first = await ControlPoint(one).listen()
                second = await ControlPoint(other).listen()
                assert (await first.ask(request(wire.READ_LOG, 7, 0)))[1] == wire.SUCCESS
                assert (await second.ask(request(wire.READ_LOG, 7, 0)))[1] == wire.BUSY
                await band.tell("log", 7, 0, 0)  # the end of the first one's
                assert (await second.ask(request(wire.READ_LOG, 7, 0)))[1] == wire.SUCCESS

    run(story)


def test_a_fault_of_the_app_is_an_answer_and_not_the_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            control = await ControlPoint(client).listen()
            assert await control.ask(request(wire.START)) == (wire.START, wire.FAILED, b"")
            assert (await band.state())["errors"] == 1
            assert (await control.ask(request(wire.STOP)))[1] == wire.SUCCESS

    run(story)


def test_a_callback_that_raises_stays_alive_and_grants_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            control = await ControlPoint(client).listen()
            await band.tell("break")
            for uuid in (INFO_UUID, STATUS_UUID):
                with pytest.raises(BleakError):
                    await client.read_gatt_char(uuid)
            await client.write_gatt_char(CONTROL_UUID, request(wire.BUZZ, 1), response=True)
            await band.tell("mend")
            assert (await band.state())["errors"] == 3
            assert await band.tell("asked") == "[]"
            await client.read_gatt_char(STATUS_UUID)
            assert (await control.ask(request(wire.BUZZ, 2)))[1] == wire.SUCCESS

    run(story)


def test_too_many_requests_are_told_off_and_counted(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band) as client:
            control = await ControlPoint(client).listen()
            began = time.monotonic()
            for n in range(40):
                await client.write_gatt_char(CONTROL_UUID, request(wire.BUZZ, n % 5), response=True)
            await asyncio.sleep(0.3)
            results = [control.answers.get_nowait()[1] for _ in range(control.answers.qsize())]
            assert set(results) == {wire.SUCCESS, wire.BUSY}
            done = (await band.tell("asked")).count("(8,")
            allowed = 8 + (time.monotonic() - began) / 0.125
            assert done == results.count(wire.SUCCESS) <= allowed
            assert (await band.state())["rejected"] == 40 - done
            await asyncio.sleep(0.3)
            assert (await control.ask(request(wire.BUZZ, 0)))[1] == wire.SUCCESS

    run(story)


def test_a_central_that_vanishes_at_any_moment_leaves_the_band_ready(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band:
            central = await central_on(band)
            await band.tell("pairing")
            for n in range(8):
                async with central.connected(pair=True) as client:
                    control = await ControlPoint(client).listen()
                    await client.start_notify(RAW_UUID, lambda *_: None)
                    await control.ask(request(wire.RAW_START, 1))
                    busy = [
                        asyncio.create_task(band.tell("strides", 50)),
                        asyncio.create_task(band.tell("raw", 0, 0, 500)),
                        asyncio.create_task(band.tell("status", *status_numbers(n % 5))),
                        asyncio.create_task(
                            client.write_gatt_char(CONTROL_UUID, request(wire.STOP), response=True)
                        ),
                    ]
                    await asyncio.sleep(0.004 * n)
                    await client.disconnect()
                    await asyncio.gather(*busy, return_exceptions=True)
                await band.until(connected=0, raw_streams=0)
            async with central.connected() as client:
                strides = await collect(client, STRIDE_UUID)
                await band.until(connected=1)
                await band.tell("stride", "t_ic_s=777000")
                while decode_stride(await strides.get())["t_ic_s"] != 77.7:
                    pass

    run(story)


def test_a_central_that_never_confirms_is_let_go_and_holds_up_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        async with radio_band(tmp_path) as band, bonded_central(band, 2) as other:
            deaf = await central_on(band, 1)
            async with deaf.connected(pair=True) as client:
                statuses = await collect(other, STATUS_UUID)
                for connection in deaf.device.connections.values():
                    vars(connection.gatt_client)["on_att_handle_value_indication"] = print
                for level in (1, 2, 3):
                    await band.tell("status", *status_numbers(level))
                    assert decode_status(await statuses.get())["level"] == level
                await band.until(unconfirmed=1)  # the other's last word is in
                await band.tell("age", 31)
                await hung_up(client)
            assert (await band.state())["connected"] == 1

    run(story)
