"""`calfband live`: what is drawn and printed, and the keys."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from band_peripheral import INFO, STATUS, BandPeripheral, computer_on
from bumble.link import LocalLink
from conftest import BIN
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.client import find as finding
from host_tools.client import packets
from host_tools.client.find import Wanted
from host_tools.console import Console
from host_tools.firmware_tables import wire
from host_tools.live.command import watch
from host_tools.live.dashboard import dashboard
from host_tools.live.plain import PlainState
from host_tools.live.plot import plot
from host_tools.live.state import FEATURES, LiveState

STRIDE = {"t_ic_s": 9.1, "contact_ms": 231.4, "stride_ms": 700.0, "kvert_kn_m": 24.15, "gait": 2}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SETTLE_S", 0.1)


def status(**values: int) -> dict[str, Any]:
    return packets.decode_status(packets.encode(wire.STATUS_PACKET, {**STATUS, **values}))


def stride(**values: Any) -> dict[str, Any]:
    return packets.decode_stride(packets.encode_stride({"seq": 0, "valid": 1, **STRIDE, **values}))


def told(strides: int = 40) -> LiveState:
    """A state that has heard of everything."""
    state = LiveState()
    info = packets.decode_info(packets.encode(wire.INFO_PACKET, INFO))
    state.connected("Calf 7F", info, 247)
    state.battery(81)
    state.status(status())
    for i in range(strides):
        state.stride(stride(contact_ms=231.4 + i % 7), 0, b"")
    state.status(status(level=3, confidence_pct=87, attribution=1, reasons=5, faults=1))
    return state


def drawn(state: LiveState, width: int = 100, height: int = 34, keys: bool = True) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), record=True)
    console.print(dashboard(state, width, height, keys))
    return console.export_text().rstrip("\n").split("\n")


def test_something_the_band_said_is_not_on_the_dashboard() -> None:
    picture = "\n".join(drawn(told()))
    for shown in (
        *("Calf 7F  connected", "0:01:01", "84 strides", "battery 81 %"),
        *("HEAVY", "87 % sure", "watching, peripheral", "· contact longer", "· stiffness lower"),
        *("! electrode off ch1", "stiffness", "24.1 kN/m", "171 steps/min", "running"),
        *("level heavy, 87 % sure", "0-9, t (ten)", "EMG latency", "quality", "100 % of strides"),
    ):
        assert shown in picture, shown
    assert "EMG onset" in picture and " – ms" in picture  # not known: not zero


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("height", [14, 24, 30, 36, 70])
def test_the_dashboard_is_larger_than_the_terminal(width: int, height: int) -> None:
    state = told()
    state.status(status(level=4, reasons=0xFFFF, faults=0x0FFF, unit_faults=0x3FFF))
    state.trouble("a sentence that is far longer than any terminal is wide: " + "word " * 60)
    lines = drawn(state, width, height)
    assert max(map(len, lines)) <= width
    wanted = 25 if width < 72 else 14  # below that the panels themselves are too much
    assert len(lines) <= max(height, wanted)


@pytest.mark.parametrize("state", [LiveState(), told(0), told(1)])
def test_a_band_that_said_little_breaks_the_dashboard(state: LiveState) -> None:
    assert drawn(state)
    for _ in FEATURES:
        state.next_feature()
        assert drawn(state, 60)


def test_a_code_of_later_firmware_breaks_the_dashboard() -> None:
    state = told()
    state.status(status(level=9, attribution=9, phase=9, unit_faults=0x8000))
    assert "UNKNOWN (9)" in "\n".join(drawn(state))


def test_walking_strides_move_the_median() -> None:
    state = told()
    before = state.recent("contact_ms")
    for _ in range(20):
        state.stride(stride(contact_ms=650.0, valid=0, gait=1), 0, b"")
    assert state.recent("contact_ms") == before
    assert state.latest_gait == "walking" and state.quality_pct == pytest.approx(100 * 40 / 60)


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(
        st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(0.0), st.just(24.1)), max_size=300
    ),
    width=st.integers(1, 120),
    height=st.integers(1, 20),
)
def test_some_values_cannot_be_plotted(values: list[float | None], width: int, height: int) -> None:
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(plot(values, width, height, 1, "cyan"))
    lines = console.export_text().rstrip("\n").split("\n")
    assert len(lines) == height
    dots = [character for line in lines for character in line if "\u2800" <= character <= "\u28ff"]
    assert len(dots) == width * height
    any_known = any(value is not None for value in values[-2 * width :])
    assert any(dot != "\u2800" for dot in dots) == any_known


def test_the_newest_stride_is_not_at_the_right() -> None:
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(plot([1.0, 2.0, 3.0], 10, 4, 1, "cyan"))
    rows = [line[-10:] for line in console.export_text().rstrip("\n").split("\n")]
    for row in rows:
        assert set(row[:8]) == {"\u2800"}
    assert any(ord(row[9]) & 0xB8 for row in rows) and rows[0][9] != "\u2800"


def watched(
    course: Callable[[BandPeripheral, LiveState], Any],
    state: LiveState,
    console: Console | None = None,
) -> BandPeripheral:
    """Watch a band while `course` runs on it; ends with the course unless `watch` ends before."""

    async def run() -> BandPeripheral:
        air = LocalLink()
        band = BandPeripheral(air)
        await band.start()
        watching = asyncio.ensure_future(
            watch(state, await computer_on(air), Wanted(), 20, 3, (0.05,), console)
        )
        # Told the time, the band is set up; a moment later the answer has arrived.
        while not band.requests and not watching.done():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        telling = asyncio.ensure_future(course(band, state))
        await asyncio.wait({watching, telling}, return_when=asyncio.FIRST_COMPLETED)
        for task in (watching, telling):
            if task.done():
                task.result()
            task.cancel()
        await asyncio.gather(watching, telling, return_exceptions=True)
        return band

    return asyncio.run(asyncio.wait_for(run(), 30))


def test_plain_lines_leave_something_out(capsys: pytest.CaptureFixture[str]) -> None:
    async def course(band: BandPeripheral, state: LiveState) -> None:
        await band.status(level=2, reasons=1, unit_faults=2)
        await band.stride(**STRIDE, valid=1)
        await band.stride(**STRIDE, skip=2, degraded=1)
        await band.hang_up()
        while not any(event.text == "back on Calf 7F" for event in state.events):
            await asyncio.sleep(0.01)

    watched(course, PlainState())
    lines = [line[9:] for line in capsys.readouterr().out.splitlines()]
    for line in (
        "connected to Calf 7F",
        "battery 81 %",
        "status fresh; 62 %; attribution none; phase watching; session 61 s; 84 strides",
        "level watch, 62 % sure",
        "fault: EMG silent",
        "stride 9.1000 s; contact 231.4 ms; stride time 700.0 ms; stiffness 24.15 kN/m",
        "Calf 7F is out of reach; looking for it",
        "back on Calf 7F",
    ):
        assert line in lines, (line, lines)
    assert any("not valid; degraded; 2 before it not heard" in line for line in lines)
    assert any("reasons: contact longer; unit: EMG silent" in line for line in lines)


def test_keys_do_nothing_or_leave_the_terminal_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard, terminal = os.openpty()
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(terminal)

        async def course(band: BandPeripheral, state: LiveState) -> None:
            os.write(keyboard, b"07tf?\xc3\xbc")
            while not any(event.text == "marked: legs feel 10 of 10" for event in state.events):
                await asyncio.sleep(0.01)
            os.write(keyboard, b"q")
            await asyncio.sleep(20)

        state = LiveState()
        band = watched(course, state)
        assert termios.tcgetattr(terminal) == before
    os.close(keyboard)
    marks = [parameters for opcode, parameters in band.requests if opcode == wire.MARK]
    assert marks == [b"\0", b"\7", b"\n"]
    assert state.plotted == 1
    assert [event.text for event in state.events][-3:] == [
        f"marked: legs feel {n} of 10" for n in (0, 7, 10)
    ]


def test_a_mark_the_band_did_not_hear_is_confirmed() -> None:
    async def course(band: BandPeripheral, state: LiveState) -> None:
        band.results[wire.MARK] = wire.BUSY

    state = LiveState()
    watched(course, state)

    class Deaf:
        async def request(self, *_: int) -> bytes:
            raise finding.CalfbandError("the band is not connected.")

    asyncio.run(state.mark(Deaf(), 5))  # type: ignore[arg-type]
    assert state.events[-1].text == "not marked: the band is not connected."


def test_the_screen_is_not_drawn_or_not_given_back() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=34)

    async def course(band: BandPeripheral, state: LiveState) -> None:
        await band.status(level=3)
        while "HEAVY" not in out.getvalue():
            await asyncio.sleep(0.05)

    watched(course, LiveState(), console)
    text = out.getvalue()
    taken, given_back = text.index("\x1b[?1049h"), text.rindex("\x1b[?1049l")
    assert taken < text.rindex("HEAVY") < given_back
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back
    assert text.rstrip().endswith("Calf 7F: level heavy, 62 % sure; 0 strides heard, 0 not.")


@pytest.mark.parametrize("options", [(), ("--plain",), ("--seconds", "1")])
def test_no_adapter_is_a_traceback(options: tuple[str, ...]) -> None:
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
    done = subprocess.run(
        [BIN / "calfband", "live", *options], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("calfband: no Bluetooth adapter can be used (")
    assert done.stderr.count("\n") == 1
