"""Rest: when the unit lies down, what wakes it, and that it is whole then. Synthetic motion."""

import statistics
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from host_tools.band_input import BandInput, band_input
from host_tools.firmware_tables import wire
from host_tools.recording import read_recording
from host_tools.virtual.unit import TELLS, run_unit
from host_tools.virtual.world import Mishap, WorldPlan, write_world
from tests.conftest import MicroPython
from tests.rest_bench import on_leg

Play = Callable[[str], str]


@pytest.fixture
def play(run_micropython: MicroPython, tmp_path: Path) -> Play:
    """Run a scenario on a unit that has just booted; what it prints."""
    return lambda scenario: run_micropython(on_leg(scenario), tmp_path).stdout.decode()


def test_a_still_unit_measures_on_or_tells_of_faults_at_rest(play: Play):
    play("""
await seconds(50)
assert measuring() and state() == "awake"
await rests(12)
await seconds(2)
assert resting() and state() == "resting" and told() == []
gc.disable()
before, size = turns, gc.mem_alloc()
await seconds(60)
assert gc.mem_alloc() - size < 512, "the scenario itself needs some"
assert turns - before < 60 * 25 and counter("late_loops") == 0, turns - before
assert app.rest.resting and told() == [] and counter("sensor_errors") == 0
assert counter("rests") == 1 and 59 <= counter("rested_s") <= 65, counter("rested_s")
""")


def test_a_step_does_not_wake_the_unit_within_a_second(play: Play):
    play("""
await soon()
await seconds(5)
leg.step_lsb = 700
took_ms = await wakes(1000)
await seconds(1)
assert measuring() and state() == "awake" and told() == []
samples, frames = app.sensors.emg_source.index, app.sensors.imu_source.index
await seconds(30)
assert 29_900 < app.sensors.emg_source.index - samples < 30_100
assert 24_900 < app.sensors.imu_source.index - frames < 25_100
assert app.sensors.clocks.settled() and abs(app.sensors.clocks.error_us) < 500
assert told() == [] and counter("emg_lost") == 0 and counter("imu_lost") == 0
assert counter("late_loops") == 0 and counter("emg_overflows") == 0
""")


def test_a_press_of_the_button_is_slept_through(play: Play):
    play("""
await soon()
await seconds(3)
await press(120)
await seconds(1)
assert app.session.running and measuring()
""")


def test_requests_that_need_samples_find_none_and_others_wake_the_unit(play: Play):
    play("""
from band.unit.control import Control
def ask(opcode, parameters=b""):
    return app.control.request(opcode, parameters)[0]
for opcode, parameters in ((wire.START, b""), (wire.RAW_START, b"\\3"), (wire.SELF_TEST, b"")):
    await soon()
    await seconds(2)
    assert ask(opcode, parameters) == wire.SUCCESS
    await seconds(1)
    late = ["late loop"] if opcode == wire.SELF_TEST else []  # it takes 0.7 s of a turn
    assert measuring() and told() == late, (opcode, told())
    if app.session.running:
        assert ask(wire.STOP) == wire.SUCCESS
await soon()
await seconds(2)
for opcode, parameters in ((wire.COUNT, b"\\0"), (wire.BUZZ, b"\\2"), (wire.SET_SPEED, b"\\0\\0"),
                           (wire.SET_ATHLETE, b"\\x70\\x11\\1\\0\\xd6\\6\\0"),
                           (wire.LIST_SESSIONS, b"\\0\\0")):
    assert ask(opcode, parameters) == wire.SUCCESS, opcode
    before = turns
    await seconds(1)
    assert resting() and turns - before > 80, "someone asks: the loop is quick"
await seconds(6)
before = turns
await seconds(1)
assert turns - before < 30
""")


@pytest.mark.parametrize(
    "what",
    [
        "app.begin_session()",
        "app.radio.raw_streams = 7",  # calibration
        "leg.step_lsb = 300",
        "bench.usb(True)",
        "bench.imu.dead = True",
        "bench.imu.freeze(True)",
        "app.store.unit.rest_min = 0",
        "app.radio.open_pairing(time.ticks_ms())",
    ],
)
def test_a_unit_rests_although_it_is_needed_or_knows_nothing(play: Play, what: str):
    play(f"""
from band.unit.no_radio import NoRadio
app.radio = app.session.radio = NoRadio() if "streams" in {what!r} else app.radio
await seconds(3)
app.rest.still_s = 56
{what}
await seconds(20)
assert not app.rest.resting and counter("rests") == 0
""")


