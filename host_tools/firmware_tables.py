"""The band's own tables (`units`, `wire`, `version`, its settings), read from the firmware folder.

Scales and record layouts live in the firmware once; the host executes those very files under
CPython instead of keeping a copy. They are pure: all they want is MicroPython's `const` and
each other.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from host_tools.errors import CalfbandError

FIRMWARE_DIR = Path(
    os.environ.get("CALFBAND_FIRMWARE") or Path(__file__).resolve().parent.parent / "firmware"
)
_LOADED: dict[str, ModuleType] = {}


def _load(name: str) -> Any:
    path = FIRMWARE_DIR / "band" / f"{name}.py"
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CalfbandError(
            f"{path}: the firmware is not there ({error.strerror}); run calfband from a complete "
            "checkout or point CALFBAND_FIRMWARE at its firmware folder."
        ) from error
    module = ModuleType(f"band.{name.replace('/', '.')}")
    shim = ModuleType("micropython")
    vars(shim)["const"] = lambda value: value
    shown = {"micropython": shim, "band": ModuleType("band"), **_LOADED}
    shadowed = {known: sys.modules[known] for known in shown if known in sys.modules}
    sys.modules.update(shown)
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    finally:
        for known in shown:
            del sys.modules[known]
        sys.modules.update(shadowed)
    _LOADED[module.__name__] = module
    return module


units = _load("units")
wire = _load("wire")
FIRMWARE_VERSION: str = _load("version").VERSION
# Of a unit's settings: read when they are asked for, as a replay has no unit.
_OF_UNITS = ("migrations", "settings_copy", "settings_table")


def __getattr__(name: str) -> Any:
    if name not in _OF_UNITS:
        raise AttributeError(name)
    for one in _OF_UNITS:
        globals()[one] = _load(f"unit/{one}")
    return globals()[name]
