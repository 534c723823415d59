"""Drivers of the EMG converter, the skin sensor and the gauge against the chips' registers."""

import re

from tests.conftest import FIRMWARE, MicroPython
from tests.drivers_bench import on_bench


def test_the_converter_is_set_up_otherwise_or_out_of_order(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
adc = unit.emg_adc
adc.start()
assert bench.adc.converting() == 0
adc.power_up()
registers = bench.adc._registers
for register, value in (
    (0x02, 0x81), (0x07, 0x70), (0x0B, 0x00), (0x0C, 0x20), (0x13, 0x02), (0x16, 0x10),
    (0x3C, 0x88), (0x3D, 73 << 1), (0x3E, 0xC9), (0x41, 0x88), (0x42, 73 << 1), (0x43, 0xC9),
    (0x6B, 0x01), (0x6C, 0x50), (0x73, 0xC0), (0x74, 0xC0), (0x75, 0x60),
):
    assert registers[register] == value, (register, registers[register])
assert bench.adc.violations == 0
assert bench.adc.converting() == 0xC0
assert adc.self_test() == 0 and adc.alive()
""")
    )


def test_the_model_forgives_a_wrong_order(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
i2c = unit.emg_adc._i2c
def write(register, value):
    i2c.writeto_mem(0x4E, register, bytes([value]))
def read(register):
    return i2c.readfrom_mem(0x4E, register, 1)[0]
# Asleep: all but the wake-up is lost.
write(0x07, 0x70)
assert read(0x07) == 0x30 and bench.adc.violations == 1 and read(0x77) == 0x80
write(0x02, 0x81)
write(0x07, 0x70)  # sooner than 1 ms
assert read(0x07) == 0x30 and bench.adc.violations == 2
time.sleep_ms(1)
write(0x07, 0x70)
assert read(0x07) == 0x70 and read(0x77) == 0xC0
# Power before the channels are enabled: they stay off.
write(0x75, 0x60)
write(0x74, 0xC0)
time.sleep_ms(50)
assert read(0x76) == 0
write(0x75, 0x00)
write(0x75, 0x60)
time.sleep_ms(50)
assert read(0x76) == 0xC0 and read(0x77) == 0xE0
# Another page: page 0 is out of reach until it is selected.
write(0x00, 2)
write(0x07, 0x11)
assert read(0x07) == 0x11
write(0x00, 0)
assert read(0x07) == 0x70
""")
    )


def test_power_up_succeeds_without_the_clocks_it_needs(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
unit.i2s.deinit()
unit.emg_adc.start()
assert error_of(unit.emg_adc.power_up) == ETIMEDOUT
assert unit.emg_adc.self_test() == 0x0F
assert not unit.emg_adc.alive()
""")
    )


def test_a_nack_at_any_moment_goes_unnoticed_or_cannot_be_tried_again(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
def bring_up():
    unit.emg_adc.start()
    unit.emg_adc.power_up()
for spare in range(60):
    bench.adc_wire.spare = spare
    bench.adc_wire.nacks = 1
    failed = error_of(bring_up)
    if not bench.adc_wire.nacks:
        assert failed == ENODEV, spare
    else:
        assert failed == 0 and spare > 35, spare
    bench.adc_wire.nacks = 0
    bring_up()
    assert unit.emg_adc.self_test() == 0
bench.adc_wire.timeouts = -1
assert error_of(bring_up) == 116
""")
    )


