"""The whole unit on virtual chips: what it finds, loses, says and keeps. Synthetic recordings."""

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from host_tools import feed
from host_tools.band import run_chain
from host_tools.band_input import BandInput, band_input
from host_tools.fetch.session_file import parse_session
from host_tools.firmware_tables import settings_copy, wire
from host_tools.recording import read_recording
from host_tools.records import parse_records
from host_tools.virtual.samples import decimated, skin_values
from host_tools.virtual.soak import Watch, complaints, mishaps_every_minute
from host_tools.virtual.unit import TELLS, Record, run_unit, unit_fault_names
from host_tools.virtual.world import Mishap, WorldPlan, write_world

ATHLETE = ["mass_g=70000", "height_mm=1750"]
UNKNOWN = -(1 << 29)
FIELDS = [field[0] for field in wire.STRIDE + wire.STRIDE_EXTRA]


class Unit:
    """One virtual band after its run."""

    def __init__(self, folder: Path, source: BandInput, **plan) -> None:
        self.records: list[Record] = []
        present = [f"{name}={value}" for name, value in source.present.items()]
        self.settings = ATHLETE + present
        plan.setdefault("settings", self.settings)
        plan.setdefault("lead_ms", 15_000)
        flash = folder / "data"
        kept = flash.with_name("kept")
        if flash.exists():  # a second start keeps the flash, settings included
            shutil.copytree(flash, kept)
        write_world(folder, source, WorldPlan(**plan))
        if kept.exists():
            shutil.rmtree(flash)
            kept.rename(flash)
        self.folder = folder
        self.report = run_unit(folder, lambda tag, fields: self.records.append((tag, fields)))

    @property
    def told(self) -> list[dict[str, int]]:
        rows = [fields for tag, fields in self.records if tag == wire.TAG_PROGRESS]
        return [dict(zip(TELLS, row, strict=True)) for row in rows]

    @property
    def strides(self) -> list[list[int]]:
        return [fields for tag, fields in self.records if tag == wire.TAG_STRIDE]

    def faults_between(self, start_s: float, stop_s: float) -> set[str]:
        rows = [row for row in self.told if 1000 * start_s <= row["t_ms"] <= 1000 * stop_s]
        return {name for row in rows for name in unit_fault_names(row["unit_faults"])}

    def sessions(self) -> list[int]:
        """Session numbers in the order that Status told them; 0: none."""
        told = [row["session"] for row in self.told]
        return [number for k, number in enumerate(told) if k == 0 or told[k - 1] != number]

    def logs(self) -> list[list[tuple[int, tuple[int, ...]]]]:
        paths = sorted((self.folder / "data" / "sessions").glob("*.log"))
        return [read_log(path.read_bytes()) for path in paths]


def read_log(data: bytes) -> list[tuple[int, tuple[int, ...]]]:
    """Records of a session file; every chunk must prove itself."""
    found = parse_session(data)
    assert found.is_whole and not found.unknown
    return found.records


def running(synthetic_edf, minutes: float, error_pct: float = 2.0) -> BandInput:
    recording = read_recording(synthetic_edf(minutes=minutes, seed=11))
    return band_input(recording, Fraction(round(833_000 * (1 + error_pct / 100)), 1000))


