"""The band that is calibrated: its samples as captures, its calibration values read and written."""

from __future__ import annotations

import asyncio
import binascii
import struct
from typing import Any

import numpy as np

from host_tools.calibrate.capture import EMG_HZ, IMU_HZ, Capture
from host_tools.calibrate.refusal import RefusedError
from host_tools.client.air import Air
from host_tools.client.exchange import LinkLostError
from host_tools.client.find import Wanted
from host_tools.client.link import Link
from host_tools.client.listener import Listener
from host_tools.client.packets import decode, size
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire
from host_tools.until import within

BOTH = 0b11
SILENCE_S = 15.0  # of this computer's time
LINK_S = 60.0
SETTLE_MS = 300  # after somebody has pressed a key
TRIES = 3
CLOCKS = 120  # told pairs that are kept: two minutes
_HEAD = size(wire.RAW_PACKET)
_TEXTS = {
    "model": "00002a24-0000-1000-8000-00805f9b34fb",
    "serial": "00002a25-0000-1000-8000-00805f9b34fb",
    "firmware": "00002a26-0000-1000-8000-00805f9b34fb",
    "hardware": "00002a27-0000-1000-8000-00805f9b34fb",
}
_TABLE = f"<{len(wire.CALIBRATION)}i"


class _Gathered:
    """Frames of one sensor since somebody began to listen."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.start = self.next = -1
        self.blocks: list[bytes] = []
        self.lost = 0

    def add(self, index: int, block: bytes, n: int) -> None:
        if self.next >= 0 and index != self.next:
            self.lost += 1
            self.blocks = []
            self.start = -1
        if self.start < 0:
            self.start = index
        self.next = index + n
        self.blocks.append(block)

    @property
    def frames(self) -> int:
        return 0 if self.start < 0 else self.next - self.start

    def array(self) -> np.ndarray:
        return np.frombuffer(b"".join(self.blocks), dtype="<i2").reshape(-1, self.channels)


class Unit(Listener):
    """`run` it beside what asks for captures; it keeps the link."""

    def __init__(self, air: Air, wanted: Wanted, search_s: float) -> None:
        self.name = ""
        self.info: dict[str, Any] = {}
        self.texts: dict[str, str] = {}
        self.status_now: dict[str, Any] = {}
        self.losses = 0  # of the link
        self.link = Link(
            air, wanted, self, raw_streams=BOTH | wire.UNCORRECTED, with_session=False,
            search_s=search_s,
        )  # fmt: skip
        self._emg: _Gathered | None = None
        self._imu: _Gathered | None = None
        self._told: list[tuple[int, float]] = []
        self._news = asyncio.Event()
        self._streaming = asyncio.Event()

    # --- what the link tells ---

    def connected(self, name: str, info: dict[str, Any], mtu: int) -> None:
        self.name, self.info = name, info
        self._told = []

    def disconnected(self, why: str) -> None:
        self.losses += 1
        self._streaming.clear()
        self._news.set()

    def status(self, status: dict[str, Any]) -> None:
        self.status_now = status

    def raw(self, packet: bytes) -> None:
        head: dict[str, Any] = decode(wire.RAW_PACKET, packet)
        block = packet[_HEAD:]
        kind = wire.RAW_KINDS[head["kind"]]
        if kind == "clock":
            told: dict[str, Any] = decode(wire.RAW_CLOCK, block)
            if self._told and head["index"] <= self._told[-1][0]:
                self._told = []  # the band counts anew
            self._told = [*self._told[-CLOCKS:], (head["index"], 1000 * told["t_s"])]
        else:
            into = self._emg if kind == "EMG" else self._imu
            if into is not None:
                into.add(head["index"], block, head["count"])
        self._streaming.set()
        self._news.set()

    # --- what calibration asks ---

    async def until_ready(self) -> None:
        """Wait until samples come. Raises CalfbandError when none do."""
        try:
            await within(self._streaming.wait(), LINK_S)
        except asyncio.TimeoutError:
            raise CalfbandError(
                "the band sends no samples; take it off USB, bring it nearer, and try again."
            ) from None
        if not self.texts:
            self.texts = {name: await self.link.read_text(uuid) for name, uuid in _TEXTS.items()}

    async def corrected(self, wanted: bool) -> None:
        """Whether samples come as the band corrects them, or as the sensors give them."""
        self._streaming.clear()
        self._told = []
        await self.link.stream(BOTH if wanted else BOTH | wire.UNCORRECTED)
        await self.until_ready()

    async def clocks_known(self, pairs: int) -> None:
        """Wait until the band has told the relation of its clocks that often since it started."""
        losses = self.losses
        while len(self._told) < pairs:
            await self._next(losses)

    async def capture(self, seconds: float, once: bool = False, on_share: Any = None) -> Capture:
        """The next samples of both sensors without a gap.

        `once`: what happens in it cannot be had again by waiting. Raises RefusedError when samples
        were lost, LinkLostError when the band was.
        """
        losses = self.losses
        wanted_emg = round(seconds * EMG_HZ) + SETTLE_MS
        wanted_imu = round((seconds + SETTLE_MS / 1000) * IMU_HZ)
        self._emg, self._imu = emg, imu = _Gathered(2), _Gathered(6)
        try:
            while emg.frames < wanted_emg or imu.frames < wanted_imu * 0.94:
                await self._next(losses)
                gaps = emg.lost + imu.lost
                if gaps > (0 if once else TRIES):
                    raise RefusedError(
                        "samples were lost on the way; bring the band nearer to the computer."
                    )
                if on_share is not None:
                    on_share(min(1.0, emg.frames / wanted_emg))
        finally:
            self._emg = self._imu = None
        skip = round(SETTLE_MS / 1000 * IMU_HZ)
        return Capture(
            emg.array()[SETTLE_MS:],
            imu.array()[skip:],
            emg.start + SETTLE_MS,
            imu.start + skip,
            list(self._told),
        )

    async def read_values(self) -> dict[str, int]:
        """The calibration that the unit keeps, by the names of wire.CALIBRATION."""
        data = b""
        while len(data) < struct.calcsize(_TABLE):
            more = await self.link.request(wire.READ_CALIBRATION, len(data) // 4)
            if not more:
                raise CalfbandError(
                    "the band has fewer calibration values than these tools know; update its "
                    "firmware with calfband flash --update."
                )
            data += more
        values = struct.unpack_from(_TABLE, data)
        return {row[0]: value for row, value in zip(wire.CALIBRATION, values, strict=True)}

    async def write_values(self, values: dict[str, int]) -> dict[str, int]:
        """Have the unit keep these, beside those it has, in one step; what it reads back.

        Raises CalfbandError when a value is out of its bounds or does not read back.
        """
        kept = await self.read_values()
        wanted = {**kept, **values}
        for row, (name, lowest, highest) in enumerate(wire.CALIBRATION):
            value = wanted[name]
            if not lowest <= value <= highest:
                raise CalfbandError(
                    f"{name} = {value} is beyond what the unit can correct ({lowest} to "
                    f"{highest}); the unit is faulty."
                )
            if value != kept[name]:
                await self.link.request(wire.STAGE, row, value)
        table = struct.pack(_TABLE, *(wanted[row[0]] for row in wire.CALIBRATION))
        await self.link.request(wire.KEEP, binascii.crc32(table))
        back = await self.read_values()
        wrong = [name for name in wanted if back[name] != wanted[name]]
        if wrong:
            raise CalfbandError(f"the unit did not keep {', '.join(wrong)}; calibrate it again.")
        return back

    async def _next(self, losses: int) -> None:
        """Wait for a packet. Raises LinkLostError when the link was lost since."""
        self._news.clear()
        try:
            await within(self._news.wait(), SILENCE_S)
        except asyncio.TimeoutError:
            raise LinkLostError("the band has stopped sending samples.") from None
        if self.losses != losses:
            raise LinkLostError("the band was lost in the middle.")
