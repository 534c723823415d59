"""Board, button, light and motor, and the ESP32's own peripherals as the stand-in has them."""

import ast
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import FIRMWARE, MicroPython
from tests.drivers_bench import on_bench

# Never to be used: read at reset, flash, USB or console.
TAKEN = {
    "esp32s3": {0, 3, 45, 46, 19, 20, 43, 44, *range(22, 33)},
    "esp32": {0, 2, 5, 12, 15, 1, 3, *range(6, 12), 16, 17, 20, 24, *range(28, 32), 37, 38},
}
INPUT_ONLY = {"esp32s3": set(), "esp32": set(range(34, 40))}
INPUTS_WITHOUT_PULL = {"i2s_sd", "usb", "imu_miso"}


def pins_of_the_firmware(run_micropython: MicroPython) -> dict[str, dict[str, int]]:
    return json.loads(
        run_micropython(
            "import json; from band.unit.pins import PINS; print(json.dumps(PINS))"
        ).stdout
    )


def test_a_pin_is_used_twice_or_belongs_to_flash_usb_or_start_up(run_micropython: MicroPython):
    for chip, pins in pins_of_the_firmware(run_micropython).items():
        assert len(set(pins.values())) == len(pins), chip
        assert not TAKEN[chip] & set(pins.values()), chip
        driven = {pin for name, pin in pins.items() if name not in INPUTS_WITHOUT_PULL}
        assert not INPUT_ONLY[chip] & driven, chip


def test_a_signal_is_missing_from_one_chip(run_micropython: MicroPython):
    maps = pins_of_the_firmware(run_micropython)
    assert set(maps) == set(TAKEN)
    assert maps["esp32"].keys() == maps["esp32s3"].keys()


def test_a_processor_takes_the_pins_of_another(run_micropython: MicroPython):
    run_micropython("""
from band.unit.pins import chip_of
for text, chip in (
    ("Generic ESP32S3 module with ESP32S3", "esp32s3"),
    ("Generic ESP32S3 module with ESP32-S3", "esp32s3"),
    ("LOLIN_S3_MINI with ESP32S3-FH4R2", "esp32s3"),
    ("Calfband S3 with ESP32S3", "esp32s3"),
    ("Calfband ESP32 with ESP32", "esp32"),
    ("Generic ESP32 module with ESP32", "esp32"),
    ("Generic ESP32 module with ESP32-UNICORE", "esp32"),
    ("linux [GCC 14.2.1] version", "esp32s3"),
):
    assert chip_of(text) == chip, text
for text in ("ESP32C3 module with ESP32C3", "Generic ESP32S2 module with ESP32-S2"):
    try:
        chip_of(text)
    except ValueError as error:
        assert text in str(error)
    else:
        raise AssertionError(text)
""")


def test_a_plain_esp32_finds_its_chips_elsewhere(run_micropython: MicroPython):
    script = on_bench("""
from band.unit import board
assert board.PINS["imu_mosi"] == 23 and board.SPI_BUS == 2
unit.imu.start()
unit.emg_adc.start()
unit.skin.start()
unit.gauge.start()
unit.light.show((1000, 0))
unit.light.step(0)
assert wires.pin(4).level() == 1 and bench.led() == 1
bench.usb(True)
assert unit.usb_present() and wires.pin(34).level() == 1
bench.press(True)
assert unit.button.pressed() and wires.pin(27).level() == 0
""")
    chosen = """
from band.unit import pins
from processor.pins import Pin
pins.chip_of = lambda text: "esp32"
Pin.chip = "esp32"
"""
    run_micropython(script.replace("time.virtual()", "time.virtual()" + chosen))


def test_another_file_of_the_firmware_makes_hardware():
    # boot.py looks at the button by itself: safe mode must work when the rest does not.
    for path in FIRMWARE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "machine":
                names = {alias.name for alias in node.names}
                made = names & {"Pin", "SPI", "I2C", "SoftI2C", "I2S", "PWM", "WDT", "ADC"}
                assert not made or path.name in ("board.py", "boot.py"), path


