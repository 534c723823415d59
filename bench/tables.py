"""The tables of `make bench`."""

from typing import Any

from rich.table import Table

from bench.inputs import BLOCK_MS, CHAIN_MINUTES
from bench.whole_chain import DRIVERS, Work

COLUMNS = ("viper", "native", "bytecode", "C -O2", "NumPy")
ITEMS = {"power-spectrum-256": "call"}


def kernel_table(kernels: dict[str, dict[str, float]]) -> Table:
    """Times of each kernel, and what they are to viper's."""
    table = Table(title="Kernels: ns per item (times viper's)")
    table.add_column("kernel")
    table.add_column("item")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for kernel, row in kernels.items():
        cells = []
        for name in COLUMNS:
            if name not in row:
                cells.append("-")
            elif name == "viper":
                cells.append(_ns(row[name]))
            else:
                times = row[name] / row["viper"]
                cells.append(f"{_ns(row[name])} ({times:{'.0f' if times >= 100 else '.2g'}})")
        table.add_row(kernel, ITEMS.get(kernel, "sample"), *cells)
    return table


def chain_table(chain: dict[str, dict[str, Any]]) -> Table:
    """The whole chain in every emitter, and NumPy over the whole recording."""
    table = Table(
        title=f"Whole chain: a synthetic run of {CHAIN_MINUTES} min in {BLOCK_MS} ms blocks"
    )
    table.add_column("")
    for title in ("time", "x real time", "of viper", "RSS peak", "chain's heap", "heap per block"):
        table.add_column(title, justify="right")
    for name, row in chain.items():
        heap = f"{row['chain_heap_bytes'] / 1024:.0f} KiB" if "chain_heap_bytes" in row else "-"
        grown = f"{row['heap_bytes_per_block']:g} B" if "heap_bytes_per_block" in row else "-"
        table.add_row(
            name,
            f"{row['chain_ms']:.0f} ms",
            f"{row['x_real_time']:.0f}",
            f"{row['chain_ms'] / chain['viper']['chain_ms']:.2g}",
            f"{row['peak_rss_bytes'] / 2**20:.0f} MiB",
            heap,
            grown,
        )
    return table


def whole_chain_table(kernels: dict[str, Work], most: int = 16) -> Table:
    """The kernels' work in a second of running, each as often as the chain calls it."""
    table = Table(title="Work of the whole chain's kernels: us per second of running")
    table.add_column("kernel")
    for title in ("calls/s", "viper", "C -O2", "viper / C", "of all viper"):
        table.add_column(title, justify="right")
    ordered = sorted(kernels.items(), key=lambda one: -one[1].viper_us)
    in_c = [(name, work) for name, work in ordered if work.c_us is not None]
    both = [work for _, work in in_c]
    rest = [work for _, work in ordered if work.c_us is None]
    rows = [(name, [work]) for name, work in in_c[:most]]
    if both[most:]:
        rows.append((f"{len(both[most:])} others in C", both[most:]))
    if both:
        rows.append(("all that are in C", both))
    rows.append((f"{len(rest)} not in C", rest))
    whole = sum(work.viper_us for work in kernels.values())
    for name, works in rows:
        viper_us = sum(work.viper_us for work in works)
        c_us = sum(work.c_us or 0 for work in works)
        table.add_row(
            name,
            f"{sum(work.calls for work in works):.0f}",
            f"{viper_us:.1f}",
            f"{c_us:.1f}" if c_us else "-",
            f"{viper_us / c_us:.2f}" if c_us else "-",
            f"{viper_us / whole:.0%}",
        )
    return table


def whole_chain_sentence(kernels: dict[str, Work], chain_us: float) -> str:
    """What share the kernels are of the chain, which takes chain_us per second of running."""
    own = [work for name, work in kernels.items() if not name.startswith(DRIVERS)]
    work = sum(one.viper_us for one in own) / chain_us
    calling = sum(one.calling_us for one in own) / chain_us
    return (
        f"Of the chain's {chain_us:.0f} us per second of running, drivers and decimation not "
        f"included, {work:.0%} is the kernels' work, about {calling:.0%} calling them from "
        "bytecode, which a kernel in C would be as well, and the rest other bytecode."
    )


def _ns(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
