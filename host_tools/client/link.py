"""The host's end of the band's Bluetooth: connect, secure, listen, ask, come back after a loss.

Goes through bleak. `Air` says over which radio: the computer's own, or a backend for bleak such
as the virtual link of `calfband twin`. All packets are decoded with the firmware's own tables.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bleak import BleakClient

from host_tools.client.exchange import (
    NAME_UUID,
    SERIAL_UUID,
    STEP_TIMEOUT_S,
    BusyError,
    LinkLostError,
    NotPermittedError,
    is_not_secure,
    mtu_of,
    pair,
    step,
    text_of,
)
from host_tools.client.find import RADIO_ERRORS, Air, Wanted, find
from host_tools.client.listener import Listener
from host_tools.client.packets import (
    CONTROL_UUID,
    INFO_UUID,
    LOG_UUID,
    RAW_UUID,
    STATUS_UUID,
    STRIDE_UUID,
    PacketError,
    decode_answer,
    decode_info,
    decode_log,
    decode_status,
    decode_stride,
    request,
    result_name,
)
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire
from host_tools.until import within

BATTERY_UUID = "00002a19-0000-1000-8000-00805f9b34fb"
BACK_OFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
FIRST_ATTEMPTS = 3
ANSWER_TIMEOUT_S = 5.0
BUSY_S = (0.1, 0.2, 0.4, 0.8)  # pauses before a request is made again: the band has an allowance
STATUS_EVERY_S = 5.0
STABLE_S = 10.0  # a connection that lasted this long starts the back-off anew


class Link:
    """One band, kept connected while `run` runs."""

    def __init__(
        self,
        air: Air,
        wanted: Wanted,
        listener: Listener,
        *,
        raw_streams: int = 0,
        with_session: bool = True,
        logs: bool = False,
        search_s: float = 10.0,
        back_off_s: tuple[float, ...] = BACK_OFF_S,
    ) -> None:
        """`raw_streams` are bits as in the request RAW_START; 0 leaves the raw streams off.

        With them a session is begun, unless `with_session` is False: then one that runs is ended.
        `logs`: the band may be asked for session files.
        """
        self.malformed = 0  # packets that fit no table
        self.connections = 0
        self.began_session = False  # at our request, for the raw streams
        self._air = air
        self._wanted = wanted
        self._listener = listener
        self._raw_streams = raw_streams
        self._with_session = with_session
        self._logs = logs
        self._search_s = search_s
        self._back_off_s = back_off_s
        self._client: BleakClient | None = None
        self._asking = asyncio.Lock()
        self._answer: asyncio.Future[tuple[int, int, bytes]] | None = None
        self._stride_seq: int | None = None
        self._session_s = 0
        self._name = ""

    @property
    def is_up(self) -> bool:
        """Whether requests can be made now."""
        return self._client is not None

    async def run(self) -> None:
        """Connect and stay connected until cancelled.

        Raises CalfbandError when the first connection cannot be made, and NotPermittedError
        whenever the band refuses the raw streams. Later losses are told to the listener and mended.
        """
        failures = 0
        while True:
            since = time.monotonic()
            try:
                await self._connection()
                failures = 0 if time.monotonic() - since > STABLE_S else 1
            except NotPermittedError:
                raise
            except CalfbandError as error:
                failures += 1
                first = not self.connections
                if first and (not isinstance(error, LinkLostError) or failures >= FIRST_ATTEMPTS):
                    raise
                self._listener.trouble(str(error))
            await asyncio.sleep(self._back_off_s[min(failures, len(self._back_off_s)) - 1])

    async def request(self, opcode: int, *parameters: int) -> bytes:
        """Ask the control point, again while the band is busy; data of the answer.

        Raises LinkLostError without a link, BusyError when the band stays busy,
        NotPermittedError or CalfbandError as it refuses.
        """
        packet = request(opcode, *parameters)
        async with self._asking:
            answered, result, data = await self._exchange(packet)
            for pause_s in BUSY_S:
                if result != wire.BUSY:
                    break
                await asyncio.sleep(pause_s)
                answered, result, data = await self._exchange(packet)
        if result == wire.BUSY:
            raise BusyError("the band is busy; try it again in a minute.")
        if result == wire.NOT_PERMITTED:
            raise NotPermittedError(f"the band does not permit request {opcode} on this link.")
        if answered != opcode or result != wire.SUCCESS:
            raise CalfbandError(f"the band refused request {opcode}: {result_name(result)}.")
        return data

    async def _exchange(self, packet: bytes) -> tuple[int, int, bytes]:
        client = self._client
        if client is None:
            raise LinkLostError("the band is not connected; try again when it is.")
        self._answer = asyncio.get_running_loop().create_future()
        try:
            await step(client.write_gatt_char(CONTROL_UUID, packet, response=True))
            return await within(self._answer, ANSWER_TIMEOUT_S)
        except asyncio.TimeoutError:
            raise LinkLostError("the band did not answer; try it again.") from None
        finally:
            self._answer = None

    async def read_text(self, uuid: str) -> str:
        """A characteristic that holds text. Raises LinkLostError."""
        client = self._client
        if client is None:
            raise LinkLostError("the band is not connected; try again when it is.")
        return await text_of(client, uuid)

    async def stream(self, raw_streams: int) -> None:
        """Have other raw streams from now on, after a loss of the link, too; 0 stops them.

        Raises as `request` does.
        """
        self._raw_streams = raw_streams
        await self.request(wire.RAW_STOP)
        if raw_streams:
            await self.request(wire.RAW_START, raw_streams)

    async def hang_up(self) -> None:
        """Leave the band as it was found: raw streams off, a session that we began ended."""
        with suppress(CalfbandError):
            if self._raw_streams and self.is_up:
                await self.request(wire.RAW_STOP)
                if self.began_session:
                    await self.request(wire.STOP)

    async def _connection(self) -> None:
        """Find, connect, set up, and stay until the link ends."""
        found = await find(self._air, self._wanted, self._search_s, again=self.connections > 0)
        gone = asyncio.Event()
        client = BleakClient(
            found.device,
            disconnected_callback=lambda _: self._gone(gone),
            timeout=STEP_TIMEOUT_S,
            **self._air.client_arguments(),
        )
        name = found.device.address
        try:
            await step(client.connect(), STEP_TIMEOUT_S * 2)
            self._name = name = self._name or found.name or await text_of(client, NAME_UUID) or name
            info = await self._secure(client, name)
            info["address"] = found.device.address
            if gone.is_set():
                raise LinkLostError(f"{name} hung up while it was being set up; it is tried again.")
            # From now on this very band: another one would mix two runners.
            self._wanted = Wanted(address=found.device.address)
            self._client = client
            self.connections += 1
            self._listener.connected(name, info, mtu_of(client))
            await self._subscribe(client)
            self._listener.ready()
            while not gone.is_set():
                with suppress(asyncio.TimeoutError):
                    await within(gone.wait(), STATUS_EVERY_S)
                    break
                await self._read_status(client)
            self._listener.disconnected(f"{name} is out of reach")
        finally:
            self._client = None
            self._stride_seq = None
            if not gone.is_set():
                with suppress(*RADIO_ERRORS, asyncio.TimeoutError):
                    await within(client.disconnect(), STEP_TIMEOUT_S)

    def _gone(self, gone: asyncio.Event) -> None:
        self._client = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(LinkLostError("the band was lost while it was being asked."))
        gone.set()

    async def _secure(self, client: BleakClient, name: str) -> dict[str, Any]:
        """Info and the serial number, on a link on which Status may be read: paired if need be."""
        info = decode_info(bytes(await step(client.read_gatt_char(INFO_UUID))))
        if info["protocol"] != wire.PROTOCOL:
            raise CalfbandError(
                f"{name} speaks protocol {info['protocol']} and these tools {wire.PROTOCOL}; use "
                "the checkout that the band was flashed from."
            )
        try:
            await client.read_gatt_char(STATUS_UUID)
        except RADIO_ERRORS as error:
            if not is_not_secure(error):
                raise LinkLostError(f"{name}: its status cannot be read ({error}).") from error
            await pair(client, name)
        info["serial"] = await text_of(client, SERIAL_UUID)
        return info

    async def _subscribe(self, client: BleakClient) -> None:
        listening: tuple[tuple[str, Callable[[bytes], None]], ...] = (
            (CONTROL_UUID, self._on_answer),
            (STATUS_UUID, self._on_status),
            (STRIDE_UUID, self._on_stride),
            (BATTERY_UUID, lambda packet: self._listener.battery(packet[0])),
        )
        # Some systems keep the battery to themselves.
        there = [one for one in listening if client.services.get_characteristic(one[0])]
        for uuid, take in there:
            await step(client.start_notify(uuid, self._guarded(take)))
        for uuid, take in there:
            if uuid in (STATUS_UUID, BATTERY_UUID):
                self._guarded(take)(None, await step(client.read_gatt_char(uuid)))
        await self._try(wire.SET_TIME, int(time.time()))
        if self._logs:
            await step(client.start_notify(LOG_UUID, self._guarded(self._on_log)))
        if self._raw_streams:
            await self._start_raw(client)

    async def _read_status(self, client: BleakClient) -> None:
        """The band indicates only changes; its time and strides go on without."""
        with suppress(CalfbandError, *RADIO_ERRORS):
            self._guarded(self._on_status)(None, await step(client.read_gatt_char(STATUS_UUID)))

    async def _try(self, opcode: int, *parameters: int) -> bool:
        """Whether the band did what is good to have; without it the link is as useful."""
        try:
            await self.request(opcode, *parameters)
        except LinkLostError:
            raise
        except CalfbandError:
            return False
        return True

    async def _start_raw(self, client: BleakClient) -> None:
        await step(client.start_notify(RAW_UUID, self._guarded(self._listener.raw)))
        if not self._with_session:
            await self._try(wire.STOP)
        elif self.connections == 1 and not self._session_s:
            self.began_session = await self._try(wire.START)
        try:
            await self.request(wire.RAW_START, self._raw_streams)
        except NotPermittedError:
            if mtu_of(client) >= wire.RAW_MIN_MTU:
                raise NotPermittedError(
                    "the band does not send raw samples now: it is on USB, or another program "
                    "calibrates or records with it; end that first."
                ) from None
            raise NotPermittedError(
                "the band does not send raw samples on this link: they need packets of "
                f"{wire.RAW_MIN_MTU} bytes or more and this adapter agreed to {mtu_of(client)}; "
                "use another Bluetooth adapter."
            ) from None

    def _on_answer(self, packet: bytes) -> None:
        answer = decode_answer(packet)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _on_status(self, packet: bytes) -> None:
        status = decode_status(packet)
        self._session_s = status["session_s"]
        self._listener.status(status)

    def _on_stride(self, packet: bytes) -> None:
        stride = decode_stride(packet)
        before, self._stride_seq = self._stride_seq, stride["seq"]
        missed = 0 if before is None else (stride["seq"] - before - 1) % 256
        self._listener.stride(stride, missed, packet)

    def _on_log(self, packet: bytes) -> None:
        head, data = decode_log(packet)
        self._listener.log(head["session"], head["offset"], data)

    def _guarded(self, take: Callable[[bytes], None]) -> Callable[[Any, bytearray], None]:
        """A callback for bleak: a packet that fits no table is counted, not raised into bleak."""

        def callback(_: Any, packet: bytearray) -> None:
            try:
                take(bytes(packet))
            except (PacketError, IndexError):
                self.malformed += 1

        return callback