def standing(source: BandInput, seconds: int) -> BandInput:
    """As `source`, but standing still for so long behind it."""
    emg = np.zeros((1000 * seconds, 2), dtype="<i2")
    assert source.emg is not None and source.imu is not None
    rng = np.random.default_rng(0)
    emg += rng.integers(-20, 21, emg.shape, dtype="<i2")
    still = np.zeros((seconds * source.imu_rate_mhz // 1000, 6), dtype="<i2")
    mean = source.imu[:4000, :3].mean(axis=0)
    still[:, :3] = np.rint(mean / np.linalg.norm(mean) * 1025)
    still += rng.integers(-3, 4, still.shape, dtype="<i2")
    return BandInput(
        emg=np.concatenate([source.emg, emg]),
        imu=np.concatenate([source.imu, still]),
        imu_rate_mhz=source.imu_rate_mhz,
        present=source.present,
    )


@pytest.mark.parametrize("rms", [20, 800, 3000])
def test_samples_reach_the_band_unchanged(rms: int):
    noise = np.random.default_rng(rms).normal(0, rms, 10_000)
    samples = noise.clip(-30_000, 30_000).astype(np.int16)
    held, changed = skin_values(samples)
    assert len(held) == len(samples)
    assert changed <= len(samples) // 1000


def test_the_hosts_decimator_is_the_bands(run_micropython, tmp_path: Path):
    frames = np.random.default_rng(3).integers(-32_768, 32_768, 4096).astype("<i2")
    words = np.zeros((4096, 2, 2), dtype="<i2")
    words[:, 0, 1] = frames  # left channel, upper half of the 32-bit word
    (tmp_path / "words").write_bytes(words.tobytes())
    script = """
import sys
from array import array
from band.decimate import Decimator
words = array("H", bytes(8 * 512))
out = array("H", bytes(4 * 64))
decimator = Decimator()
with open(sys.argv[1], "rb") as file:
    while file.readinto(words):
        n = decimator.process(words, 512, out)
        for k in range(n):
            print((out[2 * k] ^ 0x8000) - 0x8000)
"""
    said = run_micropython(script, tmp_path / "words").stdout.split()
    theirs = np.array([int(value) for value in said])
    ours = decimated(frames.astype(np.int64))[: len(theirs)]
    assert np.array_equal(theirs, ours)


def fed(data: bytes, tag: int, width: int) -> np.ndarray:
    """Frames of one sensor among the messages that a chain was given."""
    pieces = []
    at = 0
    while at < len(data):
        n = int.from_bytes(data[at + 2 : at + 4], "little")
        size = n * {feed.TAG_EMG: 4, feed.TAG_IMU: 12, ord("R"): 2}.get(data[at], 0)
        at += 4
        if data[at - 4] == tag:
            pieces.append(data[at : at + size])
        at += size
    return np.frombuffer(b"".join(pieces), "<i2").reshape(-1, width)


@pytest.mark.timeout(900)
def test_twin_finds_the_strides_that_replay_finds(tmp_path: Path, synthetic_edf):
    """10 minutes, the IMU's clock 2 % off: through chips, drivers, clocks and the app.

    What reaches the chain is the recording, and a bare chain given the same finds the same to
    the last bit. A replay has the recording's exact rate where the band has to find its clocks:
    against that, times may move by what the band's clocks are off.
    """
    source = running(synthetic_edf, 10)
    assert source.emg is not None and source.imu is not None
    unit = Unit(tmp_path, source, trace=True)
    given = max(tmp_path.glob("fed*.bin"), key=lambda path: path.stat().st_size).read_bytes()
    again = parse_records(run_chain(unit.settings, [given])).strides
    assert len(unit.strides) > 700
    assert np.array_equal(again[: len(unit.strides)], unit.strides)

    imu = fed(given, feed.TAG_IMU, 6)
    first = next(k for k in range(64) if np.array_equal(imu[:9], source.imu[k : k + 9]))
    assert np.array_equal(imu[: len(source.imu) - first], source.imu[first:])
    off = fed(given, feed.TAG_EMG, 2)[: len(source.emg)] - source.emg[: len(source.emg)]
    # The virtual skin cannot bring every sample through the decimator's rounding; and the first and
    # last ones hold some of the noise of rest beyond them, as far as the decimator reaches.
    inner = off[8:-8]
    assert np.abs(inner).max() <= 2 and np.mean(inner != 0) < 0.001
    assert np.abs(off).max() <= 32

    replayed = parse_records(
        run_chain(
            [*unit.settings, f"imu_rate_mhz={source.imu_rate_mhz}"], feed.messages(source, 30)
        )
    )
    theirs, ours = np.array(unit.strides), np.array(replayed.strides)
    assert len(theirs) == len(ours) > 700
    known = (theirs != UNKNOWN) & (ours != UNKNOWN)
    # The last stride ends with the recording in one and goes on standing in the other.
    off = np.where(known, theirs - ours, 0)[:-1]
    worst = {}
    for name in ("t_ic_s", "t_to_s", "contact_ms", "flight_ms", "stride_ms"):
        worst[name] = int(np.abs(off[:, FIELDS.index(name)]).max())
        assert worst[name] <= 10, name  # 1 ms
    for name in ("tib_peak_g", "valid", "gait", "cadence_spm"):
        worst[name] = int(np.abs(off[:, FIELDS.index(name)]).max())
        assert worst[name] <= 1, name
    # What is cut out of the EMG around contacts: they may move by one sample, and some with them.
    for name, most, share in (
        ("onset_ms", 10, 0.95),
        ("rms_uv", 1, 0.8),
        ("mnf_hz", 1, 0.9),
        ("finsm5", 1, 0.99),
    ):
        column = np.abs(off[:, FIELDS.index(name)])
        worst[name] = int(column.max())
        assert np.mean(column <= most) >= share, name
    assert np.count_nonzero(known != (ours != UNKNOWN)) <= len(ours) // 100
    print(f"worst differences: {worst}")


@pytest.mark.timeout(900)
def test_an_hour_grows_no_heap_and_loses_nothing(tmp_path: Path, synthetic_edf):
    unit = Unit(tmp_path, running(synthetic_edf, 10), play_ms=3_600_000, lead_ms=15_000)
    watch = Watch([])
    for tag, fields in unit.records:
        watch.record(tag, fields)
    assert complaints(unit.report, watch) == []
    assert unit.sessions() == [0, 1, 0]


@pytest.mark.timeout(900)
def test_every_mishap_is_named_and_none_stops_the_band(tmp_path: Path, synthetic_edf):
    planned = mishaps_every_minute(0.25, seed=5)
    unit = Unit(tmp_path, running(synthetic_edf, 5), play_ms=900_000, mishaps=planned)
    watch = Watch(planned)
    for tag, fields in unit.records:
        watch.record(tag, fields)
    assert complaints(unit.report, watch) == []
    assert unit.told[-1]["t_ms"] > 895_000
    # It went on: strides until the end.
    assert max(row[FIELDS.index("t_ic_s")] for row in unit.strides[-5:]) > 0


def test_usb_refuses_acquisition_and_says_so(tmp_path: Path, synthetic_edf):
    unit = Unit(tmp_path, running(synthetic_edf, 1), mishaps=[Mishap(30_000, "usb", 10_000)])
    assert "USB connected" in unit.faults_between(31, 39)
    assert unit.sessions()[:4] == [0, 1, 0, 2]
    ended = [fields for tag, fields in unit.logs()[0] if tag == wire.LOG_END]
    assert wire.ENDED_BY[ended[0][1]] == "USB"
    assert all(row["session"] == 0 for row in unit.told if 31_000 < row["t_ms"] < 39_000)


def test_low_battery_ends_the_session_cleanly(tmp_path: Path, synthetic_edf):
    unit = Unit(tmp_path, running(synthetic_edf, 1), mishaps=[Mishap(20_000, "battery-low")])
    assert "battery low" in unit.faults_between(32, 60)
    log = unit.logs()[0]
    assert log[-1][0] == wire.LOG_END
    assert wire.ENDED_BY[log[-1][1][1]] == "battery"
    assert unit.told[-1]["session"] == 0


def test_a_dead_imu_leaves_emg_running_and_comes_back(tmp_path: Path, synthetic_edf):
    unit = Unit(tmp_path, running(synthetic_edf, 1), mishaps=[Mishap(20_000, "imu-dead", 8000)])
    assert "IMU silent" in unit.faults_between(21, 27)
    assert "IMU silent" not in unit.faults_between(36, 60)
    bursts = [fields[1] for tag, fields in unit.records if tag == wire.TAG_BURST]
    assert any(220_000 < t < 270_000 for t in bursts), "no contraction while the IMU was dead"
    times = [row[FIELDS.index("t_ic_s")] for row in unit.strides]
    assert any(t > 400_000 for t in times), "no stride after it came back"


def test_a_dead_emg_leaves_strides_running_and_comes_back(tmp_path: Path, synthetic_edf):
    unit = Unit(tmp_path, running(synthetic_edf, 1), mishaps=[Mishap(20_000, "emg-absent", 8000)])
    assert "EMG silent" in unit.faults_between(22, 27)
    assert "EMG silent" not in unit.faults_between(40, 60)
    times = [row[FIELDS.index("t_ic_s")] for row in unit.strides]
    assert any(230_000 < t < 270_000 for t in times)
    assert 6000 < unit.report["emg_lost"] < 16_000


@pytest.mark.timeout(300)
def test_standing_still_ends_the_session(tmp_path: Path, synthetic_edf):
    source = standing(running(synthetic_edf, 1), 220)
    unit = Unit(tmp_path, source)
    assert unit.sessions() == [0, 1, 0]
    log = unit.logs()[0]
    assert wire.ENDED_BY[log[-1][1][1]] == "standing still"
    end_s = log[-1][1][0] / 10_000
    assert 235 < end_s < 255


def test_the_button_ends_a_session_and_the_log_holds_its_strides(tmp_path: Path, synthetic_edf):
    """The first press, in a session that began by itself, opens pairing and ends nothing."""
    presses = [Mishap(at_ms, "button", 200) for at_ms in (30_000, 40_000)]
    unit = Unit(tmp_path, running(synthetic_edf, 1), mishaps=presses)
    log = unit.logs()[0]
    strides = [fields for tag, fields in log if tag == wire.LOG_STRIDE]
    assert [fields[0] for fields in strides] == list(range(len(strides)))
    found = {row[FIELDS.index("t_ic_s")] for row in unit.strides}
    assert {fields[2] for fields in strides} <= found
    end = log[-1][1]
    assert wire.ENDED_BY[end[1]] == "button" and end[2] == len(strides) > 30
    assert 40 < end[0] / 10_000 < 42


def test_a_restart_by_the_watchdog_is_told_and_the_cut_log_mended(tmp_path: Path, synthetic_edf):
    """The processor hangs for 9 s in the middle of a session."""
    unit = Unit(tmp_path, running(synthetic_edf, 1), mishaps=[Mishap(30_000, "stall", 9000)])
    assert unit.report["resets"] == 1
    assert "restarted by watchdog" in unit.faults_between(40, 60)
    assert unit.report["watchdog_restarts"] == 1
    first, *_ = unit.logs()  # every chunk proves itself
    assert first[0][0] == wire.LOG_START


def test_damaged_settings_give_defaults_and_are_told(tmp_path: Path, synthetic_edf):
    source = running(synthetic_edf, 0.5)
    flash = tmp_path / "data"
    flash.mkdir()
    (flash / "settings.txt").write_text("mass_g=70000\nheight_mm=17")
    unit = Unit(tmp_path, source)
    assert "settings lost" in unit.faults_between(0, 30)


def test_safe_mode_while_the_button_is_held(tmp_path: Path, synthetic_edf):
    source = running(synthetic_edf, 0.5)
    unit = Unit(tmp_path, source, button_held=True)
    assert unit.told == []


def test_twin_command_says_what_the_band_says(calfband, tmp_path: Path, synthetic_edf):
    done: subprocess.CompletedProcess[str] = calfband(
        "twin", synthetic_edf(minutes=1, seed=11), "--fast", "--no-radio",
        "--flash", tmp_path / "flash", "--fault", "skin-nack@20+5",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "session 1" in done.stdout
    assert "skin sensor silent" in done.stdout
    assert "lateness of the loop" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "flood@3"], "known are"),
        (["--fault", "usb@x"], "in seconds"),
        (["--imu-clock", "7"], "4 % at most"),
    ],
)
def test_wrong_options_are_told_in_one_sentence(calfband, synthetic_edf, arguments, says):
    done = calfband("twin", synthetic_edf(minutes=1, seed=11), "--fast", "--no-radio", *arguments)
    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr


