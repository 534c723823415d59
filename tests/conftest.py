"""Fixtures of all tests: the firmware's interpreter, the console command, recordings."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
BIN = Path(sys.executable).parent

MicroPython = Callable[..., "subprocess.CompletedProcess[bytes]"]
Calfband = Callable[..., "subprocess.CompletedProcess[str]"]
SyntheticEdf = Callable[..., Path]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tests run side by side, those in real time alone: they fail where they wait for a core."""
    locks = ROOT / "build"
    locks.mkdir(exist_ok=True)
    with open(locks / ".test-turn", "w") as turn, open(locks / ".test-runs", "w") as runs:
        # Who waits to be alone keeps the turn, so that no further test begins meanwhile.
        fcntl.flock(turn, fcntl.LOCK_EX)
        alone = item.get_closest_marker("real_time") is not None
        fcntl.flock(runs, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        return (yield)


@pytest.fixture(scope="session")
def run_micropython(tmp_path_factory: pytest.TempPathFactory) -> MicroPython:
    """Run a script, given as text, under the real MicroPython with the firmware on its path.

    `run_micropython(script, *args, stdin=b"", heap="16m")` returns bytes in `stdout` and
    `stderr`. The test fails with the script's own traceback when the script does; with
    `check=False` the return code is the caller's to judge.
    """
    folder = tmp_path_factory.mktemp("micropython")
    scripts = 0

    def run(
        script: str, *args: object, stdin: bytes = b"", heap: str = "16m", check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        nonlocal scripts
        scripts += 1
        path = folder / f"script{scripts}.py"
        path.write_text(script)
        done = subprocess.run(
            [BIN / "micropython", "-X", f"heapsize={heap}", path, *map(str, args)],
            input=stdin,
            capture_output=True,
            env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:.frozen"},
        )
        if check and done.returncode != 0:
            # MicroPython writes tracebacks to its standard output.
            said = (done.stdout[-2000:] + done.stderr).decode(errors="replace")
            pytest.fail(f"MicroPython: exit {done.returncode}\n{said}")
        return done

    return run


@pytest.fixture(scope="session")
def calfband() -> Calfband:
    """Run the console command as a user does: `calfband("replay", path).returncode`, `.stdout`."""

    def run(*args: object, **kwargs) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "calfband"), *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, **kwargs)

    return run


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of the real recordings; tests that use it carry the marker `recordings`."""
    folder = os.environ.get("CALFBAND_RECORDINGS")
    if not folder:
        pytest.skip("CALFBAND_RECORDINGS is not set: the real recordings are not here")
    if not Path(folder).is_dir():
        pytest.fail(f"CALFBAND_RECORDINGS={folder} is not a folder")
    return Path(folder)


@pytest.fixture(scope="session")
def synthetic_edf(tmp_path_factory: pytest.TempPathFactory) -> SyntheticEdf:
    """Path of a synthetic run: `synthetic_edf(minutes=3, seed=7)`, arguments as of RunPlan.

    Equal plans share one file per session; treat it as read-only.
    """
    from host_tools.synth import RunPlan, synthesize, write_edf

    folder = tmp_path_factory.mktemp("synthetic")
    made: dict[RunPlan, Path] = {}

    def make(**plan) -> Path:
        key = RunPlan(**plan)
        if key not in made:
            path = folder / f"run{len(made) + 1}.edf"
            write_edf(synthesize(key), path)
            made[key] = path
        return made[key]

    return make
