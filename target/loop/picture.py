"""One picture: the buffers over the worst half minute, and how late the loop came."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from target.loop.cases import Case
from target.loop.figures import Plant
from target.loop.fills import (
    DMA,
    FIFO,
    Played,
)
from target.loop.firmware import Firmware

HALF_US = 15_000_000


def draw(
    path: Path,
    firmware: Firmware,
    plant: Plant,
    case: Case,
    played: Played,
    seed: int,
    lateness: dict[str, Played],
) -> None:
    """The half minute around the fullest motion FIFO of `case`, and histograms of `lateness`."""
    at = played.fills[FIFO].at_us
    window = (max(0.0, at - HALF_US), at + HALF_US)
    again = case.loop(firmware, plant, played.us, seed).play(window[1], traced=window)
    trace = np.array(again.trace)
    seconds = (trace[:, 0] - at) / 1e6
    figure, axes = plt.subplot_mosaic(
        [[FIFO, "late"], [DMA, "late"]],
        figsize=(13, 5),
        width_ratios=(3, 2),
        layout="constrained",
    )
    for column, name in ((2, FIFO), (1, DMA)):
        one = axes[name]
        one.plot(seconds, 100 * trace[:, column] / again.fills[name].capacity, linewidth=0.8)
        one.axhline(100, color="black", linewidth=0.8, linestyle=":")
        one.set_ylim(0, 108)
        one.set_xlim(seconds[0], seconds[-1])
        one.set_ylabel(f"{name}, %")
    axes[FIFO].set_title(
        f"{case.name}: how full at each tick, in the worst half minute", loc="left"
    )
    axes[DMA].set_xlabel("seconds from the fullest motion FIFO")
    right = axes["late"]
    ends = [*(f"{us / 1000:g}" for us in firmware.bin_ends_us), "more"]
    width = 0.8 / len(lateness)
    for k, (name, late) in enumerate(lateness.items()):
        shares = np.array(late.bins) / max(1, sum(late.bins))
        right.bar(
            np.arange(len(ends)) + (k - len(lateness) / 2 + 0.5) * width, shares, width, label=name
        )
    right.set_yscale("log")
    right.set_ylim(1e-7, 1)
    right.set_xticks(range(len(ends)), ends)
    right.set_xlabel("late by less than, ms: the firmware's bins")
    right.set_ylabel("of all ticks")
    right.set_title("how late the loop came", loc="left")
    right.legend(frameon=False, fontsize=8)
    for one in axes.values():
        one.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
