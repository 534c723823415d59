"""LSM6DSO32's driver against the chip's registers, in virtual time."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import MicroPython
from tests.drivers_bench import on_bench

# Frames are counted in acc x and gyr x; `frames()` returns the counts of what the FIFO holds.
COUNTING = """
from chips.sources import StillMotion
from band.chips.lsm6dso32 import TAG_ACC, TAG_GYR, TAG_TIMESTAMP, good_words
bench = Bench(StillMotion(counting=True))
unit = Board()
imu = unit.imu
buf = bytearray(7 * 512)

def words():
    n = imu.fifo_level()
    assert imu.read_fifo(buf, n) == n
    return n

def value(word, axis):
    at = 7 * word + 1 + 2 * axis
    return buf[at + 1] << 8 | buf[at]

def frames():
    n = words()
    assert good_words(buf, n) == n
    return [value(i, 0) for i in range(n) if buf[7 * i] >> 3 == TAG_ACC]
"""


def test_a_register_is_left_at_another_value_than_the_configuration_names(
    run_micropython: MicroPython,
):
    run_micropython(
        on_bench("""
unit.imu.start(watermark=300)
registers = bench.imu._registers
for register, value in (
    (0x07, 300 & 0xFF), (0x08, 1), (0x09, 0x77), (0x0A, 0xC6), (0x10, 0x76), (0x11, 0x7C),
    (0x12, 0x44), (0x13, 0x06), (0x14, 0x00), (0x15, 0x01), (0x16, 0x00), (0x17, 0x00),
    (0x18, 0xE2), (0x19, 0x20),
):
    assert registers[register] == value, (register, registers[register])
assert bench.imu.violations == 0
""")
    )


def test_another_chip_or_a_stuck_bus_passes_for_the_imu(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
bench.imu.who_am_i = 0x6B
assert error_of(unit.imu.start) == ENODEV
assert error_of(unit.imu.self_test) == ENODEV
bench.imu.who_am_i = 0x6C
for level in (0x00, 0xFF):
    bench.spi_stuck(level)
    assert error_of(unit.imu.start) == ENODEV
bench.spi_stuck(None)
bench.imu.dead = True
assert error_of(unit.imu.start) == ENODEV
bench.imu.dead = False
unit.imu.start()
assert unit.imu.alive()
""")
    )


def test_a_register_that_does_not_take_its_value_goes_unnoticed(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
for register in (0x07, 0x09, 0x0A, 0x10, 0x11, 0x13, 0x15, 0x18, 0x19):
    mask = bench.imu._masks[register]
    bench.imu._masks[register] = 0
    assert error_of(unit.imu.start) == EIO, register
    bench.imu._masks[register] = mask
bench.imu._reset_values[0x12] = 0x05
assert error_of(unit.imu.start) == ETIMEDOUT
""")
    )


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    waits_us=st.lists(st.integers(0, 280_000), min_size=1, max_size=60),
    rate_mhz=st.integers(808_000, 858_000),
)
def test_a_frame_is_lost_or_doubled_whenever_the_fifo_is_read(
    run_micropython: MicroPython,
    waits_us: list[int],
    rate_mhz: int,
):
    run_micropython(
        on_bench(f"""{COUNTING}
bench.imu.set_rate({rate_mhz})
imu.start()
start = time.clock.us()
index = None
count = 0
for wait in {json.dumps(waits_us)}:
    time.sleep_us(wait)
    for x in frames():
        assert index is None or x == index + 1, (x, index)
        index = x
        count += 1
    assert not imu.overrun
due = (time.clock.us() - start) * {rate_mhz} // 1_000_000_000
assert due - 1 <= count <= due, (count, due)
""")
    )


def test_an_overrun_is_not_reported_or_reported_for_ever(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start()
time.sleep_ms(1000)
assert imu.fifo_level() == 512 and imu.overrun
assert imu.flags & 0xC0 == 0xC0
assert bench.imu.overruns > 1000
assert imu.fifo_level() == 512 and not imu.overrun
newest = frames()
assert 240 < len(newest) <= 256
for i in range(1, len(newest)):
    assert newest[i] == newest[i - 1] + 1, newest
assert newest[-1] in (832, 833), newest[-1]
assert imu.fifo_level() == 0
""")
    )


