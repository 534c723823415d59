"""Values out of a TOML table, checked one by one; what is wrong is said in one sentence."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

from host_tools.errors import CalfbandError


class Checked:
    """A table of a map. Every `take` removes a key; `done` refuses what nobody took."""

    def __init__(self, path: Path | str, where: str, table: Any):
        if not isinstance(table, dict):
            raise CalfbandError(f"{path}: {where} must be a table, such as [{where}].")
        self.path = path
        self.where = where
        self.left = dict(table)
        self.known: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.left)

    def refuse(self, key: str, must: str) -> CalfbandError:
        name = f"{self.where}.{key}" if self.where else key
        return CalfbandError(f"{self.path}: {name} {must}.")

    def _take(self, key: str) -> Any:
        self.known.append(key)
        return self.left.pop(key, None)

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, str) or not value:
            raise self.refuse(key, f"is {value!r}; it must be text")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise self.refuse(key, f"is {value!r}; it must be one of {', '.join(allowed)}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refuse(key, f"is {value!r}; it must be true or false")
        return value

    def number(
        self, key: str, default: float | None = None, low: float = -1e12, high: float = 1e12
    ) -> float | None:
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refuse(key, f"is {value!r}; it must be a number")
        if not low <= value <= high:
            raise self.refuse(key, f"is {value:g}; it must lie between {low:g} and {high:g}")
        return float(value)

    def whole(self, key: str, default: int | None = None, low: int = 0) -> int | None:
        value = self.number(key, default, low, 1e9)
        if value is not None and value != int(value):
            raise self.refuse(key, f"is {value:g}; it must be a whole number")
        return None if value is None else int(value)

    def column(self, key: str) -> str | None:
        """A column's name, or its number counted from 1 (as '#1' … '#n')."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return f"#{value}"
        if isinstance(value, str) and value:
            return value
        raise self.refuse(key, f"is {value!r}; it must be a column's name or number, from 1")

    def columns(self, key: str, n: int) -> tuple[str, ...] | None:
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != n:
            raise self.refuse(key, f"is {value!r}; it must list {n} columns")
        return tuple(str(Checked(self.path, self.where, {key: v}).column(key)) for v in value)

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.refuse(key, f"is {value!r}; it must be a list of texts")
        return tuple(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        value = self._take(key)
        if value is None:
            return ()
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
            raise self.refuse(key, f"is {value!r}; it must be a number or a list of numbers")
        return tuple(float(v) for v in values)

    def pattern(self, key: str) -> str | None:
        """A regular expression with at least one group."""
        value = self.text(key)
        if value is None:
            return None
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise self.refuse(key, f"is no regular expression ({error})") from None
        if not groups:
            raise self.refuse(key, "must have a group in round brackets round what is wanted")
        return value

    def table(self, key: str) -> Checked:
        value = self._take(key)
        where = f"{self.where}.{key}" if self.where else key
        return Checked(self.path, where, {} if value is None else value)

    def raw(self, key: str) -> Any:
        return self._take(key)

    def done(self) -> None:
        for key in self.left:
            near = difflib.get_close_matches(key, self.known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(self.known)}."
            where = f" in [{self.where}]" if self.where else ""
            raise CalfbandError(f"{self.path}: unknown key {key!r}{where}; {hint}")
