"""What has been measured of a unit so far: one JSON file per serial, written step by step."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from host_tools.errors import CalfbandError

FORMAT = 1


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


class State:
    """`done` by step; `part` is what a step keeps while it is not done."""

    def __init__(self, out: Path, serial: str) -> None:
        """Raises CalfbandError when a state is there that cannot be used."""
        self.folder = out / (re.sub(r"[^A-Za-z0-9._-]", "_", serial) or "unit")
        self.path = self.folder / "state.json"
        self.serial = serial
        self._steps: dict[str, dict[str, Any]] = {}
        self._parts: dict[str, dict[str, Any]] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        except OSError as error:
            raise CalfbandError(
                f"{error.filename}: cannot be used ({error.strerror}); choose another --out."
            ) from error
        if text:
            self._take(text)

    def _take(self, text: str) -> None:
        try:
            kept = json.loads(text)
            right = kept["format"] == FORMAT and kept["serial"] == self.serial
            self._steps, self._parts = dict(kept["steps"]), dict(kept["parts"])
        except (ValueError, KeyError, TypeError):
            right = False
        if not right:
            raise CalfbandError(
                f"{self.path}: is no state of calibrating {self.serial}; move it away to begin "
                "anew."
            )

    def result(self, step: str) -> dict[str, Any] | None:
        """What a step has found; None when it is still to be done."""
        kept = self._steps.get(step)
        return None if kept is None else kept["result"]

    def date(self, step: str) -> str:
        return self._steps[step]["date"] if step in self._steps else ""

    def part(self, step: str) -> dict[str, Any]:
        return self._parts.setdefault(step, {})

    def keep_part(self) -> None:
        self._write()

    def done(self, step: str, result: dict[str, Any]) -> None:
        self._steps[step] = {"date": now(), "result": result}
        self._parts.pop(step, None)
        self._write()

    def forget(self, step: str) -> None:
        """It is to be done again."""
        self._steps.pop(step, None)
        self._parts.pop(step, None)

    def _write(self) -> None:
        kept = {
            "format": FORMAT,
            "serial": self.serial,
            "steps": self._steps,
            "parts": self._parts,
        }
        write_whole(self.path, json.dumps(kept, indent=1))


def write_whole(path: Path, text: str) -> None:
    """Replace a file at once. Raises CalfbandError."""
    new = path.with_name(path.name + ".new")
    try:
        with open(new, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        raise CalfbandError(
            f"{path}: cannot be written ({error.strerror}); make room, or choose another --out."
        ) from error
