"""What became of one unit: its record (JSON), its log, and what is shown while it is worked on."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

OnStep = Callable[[str, str, float], None]  # port, step, share of all work from 0 to 1


@dataclass
class Outcome:
    """Everything known of one unit's turn; written as its record."""

    port: str
    command: str  # flash or update
    started: str
    exit_code: int = 0
    error: str = ""
    chip: str = ""
    revision: str = ""
    mac: str = ""
    flash_bytes: int = 0
    base: dict[str, str] = field(default_factory=dict)
    firmware: dict[str, str] = field(default_factory=dict)
    before: str = ""  # version that ran before an update
    slot: str = ""
    file_system: dict[str, int] = field(default_factory=dict)
    sessions_saved: list[str] = field(default_factory=list)
    sessions_erased: int = 0
    settings_kept: list[str] = field(default_factory=list)
    files_checked: int = 0
    files_sent: int = 0
    self_test: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.exit_code == 0


class Turn:
    """One unit's turn: steps with their times, the lines of its log, its progress."""

    # Shares of the work at which the steps begin, for the bar.
    STEPS = {
        "connect": 0.0, "look": 0.1, "write": 0.2, "start": 0.7, "check": 0.75,
        "self-test": 0.9, "done": 1.0,
    }  # fmt: skip

    def __init__(self, port: str, command: str, on_step: OnStep):
        now = datetime.now().astimezone()
        self.outcome = Outcome(port, command, now.isoformat(timespec="seconds"))
        self._stamp = now.strftime("%Y%m%d-%H%M%S")
        self._lines: list[str] = []
        self._on_step = on_step
        self._begun = time.monotonic()
        self._step = "connect"
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """A line of the log."""
        at = time.monotonic() - self._begun
        with self._lock:
            self._lines += [f"{at:8.2f}  {line}" for line in text.splitlines() if line.strip()]

    def note(self, text: str) -> None:
        self.outcome.notes.append(text)
        self.say(f"note: {text}")

    def fail(self, sentence: str, exit_code: int) -> None:
        self.outcome.error = sentence
        self.outcome.exit_code = exit_code
        self.say(f"failed: {sentence}")
        self._step = "done"
        self.share(1.0)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._step = name
        self.say(f"-- {name}")
        self.share(0.0)
        begun = time.monotonic()
        try:
            yield
        finally:
            took = self.outcome.seconds.get(name, 0.0) + time.monotonic() - begun
            self.outcome.seconds[name] = round(took, 2)

    def share(self, part: float) -> None:
        """Of the step that runs, from 0 to 1."""
        names = list(self.STEPS)
        start = self.STEPS[self._step]
        end = self.STEPS[names[min(names.index(self._step) + 1, len(names) - 1)]]
        self._on_step(self.outcome.port, self._step, start + part * (end - start))

    def write(self, folder: Path) -> Path:
        """The record and the log beside it, in a folder of the unit's own; path of the record."""
        name = self.outcome.mac or self.outcome.port.strip("/")
        unit = folder / re.sub(r"[^0-9A-Za-z.-]+", "-", name.replace(":", ""))
        unit.mkdir(parents=True, exist_ok=True)
        path = unit / f"{self.outcome.command}-{self._stamp}.json"
        record: dict[str, Any] = asdict(self.outcome)
        path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        path.with_suffix(".log").write_text("\n".join(self._lines) + "\n", encoding="utf-8")
        return path
