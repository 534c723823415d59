"""Both sources and the steering on the virtual unit: drivers, chips and I2S of its own time.

Every frame of the chip carries its number, so a frame at the wrong place is seen as such.
"""

import pytest

from tests.clocks_bench import on_rig
from tests.conftest import MicroPython


@pytest.mark.parametrize(("imu_mhz", "emg_hz"), [(858_000, 7760), (808_000, 8240), (833_000, 8000)])
def test_clocks_three_percent_off_shift_emg_against_motion(
    run_micropython: MicroPython, imu_mhz: int, emg_hz: int
):
    run_micropython(
        on_rig(f"""
rig = Rig(imu_mhz={imu_mhz}, emg_hz={emg_hz})
rig.run(20)
assert rig.clocks.settled()
rig.begin()
assert rig.run(120) < 500
assert rig.run(60) < 100
assert rig.misplaced == rig.imu_lost == rig.emg_lost == rig.clocks.jumps == 0
assert rig.emg_exact()
""")
    )


@pytest.mark.parametrize("emg_hz", [8000, 8240])
def test_a_loop_in_step_with_the_dma_sees_every_buffer_late(
    run_micropython: MicroPython, emg_hz: int
):
    run_micropython(
        on_rig(f"""
rig = Rig(imu_mhz=858_000, emg_hz={emg_hz}, late_us=0)
rig.run(20)
rig.begin()
assert rig.run(30) < 200
""")
    )


def test_a_processor_that_is_away_between_chip_and_clock_shifts_the_motion(
    run_micropython: MicroPython,
):
    run_micropython(
        on_rig("""
rig = Rig(imu_mhz=808_000)
slow_looks(rig, 10_000)
rig.run(20)
rig.begin()
assert rig.run(120) < 300
""")
    )


def test_a_session_that_starts_before_the_clocks_are_known_stays_misaligned(
    run_micropython: MicroPython,
):
    run_micropython(
        on_rig("""
rig = Rig(imu_mhz=858_000, emg_hz=7760)
rig.run(0.2)
rig.begin()
assert rig.run(60, worst_from=20) < 500
""")
    )


def test_lost_fifo_words_shift_all_later_frames(run_micropython: MicroPython):
    run_micropython(
        on_rig("""
rig = Rig(imu_mhz=858_000)
rig.run(20)
rig.begin()
rig.run(2)
lost = 0
# Two bits of the slot's number hide four slots and all multiples; the timestamp shows them.
for slots in (1, 2, 3, 4, 5, 8, 31, 32, 33, 100):
    rig.bench.imu.lose_slots(slots)
    lost += slots
    rig.run(0.5)
    rig.misplaced = 0
    rig.run(0.5)
    assert rig.misplaced == 0, slots
    assert rig.imu_lost == lost, (slots, rig.imu_lost, lost)
assert rig.run(1) < 500
""")
    )


def test_words_in_another_order_or_a_garbled_one_shift_later_frames(run_micropython: MicroPython):
    run_micropython(
        on_rig("""
rig = Rig()
rig.run(5)
rig.begin()
rig.run(1)
rig.bench.imu.swap_words(100)
rig.run(1)
assert rig.misplaced == rig.imu_lost == 0
rig.bench.imu.garble_tags(1)
rig.run(1)
rig.misplaced = 0
rig.run(1)
assert rig.misplaced == 0
assert 0 < rig.imu_lost < 64 and rig.imu.refused
""")
    )


def test_a_stalled_loop_loses_samples_uncounted_or_moves_the_time_line(
    run_micropython: MicroPython,
):
    run_micropython(
        on_rig("""
rig = Rig(imu_mhz=858_000)
rig.run(20)
rig.begin()
rig.run(10)
for stall_ms in (10, 80, 300, 450, 480, 490, 500, 512, 520, 600, 1000, 3000, 10_000, 30_000):
    time.clock.wait(1000 * stall_ms)
    assert rig.run(4, worst_from=1) < 500, stall_ms
    assert rig.emg_exact(), stall_ms
    assert rig.misplaced == 0, stall_ms
assert rig.imu.overruns and rig.emg.overflows
assert rig.unit.i2s.dropped == 8 * rig.emg_lost
""")
    )


