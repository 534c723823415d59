"""Runs the firmware's chain on a real MicroPython, as a child process over pipes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import IO

from host_tools.errors import CalfbandError, FirmwareError
from host_tools.firmware_tables import FIRMWARE_DIR

REPLAY_CHAIN = Path(__file__).resolve().parent / "twin" / "replay_chain.py"
HEAP = "8M"
PIPE_BYTES = 1 << 20
TRACEBACK_LINES = 12
# The kernels are viper code: a build without the native emitter cannot run the firmware.
_PROBE = """
import sys
print(sys.implementation.name)
exec("import micropython\\n@micropython.viper\\ndef f(x: int) -> int: return x + 1\\nprint(f(1))")
"""
_REMEDY = "run `make setup`, or point CALFBAND_MICROPYTHON at a MicroPython for this computer."


def find_micropython() -> Path:
    """CALFBAND_MICROPYTHON, else the one beside this Python, else the one on PATH.

    Raises CalfbandError when there is none or when it cannot run the firmware.
    """
    named = os.environ.get("CALFBAND_MICROPYTHON")
    beside = Path(sys.executable).parent / "micropython"
    found = named or (str(beside) if beside.exists() else shutil.which("micropython"))
    if not found:
        raise CalfbandError(f"MicroPython is not installed; {_REMEDY}")
    return _verified(found)


@lru_cache(maxsize=4)
def _verified(found: str) -> Path:
    path = shutil.which(found)
    if path is None:
        raise CalfbandError(f"{found}: there is no such program to run as MicroPython; {_REMEDY}")
    try:
        probe = subprocess.run(
            [path, "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=20,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise CalfbandError(f"{path}: cannot be run as MicroPython; {_REMEDY}") from None
    lines = probe.stdout.split()
    if lines[:1] != ["micropython"]:
        raise CalfbandError(f"{path}: this is not MicroPython; {_REMEDY}")
    if lines[1:] != ["2"]:
        raise CalfbandError(f"{path}: this MicroPython has no viper code emitter; {_REMEDY}")
    return Path(path)


def run_chain(
    settings_lines: list[str],
    stream: Iterable[bytes],
    on_fed: Callable[[int], None] = lambda n: None,
) -> bytes:
    """Feed `stream` to the chain; its records as bytes. `on_fed` hears the size of each chunk.

    Raises CalfbandError when MicroPython is missing, FirmwareError (with the end of its
    traceback) when the firmware stops.
    """
    micropython = find_micropython()
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        settings = Path(folder) / "settings"
        settings.write_text("".join(f"{line}\n" for line in settings_lines), encoding="ascii")
        complaint = Path(folder) / "complaint"
        with (
            complaint.open("wb") as stderr,
            subprocess.Popen(
                [str(micropython), "-X", f"heapsize={HEAP}", str(REPLAY_CHAIN), str(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                env={**os.environ, "MICROPYPATH": f"{FIRMWARE_DIR}:.frozen"},
                start_new_session=True,  # Ctrl-C is for the host, which ends the chain
            ) as child,
        ):
            code, said = _converse(child, stream, on_fed)
        if code:
            raise _crash(code, said, complaint.read_bytes())
        return said


def _converse(
    child: subprocess.Popen[bytes], stream: Iterable[bytes], on_fed: Callable[[int], None]
) -> tuple[int, bytes]:
    """The child's exit code and what it wrote to stdout."""
    assert child.stdin and child.stdout
    _widen(child.stdin)
    troubles: list[BaseException] = []
    feeder = threading.Thread(
        target=_feed, args=(child.stdin, stream, on_fed, troubles), daemon=True
    )
    parts = []
    try:
        feeder.start()
        while part := child.stdout.read(PIPE_BYTES):
            parts.append(part)
        code = child.wait()
    finally:
        # However this ends, the feeder must have let go of its pipe before that is closed.
        if child.poll() is None:
            child.kill()
        if feeder.ident:  # it was started
            feeder.join()
    if troubles:
        raise troubles[0]
    return code, b"".join(parts)


def _crash(code: int, said: bytes, complaint: bytes) -> FirmwareError:
    """MicroPython writes the traceback of an uncaught exception to stdout, behind the records."""
    at = said.rfind(b"Traceback (most recent call last)")
    text = (said[at:] if at >= 0 else b"") + complaint
    tail = text.decode("utf-8", "replace").strip().splitlines()[-TRACEBACK_LINES:]
    return FirmwareError(
        f"the firmware stopped (exit {code}); please report this with the recording:\n"
        + "\n".join(f"  {line}" for line in tail)
    )


def _feed(
    pipe: IO[bytes],
    stream: Iterable[bytes],
    on_fed: Callable[[int], None],
    troubles: list[BaseException],
) -> None:
    # A child that has died says why on stderr; here its closed pipe is no news.
    with contextlib.suppress(BrokenPipeError):
        try:
            for chunk in stream:
                rest = memoryview(chunk)
                while rest:
                    rest = rest[pipe.write(rest) :]
                on_fed(len(chunk))
        except BrokenPipeError:
            raise
        except BaseException as error:
            troubles.append(error)
        finally:
            pipe.close()


def _widen(pipe: IO[bytes]) -> None:
    """A wider pipe lets host and band work at the same time (Linux only, best effort)."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
