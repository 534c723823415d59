"""`certificate.html`: one self-contained page; no network, no script."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import Any

from host_tools.calibrate import charts
from host_tools.calibrate.certificate import limits_of, number, verdict
from host_tools.calibrate.limits import Line
from host_tools.calibrate.state import State
from host_tools.calibrate.steps import STEPS
from host_tools.report import HERE as REPORT
from host_tools.report import SYNTHETIC

HERE = Path(__file__).parent
_INTROS = {
    "accelerometer": "Rest with each axis up and down, by least squares against gravity.",
    "gyroscope": "The mean rate while the unit lies still.",
    "turns": "One turn of a known angle about each axis, the rate at rest taken off.",
    "clock": "The IMU has a clock of its own; the band measures it all the time and aligns its "
    "samples with the EMG’s. Nothing is corrected.",
    "signal": "A sine of known size into both channels; the decimator’s own gain is allowed for.",
    "noise": "20 to 450 Hz, both inputs on the reference.",
    "delay": "A tap on the electrode is a knock for the accelerometer and an artefact for the "
    "EMG; what lies between the two, beyond what data sheets account for, is corrected.",
    "check": "Measured again after the values were written.",
    "contact": "Standing at ease, both electrodes on the muscle.",
    "mvc": "The strongest half second of three contractions.",
    "hops": "Contact and flight by the shank’s own weight; stiffness after Dalleau et al. 2004.",
}


def render(made: dict[str, Any], figures: list[Line], state: State) -> str:
    """The whole page. The same sheet gives the same bytes."""
    said, _, detail = verdict(made).partition(": ")
    if "," in said:
        said, detail = "Incomplete", verdict(made).partition(", ")[2]
    shown = {True: "good", False: "bad", None: "open"}[made["passed"]]
    sections = []
    for step in STEPS:
        own = [line for line in figures if line.step == step.name]
        if own:
            sections.append(_section(step.title, _INTROS[step.name], own, step.name, state))
    return Template((HERE / "page.html").read_text(encoding="utf-8")).substitute(
        style=(REPORT / "style.css").read_text(encoding="utf-8")
        + (HERE / "page.css").read_text(encoding="utf-8"),
        synthetic=_synthetic() if made["synthetic"] else "",
        serial=escape(made["serial"]),
        name=escape(made["name"]),
        date=escape(_day(made["date"])),
        verdict=escape(said.capitalize()),
        detail=escape(detail),
        state=shown,
        facts=_facts(made),
        sections="\n".join(sections),
        values=_values(made["values_in_unit"]),
    )


def _synthetic() -> str:
    return SYNTHETIC.replace("Synthetic recording", "Virtual unit").replace(
        "Generated to test the band. Nothing here was measured on a person.",
        "Synthetic signals on a virtual bench. No real unit was measured.",
    )


def _facts(made: dict[str, Any]) -> str:
    known = made["references"]
    facts = [
        ("Firmware", made["firmware"]),
        ("Hardware revision", made["hardware"]),
        ("Gravity", f"{known['gravity_m_s2']:g} m/s²"),
        ("Turns", f"{known['turn_deg']:g}°"),
        ("Test signal", f"{known['signal_uv_rms']:g} µV rms, {known['signal_hz']:g} Hz"),
    ]
    if known["mass_kg"]:
        facts.append(("Body mass", f"{known['mass_kg']:g} kg"))
    return "".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in facts)


def _section(title: str, intro: str, own: list[Line], step: str, state: State) -> str:
    rows = "".join(_row(line) for line in own)
    when = f'<span class="when">{escape(_day(state.date(step)))}</span>'
    head = "".join(
        f'<th scope="col"{cls}>{name}</th>'
        for name, cls in (
            ("Figure", ""), ("Measured", ""), ("Limits", ""), ("", ' class="gauge"'), ("", ""),
        )
    )  # fmt: skip
    return (
        f'<section id="{step}"><header><h2>{escape(title)}</h2><p>{escape(intro)} {when}</p>'
        f'</header><div class="scroll"><table class="figures"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{charts.of_step(step, state)}</section>"
    )


def _row(line: Line) -> str:
    word, cls = {True: ("pass", "pass"), False: ("FAIL", "fail"), None: ("", "")}[line.passed]
    unit = f" {line.unit}" if line.unit and line.value is not None else ""
    failed = ' class="failed"' if line.passed is False else ""
    value = "not known" if line.value is None else number(line.value, line) + unit
    return (
        f'<tr{failed}><th scope="row">{escape(line.name)}</th>'
        f'<td class="value">{escape(value)}</td>'
        f'<td class="limits">{escape(limits_of(line).replace("-", "−"))}</td>'
        f'<td class="gauge">{_gauge(line)}</td><td class="{cls}">{word}</td></tr>'
    )


def _gauge(line: Line) -> str:
    """Where the figure lies between its limits; a one-sided limit begins at 0."""
    if line.passed is None or line.value is None or line.high is None:
        return ""
    low = line.low if line.low is not None else 0.0
    share = (line.value - low) / (line.high - low)
    at = 100 * min(max(share, -0.04), 1.04)
    middle = '<line class="mid" x1="50%" x2="50%" y1="2" y2="14"/>' if low == -line.high else ""
    out = "" if line.passed else " out"
    return (
        '<svg aria-hidden="true"><line class="bar" x1="0" x2="100%" y1="8" y2="8"/>'
        f'{middle}<circle class="at{out}" cx="{at:.1f}%" cy="8" r="6"/></svg>'
    )


def _values(kept: dict[str, int]) -> str:
    cells = "".join(
        f"<div{'' if value else ' class=zero'}><dt>{escape(name)}</dt>"
        f"<dd>{escape(str(value).replace('-', '−'))}</dd></div>"
        for name, value in kept.items()
    )
    return f'<dl class="written">{cells}</dl>'


def _day(date: str) -> str:
    return date[:16].replace("T", " ") + " UTC"
