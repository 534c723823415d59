"""What esptool says goes to the log of the unit it is said of: each unit has a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from esp_pylib.logger import EspLog, EspLogBase
from esptool.logger import log

Say = Callable[[str], None]
Share = Callable[[float], None]

_here = threading.local()
_install = threading.Lock()


class _Dispatcher(EspLogBase):
    def print(self, *args: Any, **_: Any) -> None:
        text = " ".join(str(arg) for arg in args).strip()
        if text and hasattr(_here, "say"):
            _here.say(text)

    def err(self, *args: Any, suggestion: str | None = None) -> None:
        self.print("error:", *args)

    def warn(self, *args: Any, suggestion: str | None = None) -> None:
        self.print("warning:", *args)

    warning = warn
    error = err

    def note(self, *args: Any) -> None:
        self.print("note:", *args)

    def hint(self, *args: Any) -> None:
        self.print(*args)

    def debug(self, *args: Any) -> None:
        pass

    def set_verbosity(self, mode: int | str) -> None:
        pass

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "",
        bar_length: int = 30,
    ) -> None:  # fmt: skip
        if total_iters and hasattr(_here, "share"):
            _here.share(cur_iter / total_iters)


@contextmanager
def esptool_says(say: Say, share: Share) -> Iterator[None]:
    """In this thread, esptool's lines go to `say` and its progress, 0 to 1, to `share`."""
    with _install:
        if not isinstance(EspLog.instance, _Dispatcher):
            log.set_logger(_Dispatcher())
    _here.say, _here.share = say, share
    try:
        yield
    finally:
        del _here.say, _here.share