def test_a_bus_that_fails_while_sampling_looks_like_data(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start()
time.sleep_ms(50)
bench.spi_stuck(0xFF)
assert imu.fifo_level() == -1
assert not imu.alive()
imu.read_fifo(buf, 40)
assert good_words(buf, 40) == 0
bench.spi_stuck(0x00)
assert imu.fifo_level() == 0
assert not imu.alive()
imu.read_fifo(buf, 40)
assert good_words(buf, 40) == 0
bench.spi_stuck(None)
assert imu.alive() and imu.fifo_level() > 0
""")
    )


def test_a_tag_with_a_wrong_parity_bit_is_taken(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start()
time.sleep_ms(20)
words()
bench.imu.garble_tags(1)
time.sleep_ms(20)
n = words()
assert n > 20 and good_words(buf, n) == 0
assert good_words(memoryview(buf)[7:], n - 1) == n - 1
# Every single wrong bit of a tag, and tags of sensors that are not batched.
one = bytearray(7)
for slot in range(4):
    for sensor in (TAG_GYR, TAG_ACC, TAG_TIMESTAMP):
        tag = sensor << 3 | slot << 1
        tag |= (1 + slot + (slot >> 1)) & 1
        one[0] = tag
        assert good_words(one, 1) == 1
        for bit in range(8):
            one[0] = tag ^ (1 << bit)
            assert good_words(one, 1) == 0
""")
    )


def test_words_in_another_order_go_to_the_wrong_sensor(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start()
time.sleep_ms(20)
frames()
bench.imu.swap_words(5)
time.sleep_ms(20)
n = words()
assert good_words(buf, n) == n
tags = [buf[7 * i] >> 3 for i in range(n) if buf[7 * i] >> 3 != TAG_TIMESTAMP]
assert tags[:10] == [TAG_ACC, TAG_GYR] * 5 and tags[10:14] == [TAG_GYR, TAG_ACC] * 2
for i in range(n):
    if buf[7 * i] >> 3 == TAG_ACC:
        assert value(i, 2) == 1025
    elif buf[7 * i] >> 3 == TAG_GYR:
        assert value(i, 2) == 0
""")
    )


def test_lost_slots_leave_no_trace_in_the_tag_counter(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start()
time.sleep_ms(20)
n = words()
last = (buf[7 * n - 7] >> 1) & 3
bench.imu.lose_slots(2)
time.sleep_ms(20)
words()
assert (buf[0] >> 1) & 3 == (last + 3) & 3
""")
    )


