"""Files a replay leaves behind: exact digits, honest intervals, all or nothing."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.errors import CalfbandError
from host_tools.events_truth import compare
from host_tools.firmware_tables import wire
from host_tools.outputs import BURST_COLUMNS, cell, staged, write_tables
from host_tools.recording import Annotation
from host_tools.records import UNKNOWN, Records, texts
from host_tools.summary import change_interval, median_interval, time_at_level_s

STRIDES_CSV = (
    "stride,t_ic_s,t_to_s,contact_ms,flight_ms,stride_ms,cadence_spm,kvert_kn_m,kleg_kn_m,fmax_n,"
    "tib_peak_g,pushoff_dps,onset_ms,offset_ms,lag_ms,rms_uv,mnf_hz,mdf_hz,finsm5,valid,degraded"
)


@given(
    st.integers(-(2**29) + 1, 2**30 - 1),
    st.sampled_from([(1, 0), (10, 1), (100, 2), (1000, 3), (10_000, 4), (10_000, 2), (10, 0)]),
)
def test_csv_digits_are_those_of_the_integer_and_not_of_a_float(value, scale):
    divisor, decimals = scale
    exact = (Decimal(value) / divisor).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    assert Decimal(cell(value, divisor, decimals)) == exact
    assert not cell(value, divisor, decimals).startswith("-0") or exact < 0


def test_unknown_is_an_empty_cell_and_never_a_number():
    assert cell(UNKNOWN, 10, 1) == cell(UNKNOWN, 0, 0) == ""


def test_finsm5_is_the_power_of_two_behind_its_logarithm():
    assert cell(-46 * 256, 0, 0) == f"{2.0**-46:.4e}"


def records_of(strides=(), bursts=(), warnings=(), events=()) -> Records:
    tables = {
        wire.TAG_STRIDE: (strides, len(wire.STRIDE) + len(wire.STRIDE_EXTRA)),
        wire.TAG_BURST: (bursts, len(wire.BURST)),
        wire.TAG_EVENT: (events, len(wire.EVENT)),
        wire.TAG_WARNING: (warnings, len(wire.WARNING)),
    }
    return Records({tag: np.array(rows, "<i4").reshape(-1, n) for tag, (rows, n) in tables.items()})


def test_columns_are_the_promised_ones_and_lines_end_in_lf(tmp_path):
    stride = [7, 123_456, UNKNOWN, *range(1, len(wire.STRIDE) + len(wire.STRIDE_EXTRA) - 2)]
    warnings = [
        [600_000, 3, 1, 72, 0b101, 1 << 9],
        [605_000, 3, 1, 71, 0b101, 1 << 9],
        [610_000, 3, 1, 70, 0b101, 0],
    ]
    events = [[0, 123_456, 125_000], [1, 126_000, 130_000]]
    bursts = [[1, 10, 20, 30, 40, 50]]
    write_tables(tmp_path, records_of([stride], bursts, warnings, events))
    assert (tmp_path / "events.csv").read_text().splitlines() == [
        "kind,t_s,told_s", "IC,12.3456,12.5000", "TO,12.6000,13.0000"
    ]  # fmt: skip
    strides = (tmp_path / "strides.csv").read_bytes().decode()
    assert "\r" not in strides
    assert strides.splitlines()[0] == STRIDES_CSV
    assert strides.splitlines()[1].startswith("7,12.3456,,0.1,0.2,0.3,0.4,0.005,")
    assert strides.splitlines()[1].count(",") == STRIDES_CSV.count(",")
    bursts = (tmp_path / "bursts.csv").read_text().splitlines()
    assert bursts == ["channel,t_on_s,t_off_s,rms_uv,mnf_hz", "1,0.0010,0.0020,3.0,0.40"]
    assert len(bursts[0].split(",")) == BURST_COLUMNS
    assert (tmp_path / "warnings.csv").read_text().splitlines() == [
        "t_s,level,name,confidence_pct,attribution,reasons,faults",
        "60.0000,3,heavy,72,peripheral,contact longer; stiffness lower,band slipped",
        "61.0000,3,heavy,70,peripheral,contact longer; stiffness lower,",
    ]


def test_bits_become_words_in_the_order_of_the_table():
    assert texts(0b11, wire.FAULTS) == ["electrode off ch1", "electrode off ch2"]
    assert texts(0, wire.REASONS) == []


def test_failure_halfway_leaves_a_good_output_untouched(tmp_path):
    out = tmp_path / "deep" / "out"
    with staged(out) as folder:
        (folder / "strides.csv").write_text("good")
        (folder / "report.html").write_text("good")
    with pytest.raises(RuntimeError), staged(out) as folder:
        (folder / "strides.csv").write_text("half")
        raise RuntimeError
    assert (out / "strides.csv").read_text() == "good"
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "strides.csv"]


def test_report_of_an_earlier_replay_does_not_survive_beside_new_tables(tmp_path):
    for names in (("strides.csv", "report.html"), ("strides.csv",)):
        with staged(tmp_path) as folder:
            for name in names:
                (folder / name).write_text("x")
    assert [p.name for p in tmp_path.iterdir()] == ["strides.csv"]


def test_failed_replay_into_a_new_folder_leaves_no_folder(tmp_path):
    with pytest.raises(CalfbandError), staged(tmp_path / "new" / "out"):
        raise CalfbandError("x")
    assert list(tmp_path.iterdir()) == []


def marks(text, times):
    return [Annotation(float(t), 0.0, text) for t in times]


def test_planted_timing_errors_come_back_as_bias_spread_misses_and_inventions():
    rng = np.random.default_rng(5)
    ic = np.arange(0.5, 60, 0.7)
    to = ic + 0.25
    ic_error = 0.010 + rng.normal(0, 0.003, len(ic))
    found_ic, found_to = ic + ic_error, to - 0.005
    found_ic = np.delete(found_ic, [10, 20])
    found_to = np.append(np.delete(found_to, [10, 20]), np.nan)
    found_ic = np.append(found_ic, 30.0 + 0.35)  # between two contacts: nobody's
    order = np.argsort(found_ic)
    strides = {"t_ic_s": found_ic[order], "t_to_s": found_to[order]}
    bursts = {"channel": np.array([1.0]), "t_on_s": np.array([1.0]), "t_off_s": np.array([1.2])}
    result = compare(marks("IC", ic) + marks("TO", to), strides, bursts)
    judged = (ic > 2.5).sum() - 1
    assert result["ic"]["truth"] == judged
    assert (result["ic"]["missed"], result["ic"]["false"]) == (2, 1)
    assert result["ic"]["bias_ms"] == pytest.approx(10, abs=1)
    assert result["ic"]["sd_ms"] == pytest.approx(3, abs=0.8)
    assert result["to"]["bias_ms"] == pytest.approx(-5, abs=0.01)
    assert result["to"]["found"] == judged - 2
    assert result["contact"]["bias_ms"] == pytest.approx(-15, abs=1)
    assert "onset" not in result


def test_truth_without_any_stride_is_all_missed_and_not_an_error():
    nothing = {"t_ic_s": np.empty(0), "t_to_s": np.empty(0)}
    no_bursts = {k: np.empty(0) for k in ("channel", "t_on_s", "t_off_s")}
    result = compare(marks("IC", np.arange(0, 10, 0.7)), nothing, no_bursts)
    assert result["ic"]["missed"] == result["ic"]["truth"] > 0
    assert result["ic"]["bias_ms"] is None


def test_interval_of_drifting_strides_is_not_that_of_independent_ones():
    rng = np.random.default_rng(0)
    independent = rng.normal(0, 1, 960)
    drifting = np.repeat(rng.normal(0, 1, 30), 32)
    spans = [
        interval["high"] - interval["low"]
        for interval in (median_interval(independent), median_interval(drifting))
        if interval
    ]
    assert spans[1] > 3 * spans[0]


def test_interval_of_a_change_holds_the_change_that_was_made():
    rng = np.random.default_rng(2)
    first, last = rng.normal(100, 10, 400), rng.normal(83, 10, 400)
    change = change_interval(first, last)
    assert change and change["low"] < -17 < change["high"]
    assert change["high"] - change["low"] < 8
    assert change_interval(first[:3], last) is None


def test_time_at_levels_adds_up_to_the_recording():
    rows = [{"t_s": 5.0, "name": "insufficient"}, {"t_s": 60.0, "name": "fresh"}]
    spent = time_at_level_s([*rows, {"t_s": 90.0, "name": "heavy"}], 100.0)
    assert spent == {
        "insufficient": 60.0, "fresh": 30.0, "watch": 0.0, "heavy": 10.0, "very heavy": 0.0
    }  # fmt: skip