@pytest.mark.parametrize(
    "what", ["bench.imu.dead = True", "bench.imu.freeze(True)", "bench.spi_stuck(0xFF)",
             "bench.imu.brownout()"],
)  # fmt: skip
def test_a_motion_chip_that_dies_at_rest_is_waited_for(play: Play, what: str):
    fault = [] if "brownout" in what else ["IMU silent"]
    play(f"""
await soon()
await seconds(3)
{what}
await wakes(1000)
await seconds(3)
assert told() == {fault}, told()
app.rest.still_s = 1000
await seconds(3)
assert app.rest.resting == (told() == [])
""")


def test_a_nudge_keeps_the_unit_awake_for_as_long_as_a_walk(play: Play):
    play("""
app.store.unit.rest_min = 5
await soon()
await seconds(3)
leg.step_lsb = 700
await wakes(1000)
leg.step_lsb = 0
await seconds(5)
app.rest.still_s = 50
await rests(15)
await press(200)
await seconds(1)
app.end_session("button")
app.radio._close_pairing()
app.rest.still_s = 50
await seconds(15)
assert measuring(), "someone pressed the button"
""")


def test_usb_or_an_empty_cell_find_a_resting_unit_asleep_for_good(play: Play):
    play("""
await soon()
await seconds(3)
bench.usb(True)
await seconds(2)
assert not app.rest.resting and not app.sensors.running and told() == ["USB connected"]
assert bench.imu._registers[0x10] == 0 and not bench.imu.wake_up.enabled
bench.usb(False)
await seconds(2)
assert measuring() and told() == []
await soon()
bench.gauge.charge_q8 = 3 * 256
await seconds(25)
assert app.rest.resting and told() == ["battery low"] and bench.imu.wake_up.low_power
leg.step_lsb = 700
await seconds(100)
assert app.rest.resting and app.rest.still_s < 3, "it is carried about"
bench.gauge.charge_q8 = 80 * 256
await seconds(12)
assert measuring() and told() == []
""")


@pytest.mark.parametrize("why", ["empty", "told to"])
def test_a_unit_that_shall_sleep_advertises_on_or_cannot_be_woken(play: Play, why: str):
    play(
        f"""
if {why!r} == "empty":
    bench.gauge.charge_q8 = 3 * 256
    await seconds(20)
else:
    app.store.unit.sleep_min = 10
    await soon()
    app.rest.still_s = 599
"""
        """
assert app.rest.resting
pressed_us = clock.us() + 3_600_000_000
def world():
    wires.tick()
    if clock.us() > pressed_us:
        bench.press(True)
clock.moved = world
try:
    for _ in range(100):
        app._tick(time.ticks_ms())
        app.rest.each_second(time.ticks_ms())
        clock.wait(50_000)
    assert False, "no sleep"
except Reset as reset:
    assert reset.cause == 4 and clock.us() >= pressed_us
assert bench.adc._shut and bench.imu._registers[0x10] == 0 and not bench.led()
"""
    )


@pytest.mark.parametrize(
    "what", ["app.radio = NoRadio()", "app.sensors.charge_pct = -1 << 29", "bench.press(True)",
             "sys.modules['esp32'] = 1", "app.store.unit.rest_min = 0", "leg.step_lsb = 700"],
)  # fmt: skip
def test_an_empty_unit_sleeps_although_something_is_unknown_or_awake(play: Play, what: str):
    play(f"""
from band.unit.no_radio import NoRadio
NoRadio.connected = 1
if "Radio" in {what!r}:
    app.store.unit.sleep_min = 10
    await soon()
else:
    bench.gauge.charge_q8 = 3 * 256
    await seconds(20)
assert app.rest.resting
{what}
await seconds(2)
app.rest.still_s = 1000 if "leg" not in {what!r} else app.rest.still_s
app.sensors._gauge_ms = time.ticks_add(time.ticks_ms(), 60_000)
await seconds(5)
""")


def test_memory_or_clocks_suffer_from_resting_often(play: Play):
    play("""
sizes = []
for cycle in range(25):
    await soon()
    await seconds(1)
    leg.step_lsb = 700
    await wakes(1000)
    leg.step_lsb = 0
    await seconds(1)
    assert measuring() and told() == [], told()
    gc.collect()
    sizes.append(gc.mem_alloc())
assert max(sizes[2:]) - min(sizes[2:]) < 512, sizes
assert counter("rests") == 25 and counter("heap_grown_bytes") == 0
assert counter("sensor_errors") == 0 and counter("emg_lost") == 0
await seconds(25)
assert app.sensors.clocks.settled() and abs(app.sensors.clocks.error_us) < 500
""")


@pytest.mark.parametrize(("away", "minutes"), [("rest", 10), ("usb", 16), ("usb", 300)])
def test_ticks_that_wrapped_meanwhile_lose_the_motion(play: Play, away: str, minutes: int):
    play(f"""
if {away!r} == "rest":
    await soon()
else:
    bench.usb(True)
    await seconds(2)
stall({minutes})
await seconds(1)
leg.step_lsb = 700
bench.usb(False)
await seconds(2)
assert measuring()
strides, frames = app.chain.timebase.end_dms, app.chain.timebase.frame
await seconds(5)
assert 49_000 < app.chain.timebase.end_dms - strides < 51_000
assert 4100 < app.chain.timebase.frame - frames < 4230, app.chain.timebase.frame - frames
assert app.chain.timebase.end_dms < 120_000
assert counter("imu_lost") == 0 and counter("emg_lost") == 0
""")


