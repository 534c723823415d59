"""The band's own tables (`units`, `wire`, `version`), read from the firmware folder.

Scales and record layouts live in the firmware once; the host executes those very files under
CPython instead of keeping a copy. They are pure: all they want is MicroPython's `const`.
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


def _load(name: str) -> Any:
    path = FIRMWARE_DIR / "band" / f"{name}.py"
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CalfbandError(
            f"{path}: the firmware is not there ({error.strerror}); run calfband from a complete "
            "checkout or point CALFBAND_FIRMWARE at its firmware folder."
        ) from error
    module = ModuleType(f"band.{name}")
    shim = ModuleType("micropython")
    vars(shim)["const"] = lambda value: value
    shadowed = sys.modules.get("micropython")
    sys.modules["micropython"] = shim
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    finally:
        if shadowed is None:
            del sys.modules["micropython"]
        else:
            sys.modules["micropython"] = shadowed
    return module


units = _load("units")
wire = _load("wire")
FIRMWARE_VERSION: str = _load("version").VERSION
