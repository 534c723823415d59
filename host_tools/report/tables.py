"""What was measured and how well: values with intervals, data quality, accuracy against truth."""

from __future__ import annotations

import math
from html import escape
from typing import Any

import numpy as np

from host_tools.report.figures import Missing
from host_tools.report.level_chart import fault_spans
from host_tools.report.numbers import clock, column, number, signed
from host_tools.report.trend_charts import FEATURE
from host_tools.result import ReplayResult

COMPARED = {
    "ic": "Ground contact (IC)",
    "to": "Toe-off (TO)",
    "contact": "Contact time",
    "onset": "EMG onset",
    "offset": "EMG offset",
    "emg_on": "EMG onset",
    "emg_off": "EMG offset",
}
HEADS = (
    '<th scope="col">Measured</th>',
    '<th scope="col">Baseline <small>95 % interval</small></th>',
    '<th scope="col">Now <small>95 % interval</small></th>',
    '<th scope="col" class="picture"><span class="freshtext">baseline</span> and '
    '<span class="nowtext">now</span></th>',
    '<th scope="col">Change</th>',
)


def value_table(result: ReplayResult) -> str | Missing:
    """Baseline against current with 95 % intervals, one row per feature that has either."""
    features = (result.summary or {}).get("features") or {}
    rows = []
    for name in [n for n in FEATURE if n in features] + sorted(set(features) - set(FEATURE)):
        entry = features[name] or {}
        words, unit = FEATURE.get(name, (name, entry.get("unit", "")))
        before, after = entry.get("baseline"), entry.get("current")
        if _known(before) or _known(after):
            rows.append((words, unit, before, after))
    if not rows:
        return Missing("Needs valid running strides, and a completed baseline to compare with.")
    compared = any(_known(before) for _, _, before, _ in rows)
    heads = HEADS if compared else HEADS[:1] + HEADS[2:3]
    body = []
    for words, unit, before, after in rows:
        cells = [f"<td>{_value(after)}</td>"]
        if compared:
            cells.insert(0, f"<td>{_value(before)}</td>")
            cells.append(f'<td class="picture">{_interval_picture(before, after)}</td>')
            cells.append(f"<td>{_change(before, after, unit)}</td>")
        head = f'<th scope="row">{escape(words)}<small>{escape(unit)}</small></th>'
        body.append(f"<tr>{head}{''.join(cells)}</tr>")
    return (
        f'<div class="scroll"><table class="values"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _known(interval: dict[str, Any] | None) -> bool:
    return interval is not None and _float(interval.get("value")) is not None


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _value(interval: dict[str, Any] | None) -> str:
    if not interval or not _known(interval):
        return "–"
    low, high = _float(interval.get("low")), _float(interval.get("high"))
    span = f"<small>{_range(low, high)}</small>" if low is not None and high is not None else ""
    return f"{number(_float(interval['value']))}{span}"


def _range(low: float, high: float) -> str:
    first, last = number(low), number(high)
    mantissa, _, exponent = first.partition("·")
    # The power of ten once: 2.99 … 3.01·10⁻¹³.
    return f"{mantissa if last.endswith(f'·{exponent}') else first} … {last}"


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None, unit: str) -> str:
    if not (before and after and _known(before) and _known(after)):
        return "–"
    a, b = float(before["value"]), float(after["value"])
    if unit != "ms" and not a:
        return "–"
    text = f"{signed(b - a)} ms" if unit == "ms" else f"{signed(100 * (b - a) / abs(a))} %"
    limits = [_float(part.get(end)) for part in (before, after) for end in ("low", "high")]
    if any(v is None for v in limits):
        return text
    low_a, high_a, low_b, high_b = (float(v) for v in limits if v is not None)
    apart = high_a < low_b or high_b < low_a
    return f"<strong>{text}</strong><small>intervals apart</small>" if apart else text


