"""Single exchanges with a connected band, and the ways in which they fail."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from bleak import BleakClient
from bleak.exc import BleakError, BleakGATTProtocolError

from host_tools.client.find import RADIO_ERRORS
from host_tools.client.packets import RAW_UUID, STATUS_UUID
from host_tools.errors import CalfbandError
from host_tools.until import within

NAME_UUID = "00002a00-0000-1000-8000-00805f9b34fb"
SERIAL_UUID = "00002a25-0000-1000-8000-00805f9b34fb"
STEP_TIMEOUT_S = 10.0  # of each exchange with the band; pairing may take a human longer
PAIRING_TIMEOUT_S = 60.0
# ATT errors that say "not on this link": authentication, authorisation, key size, encryption.
NOT_SECURE = (0x05, 0x08, 0x0C, 0x0F)
_NOT_SECURE_DBUS = ("NotPermitted", "NotAuthorized", "NotPaired", "AuthenticationFailed")

HOW_TO_PAIR = (
    "press the band's button once, which opens it for pairing for 60 seconds, and try again "
    "within that minute (if they were paired before, remove the band from this computer's "
    "Bluetooth devices first)"
)


class NotPairedError(CalfbandError):
    """The band does not know this computer and its pairing window is closed."""


class NotPermittedError(CalfbandError):
    """The band refuses what was asked for on this link."""


class BusyError(CalfbandError):
    """The band was asked too much in a short time: worth another attempt a little later."""


class LinkLostError(CalfbandError):
    """The connection ended, or an exchange on it failed: worth another attempt."""


def mtu_of(client: BleakClient) -> int:
    """Bytes of a packet on this link. BlueZ tells it per characteristic, not per connection."""
    raw = client.services.get_characteristic(RAW_UUID)
    with warnings.catch_warnings():  # bleak warns of BlueZ's default
        warnings.simplefilter("ignore", UserWarning)
        whole = client.mtu_size
    return max(whole, raw.max_write_without_response_size + 3 if raw else 0)


async def text_of(client: BleakClient, uuid: str) -> str:
    """A standard text of the band; empty where the system keeps that characteristic for itself."""
    with suppress(*RADIO_ERRORS, LinkLostError):
        return bytes(await step(client.read_gatt_char(uuid))).decode("utf-8", "replace")
    return ""


async def pair(client: BleakClient, name: str) -> None:
    try:
        await within(client.pair(), PAIRING_TIMEOUT_S)
        await step(client.read_gatt_char(STATUS_UUID))
    except NotImplementedError:
        # macOS pairs by itself, with a question on the screen, when such a value is read.
        await step(client.read_gatt_char(STATUS_UUID), PAIRING_TIMEOUT_S)
    except (*RADIO_ERRORS, asyncio.TimeoutError, LinkLostError) as error:
        raise NotPairedError(
            f"{name} does not know this computer and refused to pair: {HOW_TO_PAIR}."
        ) from error


def is_not_secure(error: BaseException) -> bool:
    if isinstance(error, BleakGATTProtocolError):
        return int(error.code) in NOT_SECURE
    return isinstance(error, BleakError) and any(word in str(error) for word in _NOT_SECURE_DBUS)


async def step(awaited: Awaitable[Any], timeout_s: float = STEP_TIMEOUT_S) -> Any:
    """One exchange with the band; every way in which it can fail is LinkLostError."""
    try:
        return await within(awaited, timeout_s)
    except asyncio.TimeoutError:
        raise LinkLostError("the band did not answer in time; it is tried again.") from None
    except RADIO_ERRORS as error:
        raise LinkLostError(f"the link to the band failed ({error}); it is tried again.") from error