def test_samples_come_while_the_converter_is_off_or_in_the_wrong_slot(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
frame = bytearray(8)
def newest():
    time.sleep_ms(1000)
    while unit.i2s.readinto(block) == len(block):
        pass
    left = int.from_bytes(block[:4], "little")
    right = int.from_bytes(block[4:8], "little")
    return left, right
import select
poll = select.poll()
poll.register(unit.i2s, 1)
poll.poll(0)  # from now on reads do not block
block = bytearray(8 * 256)
assert newest() == (0, 0)
unit.emg_adc.start()
unit.emg_adc.power_up()
left, right = newest()
assert left and not left & 0xFF
assert (left + right) & 0xFFFFFFFF == 0, (left, right)
unit.emg_adc._write(0x73, 0x80)  # channel 2 fails
left, right = newest()
assert left and not right
assert unit.emg_adc.self_test() == 4 and not unit.emg_adc.alive()
unit.emg_power(False)
assert newest() == (0, 0)
assert error_of(unit.emg_adc.alive) == ENODEV
unit.emg_power(True)
unit.emg_adc.start()
unit.emg_adc.power_up()
assert newest()[1]
unit.emg_adc.stop()
assert newest() == (0, 0)
""")
    )


def test_the_gains_do_not_make_a_quarter_microvolt():
    # From the numbers the driver itself names: full scale, gain in front, gain of the chip.
    text = (FIRMWARE / "band/chips/tlv320adc3120.py").read_text()
    half_db = int(re.search(r"GAIN_HALF_DB = const\((\d+)\)", text)[1])  # type: ignore
    in_front = 1 + 100_000 / 24_000  # INA333: 1 + 100 kOhm / RG
    full_scale_v = 2 * 2**0.5 / in_front / 10 ** (half_db / 40)
    assert abs(full_scale_v / 32768 * 1e9 - 250) < 0.25  # nV, of units.EMG_LSB_NV
    assert f"{in_front:.3f}" in text


def test_a_temperature_is_off_by_a_rounding_or_read_before_it_was_measured(
    run_micropython: MicroPython,
):
    run_micropython(
        on_bench("""
from band.chips.tmp117 import UNKNOWN
skin = unit.skin
skin.start()
assert skin.read() == UNKNOWN  # not -256 degC
time.sleep_ms(100)
assert skin.read() == UNKNOWN
time.sleep_ms(40)  # 8 conversions of 15.5 ms
assert skin.read() == 3300
assert skin.read() == UNKNOWN  # not the old one again
for cc in range(-2000, 6001, 37):
    bench.skin_cc = cc
    time.sleep_ms(1000)
    got = skin.read()
    assert abs(got - cc) <= 1, (cc, got)
    assert skin.read() == UNKNOWN
for cc in (-2100, 6100, -25600):
    bench.skin_cc = cc
    time.sleep_ms(1000)
    assert skin.read() == UNKNOWN
""")
    )


def test_a_skin_sensor_that_is_another_silent_or_stuck_is_not_found_out(
    run_micropython: MicroPython,
):
    run_micropython(
        on_bench("""
from band.chips.tmp117 import UNKNOWN
bench.skin.device_id = 0x0116
assert error_of(unit.skin.start) == ENODEV
assert unit.skin.self_test() == 1
bench.skin.device_id = 0x1117  # a later revision
unit.skin.start()
assert unit.skin.self_test() == 0
bench.skin_wire.nacks = 2
assert error_of(unit.skin.read) == ENODEV
assert error_of(unit.skin.self_test) == ENODEV
assert unit.skin.self_test() == 0
bench.skin.absent = True
assert error_of(unit.skin.start) == ENODEV
bench.skin.absent = False
bench.skin.dead = True
time.sleep_ms(5000)
assert unit.skin.read() == UNKNOWN
""")
    )


def test_charge_or_voltage_are_misread_or_the_alert_misses(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
gauge = unit.gauge
gauge.start(alert_pct=10)
assert bench.gauge._status & 0x0100 == 0
for q8, pct in ((0, 0), (127, 0), (128, 1), (50 * 256, 50), (100 * 256, 100), (101 * 256, 100)):
    bench.gauge.charge_q8 = q8
    time.sleep_ms(300)
    assert gauge.charge_pct() == pct
for mv in range(2600, 4400, 7):
    bench.gauge.cell_mv = mv
    time.sleep_ms(300)
    assert abs(gauge.cell_mv() - mv) <= 1
bench.gauge.charge_q8 = 10 * 256
time.sleep_ms(300)
gauge.start(alert_pct=10)
assert not gauge.low()
bench.gauge.charge_q8 = 10 * 256 - 1
time.sleep_ms(300)
assert gauge.low()
assert gauge.self_test() == 0
for mv in (2400, 4999):
    bench.gauge.cell_mv = mv
    time.sleep_ms(300)
    assert gauge.self_test() == (1 if mv < 2500 else 0)
bench.gauge.version = 0x0003
assert error_of(gauge.start) == ENODEV and gauge.self_test() == 1
bench.gauge.version = 0x0011
bench.gauge_wire.nacks = -1
for call in (gauge.start, gauge.charge_pct, gauge.cell_mv, gauge.low, gauge.self_test):
    assert error_of(call) == ENODEV
""")
    )


def test_looking_at_the_slow_chips_allocates(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
unit.skin.start()
unit.gauge.start()
unit.emg_adc.start()
unit.emg_adc.power_up()
def second():
    time.sleep_ms(500)
    unit.skin.read()
    unit.gauge.charge_pct()
    unit.gauge.cell_mv()
    unit.gauge.low()
    unit.emg_adc.alive()
assert grown(second, 2000) == 0
""")
    )
