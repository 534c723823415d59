"""One picture: the buffers over the worst half minute, and how late the loop came."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from target.loop.cases import Case
from target.loop.figures import Plant
from target.loop.firmware import Firmware
from target.loop.play import BULK, DMA, FIFO, Played

HALF_US = 15_000_000
_COLOURS = {FIFO: "#b3541e", DMA: "#1f5f8b", BULK: "#6b6b6b"}


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
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, 4.6), width_ratios=(3, 2), constrained_layout=True
    )
    for column, name in enumerate((DMA, FIFO, BULK), 1):
        share = 100 * trace[:, column] / again.fills[name].capacity
        left.plot(seconds, share, color=_COLOURS[name], linewidth=0.9, label=name)
    left.axhline(100, color="black", linewidth=0.8, linestyle=":")
    left.set_ylim(0, 108)
    left.set_xlim(seconds[0], seconds[-1])
    left.set_xlabel("seconds from the fullest motion FIFO")
    left.set_ylabel("of its capacity, %")
    left.set_title(f"{case.name}: the worst half minute", loc="left")
    left.legend(loc="upper left", frameon=False)
    ends = [*(f"{us / 1000:g}" for us in firmware.bin_ends_us), "more"]
    width = 0.8 / len(lateness)
    for k, (name, one) in enumerate(lateness.items()):
        shares = np.array(one.bins) / max(1, sum(one.bins))
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
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
