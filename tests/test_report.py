"""The report of a replay, whatever the recording holds. All results here are synthetic."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from synthetic_result import CASES, EMG_HZ, nothing_found, synthetic_run

from host_tools.report import render, write_report
from host_tools.result import ReplayResult

SECTIONS = (
    "finding",
    "level",
    "domains",
    "telling",
    "strides",
    "average",
    "spectrum",
    "values",
    "quality",
    "accuracy",
    "technical",
)
VOID = {"meta", "br", "hr", "img", "link", "input", "col"}


class Balanced(HTMLParser):
    """Fails on a tag left open or closed twice; collects text, ids and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def parsed(html: str) -> Balanced:
    page = Balanced()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


@pytest.fixture(scope="module")
def run() -> ReplayResult:
    return synthetic_run()


@pytest.fixture(scope="module")
def pages(run: ReplayResult) -> dict[str, str]:
    return {"full": render(run)} | {name: render(make(run)) for name, make in CASES.items()}


@pytest.mark.parametrize("case", ["full", *CASES])
def test_synthetic_page_lacks_a_section_without_saying_why(pages, case):
    page = parsed(pages[case])
    assert [section for section in SECTIONS if page.ids.count(section) != 1] == []
    assert ("missing" in page.ids) == (case != "full")
    missing = re.findall(r'<div id="\w+"><dt>[^<]+</dt><dd>([^<]*)</dd>', pages[case])
    absent = re.findall(r'<figure class="absent">.*?</figcaption><p>(.*?)</p>', pages[case])
    for why in missing + absent:
        assert re.fullmatch(r"[A-Z].{10,}\.", why), why
    for section in re.findall(r'<section id="(\w+)">(.*?)</section>', pages[case], flags=re.S):
        assert len(section[1]) > 200, f"{section[0]} is empty"


@pytest.mark.parametrize("case", ["full", *CASES])
def test_synthetic_page_shows_no_number_that_is_not_one(pages, case):
    page = parsed(pages[case])
    words = " ".join(page.text) + " ".join(value for _, value in page.attributes)
    assert re.findall(r"\b(nan|NaN|inf|None|array\()\b", words) == []
    assert not re.search(r'[dxy][12]?="[^"]*(nan|inf)', pages[case])


@pytest.mark.parametrize("case", ["full", *CASES])
def test_synthetic_page_never_reaches_for_the_network_or_a_script(pages, case):
    html = pages[case]
    assert re.findall(r"(?i)https?:|//[a-z]|url\(|@import|<script|<link|src=|\bon\w+=", html) == []


@pytest.mark.parametrize("case", ["full", *CASES])
def test_synthetic_recording_cannot_pass_for_a_real_one(pages, case):
    assert 'class="synthetic"' in pages[case]


def test_real_recording_is_not_called_synthetic(run):
    assert 'class="synthetic"' not in render(replace(run, synthetic=False))


def test_synthetic_hostile_names_are_shown_not_run(run):
    evil = "<script>alert('x')</script>\" onload=\"x$title"
    result = nothing_found(run)
    result = replace(
        result,
        title=evil,
        path=Path(evil),
        notes=[evil],
        athlete={evil: evil},
        signals={f"EMG {evil}": (EMG_HZ, np.zeros(12_000))},
        gaps=[(evil, 1.0, 2.0)],
        bursts={"channel": np.ones(1), "t_on_s": np.ones(1)},
        truth={"annotations": [(1.0, evil)], "comparison": {evil: {"found": 1}}},
        warnings=[
            {
                "t_s": 0.0,
                "level": 3,
                "name": evil,
                "confidence_pct": 50,
                "attribution": evil,
                "reasons": [evil],
                "faults": [evil],
            }
        ],
        summary={
            "firmware_version": evil,
            "features": {evil: {"unit": evil, "current": {"value": 1.0, "low": 0.5, "high": 2.0}}},
        },
    )
    page = parsed(render(result))
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "<script" not in render(result)
    assert "alert('x')" in " ".join(page.text)


def test_same_synthetic_result_gives_other_bytes(run, pages, tmp_path):
    write_report(run, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == pages["full"].encode()


def test_forty_synthetic_minutes_grow_too_big_or_too_slow(run):
    start = time.perf_counter()
    html = render(run)
    assert time.perf_counter() - start < 2.5
    assert len(html.encode()) < 1_500_000


def test_synthetic_headline_hides_when_how_sure_or_why(pages):
    words = " ".join(parsed(pages["full"]).text).replace("\u00a0", " ")
    assert "Fresh for 21 minutes, then heavy" in words
    assert "legs (peripheral), confidence 62 %" in words


def test_synthetic_truth_is_taken_for_the_bands_word(run):
    """Truth and athlete's marks carry their own label; without them none is shown."""
    assert "truth: level" in render(run) and "athlete’s own mark" in render(run)
    blind = render(replace(run, truth=None))
    assert "truth: level" not in blind and "athlete’s own mark" not in blind


@pytest.mark.parametrize("case", ["full", *CASES])
def test_synthetic_page_claims_more_than_wellness(pages, case):
    words = " ".join(parsed(pages[case]).text).lower()
    claims = r"injur|diagnos|disease|patholog|patient|treatment|risk of|prevent"
    assert re.findall(claims, words) == []


def test_synthetic_recovery_is_told_as_still_heavy(run):
    rows = [
        *run.warnings,
        {
            "t_s": 1800.0,
            "level": 1,
            "confidence_pct": 55,
            "attribution": "none",
            "reasons": [],
            "faults": [],
        },
    ]
    words = " ".join(parsed(render(replace(run, warnings=rows))).text).replace("\u00a0", " ")
    assert "then heavy until minute 30, fresh at the end" in words


def test_synthetic_early_stop_loses_its_last_strides_to_an_average_past_the_end(run):
    """Signals that end before the last stride's window, and lost samples, must not break it."""
    cut = {label: (rate, v[: int(rate * 1500)].copy()) for label, (rate, v) in run.signals.items()}
    cut["ACC X"][1][:700_000] = np.nan
    parsed(render(replace(run, signals=cut)))


def test_synthetic_hill_at_heavy_level_replaces_the_reason_or_is_kept_from_the_coach(run):
    """Rows that only tell of pace or terrain leave the level's own cause in the headline."""
    hill = {
        "t_s": 2000.0,
        "level": 3,
        "confidence_pct": 40,
        "attribution": "terrain",
        "reasons": [],
        "faults": [],
    }
    words = " ".join(parsed(render(replace(run, warnings=[*run.warnings, hill]))).text)
    assert "legs (peripheral), confidence 62" in words.replace("\u00a0", " ")
    fresh = [*run.warnings[:2], hill | {"level": 1}]
    words = " ".join(parsed(render(replace(run, warnings=fresh))).text)
    assert "Fresh to the end" in words and "more likely the ground" in words


def test_synthetic_faults_of_the_truth_pass_for_reported_ones(run):
    truth = {"annotations": [(100.0, "FAULT=mains ch1")], "comparison": {}}
    blind = replace(
        run,
        truth=truth,
        gaps=[],
        strides=run.strides | {"faults": np.zeros(len(run.strides["t_ic_s"]))},
    )
    html = render(blind)
    assert "truth, written into the recording" in html and "The band reported none." in html


def test_synthetic_two_judged_minutes_are_sold_as_a_fresh_run(run):
    late = run.warnings[1] | {"t_s": run.duration_s - 120}
    words = " ".join(parsed(render(replace(run, warnings=[run.warnings[0], late]))).text)
    assert "Fresh in the 2\u00a0minutes it could be judged" in words