@pytest.mark.timeout(900)
def test_what_a_run_taught_is_used_in_the_next_one(tmp_path: Path, synthetic_edf):
    """Kept on flash; a chain that is given it and the second run's samples finds the same."""
    source = running(synthetic_edf, 17)
    first = Unit(tmp_path, source)
    assert first.report["failures"] == 0
    copies = [settings_copy.decode(path.read_bytes()) for path in tmp_path.glob("data/runs.?")]
    newest = max(copies, key=lambda copy: copy[0])
    runs = [f"{name}={value}" for name, value in newest[2]]
    assert any(line.startswith("prior.contact_ms=") for line in runs)
    second = Unit(tmp_path, source, trace=True)
    given = max(tmp_path.glob("fed*.bin"), key=lambda path: path.stat().st_size).read_bytes()
    knowing = parse_records(run_chain([*second.settings, *runs], [given]))
    forgetful = parse_records(run_chain(second.settings, [given]))
    trends = np.array([fields for tag, fields in second.records if tag == wire.TAG_TREND])
    assert len(trends) > 20
    assert np.array_equal(np.array(knowing.tables[wire.TAG_TREND])[: len(trends)], trends)
    assert not np.array_equal(np.array(forgetful.tables[wire.TAG_TREND])[: len(trends)], trends)
