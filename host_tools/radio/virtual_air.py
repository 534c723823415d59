"""Twins that run on this computer, found by other programs without Bluetooth or D-Bus.

A twin offers its virtual link as a Bluetooth controller (HCI, H4 framing) on a Unix socket, and
says so in a small file in the user's own runtime folder:

    twin-PID.json   {"pid": 123, "name": "Calf band 3f2a", "hci": "/tmp/calfband-.../hci"}

Each program that connects gets a controller of its own on that link.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from bumble import hci
from bumble.controller import Controller
from bumble.device import Device
from bumble.keys import JsonKeyStore
from bumble.link import LocalLink
from bumble.transport import open_transport
from bumble.transport.common import StreamPacketSource

from host_tools.errors import CalfbandError
from host_tools.radio.virtual_link import AirController, central_pairing

PROGRAMS_AT_ONCE = 8  # of the same name


def runtime_folder() -> Path:
    """This user's own folder for the registry; made when it is not there."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "calfband" if base else Path.home() / ".cache" / "calfband"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keys_folder() -> Path:
    """Where programs keep their pairing keys with virtual bands."""
    folder = Path.home() / ".cache" / "calfband" / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@asynccontextmanager
async def offered(link: LocalLink, name: str, **more: str) -> AsyncIterator[Path]:
    """Let other programs of this user onto the link while the block runs; yields the socket.

    `more` stands in the registry, too.
    """
    # Not in the user's folder: a socket's path holds little more than a hundred bytes.
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        path = Path(folder) / "hci"
        server = await asyncio.get_running_loop().create_unix_server(
            lambda: _Guest(link), str(path)
        )
        entry = runtime_folder() / f"twin-{os.getpid()}.json"
        entry.write_text(json.dumps({"pid": os.getpid(), "name": name, "hci": str(path), **more}))
        try:
            yield path
        finally:
            entry.unlink(missing_ok=True)
            server.close()


class _Guest(asyncio.Protocol):
    """A program that connected: the controller it talks to."""

    def __init__(self, link: LocalLink) -> None:
        self._link = link
        self._source = StreamPacketSource()
        self._transport: asyncio.Transport | None = None
        self._controller: Controller | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._controller = AirController(
            "guest", host_source=self._source, host_sink=self, link=self._link
        )

    def data_received(self, data: bytes) -> None:
        self._source.data_received(data)

    def on_packet(self, packet: bytes) -> None:
        """From the controller to the program."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        """The program is gone: its links end, its controller leaves the air."""
        controller = self._controller
        if controller is None:
            return
        for connection in list(controller.le_connections.values()):
            controller.on_packet(
                bytes(
                    hci.HCI_Disconnect_Command(
                        connection_handle=connection.handle,
                        reason=hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR,
                    )
                )
            )
        self._link.remove_controller(controller)


def running_twins() -> list[dict]:
    """Registry entries of twins that live; what a killed twin left is cleared away."""
    twins = []
    for path in sorted(runtime_folder().glob("twin-*.json")):
        try:
            entry = json.loads(path.read_text())
            os.kill(entry["pid"], 0)
        except (ValueError, KeyError, TypeError, ProcessLookupError):
            path.unlink(missing_ok=True)
        except OSError:
            continue
        else:
            twins.append(entry)
    return twins


@asynccontextmanager
async def centrals_of_twins(program: str) -> AsyncIterator[list[Device]]:
    """A powered-on central on the link of every twin that runs.

    Raises CalfbandError when none runs.
    """
    async with AsyncExitStack() as stack:
        address, keys = stack.enter_context(_identity(program))
        centrals = []
        for twin in running_twins():
            try:
                transport = await open_transport(f"unix:{twin['hci']}")
            except OSError:
                continue
            stack.push_async_callback(transport.close)
            central = Device.with_hci(program, address, transport.source, transport.sink)
            central.keystore = JsonKeyStore(None, str(keys))
            central.pairing_config_factory = central_pairing
            await central.power_on()
            centrals.append(central)
        if not centrals:
            raise CalfbandError(
                "no virtual band runs on this computer; start one with `calfband twin REC.edf` "
                "in another terminal."
            )
        yield centrals


@contextmanager
def _identity(program: str) -> Iterator[tuple[hci.Address, Path]]:
    """Address and key file of this program: the same at its next start, nobody else's now."""
    for n in range(PROGRAMS_AT_ONCE):
        keys = keys_folder() / f"{program}-{n}.json"
        with open(keys_folder() / f"{program}-{n}.lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            digest = bytearray(hashlib.sha256(str(keys).encode()).digest()[:6])
            digest[5] |= 0xC0  # a random static address
            yield hci.Address(bytes(digest), hci.Address.RANDOM_DEVICE_ADDRESS), keys
            return
    raise CalfbandError(
        f"{PROGRAMS_AT_ONCE} programs named {program} are connected to virtual bands; end one."
    )