def test_building_the_board_needs_a_chip_to_answer(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
bench.imu.dead = True
bench.spi_stuck(0xFF)
bench.adc.absent = bench.skin.absent = bench.gauge.absent = True
unit = Board()
assert unit.unique_id == wires.unique_id
assert not unit.usb_present()
bench.usb(True)
assert unit.usb_present()
assert bench.led() == 0 and bench.motor_duty() == 0
for start in (unit.imu.start, unit.emg_adc.start, unit.skin.start, unit.gauge.start):
    assert error_of(start) == ENODEV
""")
    )


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    presses=st.lists(
        st.tuples(
            st.lists(st.integers(1, 20), max_size=6),  # bounces while closing
            st.integers(60, 6000),  # held
            st.lists(st.integers(1, 20), max_size=6),  # bounces while opening
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_bouncing_contact_presses_twice_or_never(
    run_micropython: MicroPython,
    presses: list[tuple[list[int], int, list[int]]],
):
    run_micropython(
        on_bench(f"""
from band.unit.button import LONG, NONE, SHORT
seen = []
def wait(ms):
    for i in range(ms):
        time.sleep_ms(1)
        if time.ticks_ms() % 10 == 0:
            event = unit.button.poll(time.ticks_ms())
            if event != NONE:
                seen.append(event)
wait(100)
expected = []
for closing, held, opening in {json.dumps(presses)}:
    down = False
    for ms in closing:
        down = not down
        bench.press(down)
        wait(ms)
    bench.press(True)
    assert unit.button.pressed()
    before = len(seen)
    wait(held)
    # The bounces after the release can only lengthen the press.
    released = held
    for ms in opening:
        down = not down
        bench.press(down)
        wait(ms)
        released += ms
    bench.press(False)
    wait(200)
    got = seen[before:]
    assert len(got) == 1, (got, held)
    if held >= 3100:
        assert got == [LONG], (got, held)
    if released < 2900 - sum(closing):
        assert got == [SHORT], (got, held)
""")
    )


def test_a_button_held_since_boot_opens_or_clears_anything(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
from band.unit.button import LONG, NONE, SHORT
bench.press(True)
assert unit.button.pressed()
for i in range(500):
    time.sleep_ms(10)
    assert unit.button.poll(time.ticks_ms()) == NONE
bench.press(False)
for i in range(50):
    time.sleep_ms(10)
    assert unit.button.poll(time.ticks_ms()) == NONE
bench.press(True)
events = [unit.button.poll(time.ticks_ms())]
for i in range(400):
    time.sleep_ms(10)
    events.append(unit.button.poll(time.ticks_ms()))
assert [event for event in events if event] == [LONG]
""")
    )


def test_a_light_pattern_has_another_rhythm(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
from band.unit import light
def edges(pattern, ms):
    unit.light.show(pattern)
    unit.light.show(pattern)
    found = []
    level = None
    for t in range(ms):
        unit.light.step(time.ticks_ms())
        if bench.led() != level:
            level = bench.led()
            found.append((t, level))
        time.sleep_ms(1)
    return found
assert edges(light.OFF, 500) == [(0, 0)]
assert edges(light.SAFE_MODE, 5000) == [(0, 1)]
assert edges(light.WARNED, 1200) == [(0, 1), (30, 0), (150, 1), (180, 0), (1000, 1), (1030, 0),
                                     (1150, 1), (1180, 0)]
assert len(edges(light.PAIRING, 1000)) == 8
for pattern in (light.READY, light.SESSION, light.USB, light.LOW_BATTERY, light.FAULT):
    found = edges(pattern, 2 * sum(pattern))
    assert len(found) == 2 * len(pattern), pattern
# The app shows the pattern anew at every look, and looks when it can: the rhythm holds.
for every_ms in (7, 40):
    unit.light.show(light.OFF)
    unit.light.step(time.ticks_ms())
    changes = 0
    before = 0
    for i in range(14000 // every_ms):
        unit.light.show(light.PAIRING)
        unit.light.step(time.ticks_ms())
        changes += bench.led() != before
        before = bench.led()
        time.sleep_ms(every_ms)
    assert 111 <= changes <= 113, (every_ms, changes)
""")
    )


def test_a_level_is_felt_as_another_or_does_not_end(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
from band.unit.motor import LONGEST_MS
def feel(level):
    unit.motor.play(level)
    on = buzzes = 0
    before = 0
    for t in range(LONGEST_MS + 100):
        unit.motor.step(time.ticks_ms())
        duty = bench.motor_duty()
        on += duty > 0
        buzzes += duty > 0 and not before
        assert unit.motor.running or not duty
        before = duty
        time.sleep_ms(1)
    assert not unit.motor.running and not duty
    return buzzes, on
assert [feel(level) for level in range(5)] == [(0, 0), (0, 0), (1, 200), (2, 800), (3, 1800)]
unit.motor.play(4)
unit.motor.step(time.ticks_ms())
assert bench.motor_duty() == 65535
unit.motor.stop()
unit.motor.step(time.ticks_ms())
assert bench.motor_duty() == 0 and not unit.motor.running
""")
    )


