"""A finding: one sentence, and one remedy where there is something to do."""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.errors import CalfbandError

GOOD, NOTE, TODO = "good", "note", "todo"
AGAIN = "Try once more; when it stays, flash the unit anew with calfband flash."


@dataclass(frozen=True)
class Finding:
    """level: good; note, what one may want to know; todo, what needs doing."""

    area: str  # computer, USB, Bluetooth, or the unit's port
    level: str
    sentence: str
    remedy: str = ""


def good(area: str, sentence: str) -> Finding:
    return Finding(area, GOOD, sentence)


def note(area: str, sentence: str, remedy: str = "") -> Finding:
    return Finding(area, NOTE, sentence, remedy)


def todo(area: str, sentence: str, remedy: str) -> Finding:
    return Finding(area, TODO, sentence, remedy)


def of_error(area: str, error: CalfbandError, remedy: str = AGAIN) -> Finding:
    """What was refused, as a finding: the remedy is the rest of its sentence, where it has one."""
    text = str(error).removeprefix(f"{area}: ")
    for sign in (". ", "; ", ": "):
        sentence, cut, rest = text.partition(sign)
        if cut and len(rest) > 12:
            return todo(area, f"{sentence}.", rest[0].upper() + rest[1:])
    return todo(area, text, remedy)