class Run:
    """A unit that has stood still for 75 s when a recording begins."""

    def __init__(self, folder: Path, source: BandInput, rest_min: int, **plan) -> None:
        self.strides: list[dict[str, int]] = []
        self.told: list[dict[str, int]] = []
        fields = [name for name, *_ in (*wire.STRIDE, *wire.STRIDE_EXTRA)]

        def hear(tag: int, values: list[int]) -> None:
            if tag == wire.TAG_PROGRESS:
                self.told.append(dict(zip(TELLS, values, strict=True)))
            elif tag == wire.TAG_STRIDE:
                stride = dict(zip(fields, values, strict=True))
                stride["at_dms"] = stride["t_ic_s"] - 10 * self.told[-1]["begins_ms"]
                self.strides.append(stride)

        folder.mkdir()
        plan.setdefault("lead_ms", 75_000)
        settings = ["mass_g=70000", f"unit.rest_min={rest_min}"]
        write_world(folder, source, WorldPlan(settings=settings, **plan))
        self.report = run_unit(folder, hear)

    def state_at(self, t_ms: int) -> str:
        told = [row for row in self.told if row["t_ms"] <= t_ms]
        return wire.STATES[told[-1]["state"]]


def source_of(edf: Path) -> BandInput:
    return band_input(read_recording(edf), Fraction(849_660, 1000))


def test_the_run_that_woke_the_unit_is_lost_or_mistimed(synthetic_edf, tmp_path: Path):
    source = source_of(synthetic_edf(minutes=1, seed=11))
    awake = Run(tmp_path / "awake", source, 0, play_ms=40_000)
    woken = Run(tmp_path / "woken", source, 1, play_ms=40_000)
    assert (awake.state_at(-10), woken.state_at(-10), woken.state_at(2000)) == (
        "awake", "resting", "awake"
    )  # fmt: skip
    assert len(awake.strides) - 2 <= len(woken.strides) <= len(awake.strides)
    assert any(row["session"] == 1 for row in woken.told), "it was taken for a run"
    assert woken.report["unit_faults"] == 0 and woken.report["violations"] == 0
    by_time = {round(stride["at_dms"] / 2000): stride for stride in awake.strides}
    pairs = [
        (by_time.get(key) or by_time.get(key + 1) or by_time[key - 1], stride)
        for stride in woken.strides
        for key in [round(stride["at_dms"] / 2000)]
    ]
    apart = [abs(a["at_dms"] - w["at_dms"]) for a, w in pairs]
    assert max(apart[:2]) <= 50 and max(apart[2:]) <= 15, "the clocks of a fresh start settle"
    for name, most_dms in (("contact_ms", 5), ("onset_ms", 10)):
        assert statistics.median(abs(a[name] - w[name]) for a, w in pairs) <= most_dms


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["run-shank-acc-01", "run-shank-acc-04", "walk-shank-acc-01",
                                  "walk-shank-acc-02", "run-virtual-shank-2.5mps"])  # fmt: skip
def test_real_legs_set_off_and_the_unit_rests_on(recordings: Path, tmp_path: Path, name: str):
    run = Run(tmp_path / "unit", source_of(recordings / f"{name}.edf"), 1, play_ms=5000)
    assert run.state_at(-10) == "resting" and run.state_at(2000) == "awake"


def test_an_empty_unit_in_deep_sleep_boots_into_safe_mode_or_not_at_all(tmp_path: Path):
    rng = np.random.default_rng(0)
    still = rng.integers(-3, 4, (833 * 10, 6), dtype="<i2")
    still[:, 2] += 1025
    emg = rng.integers(-20, 21, (10_000, 2), dtype="<i2")
    source = BandInput(emg, still, imu_rate_mhz=833_000, present={"has_emg1": 1, "has_emg2": 1})
    mishaps = [Mishap(5000, "battery-low"), Mishap(150_000, "button", 2000)]
    run = Run(tmp_path / "unit", source, 1, lead_ms=3000, play_ms=170_000, mishaps=mishaps)
    assert run.report["resets"] == 1
    asleep = [row for row in run.told if 100_000 < row["t_ms"] < 150_000]
    assert asleep == [] and run.told[-1]["t_ms"] > 165_000
    assert run.told[-1]["unit_faults"] == 1 << wire.UNIT_FAULTS.index("battery low")
    assert run.report["error_restarts"] == run.report["watchdog_restarts"] == 0