def test_button_light_and_motor_allocate(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
from band.unit import light
unit.light.show(light.FAULT)
def tick():
    time.sleep_ms(10)
    now = time.ticks_ms()
    unit.button.poll(now)
    unit.light.step(now)
    unit.motor.step(now)
    unit.usb_present()
    if now % 1000 == 0:
        unit.motor.play(4)
        bench.press(now % 2000 == 0)
assert grown(tick, 5000) == 0
""")
    )


def test_i2s_gives_frames_twice_or_says_what_it_dropped(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
unit.emg_adc.start()
unit.emg_adc.power_up()
block = bytearray(8 * 100)
def index(at=0):
    return int.from_bytes(block[8 * at : 8 * at + 4], "little") >> 8
# Blocking: as many as asked for, one after the other, no faster than the clock.
unit.i2s.readinto(block)
first = index()
start = time.clock.us()
for i in range(160):
    unit.i2s.readinto(block)
    assert index(99) - index() == 99 and index() == first + 100 * (i + 1)
assert abs(time.clock.us() - start - 2_000_000) <= 33_000
assert unit.i2s.dropped == 0
# 480 ms wait in 15 DMA buffers of 32 ms while one fills; then the oldest go, in silence.
time.sleep_ms(400)
unit.i2s.readinto(block)
assert unit.i2s.dropped == 0
before = index(99)
time.sleep_ms(3000)
unit.i2s.readinto(block)
gap = index() - before - 1
assert gap == unit.i2s.dropped > 19000 and gap % 256 == 0
newest = time.clock.us() * 8000 // 1_000_000
assert newest - index() < 8000 * 0.52
# After a poll of the stream a read returns at once with what is there.
import select
poll = select.poll()
poll.register(unit.i2s, 1)
big = bytearray(8 * 8000)
poll.poll(0)
while unit.i2s.readinto(big):
    pass
assert not list(poll.ipoll(0))
at = time.clock.us()
assert unit.i2s.readinto(big) == 0 and time.clock.us() == at
time.sleep_ms(64)
assert list(poll.ipoll(0))
assert unit.i2s.readinto(big) == 8 * 512
def take():
    time.sleep_ms(20)
    unit.i2s.readinto(block)
assert grown(take, 1000) == 0
""")
    )


def test_a_hung_loop_is_not_reset_or_a_fed_one_is(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
import machine
from chips.wiring import Reset
dog = unit.watchdog()
assert unit.watchdog() is dog
for i in range(100):
    time.sleep_ms(7000)
    dog.feed()
cause = None
try:
    time.sleep_ms(8001)
except Reset as reset:
    cause = reset.cause
assert cause == machine.WDT_RESET == machine.reset_cause()
# The restarted processor finds its pins floating and the chips as they were.
assert bench.motor_duty() == 0
time.sleep_ms(60_000)
unit = Board()
unit.imu.start()
""")
    )


def test_sleep_that_stops_bluetooth_is_accepted(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
import machine
try:
    machine.lightsleep(10)
except RuntimeError as error:
    assert "Bluetooth" in str(error)
else:
    raise AssertionError
""")
    )
