"""The benchmark compares like with like only while all its implementations agree."""

from pathlib import Path

import pytest

from bench.chain_times import time_emitter
from bench.inputs import Inputs, make_inputs
from bench.runners import BENCH, BenchError, compile_c, kernel_times, run_child, run_micropython
from bench.variants import EMITTERS, FIRMWARE, write_variant
from bench.whole_chain import record, replay_c, replay_viper

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


def test_c_leaves_other_bytes_than_the_chains_kernels(inputs, folder):
    program = compile_c(folder, "replay_calls")
    if isinstance(program, str):
        pytest.skip(program)
    calls = record(inputs, before_s=20, recorded_s=3)
    replayed = replay_c(program, calls, recorded_s=3, min_ms=0)
    assert len(replayed) > 20
    work = replay_viper(calls, recorded_s=3, min_ms=0)
    in_c = sum(one.viper_us for name, one in work.items() if name in replayed)
    assert in_c > 0.8 * sum(one.viper_us for one in work.values())
    # The comparison itself: one changed byte behind a call.
    changed = bytearray((calls / "ring._copy_in").read_bytes())
    changed[-1 - 9 - 2 * (1 + 8)] ^= 1  # the last of the source, ahead of two numbers and a result
    (calls / "ring._copy_in").write_bytes(changed)
    with pytest.raises(BenchError):
        replay_c(program, calls, recorded_s=3, min_ms=0)


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
