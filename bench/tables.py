"""The two tables of `make bench`."""

from typing import Any

from rich.table import Table

from bench.inputs import BLOCK_MS, CHAIN_MINUTES

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
                cells.append(f"{_ns(row[name])} ({row[name] / row['viper']:.2g})")
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


def _ns(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