def test_a_dead_imu_stops_the_time_or_comes_back_at_the_wrong_place(
    run_micropython: MicroPython,
):
    run_micropython(
        on_rig("""
rig = Rig(imu_mhz=808_000)
rig.run(20)
rig.begin()
rig.run(5)
for dead_s in (0.2, 1, 30):
    rig.bench.imu.freeze(True)
    rig.run(dead_s)
    assert rig.imu.silent == (dead_s > 0.4)
    # The chain goes on: at most 0.5 s are held back.
    assert rig.emg.index - rig.timebase.end_dms / 10 < 500
    rig.bench.imu.freeze(False)
    rig.anchor()
    # A silence too short to be told comes to light with the next timestamp.
    rig.run(0.1)
    rig.first = None
    rig.misplaced = 0
    assert rig.run(8, worst_from=5) < 500, dead_s
    assert not rig.imu.silent and rig.misplaced == 0
""")
    )


def test_a_restarted_imu_comes_back_at_the_wrong_time(run_micropython: MicroPython):
    run_micropython(
        on_rig("""
rig = Rig(imu_mhz=858_000)
rig.run(20)
rig.begin()
rig.run(5)
for told in (True, False):
    rig.bench.imu.brownout()
    rig.run(1)
    rig.unit.imu.start()
    if told:
        rig.imu.restarted()
    rig.anchor()
    assert rig.run(20, worst_from=5) < 500
    assert not rig.imu.silent
assert rig.imu.restarts == 1
""")
    )


def test_without_emg_the_motion_runs_by_another_clock_than_the_mcu_s(
    run_micropython: MicroPython,
):
    run_micropython(
        on_rig("""
rig = Rig(imu_mhz=858_000)
rig.emg = EmgSource(None)
rig.emg.readinto(rig.emg_block)
rig.clocks = Clocks(rig.emg, rig.imu)
rig.run(20)
assert rig.clocks.settled() and rig.emg.silent
rig.begin()
start_us = time.clock.us()
rig.run(60)
assert abs(time.clock.us() - start_us - 1000 * rig.emg.index) < 2000
# What belongs to the end of all samples is what the MCU's clock says.
number = rig.first + rig.timebase.frame
felt = rig.base_us + (number + 1) * 1e9 / 858_000 - IMU_DELAY_US
by_mcu = 1e-3 * (felt + EMG_DELAY_US - start_us)
assert abs(by_mcu - rig.timebase.end_dms / 10) < 2, (by_mcu, rig.timebase.end_dms)
""")
    )


def test_group_delays_are_not_those_of_the_filters(run_micropython: MicroPython):
    run_micropython(
        on_rig("""
class Click:
    # One loud frame among silence.
    at = -1
    frame = 0
    def read_frames(self, buffer, n):
        for i in range(8 * n):
            buffer[i] = 0
        if self.frame <= self.at < self.frame + n:
            buffer[8 * (self.at - self.frame) + 3] = 0x40
        self.frame += n
    def skip_frames(self, n):
        self.frame += n

rig = Rig(late_us=0)
click = Click()
rig.run(20)
click.frame = rig.unit.i2s._taken
rig.unit.i2s._source = click
for offset in range(0, 8, 3):
    click.at = click.frame + 1000 + offset
    loudest = 0
    for _ in range(100):
        time.clock.wait(10_000)
        n = rig.emg.readinto(rig.emg_block)
        for k in range(n):
            value = (rig.emg_block[2 * k] ^ 0x8000) - 0x8000
            if value > loudest:
                loudest = value
                found = rig.emg.us_of(rig.emg.index - n + k)
    assert loudest
    # 17.1 frames in the converter; the peak is found to half a sample.
    adc_us = rig.i2s_us + (click.at + 1) * 125 - found
    assert abs(adc_us - 2138) < 550, (offset, adc_us)
n = 0
while n == 0:
    time.clock.wait(10_000)
    n = rig.imu.readinto(rig.imu_block)
number = rig.imu_block[3] << 15 | rig.imu_block[0]
felt = rig.base_us + (number + 1) * 1e9 / 833_000 - IMU_DELAY_US
assert abs(rig.imu.us_of(rig.imu.index - n) - felt) < 100
""")
    )


def test_sources_and_steering_need_the_heap(run_micropython: MicroPython):
    run_micropython(
        on_rig("""
rig = Rig(imu_mhz=858_000)
rig.run(20)
rig.begin()
wait_us = 10_000

def step():
    time.clock.stall(wait_us)
    for _ in range(12):
        rig.emg.readinto(rig.emg_block)
        rig.imu.readinto(rig.imu_block)
    rig.clocks.steer()

assert grown(step, 2000) == 0
wait_us = 700_000  # FIFO and DMA overflow
assert grown(step, 50) == 0
wait_us = 100_000
rig.bench.imu.freeze(True)
assert grown(step, 50) == 0 and rig.imu.silent
rig.bench.imu.freeze(False)
assert grown(step, 50) == 0 and not rig.imu.silent
""")
    )
