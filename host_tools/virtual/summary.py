"""What a virtual band has done, in words."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from host_tools.firmware_tables import wire
from host_tools.virtual.unit import unit_fault_names

LATENESS_ENDS_MS = (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256)
_BAR = 40
# Counters that say nothing by themselves when they are not 0.
_USUAL = ("strides", "valid_strides", "warnings", "collections", "longest_loop_us")


def show_report(console: Console, report: dict[str, int], took_s: float) -> None:
    """Counts, faults that Status told, and how late the loop was."""
    hours = report["t_ms"] / 3_600_000
    speed = report["t_ms"] / 1000 / took_s if took_s > 0 else 0.0
    console.print(
        f"{hours:.2f} h of virtual time in {took_s:.0f} s ({speed:.0f} x real time): "
        f"{report['strides']} strides, {report['valid_strides']} valid, "
        f"{report['warnings']} warning rows"
    )
    told = unit_fault_names(report["unit_faults"])
    told += [name for k, name in enumerate(wire.FAULTS) if report["chain_faults"] >> k & 1]
    console.print(f"faults that Status told: {', '.join(told) or 'none'}")
    counted = [
        f"{name} {report[name]}"
        for name in (*wire.COUNTERS, "resets", "violations", "failures")
        if report.get(name) and name not in _USUAL
    ]
    console.print(f"counted: {', '.join(counted) or 'nothing lost'}")
    console.print(
        f"heap: {report['heap_grown_bytes']} bytes grown while nothing was asked, "
        f"{report['collections']} collections"
    )
    console.print(lateness_table(report))


def lateness_table(report: dict[str, int]) -> Table:
    """How late the loop came to its ticks."""
    bins = [report[f"lateness_{k}"] for k in range(len(LATENESS_ENDS_MS) + 1)]
    table = Table(box=None, pad_edge=False, title="lateness of the loop", title_justify="left")
    table.add_column("below ms", justify="right")
    table.add_column("ticks", justify="right")
    table.add_column("")
    most = max(*bins, 1)
    last = max((k for k, n in enumerate(bins) if n), default=0)
    for k, n in enumerate(bins[: last + 1]):
        end = f"{LATENESS_ENDS_MS[k]:g}" if k < len(LATENESS_ENDS_MS) else "more"
        table.add_row(end, str(n), "#" * -(-_BAR * n // most))
    table.caption = f"worst {report['lateness_worst_us'] / 1000:.1f} ms"
    table.caption_justify = "left"
    return table
