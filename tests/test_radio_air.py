"""Other programs reach the virtual band: over its own socket, and through a private BlueZ."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from radio_band import ROOT, central_on, radio_band, run

from host_tools.errors import CalfbandError
from host_tools.radio.bluez import private_bluez
from host_tools.radio.bumble_backend import virtual_air
from host_tools.radio.virtual_air import offered, running_twins

CLIENT = """
import asyncio, json, sys
from contextlib import AsyncExitStack
from bleak import BleakClient, BleakScanner
from host_tools.client.find import Air
from host_tools.firmware_tables import wire
from host_tools.client.packets import *

async def main(over, pair):
    async with AsyncExitStack() as stack:
        air = Air()
        if over == "socket":
            from host_tools.radio.bumble_backend import virtual_air
            air = await stack.enter_async_context(virtual_air("test"))
        found = await BleakScanner.find_device_by_filter(
            lambda device, data: SERVICE_UUID in data.service_uuids, 5, **air.scanner_arguments()
        )
        async with BleakClient(found, **air.client_arguments()) as client:
            info = decode_info(bytes(await client.read_gatt_char(INFO_UUID)))
            if pair:
                await client.pair()
            answers = asyncio.Queue()
            strides = asyncio.Queue()
            await client.start_notify(CONTROL_UUID, lambda _, data: answers.put_nowait(data))
            await client.start_notify(STRIDE_UUID, lambda _, data: strides.put_nowait(data))
            await client.write_gatt_char(CONTROL_UUID, request(wire.BUZZ, 3), response=True)
            answer = decode_answer(bytes(await answers.get()))
            print("listening", flush=True)
            stride = decode_stride(bytes(await strides.get()))
            print(json.dumps([found.name, info["version"], answer[:2], stride["contact_ms"]]))

asyncio.run(asyncio.wait_for(main(sys.argv[1], sys.argv[2] == "pair"), 20))
"""


async def client(band, over: str, pair: str, **env: str) -> list:
    """What a program of its own sees of the band."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CLIENT, over, pair),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **env},
    )
    assert program.stdout and program.stderr
    if (await program.stdout.readline()).strip() == b"listening":
        await band.tell("stride", "contact_ms=2345")
    said, complaint = await program.communicate()
    assert program.returncode == 0, complaint.decode()
    return json.loads(said)


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runtime folder and keys away from those of who runs the tests."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "run").mkdir()
    (tmp_path / "home").mkdir()
    return tmp_path


def test_another_program_finds_the_twin_pairs_and_comes_back_with_its_keys(
    own_folders: Path,
) -> None:
    async def story() -> None:
        async with radio_band(own_folders) as band, offered(band.link, "Calf band test"):
            assert [twin["name"] for twin in running_twins()] == ["Calf band test"]
            await band.tell("pairing")
            expected = ["Calf band test", "0.1.0", [8, 1], 234.5]
            assert await client(band, "socket", "pair") == expected
            await band.until(connected=0)
            await band.tell("age", 61)
            assert await client(band, "socket", "known") == expected
            await band.until(connected=0, bonded=1)
        assert running_twins() == []

    run(story)


def test_without_a_twin_it_is_said_in_a_sentence(own_folders: Path) -> None:
    async def story() -> None:
        left = own_folders / "run" / "calfband"
        left.mkdir()
        dead = subprocess.Popen(["true"])
        dead.wait()
        (left / "twin-1.json").write_text(json.dumps({"pid": dead.pid, "name": "x", "hci": "x"}))
        (left / "twin-2.json").write_text("half a fi")
        with pytest.raises(CalfbandError, match="no virtual band runs"):
            async with virtual_air():
                pass
        assert not list(left.iterdir())

    run(story)


@pytest.mark.parametrize("pair", ["pair", "as needed"])
def test_unmodified_bleak_reaches_the_band_through_a_private_bluez(
    own_folders: Path, pair: str
) -> None:
    """BlueZ pairs by itself when a device refuses something for want of it."""
    if not shutil.which("dbus-daemon"):
        pytest.skip("dbus-daemon is not installed")

    async def story() -> None:
        async with radio_band(own_folders) as band:
            central = await central_on(band)
            async with private_bluez(central.device) as address:
                await band.tell("pairing")
                seen = await client(band, "bluez", pair, DBUS_SYSTEM_BUS_ADDRESS=address)
                assert seen == ["Calf band test", "0.1.0", [8, 1], 234.5]

    run(story)


def test_a_computer_without_dbus_is_told_so_in_a_sentence(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with radio_band(own_folders) as band:
            central = await central_on(band)
            monkeypatch.setenv("PATH", str(own_folders))
            with pytest.raises(CalfbandError, match="dbus-daemon"):
                async with private_bluez(central.device):
                    pass

    run(story)
