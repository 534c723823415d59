"""What counts as a false warning, a caught run and a named fault."""

import pytest

from host_tools.corpus.truth import attribution, fatigue_truth, fault_rows, scenario, verdict
from host_tools.recording import Annotation

HOUR = 3600.0


def marks(*texts):
    return [Annotation(t, 0.0, text) for t, text in texts]


def told(*levels, cause="none", faults=()):
    names = ("insufficient", "fresh", "watch", "heavy", "very heavy")
    return [
        {
            "t_s": t,
            "level": level,
            "name": names[level],
            "confidence_pct": 50,
            "attribution": cause,
            "reasons": [],
            "faults": list(faults),
        }
        for t, level in levels
    ]


TIRES = marks((0, "FATIGUE=0.00"), (600, "FATIGUE=0.00"), (1200, "FATIGUE=1.00"))


def judged(annotations, warnings):
    return verdict(fatigue_truth(annotations, HOUR), warnings, HOUR)


def test_a_warning_before_the_legs_tire_is_false_and_does_not_catch_the_run():
    row = judged(TIRES, told((0, 0), (300, 3)))
    assert (row["false_heavy"], row["caught"], row["delay_min"]) == (1, False, None)


def test_delay_counts_from_half_of_the_full_change():
    row = judged(TIRES, told((0, 0), (300, 1), (1020, 3), (1400, 4)))
    assert (row["false_heavy"], row["caught"]) == (0, True)
    assert row["delay_min"] == pytest.approx((1020 - 900) / 60)
    assert row["fresh_h"] == pytest.approx(600 / HOUR)
    assert row["judged_h"] == pytest.approx(300 / HOUR)


def test_each_rise_in_a_fresh_run_counts_and_very_heavy_after_heavy_does_not():
    fresh = marks(*((60 * m, "FATIGUE=0.00") for m in range(60)))
    row = judged(fresh, told((900, 1), (1000, 3), (1100, 4), (1200, 3), (1300, 2), (1400, 4)))
    assert (row["false_heavy"], row["tires"], row["caught"]) == (2, False, None)
    assert row["fresh_h"] == 1


def test_a_run_that_never_reaches_half_is_neither_caught_nor_false():
    little = marks((0, "FATIGUE=0.00"), (600, "FATIGUE=0.30"), (1200, "FATIGUE=0.40"))
    row = judged(little, told((900, 3)))
    assert (row["false_heavy"], row["tires"], row["caught"]) == (0, False, None)
    assert scenario(little, fatigue_truth(little, HOUR), HOUR) == "tiring a little"


def test_levels_serve_where_no_fatigue_is_written_and_without_both_nothing_is_judged():
    levels = marks((0, "LEVEL=1"), (600, "LEVEL=1"), (1200, "LEVEL=3"))
    row = judged(levels, told((1260, 3)))
    assert (row["tires"], row["caught"]) == (True, True)
    assert row["delay_min"] == pytest.approx(1)
    nothing = judged(marks((5, "IC"), (7, "FATIGUE=much")), told((0, 3)))
    assert set(nothing.values()) == {None}


def test_scenario_is_the_recordings_own_word_where_it_has_one():
    own = [*TIRES, Annotation(0, 0, "SCENARIO=hills")]
    assert scenario(own, fatigue_truth(own, HOUR), HOUR) == "hills"
    assert scenario(TIRES, fatigue_truth(TIRES, HOUR), HOUR) == "tiring"
    assert scenario([], None, HOUR) == "no truth"


def test_attribution_is_what_the_first_heavy_warning_settles_on():
    warnings = [
        *told((900, 3), cause="none"),
        *told((1000, 3), cause="central-type"),
        *told((1500, 4), cause="peripheral"),
    ]
    assert attribution(warnings, HOUR) == "central-type"
    pace = [*told((0, 1)), *told((100, 1), cause="pace"), *told((200, 1), cause="terrain")]
    assert attribution(pace, 250.0) == "pace"
    assert attribution(told((0, 1)), HOUR) == "none"


def test_a_fault_is_named_only_by_its_own_name_and_in_its_own_time():
    fault = [Annotation(100, 20, "FAULT=mains ch1")]
    (row,) = fault_rows(fault, told((125, 1), faults=["mains ch1"]), HOUR)
    assert (row["named"], row["named_after_s"]) == (True, 25)
    (late,) = fault_rows(fault, told((140, 1), faults=["mains ch1"]), HOUR)
    (other,) = fault_rows(fault, told((110, 1), faults=["mains ch2"]), HOUR)
    assert not late["named"] and not other["named"]
