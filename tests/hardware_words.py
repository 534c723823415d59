"""Do the words of a note say what its code computes?"""

from __future__ import annotations

import re
from pathlib import Path

HARDWARE = Path(__file__).parent.parent / "hardware"


def note(name: str) -> str:
    """A note in one line, so that a phrase is found across line breaks."""
    return re.sub(r"\s+", " ", (HARDWARE / name).read_text(encoding="utf-8"))


def missing(text: str, phrases: dict[str, str]) -> list[str]:
    """Which of the phrases the text lacks; keys tell what a phrase is about."""
    return [f"{what}: {phrase!r}" for what, phrase in phrases.items() if phrase not in text]


def firmware_number(file: str, name: str) -> float:
    """A constant of the firmware, read from its text."""
    text = (HARDWARE.parent / "firmware" / "band" / file).read_text(encoding="utf-8")
    found = re.search(rf"^{name} = (?:const\()?([\d_.]+)\)?", text, re.MULTILINE)
    assert found, f"{file} has no {name}"
    return float(found[1].replace("_", ""))
