"""The frame every chart stands in: figure, caption, time axis, and the word when it is missing."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from host_tools.report.svg import Plot

TIME_STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


def figure(title: str, body: str, caption: str = "", side: str = "") -> str:
    """A titled figure. `title`, `caption` and `side` are text; `body` is HTML."""
    aside = f'<span class="side">{escape(side)}</span>' if side else ""
    below = f"<p>{escape(caption)}</p>" if caption else ""
    return f"<figure><figcaption><h3>{escape(title)}{aside}</h3>{below}</figcaption>{body}</figure>"


def absent(title: str, why: str) -> str:
    """A figure's place when there is nothing to draw: the reason, in a sentence."""
    return (
        f'<figure class="absent"><figcaption><h3>{escape(title)}</h3></figcaption>'
        f"<p>{escape(why)}</p></figure>"
    )


@dataclass(frozen=True)
class Missing:
    """A whole section that cannot be shown, and the sentence that says why."""

    why: str


def panels(parts: list[str | Missing], titles: list[str], columns: int) -> str | Missing:
    """Figures side by side; a missing one gives its reason, unless all of them are missing."""
    reasons = [part.why for part in parts if isinstance(part, Missing)]
    if len(reasons) == len(parts):
        return Missing(" ".join(dict.fromkeys(reasons)))
    shown = [
        absent(title, part.why) if isinstance(part, Missing) else part
        for title, part in zip(titles, parts, strict=True)
    ]
    return grid(shown, columns)


def grid(parts: list[str], columns: int = 2) -> str:
    """Figures side by side where the page is wide enough."""
    return f'<div class="grid of{columns}">{"".join(parts)}</div>'


def key(*entries: tuple[str, str]) -> str:
    """A one-line legend: (class of the swatch, words)."""
    items = "".join(f'<li><i class="{cls}"></i>{escape(words)}</li>' for cls, words in entries)
    return f'<ul class="key">{items}</ul>'


def time_axis(plot: Plot, about: int = 9) -> None:
    """Minutes, or seconds when the recording is short, below a plot whose x is in seconds."""
    low, high = plot.x
    step = next((s for s in TIME_STEPS_S if (high - low) / s <= about), TIME_STEPS_S[-1])
    in_minutes = step >= 60
    ticks = []
    for i in range(int(low // step), int(high // step) + 1):
        at = i * step
        if low <= at <= high:
            words = f"{at / 60:g}" if in_minutes else f"{at:g}"
            ticks.append((at, words))
    if ticks:
        # The unit rides on the first tick: no axis title to find room for.
        ticks[0] = (ticks[0][0], ticks[0][1] + (" min" if in_minutes else " s"))
    plot.x_axis(ticks)
