"""The power goes at any point of an update: the old version starts, or the new one, whole."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.band import find_micropython
from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.flash import check
from host_tools.flash.outcome import Turn
from host_tools.flash.update import update
from host_tools.image.compile import HOST, Firmware
from host_tools.image.files import build_image
from host_tools.usb.console import Console
from tests.virtual_units import host_firmware, newer_source

DRIVER = Path(__file__).resolve().parent / "flash_cut_driver.py"
PARTITION = 2 << 20
CUTS = 260
SETTINGS = {"/data/settings.a": b"kept"}

if sys.platform == "win32":
    pytest.skip("the unit's interpreter needs pipes of POSIX", allow_module_level=True)


class UnitInRam:
    """The driver's process; `console()` speaks with it as with a unit on USB."""

    def __init__(self, image: bytes, folder: Path):
        path = folder / "image.bin"
        path.write_bytes(image)
        self._process = subprocess.Popen(
            [find_micropython(), "-X", "heapsize=64M", DRIVER, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def ask(self, letter: str, body: str = "") -> str:
        data = body.encode()
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        stdin.write(f"{letter} {len(data)}\n".encode() + data)
        head = stdout.readline()
        assert head.strip().isdigit(), head + stdout.read()
        left, answer = int(head), b""
        while len(answer) < left:
            answer += stdout.read(left - len(answer))
        return answer.decode()

    def what_runs(self, points: list[list[float]]) -> tuple[int, list]:
        """(writes so far, what starts after each cut)."""
        return json.loads(self.ask("C", json.dumps(points)))

    def console(self) -> Console:
        return _RamConsole(self)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)


class _RamTransport:
    in_raw_repl = False

    def __init__(self, unit: UnitInRam):
        self._unit = unit

    def exec_raw(self, code: str, timeout: float = 10) -> tuple[bytes, bytes]:
        out, _, error = self._unit.ask("X", code).partition("\x04")
        return out.encode(), error.encode()

    exec_raw_no_follow = exec_raw

    def enter_raw_repl(self, **_: object) -> None:
        self._unit.ask("R")


class _RamConsole(Console):
    def __init__(self, unit: UnitInRam):
        self.port = "ttyRAM"
        self._transport = _RamTransport(unit)  # type: ignore[assignment]

    def safe_mode(self) -> None:
        pass

    def safe_mode_again(self) -> None:
        self._transport.enter_raw_repl()

    def reset(self) -> None:
        pass


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Firmware, Firmware]:
    folder = tmp_path_factory.mktemp("source")
    newer = newer_source(FIRMWARE_DIR, folder)
    return host_firmware(FIRMWARE_DIR), host_firmware(newer)


@pytest.fixture
def unit(
    versions: tuple[Firmware, Firmware], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[UnitInRam]:
    # Its chips are not there; the self-test runs in test_flash_unit.py.
    monkeypatch.setattr(check, "run_self_test", lambda console: {})
    monkeypatch.setattr(check, "check_import", lambda console: None)
    monkeypatch.setattr("host_tools.flash.update.check_import", lambda console: None)
    made = UnitInRam(build_image({**versions[0].unit(), **SETTINGS}, PARTITION), tmp_path)
    yield made
    made.close()


def bring(unit: UnitInRam, firmware: Firmware) -> Turn:
    turn = Turn("ttyRAM", "update", lambda *_: None)
    update(unit.console(), {HOST: firmware}, turn)
    return turn


@pytest.mark.parametrize("back", [False, True], ids=["a to b", "b to a"])
def test_a_power_cut_during_an_update_mixes_or_loses_a_version(
    unit: UnitInRam, versions: tuple[Firmware, Firmware], back: bool
):
    """The second way, /a, which boot.py takes when nothing else is told, is being written."""
    if back:
        bring(unit, versions[1])
        versions = versions[1], versions[0]
    old, new = ([firmware.build, firmware.version] for firmware in versions)
    before = unit.what_runs([])[0]
    assert unit.what_runs([[before, 0.0]])[1] == [old]
    bring(unit, versions[1])
    after, found = unit.what_runs([[10**9, 0.0]])
    assert found == [new]

    chance = random.Random(5)
    points = [[chance.randrange(before, after), chance.random()] for _ in range(CUTS - 60)]
    points += [[after - 60 + k, chance.random()] for k in range(60)]  # where the rename lies
    points += [[after - 1, 1.0], [after, 0.0]]
    points.sort()
    found = unit.what_runs(points)[1]
    assert len(found) == CUTS + 2
    wrong = [pair for pair in zip(points, found, strict=True) if pair[1] not in (old, new)]
    assert wrong == []
    # One rename decides: old up to a point, new from there on.
    first_new = found.index(new)
    assert first_new > CUTS - 10
    assert found == [old] * first_new + [new] * (CUTS + 2 - first_new)


def test_an_interrupted_update_cannot_be_taken_up_again(
    unit: UnitInRam, versions: tuple[Firmware, Firmware]
):
    bring(unit, versions[1])
    writes = unit.what_runs([])[0]
    new = [versions[1].build, versions[1].version]
    for share in (0.02, 0.35, 0.7, 0.95, 0.995):
        unit.ask("S", json.dumps([int(writes * share), 0.5]))
        bring(unit, versions[1])
        assert unit.console().eval("__import__('band.version').version.VERSION") == new[1]


def test_an_update_back_and_forth_fills_the_flash(
    unit: UnitInRam, versions: tuple[Firmware, Firmware]
):
    free = unit.console().free_bytes()
    bring(unit, versions[1])
    after_one = unit.console().free_bytes()
    assert after_one < free
    for firmware in (versions[0], versions[1], versions[0], versions[1]):
        turn = bring(unit, firmware)
        assert turn.outcome.files_sent <= 4
    assert abs(unit.console().free_bytes() - after_one) <= 4 * 4096
