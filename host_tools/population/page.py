"""`population.html`: both tiers' figures on one self-contained page; no network, no script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from host_tools.firmware_tables import FIRMWARE_VERSION
from host_tools.population import charts, metrics, tables
from host_tools.population.metrics import Rows
from host_tools.population.runners import RANGES
from host_tools.population.tables import Sheet
from host_tools.report import HERE as REPORT
from host_tools.report import SYNTHETIC

HERE = Path(__file__).parent
# In the order of RANGES: words and unit.
RANGE_WORDS = (
    ("speed", " m/s"),
    ("cadence", " of the usual"),
    ("contact time", " of the usual"),
    ("EMG of a contraction", " µV"),
    ("its noise", " µV"),
    ("the motion sensor’s clock", " % off"),
    ("height", " m"),
    ("body mass index", ""),
)
WHO = (
    "Athletes are spread evenly over {ranges}; foot strike, muscle timing, shock, the band’s "
    "rotation (one in four upside down), mains, electrodes, skin temperature and whether speed, "
    "mass and temperature are known are drawn. Every run is on a day of its own, each day a "
    "little different. None of them was used to make the firmware."
)


@dataclass(frozen=True)
class Tier:
    """What one tier found; None: no run lasted long enough to be asked, or none had faults."""

    name: str
    runs: Rows
    moments: Rows | None
    faults: Rows | None


def render(tiers: list[Tier]) -> str:
    """The whole page as HTML. The same verdicts give the same text."""
    sections = []
    for tier in tiers:
        sheets = tables.sheets(tier.name, tier.runs, tier.moments, tier.faults)
        body = charts.tier_figures(tier.name, tier.runs, tier.moments)
        body += "".join(_sheet(sheet) for sheet in sheets[1:])
        sections.append(_section(f"The {tier.name} tier", _who(tier), body))
    if len(tiers) == 2:
        raw, feature = (metrics.where(tier.runs, variant="") for tier in tiers)
        sheet = tables.agreement_sheet(raw, feature)
        sections.insert(0, _section(sheet.title, sheet.note, _table(sheet)))
    hours = sum(_hours(tier) for tier in tiers)
    athletes = max(len(set(tier.runs["athlete"])) for tier in tiers)
    return Template((HERE / "page.html").read_text(encoding="utf-8")).substitute(
        style=(REPORT / "style.css").read_text(encoding="utf-8")
        + (HERE / "page.css").read_text(encoding="utf-8"),
        synthetic=SYNTHETIC.replace("Synthetic recording", "Synthetic athletes"),
        headline=f"{athletes} athletes, {hours:,.0f} hours".replace(",", "\u202f"),
        detail=escape("; ".join(f"{tier.name} tier {_hours(tier):.0f} h" for tier in tiers)),
        version=escape(FIRMWARE_VERSION),
        targets="".join(_targets(tier) for tier in tiers),
        sections="\n".join(sections),
    )


def _hours(tier: Tier) -> float:
    return float(metrics.where(tier.runs, variant="")["minutes"].sum() / 60)


def _who(tier: Tier) -> str:
    ranges = ", ".join(
        f"{words} {low:g} to {high:g}{unit}".replace("-", "−")
        for (words, unit), (low, high, _) in zip(RANGE_WORDS, RANGES.values(), strict=True)
    )
    return f"{len(set(tier.runs['athlete']))} synthetic athletes. " + WHO.format(ranges=ranges)


def _targets(tier: Tier) -> str:
    usual = metrics.where(tier.runs, variant="")
    faults = None if tier.faults is None else metrics.where(tier.faults, variant="")
    return _table(tables.target_sheet(tier.name, usual, faults), "targets")


def _sheet(sheet: Sheet) -> str:
    note = f'<p class="caption">{escape(sheet.note)}</p>' if sheet.note else ""
    return f'<h3 class="sheet">{escape(sheet.title)}</h3>{_table(sheet)}{note}'


def _table(sheet: Sheet, cls: str = "") -> str:
    first = sheet.title if cls == "targets" else sheet.head[0]
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in (first, *sheet.head[1:]))
    rows = []
    for row in sheet.rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        missed = ' class="missed"' if row[-1] == "not met" else ""
        rows.append(f'<tr{missed}><th scope="row">{escape(row[0])}</th>{cells}</tr>')
    return (
        f'<div class="scroll"><table class="{cls}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _section(title: str, intro: str, body: str) -> str:
    lead = f"<header><h2>{escape(title)}</h2><p>{escape(intro)}</p></header>"
    return f"<section>{lead}{body}</section>"
