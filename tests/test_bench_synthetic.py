"""The benchmark compares like with like only while all its implementations agree."""

from pathlib import Path

import pytest

from bench.chain_times import time_emitter
from bench.inputs import Inputs, make_inputs
from bench.runners import BENCH, compile_c, kernel_times, run_child, run_micropython
from bench.variants import EMITTERS, FIRMWARE, write_variant

KERNELS = BENCH / "micropython" / "time_kernels.py"


def crcs(output: bytes) -> dict[str, int | None]:
    return {name: crc for name, (_, crc) in kernel_times(output).items()}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Inputs:
    return make_inputs(tmp_path_factory.mktemp("bench"), minutes=1)


@pytest.fixture(scope="module")
def folder(inputs) -> Path:
    return inputs.folder


@pytest.fixture(scope="module")
def viper(folder) -> dict[str, int | None]:
    return crcs(run_micropython(KERNELS, folder, 0, folder=folder, firmware=FIRMWARE).output)


def test_c_kernels_differ_from_the_firmwares(folder, viper):
    program = compile_c(folder)
    if isinstance(program, str):
        pytest.skip(program)
    assert crcs(run_child([program, str(folder), "0"], folder).output) == viper


@pytest.mark.parametrize("emitter", EMITTERS)
def test_kernels_differ_between_code_emitters(emitter, folder, viper):
    firmware = write_variant(emitter, folder / emitter)
    done = run_micropython(KERNELS, folder, 0, folder=folder, firmware=firmware)
    assert crcs(done.output) == viper


def test_whole_chain_differs_between_code_emitters(inputs, folder):
    firmware = {"viper": FIRMWARE}
    firmware |= {name: write_variant(name, folder / f"chain-{name}") for name in EMITTERS}
    said = {time_emitter(inputs, path, 1)["records_sha256"] for path in firmware.values()}
    assert len(said) == 1
