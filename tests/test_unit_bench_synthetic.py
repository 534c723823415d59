"""calfband bench on the virtual board, whose interpreter is this computer's; synthetic running."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from units_on_usb import FileUnit, host_build

from host_tools.bench import command, outcome
from host_tools.bench.clock import Clock, clock_of
from host_tools.bench.empties import empties
from host_tools.bench.kernels import KernelResults, KernelTime, try_kernels
from host_tools.bench.parts import PartResults
from host_tools.bench.run import RunResults, run_band
from host_tools.bench.unit import ON_UNIT, Facts, borrowed, check_firmware
from host_tools.bench.vectors import Vectors, make_vectors
from host_tools.errors import (
    CalfbandError,
    NoAnswerError,
    NoUnitError,
    PortBusyError,
    UnitError,
    UnpluggedError,
)
from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.image.compile import BAND, HOST, compile_files
from target import budget, cost
from target.machines import SCRIPTS
from target.unit_run import KERNELS

APP = "__import__('sys').modules.get('band.unit.app')"
FIRMWARE = "0.1.0 (abc)"


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Vectors:
    return make_vectors(tmp_path_factory.mktemp("vectors"), quick=True)


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileUnit]:
    made = FileUnit(tmp_path_factory.mktemp("unit"), host_build())
    with made.plugged_in():
        yield made


@pytest.fixture(autouse=True)
def no_new_vectors(monkeypatch: pytest.MonkeyPatch, vectors: Vectors) -> None:
    monkeypatch.setattr(command, "make_vectors", lambda folder, quick: vectors)


def few(vectors: Vectors, *kernels: str) -> Vectors:
    return dataclasses.replace(
        vectors,
        calls={name: vectors.calls[name] for name in kernels},
        blocks={name: vectors.blocks[name] for name in kernels},
    )


def test_an_equal_unit_is_called_unequal_or_what_was_measured_is_not_told(
    unit: FileUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.bench(unit.port, tmp_path, quick=True)
    said = " ".join(capsys.readouterr().out.split())  # the port's long name moves the lines' ends
    assert "equal to the host" in said and "differ" not in said
    assert "a virtual board: this computer, not a band" in said
    assert "No figure above is an ESP32's" in said and "M cycles/s at" not in said
    (path,) = tmp_path.glob("*/bench-*.json")
    told = json.loads(path.read_text())
    recorded = budget.read()
    for table in ("whole", "bytes"):
        assert set(recorded[table]) <= set(told[table])
    for table in ("features, instructions per second", "kernels, instructions per second"):
        assert set(recorded[table]) <= set(told[table])
    assert told["equal"] and told["rounds"] == 96 and "cycles" not in told["clock"]["unit"]
    measured = [row["ns"] for row in told["features, instructions per second"].values()]
    assert sum(spent is not None and spent >= 0 for spent in measured) >= 12
    assert len(told["parts, microseconds"]["4 KiB to flash"]) == 12
    assert path.with_suffix(".txt").read_text().count("motion.condense") == 1
    with unit.console() as console:  # it was started anew, and nothing is left behind
        assert console.eval("__import__('sys').path.count('/ram')") == 0
        assert not [name for name in console.list_files("/data") if "bench" in name]
        console.reset()


def test_a_wrong_kernel_or_a_pulled_cable_go_unseen(tmp_path: Path, vectors: Vectors) -> None:
    source = tmp_path / "fixmath.py"
    text = (FIRMWARE_DIR / "band" / "fixmath.py").read_text()
    assert "bit = 0x10000000" in text
    source.write_text(text.replace("bit = 0x10000000", "bit = 0x04000000"))
    ((_, wrong),) = compile_files({"band/fixmath.py": source}, HOST).items()
    planted = FileUnit(tmp_path / "unit", host_build(), {"/a/band/fixmath.mpy": wrong})
    some = few(vectors, "fixmath.isqrt", "fixmath.muldiv")
    with planted.plugged_in():
        with pytest.raises(CalfbandError, match="unplugged"):
            with borrowed(planted.port, other_firmware=True) as unit:
                clock = clock_of(unit.facts, 50_000, 50_000, 1)
                with pytest.raises(CalfbandError, match="/a/band/fixmath.mpy.*--other-firmware"):
                    check_firmware(unit.console, unit.facts, unit.tree.unit())
                (said,) = try_kernels(unit, some, clock).differing
                assert said.startswith("fixmath.isqrt, call ")
                assert "returns" in said and "not 32767" in said
                assert planted.process
                planted.process.kill()
                try_kernels(unit, some, clock)


@pytest.mark.parametrize("error", [UnpluggedError, PortBusyError, NoUnitError, NoAnswerError])
def test_a_fault_of_unit_or_cable_exits_otherwise_than_elsewhere(
    error: type[UnitError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise error("ttyX: the connection broke off. Was the unit unplugged?")

    monkeypatch.setattr(command, "measure", broken)
    with pytest.raises(error, match="^ttyX: the connection broke off"):
        command.bench("ttyX", tmp_path)


def test_another_version_is_measured_as_if_it_were_this_one() -> None:
    other = dataclasses.replace(facts(), tree="9.8.7 (def)")
    with pytest.raises(CalfbandError, match=r"0\.1\.0 .* on the unit, 9\.8\.7 .* on this") as error:
        check_firmware(None, other, {})  # type: ignore[arg-type]
    assert error.value.exit_code == 2


def test_a_session_is_disturbed_without_a_word(unit: FileUnit, tmp_path: Path) -> None:
    with unit.running_app() as console:
        console.exec(f"_band = {APP}.running\n_band.session.begin(0)")
        assert console.eval("_band.session.running")
    with pytest.raises(CalfbandError, match="a session was running") as error:
        command.bench(unit.port, tmp_path, quick=True)
    assert error.value.exit_code == 2
    with unit.console() as console:
        kept = console.list_files("/data/sessions")
    assert [name for name in kept if name.endswith(".log")]


def test_ctrl_c_or_little_memory_leave_the_unit_without_its_app(
    unit: FileUnit, vectors: Vectors, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        with borrowed(unit.port, other_firmware=False) as held:
            clock = clock_of(held.facts, 50_000, 50_000, 1)
            found = run_band(held, vectors, clock, samples=True)
            assert found.differing == [] and found.rounds == 96
            assert "decimation 2 x 8 kHz" not in found.features and "bursts" in found.features
            held.console._transport.exec_raw_no_follow("import time\ntime.sleep(100)")
            time.sleep(0.1)
            raise KeyboardInterrupt
    with unit.running_app() as console:
        console.reset()


def test_the_bands_compiler_refuses_what_runs_on_a_unit(vectors: Vectors, tmp_path: Path) -> None:
    made = tmp_path / "empties.py"
    made.write_text(empties(vectors.calls, FIRMWARE_DIR))
    paths = [*ON_UNIT.glob("*.py"), *SCRIPTS.glob("*_band.py"), made]
    compiled = compile_files({path.name: path for path in paths}, BAND)
    assert {"meter.mpy", "run_band.mpy", "samples_band.mpy", "empties.mpy"} <= set(compiled)


def facts(is_band: bool = True, hz: int = 240_000_000) -> Facts:
    return Facts("ttyX", "30ae", "ESP32S3", is_band, hz, "1.29.0", FIRMWARE, FIRMWARE)


def test_microseconds_are_taken_for_cycles_or_cycles_for_microseconds() -> None:
    counts = clock_of(facts(), 12_003_000, 50_001, 900)
    assert (counts.unit, counts.counts_cycles) == ("cycles", True)
    assert counts.units(480) == pytest.approx(480, rel=0.01)
    tells_us = clock_of(facts(hz=160_000_000), 50_001, 50_001, 1)
    assert (tells_us.unit, tells_us.counts_cycles) == ("cycles", False)
    assert tells_us.units(3) == pytest.approx(480) and tells_us.us(480) == pytest.approx(3)
    assert "steps" in tells_us.said
    virtual = clock_of(facts(is_band=False), 50_001, 50_001, 1)
    assert virtual.unit == "ns" and virtual.units(3) == pytest.approx(3000)


def measured(vectors: Vectors, cycles_per_instruction: float) -> outcome.Outcome:
    """As a band would tell that takes so many cycles for every recorded instruction."""
    whole_run = dataclasses.replace(vectors, round_blocks=vectors.round_blocks[:1] * 40)
    assert whole_run.whole_run
    counted = outcome.counted(vectors)
    features = {
        name: np.full(639, cycles_per_instruction * per_s * 0.032)
        for name, (per_s, _) in counted.features.items()
    }
    per_call = {
        name: cycles_per_instruction * kernel.instructions_per_s / kernel.calls_per_s
        for name, kernel in counted.kernels.items()
        if kernel.calls_per_s and name in budget.read()[KERNELS]
    }
    kernels = KernelResults({}, [], {name: KernelTime(4, x, x) for name, x in per_call.items()})
    run = RunResults(rounds=640, features=features)
    clock = Clock("cycles", True, 240.0, 900, 240.0)
    return outcome.outcome(facts(), clock, whole_run, kernels, run, PartResults())


def test_cycles_beyond_the_budget_pass_or_their_ratio_is_wrong(vectors: Vectors) -> None:
    good = measured(vectors, cost.CYCLES_PER_INSTRUCTION)
    assert good.measured.comparable and good.troubles == [] and good.exit_code == 0
    for ratio in outcome.cycles_per_instruction(good).values():
        assert ratio == pytest.approx(cost.CYCLES_PER_INSTRUCTION, rel=1e-3)
    slow = measured(vectors, 2.0)
    assert slow.exit_code == 1 and "2.00 for each" in slow.troubles[0]
    told = outcome.record(slow)
    per_s = told["whole"]["instructions per second"]
    assert per_s["cycles per instruction"] == pytest.approx(2.0)
    assert outcome.verdicts(slow)[0].startswith("missed")


def test_what_did_not_fit_or_differs_ends_as_good(vectors: Vectors) -> None:
    found = measured(vectors, 1.0)
    found.incomplete = "too little memory"
    assert found.exit_code == 2
    found.kernels.differing.append("fixmath.muldiv, call 3: returns 1, not 2")
    assert found.exit_code == 1 and not found.equal
