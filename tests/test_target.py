"""The firmware on the band's instruction set: the same integers, and no more work than recorded."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from target import budget, chain, cost, kernels
from target.__main__ import COST_MINUTES
from target.machines import FIRMWARE, QEMU, Machine, frozen, x86, xtensa
from target.recordings import Fed, demo_run, prepare, short_run
from target.rounds import ROUND_BYTES, write_rounds

# Two interpreters may have to be built first.
pytestmark = pytest.mark.timeout(900)
MUTATED_ROUNDS = 60


@dataclass
class Inputs:
    fed: Fed
    rounds: Path
    few_rounds: Path


@pytest.fixture(scope="module", params=[x86, xtensa], ids=["x86", "xtensa"])
def machine(request: pytest.FixtureRequest) -> Machine:
    return present(request.param)


@pytest.fixture(scope="module")
def emulated() -> Machine:
    return present(xtensa)


def present(make: Callable[[], Machine]) -> Machine:
    made = make()
    if made.why_not:
        pytest.skip(made.why_not)
    return made


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("target")
    fed = prepare(short_run(folder, 1), folder)
    rounds, few_rounds = folder / "rounds", folder / "few-rounds"
    write_rounds(fed.source, rounds)
    few_rounds.write_bytes(rounds.read_bytes()[: MUTATED_ROUNDS * ROUND_BYTES])
    return Inputs(fed, rounds, few_rounds)


def test_chain_differs_on_32_bits_synthetic(machine: Machine, synthetic: Inputs):
    expected = chain.replayed(synthetic.fed, chain.host())
    assert len(expected) > 10_000
    assert chain.difference(expected, chain.replayed(synthetic.fed, machine)) == ""


@pytest.mark.recordings
def test_chain_differs_on_32_bits(machine: Machine, recordings: Path, tmp_path: Path):
    for path in sorted(recordings.glob("*.edf")):
        if machine.name == "xtensa" and path.stat().st_size > 1 << 20:
            continue  # `make target` replays it; here it would take half a minute
        fed = prepare(path, tmp_path / path.stem)
        expected = chain.replayed(fed, chain.host())
        assert chain.difference(expected, chain.replayed(fed, machine)) == "", path.name


def test_drivers_and_decimation_differ_on_32_bits_synthetic(
    machine: Machine, synthetic: Inputs, tmp_path: Path
):
    rounds, settings = synthetic.rounds, synthetic.fed.settings
    expected = chain.whole_band(rounds, settings, chain.host(), tmp_path / "records")
    found = chain.whole_band(rounds, settings, machine, tmp_path / "records")
    assert len(expected) > 10_000
    assert chain.difference(expected, found) == ""


def test_frozen_into_the_image_the_band_differs_synthetic(
    machine: Machine, synthetic: Inputs, tmp_path: Path
):
    in_image = frozen(machine)
    rounds, settings = synthetic.few_rounds, synthetic.fed.settings
    expected = chain.whole_band(rounds, settings, chain.host(), tmp_path / "records")
    found = chain.whole_band(rounds, settings, in_image, tmp_path / "records")
    assert len(expected) > 100
    assert chain.difference(expected, found) == ""
    expected = chain.replayed(synthetic.fed, chain.host())
    assert chain.difference(expected, chain.replayed(synthetic.fed, in_image)) == ""


ODD_MODULE = r"""
import micropython

EDGES = (-1 << 30, (1 << 30) - 1, 1 << 30, -(1 << 30) - 1, 1 << 31, -(1 << 64), 10**19)
TEXTS = ("", "x", "append", "grüßt 5 \\ \" ??/ \n", "long " * 60, b"", bytes(3), b"\xff0")
NESTED = (None, True, (False, ..., (1, "in", (), b"a")))


def counter(start, *, step=1):
    def more():
        for i in range(start, start + 3 * step, step):
            yield i, lambda k: k + i
    return more


@micropython.viper
def weigh(a: int) -> int:
    return a * 70_001 + 5


class Thing:
    unusual_name_1 = 1

    def unusual_name_2(self):
        return self.unusual_name_1, [f(10) for _, f in counter(4, step=2)()]


def all_of_it():
    return EDGES, TEXTS, NESTED, weigh(3), Thing().unusual_name_2(), sorted(dir(Thing))[-2:]