def _interval_picture(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    """Both intervals on the row's own scale."""
    both = [(c, p) for c, p in (("fresh", before), ("now", after)) if p and _known(p)]
    ends = [_float(p.get(e)) for _, p in both for e in ("low", "value", "high")]
    values = [v for v in ends if v is not None]
    low, high = min(values), max(values)
    room = (high - low) or abs(high) or 1.0
    low, high = low - 0.1 * room, high + 0.1 * room
    parts = []
    for row, (cls, p) in enumerate(both):
        ends = [_float(p.get(e)) for e in ("low", "value", "high")]
        at = [100 * ((p["value"] if v is None else v) - low) / (high - low) for v in ends]
        y = 7 + 10 * row
        parts.append(
            f'<line class="{cls} span" x1="{at[0]:.1f}%" x2="{at[2]:.1f}%" y1="{y}" y2="{y}"/>'
            f'<circle class="{cls}" cx="{at[1]:.1f}%" cy="{y}" r="4"/>'
        )
    return f'<svg class="mini" aria-hidden="true">{"".join(parts)}</svg>'


def quality(result: ReplayResult) -> str:
    """Counts as tiles, then faults with their times, then notes."""
    counts = (result.summary or {}).get("counts") or {}
    total = len(column(result.strides, "stride"))
    valid = int((column(result.strides, "valid") == 1).sum())
    degraded = int((column(result.strides, "degraded") == 1).sum())
    tiles = [
        (_count(total), "strides found"),
        (_count(valid), f"valid ({100 * valid / total:.0f} %)" if total else "valid"),
        (_count(total - valid), "not used"),
        (_count(degraded), "degraded (a sensor missing)"),
        (_count(len(column(result.bursts, "t_on_s"))), "muscle contractions"),
        (_count(counts.get("emg_lost")), "EMG samples lost"),
        (_count(counts.get("imu_lost")), "motion samples lost"),
    ]
    cells = "".join(f"<div><dd>{escape(n)}</dd><dt>{escape(w)}</dt></div>" for n, w in tiles)
    return (
        f'<dl class="tiles">{cells}</dl><div class="grid of2">'
        f"<div><h3>Faults and gaps</h3>{_fault_list(result)}</div>"
        f"<div><h3>Notes</h3>{_notes(result)}</div></div>"
    )


def _count(value: Any) -> str:
    known = _float(value)
    return "–" if known is None else f"{known:,.0f}".replace(",", "\u202f")


def _fault_list(result: ReplayResult, most: int = 24) -> str:
    spans = fault_spans(result)
    known = [
        f"<li><b>{clock(t)}</b> {escape(text[6:])} <span>truth, written into the recording</span>"
        "</li>"
        for t, text in (result.truth or {}).get("annotations", [])
        if text.startswith("FAULT=")
    ]
    if not spans and not known:
        return "<p>No fault was reported.</p>"
    items = [
        f"<li><b>{clock(start)}</b> {escape(name)} <span>{_length(stop - start)}</span></li>"
        for name, start, stop in spans[:most]
    ]
    if len(spans) > most:
        items.append(f"<li>and {len(spans) - most} more</li>")
    if not spans:
        items.append("<li>The band reported none.</li>")
    return f'<ul class="faults">{"".join(items + known[:most])}</ul>'


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"for {clock(seconds)}"


def _notes(result: ReplayResult) -> str:
    notes = list(result.notes)
    strides = column(result.strides, "flight_ms")
    if np.isfinite(strides).any():
        notes.append(
            "One leg is measured; flight time assumes the other leg does the same "
            "(half a stride less contact)."
        )
    if not notes:
        return "<p>Nothing to note.</p>"
    return f"<ul>{''.join(f'<li>{escape(str(note))}</li>' for note in notes)}</ul>"


def accuracy(result: ReplayResult) -> str | Missing:
    """Events of the band against those written into the recording."""
    comparison = (result.truth or {}).get("comparison") or {}
    rows = []
    for name, entry in comparison.items():
        if not isinstance(entry, dict):
            continue
        cells = [entry.get(k) for k in ("truth", "found", "missed", "false")]
        errors = [entry.get(k) for k in ("bias_ms", "sd_ms", "mae_ms")]
        if not any(_float(v) is not None for v in cells + errors):
            continue
        cells_html = "".join(f"<td>{_count(v)}</td>" for v in cells)
        bias, sd, mae = (_float(v) for v in errors)
        rows.append(
            f'<tr><th scope="row">{escape(COMPARED.get(str(name).lower(), str(name)))}</th>'
            f"{cells_html}<td>{signed(bias) if bias is not None else '–'}</td>"
            f"<td>{f'{sd:.1f}' if sd is not None else '–'}</td>"
            f"<td>{f'{mae:.1f}' if mae is not None else '–'}</td></tr>"
        )
    if not rows:
        why = (
            "Its truth marks could not be matched with what the band found."
            if result.truth and result.truth.get("annotations")
            else "The recording carries no reference to compare with."
        )
        return Missing(why)
    heads = "".join(
        f'<th scope="col">{h}</th>'
        for h in ("in truth", "found", "missed", "false", "bias ms", "SD ms", "MAE ms")
    )
    return (
        '<div class="scroll"><table class="accuracy"><thead><tr><th scope="col">Event</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="caption">Bias is the band’s time less the reference’s. References from force '
        "plates move by tens of milliseconds with the force threshold chosen, so a bias below 5 ms "
        "means nothing; for fatigue it is the steadiness (SD) that counts.</p>"
    )


def technical(result: ReplayResult) -> str:
    """The replay itself: firmware version, speed, heap, and what the band was told."""
    summary = result.summary or {}
    speed = _float(summary.get("x_real_time"))
    heap = _float(summary.get("heap_bytes_hot_path"))
    chain = _float(summary.get("heap_bytes_chain"))
    rates: dict[float, list[str]] = {}
    for label, (rate, _) in result.signals.items():
        rates.setdefault(rate, []).append(label)
    signals = "; ".join(f"{', '.join(labels)} at {rate:.4g} Hz" for rate, labels in rates.items())
    facts = [
        ("Firmware", str(summary.get("firmware_version") or "–")),
        ("Speed", f"{speed:.0f} × real time" if speed is not None else "–"),
        ("Heap grown in the hot path", f"{_count(heap)} bytes" if heap is not None else "–"),
        ("Heap of the whole chain", f"{_count(chain)} bytes" if chain is not None else "–"),
        ("Recording", result.path.name),
        ("Length", clock(result.duration_s)),
        ("Signals", signals or "–"),
    ]
    rows = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)
    return f'<dl class="facts">{rows}</dl>'
