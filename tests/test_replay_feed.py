"""The byte stream: every sample once, in time order, whatever the block size and the gaps."""

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from host_tools import feed
from host_tools.band_input import BandInput


def source_with(seconds: float, rate_mhz: int, gaps: list[tuple[int, int]]) -> BandInput:
    rng = np.random.default_rng(3)
    n_imu = int(seconds * rate_mhz / 1000)
    return BandInput(
        emg=rng.integers(-9999, 9999, (int(seconds * 1000), 2)).astype("<i2"),
        imu=rng.integers(-9999, 9999, (n_imu, 6)).astype("<i2"),
        imu_rate_mhz=rate_mhz,
        emg_gaps=gaps,
        imu_gaps=[(a * 8 // 10, b * 8 // 10) for a, b in gaps if b * 8 // 10 > a * 8 // 10],
        temps=[(1000 * k, 13_000 + k) for k in range(int(seconds))],
        speeds=[(500 + 1000 * k, 3000 + k) for k in range(int(seconds))],
    )


def parsed(stream: bytes) -> list[tuple[str, int, bytes]]:
    found = []
    at = 0
    while at < len(stream):
        tag, zero, n = struct.unpack_from("<BBH", stream, at)
        size = n * {ord("E"): 4, ord("I"): 12}.get(tag, 0)
        assert zero == 0
        found.append((chr(tag), n, stream[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def track(messages):
    """Per message: (tag, EMG samples before, IMU frames before, n)."""
    emg = imu = 0
    for tag, n, _ in messages:
        yield tag, emg, imu, n
        emg += n if tag in "EL" else 0
        imu += n if tag in "IM" else 0


gap_lists = st.lists(st.integers(0, 2500), max_size=8, unique=True).map(
    lambda edges: [tuple(sorted(edges)[i : i + 2]) for i in range(0, len(edges) - 1, 2)]
)


@given(st.sampled_from([20, 30, 40]), st.sampled_from([833_000, 858_300, 807_500]), gap_lists)
def test_no_sample_is_doubled_dropped_or_moved(block_ms, rate_mhz, gaps):
    source = source_with(2.6, rate_mhz, gaps)
    assert source.emg is not None and source.imu is not None
    messages = parsed(b"".join(feed.messages(source, block_ms)))
    assert messages[-1] == ("Q", 0, b"")
    for data_tag, lost_tag, frames, lost in (
        ("E", "L", source.emg, source.emg_gaps),
        ("I", "M", source.imu, source.imu_gaps),
    ):
        rebuilt = np.zeros_like(frames)
        told_lost = np.zeros(len(frames), bool)
        at = 0
        for tag, n, payload in messages:
            if tag == data_tag:
                rebuilt[at : at + n] = np.frombuffer(payload, "<i2").reshape(n, -1)
            elif tag == lost_tag:
                told_lost[at : at + n] = True
            at += n if tag in (data_tag, lost_tag) else 0
        really_lost = np.zeros(len(frames), bool)
        for a, b in lost:
            really_lost[a:b] = True
        assert at == len(frames)
        assert np.array_equal(told_lost, really_lost)
        assert np.array_equal(rebuilt[~really_lost], frames[~really_lost])


@given(st.sampled_from([20, 30, 40]), st.sampled_from([833_000, 858_300, 807_500]))
def test_neither_stream_runs_ahead_by_more_than_a_block(block_ms, rate_mhz):
    messages = parsed(b"".join(feed.messages(source_with(2.6, rate_mhz, []), block_ms)))
    for _, emg, imu, _ in track(messages):
        assert abs(emg - imu * 1_000_000 / rate_mhz) <= block_ms + 2


def test_temperature_and_speed_meet_the_same_samples_at_any_block_size():
    source = source_with(2.6, 833_000, [(700, 1300)])
    arrivals = [
        [m for m in track(parsed(b"".join(feed.messages(source, ms)))) if m[0] in "TS"]
        for ms in (20, 30, 40)
    ]
    assert arrivals[0] == arrivals[1] == arrivals[2]
    assert [(tag, emg) for tag, emg, _, _ in arrivals[0]] == [
        ("T", 0), ("S", 500), ("T", 1000), ("S", 1500),
    ]  # fmt: skip