def test_timestamps_do_not_run_with_the_chips_own_clock(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
for rate in (808_000, 833_000, 858_000):
    bench.imu.set_rate(rate)
    imu.start()
    stamps = []
    for block in range(100):
        time.sleep_ms(100)
        n = words()
        for i in range(n):
            if buf[7 * i] >> 3 == TAG_TIMESTAMP:
                stamps.append(value(i, 1) << 16 | value(i, 0))
    assert len(stamps) == 10 * rate // 32000 + 1
    # 32 slots at 833 Hz, in 25 us of the chip, whatever its clock.
    for i in range(1, len(stamps)):
        assert 1536 <= stamps[i] - stamps[i - 1] <= 1537, (i, stamps)
    before = imu.read_timestamp()
    time.sleep_ms(1000)
    passed = imu.read_timestamp() - before
    assert abs(passed - 40000 * rate // 833_000) <= 1
# Its lower 30 bits, over the byte borders and around: it wraps after 7.4 hours.
bench.imu.set_rate(833_000)
imu.start()
begin = time.clock.us()
for hours in (1, 2, 4, 7, 8, 9):
    time.sleep(3600 * hours - (time.clock.us() - begin) // 1_000_000)
    expected = ((time.clock.us() - bench.imu._timestamp_us) // 25) & 0x3FFFFFFF
    assert imu.read_timestamp() == expected, hours
""")
    )


def test_a_flushed_fifo_still_holds_old_samples(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start()
time.sleep_ms(1000)
imu.flush()
assert imu.fifo_level() == 0
time.sleep_ms(24)
newest = frames()
assert 19 <= len(newest) <= 20 and newest[0] >= 832
assert (buf[0] >> 1) & 3 == 0 and buf[0] >> 3 == TAG_TIMESTAMP
""")
    )


def test_an_axis_that_does_not_respond_passes_the_self_test(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
assert unit.imu.self_test() == 0
chip = bench.imu
for axis in range(3):
    for weak, strong, change, bit in (
        (49, 1701, chip.self_test_mg, 1 << axis), (149, 701, chip.self_test_dps, 8 << axis)
    ):
        good = change[axis]
        for bad in (0, weak, strong, -weak):
            change[axis] = bad
            assert unit.imu.self_test() == bit, (axis, bad)
        change[axis] = -good  # the sign is not judged: it depends on the mounting of the mass
        assert unit.imu.self_test() == 0
        change[axis] = good
chip.freeze(True)
assert error_of(unit.imu.self_test) == ETIMEDOUT
chip.freeze(False)
unit.imu.start()
assert chip.violations == 0 and unit.imu.alive()
""")
    )


def test_reading_samples_allocates(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start()
def block():
    time.sleep_ms(29)
    n = imu.fifo_level()
    imu.read_fifo(buf, n)
    good_words(buf, n)
    imu.read_timestamp()
    imu.alive()
assert grown(block, 2000) == 0
bench.spi_stuck(0xFF)
assert grown(block, 100) == 0
""")
    )


def test_acceleration_alone_still_batches_gyroscope_words(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start(gyroscope=False)
time.sleep_ms(100)
n = words()
assert good_words(buf, n) == n
assert {{buf[7 * i] >> 3 for i in range(n)}} == {{TAG_ACC, TAG_TIMESTAMP}}
assert imu.alive()
""")
    )


def test_a_chip_that_lost_its_supply_passes_for_alive(run_micropython: MicroPython):
    run_micropython(
        on_bench("""
unit.imu.start()
assert unit.imu.alive()
bench.imu.brownout()
assert not unit.imu.alive()
time.sleep_ms(100)
assert unit.imu.fifo_level() == 0
unit.imu.start()
time.sleep_ms(100)
assert unit.imu.alive() and unit.imu.fifo_level() > 150
unit.imu.stop()
assert not unit.imu.alive()
""")
    )


def test_a_burst_writes_past_a_small_buffer_or_loses_what_did_not_fit(run_micropython: MicroPython):
    run_micropython(
        on_bench(f"""{COUNTING}
imu.start(watermark=64)
time.sleep_ms(100)
level = imu.fifo_level()
assert level > 150 and imu.flags & 0x80
small = bytearray(7 * 45 + 3)
assert imu.read_fifo(small, level) == 45
assert bytes(small[-3:]) == bytes(3)
assert good_words(small, 45) == 45
assert imu.fifo_level() == level - 45
assert imu.read_fifo(buf, 0) == 0
rest = imu.read_fifo(buf, level - 45)
assert rest == level - 45 and good_words(buf, rest) == rest
assert not imu.fifo_level() or imu.flags & 0x80 == 0
""")
    )


def test_a_dozing_chip_feels_what_it_must_not_or_forgets_before_it_is_asked(
    run_micropython: MicroPython,
):
    run_micropython(
        on_bench(f"""{COUNTING}
class Leg:
    x = 0
    def read(self, frames, n):
        frames[0] = self.x  # one frame at a time
        frames[1] = frames[3] = frames[4] = frames[5] = 0
        frames[2] = 1025
    def skip(self, n):
        pass
    def started(self, us):
        pass
leg = bench.imu._source = Leg()
imu.doze()
registers = bench.imu._registers
for register, value in ((0x10, 0x20), (0x11, 0), (0x15, 0x10), (0x56, 0x41), (0x58, 0x80),
                        (0x5B, 8), (0x5C, 0x10), (0x0A, 0)):
    assert registers[register] == value, (hex(register), registers[register])
assert bench.imu.violations == 0 and bench.imu.wake_up.low_power
time.sleep_ms(500)
imu.moved()  # of starting to doze
time.sleep_ms(60_000)
assert not imu.moved()
for step, felt in ((250, False), (262, True), (-1500, True)):
    bench.imu.sync()
    leg.x += step
    time.sleep_ms(500)
    bench.imu.sync()
    time.sleep_ms(20_000)  # long before anyone asks
    assert imu.moved() == felt, step
    time.sleep_ms(500)
    assert not imu.moved(), "it was asked"
    assert grown(lambda: time.sleep_ms(100) or imu.moved(), 20) == 0
bench.imu.freeze(True)
error_of(imu.moved)  # samples from before
time.sleep_ms(500)
assert error_of(imu.moved) == EIO
bench.imu.freeze(False)
imu.start()
assert imu.alive() and error_of(imu.moved) == EIO
assert not bench.imu.wake_up.enabled
""")
    )
