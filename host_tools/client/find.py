"""Which band: scan for the service, and take the one that is meant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bleak import BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakError

from host_tools.client.packets import SERVICE_UUID
from host_tools.errors import CalfbandError
from host_tools.until import within

# What a radio or its service on this computer raises; EOFError when D-Bus goes away.
RADIO_ERRORS = (BleakError, OSError, EOFError)
SETTLE_S = 1.0  # after the first band: time for its name, and for a second one to show itself
NO_ADAPTER = (
    "no Bluetooth adapter can be used ({reason}); plug one in or switch it on, or look at a "
    "virtual band with --twin."
)


@dataclass(frozen=True)
class Air:
    """The radio: bleak's own for this computer, or a pair of bleak backends."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None

    def scanner_arguments(self) -> dict[str, Any]:
        return {} if self.scanner is None else {"backend": self.scanner}

    def client_arguments(self) -> dict[str, Any]:
        return {} if self.client is None else {"backend": self.client}


@dataclass(frozen=True)
class Wanted:
    """What the user said about the band: any part of its name, its whole address, or nothing."""

    name: str | None = None
    address: str | None = None

    def matches(self, device: BLEDevice, shown: str | None) -> bool:
        if self.address is not None and device.address.lower() != self.address.lower():
            return False
        return self.name is None or self.name.lower() in (shown or "").lower()

    def __str__(self) -> str:
        if self.address is not None:
            return f"band with the address {self.address}"
        return "calf band" if self.name is None else f"band named {self.name!r}"


@dataclass
class Found:
    """A band that answered. Its name comes in a packet of its own, often the second."""

    device: BLEDevice
    name: str | None
    rssi: int

    def __str__(self) -> str:
        return f"{self.name or 'no name'} ({self.device.address}, {self.rssi} dBm)"


async def bands_heard(air: Air, seconds: float) -> list[Found]:
    """All bands that can be heard, the nearest first. Raises CalfbandError without an adapter."""
    seen: dict[str, Found] = {}
    async with _scanner(air, Wanted(), seen, asyncio.Event()):
        await asyncio.sleep(seconds)
    return sorted(seen.values(), key=lambda found: -found.rssi)


@asynccontextmanager
async def _scanner(
    air: Air, wanted: Wanted, seen: dict[str, Found], arrived: asyncio.Event
) -> AsyncIterator[None]:
    """While the block runs, what is wanted is put into `seen`. Raises CalfbandError."""

    def on_advertisement(device: BLEDevice, advertisement: AdvertisementData) -> None:
        before = seen.get(device.address)
        name = advertisement.local_name or device.name or (before.name if before else None)
        if wanted.matches(device, name):
            seen[device.address] = Found(device, name, advertisement.rssi)
            arrived.set()

    try:
        async with BleakScanner(
            on_advertisement, service_uuids=[SERVICE_UUID], **air.scanner_arguments()
        ):
            yield
    except asyncio.TimeoutError:
        raise
    except BleakBluetoothNotAvailableError as error:
        raise CalfbandError(NO_ADAPTER.format(reason=error.args[0])) from error
    except RADIO_ERRORS as error:
        raise CalfbandError(NO_ADAPTER.format(reason=_reason(error))) from error


async def find(air: Air, wanted: Wanted, search_s: float, again: bool = False) -> Found:
    """The one band that is meant; with `again` the first that fits will do.

    Raises CalfbandError when there is no adapter, no such band, or more than one.
    """
    seen: dict[str, Found] = {}
    arrived = asyncio.Event()
    try:
        async with _scanner(air, wanted, seen, arrived):
            await within(arrived.wait(), search_s)
            if not again:
                await asyncio.sleep(SETTLE_S)
    except asyncio.TimeoutError:
        raise CalfbandError(
            f"no {wanted} answered within {search_s:g} s; charge it, take it off USB, bring it "
            "nearer, and see that no phone holds its connection."
        ) from None
    if len(seen) > 1 and not again:
        bands = ", ".join(map(str, sorted(seen.values(), key=lambda found: -found.rssi)))
        raise CalfbandError(
            f"{len(seen)} bands answered: {bands}; choose one with --name or --address."
        )
    return next(iter(seen.values()))


def _reason(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "the system's D-Bus is not running"
    return str(error) or type(error).__name__