"""


def test_a_constant_or_function_changes_in_the_image(machine: Machine, tmp_path: Path):
    (tmp_path / "band").mkdir()
    (tmp_path / "band" / "odd.py").write_text(ODD_MODULE)
    script = tmp_path / "show.py"
    script.write_text("from band import odd\nprint(odd.all_of_it())\n")
    expected = machine.run(script, path=(tmp_path,))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    script = script.rename(elsewhere / script.name)
    assert frozen(machine, tmp_path).run(script, path=()) == expected
    assert b"unusual_name_2" in expected and b"18446744073709551616" in expected


def test_output_files_of_the_band_differ_from_the_hosts_synthetic(
    emulated: Machine, calfband, tmp_path: Path
):
    recording = short_run(tmp_path, 1)
    command = tmp_path / "micropython"
    command.write_text(f'#!/bin/sh\nexec {" ".join(emulated.micropython)} "$@"\n')
    command.chmod(0o755)
    environments = {"host": {}, "band": {"CALFBAND_MICROPYTHON": str(command)}}
    for name, more in environments.items():
        done = calfband("replay", recording, "--out", tmp_path / name, env={**os.environ, **more})
        assert done.returncode == 0, done.stderr
    tables = sorted(path.name for path in (tmp_path / "host").glob("*.csv"))
    assert len(tables) >= 3
    for name in tables:
        assert (tmp_path / "band" / name).read_bytes() == (tmp_path / "host" / name).read_bytes()


def test_a_kernel_differs_or_is_never_called(emulated: Machine, synthetic: Inputs, tmp_path: Path):
    machines = [one for one in (x86(), emulated) if not one.why_not]
    found = kernels.check(synthetic.rounds, synthetic.fed.settings, machines, tmp_path / "calls")
    assert found.differing == []
    assert len(found.calls) == len(kernels.kernel_names()) > 60


FAULTS = {
    "a high-pass in Q14": (
        "filters.py",
        "filters.condition",
        {
            "_HP_B = const(7495)": "_HP_B = const(14990)",
            "_HP_A1 = const(-14932)": "_HP_A1 = const(-29864)",
            "_HP_A2 = const(6858)": "_HP_A2 = const(13716)",
            "error = y & 0x1FFF\n            y = y >> 13": (
                "error = y & 0x3FFF\n            y = y >> 14"
            ),
        },
    ),
    "a literal of 2**30": (
        "fixmath.py",
        "isqrt",
        {"bit = 0x10000000": "bit = 0x40000000"},
    ),
    "a loaded word below zero": (
        "robust.py",
        "robust.known_into",
        {"if word & 0x1FFFFFFF or": "if word < 0 or word & 0x1FFFFFFF or"},
    ),
    "a step whose square takes 33 bits": (
        "change_point.py",
        "change_point.",  # two kernels share it
        {"_STEP_MOST = const(23170)": "_STEP_MOST = const(65535)"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_kernel_that_is_inexact_on_32_bits_passes_or_is_not_named(
    fault: str, emulated: Machine, synthetic: Inputs, tmp_path: Path
):
    file, kernel, changes = FAULTS[fault]
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    path = firmware / "band" / file
    source = path.read_text()
    for old, new in changes.items():
        assert old in source, f"{file} has changed: {old}"
        source = source.replace(old, new)
    path.write_text(source)
    found = kernels.check(
        synthetic.few_rounds, synthetic.fed.settings, [emulated], tmp_path / "calls", firmware
    )
    assert found.differing
    assert all(kernel in said for said in found.differing), found.differing


def test_a_record_that_differs_goes_unseen_or_is_not_told():
    record = bytes([1, 2]) + (5).to_bytes(4, "little") + (6).to_bytes(4, "little")
    other = record[:-4] + (7).to_bytes(4, "little")
    assert chain.difference(record * 2, record * 2) == ""
    assert "record 2" in chain.difference(record * 2, record + other)
    assert "field 2 is 7, not 6" in chain.difference(record * 2, record + other)
    assert chain.difference(record * 2, record)
    assert chain.difference(record, record * 2)


@pytest.fixture(scope="module")
def measured(emulated: Machine, tmp_path_factory: pytest.TempPathFactory) -> cost.Cost:
    folder = tmp_path_factory.mktemp("cost")
    short = prepare(short_run(folder, COST_MINUTES), folder / "short")
    return cost.measure(emulated, short, prepare(demo_run(folder), folder / "demo"))


def test_a_part_costs_more_than_its_budget_synthetic(measured: cost.Cost):
    assert budget.exceeded(measured.figures(), budget.read()) == []


def test_counted_instructions_are_lost_between_the_parts_synthetic(measured: cost.Cost):
    apart = sum(per_s for per_s, _ in measured.features.values())
    # Entering and leaving the marked parts costs some itself.
    assert 0 <= apart - measured.per_s < 0.05 * measured.per_s
    assert 0.2 * measured.per_s < measured.viper_per_s < measured.per_s
    assert measured.memory["heap grown while running"] == 0


def test_frozen_code_lies_in_ram_synthetic(measured: cost.Cost):
    from_files, in_image = (measured.ram[f"whole unit, {way}"] for way in ("from files", "frozen"))
    assert in_image.machine_code == measured.ram["whole band, frozen"].machine_code == 0
    assert in_image.objects == pytest.approx(from_files.objects, rel=0.01)
    assert in_image.needed < from_files.needed / 2


def test_a_figure_above_its_budget_passes_or_is_told_unclearly():
    recorded = {"whole": {"instructions per second": 1000, "old": 1}}
    assert budget.exceeded({"whole": {"instructions per second": 1010}}, recorded) == []
    assert budget.exceeded({"whole": {"instructions per second": 1011}}, recorded) == [
        "whole: instructions per second is 1,011, 1.1 % more than its budget of 1,000."
    ]
    (said,) = budget.exceeded({"whole": {"new part": 5}}, recorded)
    assert said.startswith("whole: new part (5) has no budget")


def test_a_recorded_budget_is_not_read_back(tmp_path: Path):
    figures = {"features, instructions per second": {"EMG: filters, activity": 12}, "x": {"y": 0}}
    path = tmp_path / "budget.toml"
    budget.write(figures, path)
    assert budget.read(path) == figures


def test_an_emulator_that_is_missing_is_not_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    said = xtensa().why_not
    assert QEMU[0].split("-")[0] in said and "qemu-user" in said and "gcc-xtensa-lx106" in said
