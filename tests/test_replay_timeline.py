"""The terminal's picture of a run must not hide or move what the band said."""

import io

from rich.console import Console

from host_tools.timeline import LEVEL_MARKS, timeline


def drawn(rows, duration_s, truth=(), width=60) -> list[str]:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(timeline(rows, duration_s, list(truth), width))
    return console.export_text().splitlines()


def said(t_s, level, name):
    return {
        "t_s": t_s,
        "level": level,
        "name": name,
        "confidence_pct": 70,
        "attribution": "none",
        "reasons": [],
        "faults": [],
    }


def test_short_warning_in_a_long_run_is_still_seen():
    rows = [said(0, 1, "fresh"), said(3000, 3, "heavy"), said(3010, 1, "fresh")]
    assert LEVEL_MARKS[3] in drawn(rows, 7200)[0]


def test_level_stands_at_its_share_of_the_bar():
    bar = drawn([said(0, 0, "insufficient"), said(900, 2, "watch")], 1800)[0]
    assert bar.index(LEVEL_MARKS[2]) in (29, 30)


def test_malformed_truth_marks_do_not_stop_the_drawing():
    marks = [(1.0, "LEVEL="), (2.0, "LEVEL=x"), (3.0, "FATIGUE=inf"), (4.0, "FATIGUE=nan")]
    assert drawn([said(0, 1, "fresh")], 60, marks)
