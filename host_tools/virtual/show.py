"""What a virtual band says, as it says it: one line that changes, or lines where there is none."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.text import Text

from host_tools.firmware_tables import wire
from host_tools.virtual.bench.hands import KEYS_HELP
from host_tools.virtual.unit import TELLS, unit_fault_names

LEVEL_STYLES = ("dim", "green", "yellow", "red", "bold red")
_REDRAW_PER_S = 8
_KEYS = "b press, B hold the button, q end"


class Show:
    """Takes the unit's records; use it as a context."""

    def __init__(
        self, console: Console, fast: bool, with_keys: bool, play_ms: int, on_bench: bool = False
    ) -> None:
        self._console = console
        self._fast = fast
        self._with_keys = with_keys
        self._play_ms = play_ms
        self._on_bench = on_bench
        self.scene = ""  # on the bench
        self._live: Live | None = None
        self._told: dict[str, int] = dict.fromkeys(TELLS, 0)
        self._said: tuple[int, ...] = ()
        self.strides = 0

    def __enter__(self) -> Show:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=_REDRAW_PER_S)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def record(self, tag: int, fields: list[int]) -> None:
        if tag == wire.TAG_STRIDE:
            self.strides += 1
        elif tag == wire.TAG_PROGRESS:
            self._told = dict(zip(TELLS, fields, strict=True))
            self._say_changes()
            if self._live:
                self._live.update(self._line())

    def _say_changes(self) -> None:
        """One line for each change of level, session or faults, kept on the screen."""
        told = self._told
        news = tuple(told[name] for name in ("level", "session", "unit_faults", "faults"))
        if news == self._said:
            return
        self._said = news
        console = self._live.console if self._live else self._console
        console.print(self._clock(), self._words(), highlight=False)

    def _clock(self) -> Text:
        seconds = self._told["t_ms"] // 1000
        sign = "-" if seconds < 0 else ""
        hours, rest = divmod(abs(seconds), 3600)
        return Text(f"{sign}{hours}:{rest // 60:02d}:{rest % 60:02d}", style="dim")

    def _words(self) -> Text:
        told = self._told
        words = Text()
        if told["session"]:
            words.append(f"session {told['session']}")
            level = told["level"]
            words.append(f" · {wire.LEVELS[level]}", LEVEL_STYLES[level])
            if level:
                words.append(f" {told['confidence_pct']} %")
            if told["attribution"]:
                words.append(f" ({wire.ATTRIBUTIONS[told['attribution']]})")
            words.append(f" · {wire.PHASES[told['phase']]}", "dim")
        else:
            words.append("resting" if told["state"] else "no session")
        faults = unit_fault_names(told["unit_faults"])
        faults += [name for k, name in enumerate(wire.FAULTS) if told["faults"] >> k & 1]
        if faults:
            words.append(f" · {', '.join(faults)}", "yellow")
        return words

    def _line(self) -> Text:
        told = self._told
        line = Text.assemble(self._clock(), " ", self._words())
        if self.scene:
            line.append(f" · bench: {self.scene}", "bold")
        line.append(f" · {told['strides']} strides · battery {told['charge_pct']} %", "dim")
        line.append(" · ●" if told["led"] else " · ○", "red" if told["led"] else "dim")
        if told["motor"]:
            line.append(" buzz", "bold")
        if self._fast and self._play_ms > 0:
            line.append(f" · {100 * max(told['t_ms'], 0) // self._play_ms} %", "dim")
        elif self._with_keys:
            keys = f"{KEYS_HELP}; {_KEYS}" if self._on_bench else _KEYS
            line.append(f"\n{keys}", "dim")
        return line
