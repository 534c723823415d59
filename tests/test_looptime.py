"""The model of the unit's loop in time: that it finds what overruns, and stands on the firmware."""

import ast
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from host_tools.band import find_micropython
from target import budget, cost
from target.loop import __main__ as command
from target.loop import cases, figures, flash, margins, show, twin
from target.loop.cases import CASES, Case
from target.loop.figures import Plant
from target.loop.fills import (
    BULK,
    DMA,
    FIFO,
    INTERRUPT,
    SMALL,
    WATCHDOG,
    Event,
    Phone,
    Played,
)
from target.loop.firmware import Firmware, constants, read_firmware
from target.loop.play import Loop
from target.machines import FIRMWARE, ROOT, TargetError
from target.rounds import ROUND_MS

MINUTES = 4
US = MINUTES * 60e6


@pytest.fixture(scope="module")
def firmware() -> Firmware:
    return read_firmware()


@pytest.fixture(scope="module")
def plant() -> Plant:
    return Plant()


def named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def played(case: Case, firmware: Firmware, plant: Plant, us: float = US, seed: int = 1) -> Played:
    return case.loop(firmware, plant, us, seed).play(us)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_buffer_overruns_that_is_not_known_to(case: Case, firmware: Firmware, plant: Plant):
    found = played(case, firmware, plant)
    assert show.unexpected(case, found) == []
    assert sum(found.bins) == found.ticks > 0.3 * US / firmware.tick_us


def test_the_loop_without_flash_and_phone_loses_anything(firmware: Firmware, plant: Plant):
    found = Loop(firmware, plant, Phone(0), [], 3).play(US)
    assert found.overrun() == []
    assert found.late_loops == 0 and found.fills[DMA].most <= 2


@pytest.mark.parametrize(
    ("smaller", "first"),
    [
        ({"dma_waiting": 4}, DMA),
        ({"fifo_words": 300}, FIFO),
        ({"bulk_slots": 1}, BULK),
        ({"small_slots": 0}, SMALL),
        ({"watchdog_us": 150_000}, WATCHDOG),
    ],
    ids=lambda one: one if isinstance(one, str) else next(iter(one)),
)
def test_a_buffer_too_small_passes_or_another_is_named(
    smaller: dict[str, int], first: str, firmware: Firmware, plant: Plant
):
    case = named("all at once but flash")
    found = played(case, replace(firmware, **smaller), plant, 130e6)
    assert found.overrun()[0] == first
    assert found.fills[first].first_why


@pytest.mark.parametrize(
    ("stall_ms", "overrun"), [(200, []), (290, [FIFO]), (600, [FIFO, DMA]), (9000, [WATCHDOG])]
)
def test_a_stall_overruns_what_it_must_not_or_spares_what_it_must_not(
    stall_ms: int, overrun: list[str], firmware: Firmware, plant: Plant
):
    found = margins.stall(firmware, plant, 1000 * stall_ms, seed=1)
    assert [name for name in found if name in overrun] == overrun
    if not overrun:
        assert found == []


def test_a_stalls_name_and_length_are_not_told(firmware: Firmware, plant: Plant):
    stall = Event(20e6, "the planted stall", ((700_000, False),))
    found = Loop(firmware, plant, Phone(), [stall], 1).play(30e6)
    fill = found.fills[FIFO]
    assert fill.overruns == 1 and 20e6 < fill.first_us < 21e6
    assert "the planted stall 700 ms" in fill.first_why
    # What the FIFO does not hold of the time between two reads is lost, and half a timestamp's
    # frames with it.
    least_us = 0.7e6 - firmware.fifo_us + 1.2e3 * firmware.timestamp_slots / 2
    assert least_us - 2000 < fill.lost < least_us + 50_000
    # The rest of its own tick's work comes on top, and the next one works the samples off.
    assert 600_000 < found.latest_us < 720_000 and 1 <= found.late_loops <= 2


def test_an_erase_that_keeps_interrupts_away_loses_nothing(firmware: Firmware, plant: Plant):
    erase = Event(20e6, "erase", ((5 * firmware.dma_us, True),))
    found = Loop(firmware, plant, Phone(), [erase], 1).play(30e6)
    assert found.overrun() == [INTERRUPT]
    assert found.fills[INTERRUPT].lost == 4 * firmware.dma_us
    held = Loop(firmware, replace(plant, masked=False), Phone(), [erase], 1).play(30e6)
    assert held.overrun() == []


def test_a_core_too_slow_passes(firmware: Firmware, plant: Plant):
    slow = plant.but(core=20e6)
    found = played(named("worn, no session"), firmware, slow, 60e6)
    assert {FIFO, DMA} & set(found.overrun())


def test_the_margin_of_cycles_is_no_bound(firmware: Firmware, plant: Plant):
    found = margins.figure_margins(firmware, plant, 1, 40e6)
    worn = found[0]
    assert worn.now == cost.CYCLES_PER_INSTRUCTION and worn.first
    assert worn.at > 2 * cost.CYCLES_PER_INSTRUCTION
    case = named("worn, no session")
    for factor, overruns in ((0.9, False), (1.1, True)):
        changed = plant.but(cycles=factor * worn.at)
        lost = margins.without(margins.WORKED_OFF, played(case, firmware, changed, 40e6).overrun())
        assert bool(lost) == overruns


def test_the_same_seed_gives_another_answer(firmware: Firmware, plant: Plant):
    case = named("sessions")
    first, again, other = (played(case, firmware, plant, 60e6, seed) for seed in (5, 5, 6))
    assert first == again
    assert first.bins != other.bins


def test_a_number_of_the_firmware_is_copied_and_not_read(tmp_path: Path):
    folder = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module, old, new in (
        ("unit/board", "EMG_IBUF = const(32768)", "EMG_IBUF = const(8192)"),
        ("chips/lsm6dso32", "FIFO_WORDS = const(512)", "FIFO_WORDS = const(300)"),
        ("unit/sensors", "_IMU_MS = const(25)", "_IMU_MS = const(40)"),
        ("unit/radio", "Outbox(24,", "Outbox(5,"),
        ("unit/rest", "TICK_MS = const(10)", "TICK_MS = const(20)"),
    ):
        path = folder / "band" / f"{module}.py"
        source = path.read_text()
        assert old in source
        path.write_text(source.replace(old, new))
    changed = read_firmware(folder)
    assert (changed.dma_waiting, changed.fifo_words, changed.bulk_slots) == (3, 300, 5)
    assert (changed.imu_every_us, changed.tick_us) == (40_000, 20_000)
    (folder / "band/unit/radio.py").write_text("")
    with pytest.raises(TargetError, match="radio.py"):
        read_firmware(folder)


def test_constants_read_are_not_what_micropython_makes_of_them():
    wanted = ("band.unit.lateness", "band.unit.radio", "band.chips.lsm6dso32", "band.decimate")
    for module in wanted:
        read = constants(module.removeprefix("band.").replace(".", "/"))
        public = sorted(name for name in read if not name.startswith("_"))
        script = f"import {module} as m\nprint([getattr(m, n, None) for n in {public!r}])"
        env = {**os.environ, "MICROPYPATH": f"{FIRMWARE}:{ROOT}/host_tools/twin/stand_ins:.frozen"}
        command = [str(find_micropython()), "-c", script]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        if module == "band.unit.radio":
            continue  # nothing of it is public
        assert ast.literal_eval(done.stdout) == [read[name] for name in public], done.stdout


def test_a_round_costs_less_in_the_model_than_was_counted(plant: Plant):
    whole = budget.read()["whole"]
    rounds = plant.parts.rounds
    mean = whole["instructions per second"] * ROUND_MS / 1000
    assert rounds[:-1].mean() == pytest.approx(mean, rel=0.02)
    assert rounds[-1] >= whole["instructions of the worst 32 ms"]
    assert (rounds[1:] >= rounds[:-1]).all()


def test_stalls_are_counted_otherwise_than_the_firmware_counts_them_synthetic(
    firmware: Firmware, plant: Plant, tmp_path: Path
):
    for one in twin.compare(firmware, plant, tmp_path):
        assert one.agree, one
        assert one.model > 0 < one.twin


def test_a_figure_has_no_origin():
    for figure in figures.FIGURES.values():
        assert figure.origin in (figures.PUBLISHED, figures.ASSUMED)
        assert figure.origin == figures.ASSUMED or figure.source or "PSRAM" in figure.what
    names = json.loads(figures.MEASURED.read_text())["parts, instructions at most"]
    assert all(count > 0 for count in names.values())


def test_counters_of_the_model_are_not_the_firmwares(firmware: Firmware, plant: Plant):
    found = show.counters(firmware, played(named("all at once"), firmware, plant))
    assert set(found) <= set(firmware.counters)
    # All that the loop's time decides.
    assert {"emg_lost", "latest_loop_us", "most_imu_waiting", "longest_write_us"} <= set(found)
    assert found["most_imu_waiting"] == firmware.fifo_words
    assert found["imu_lost"] > 0 < found["late_loops"]


def test_the_units_own_mount_searches_as_long_as_micropythons(plant: Plant):
    stock = flash.counted(cases.ROOMY_KB, flash.STOCK)
    own = flash.counted(cases.ROOMY_KB, flash.mount_of_unit())
    for kind in ("put", "sync"):
        assert len(own[kind]) > 500
        assert flash.worst(own[kind], plant).us(plant) < 0.3 * flash.worst(stock[kind], plant).us(
            plant
        )
        # Told apart so that neither erases more than twice.
        assert max(work.erases for work in own[kind]) <= 2


def test_an_overrun_that_is_not_known_ends_well_or_is_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(command, "OUT", tmp_path)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["looptime", "--hours", "0.01", "--short"])
    assert command.main() == 0
    told = json.loads((tmp_path / "looptime.json").read_text())
    assert set(told["cases"]) == {case.name for case in CASES}
    small = replace(read_firmware(), fifo_words=40)
    monkeypatch.setattr(command, "read_firmware", lambda: small)
    assert command.main() == 1
    said = capsys.readouterr().out
    assert "worn, no session: the motion FIFO overruns, and is not known to" in said
    monkeypatch.setattr(sys, "argv", ["looptime", "--hours", "-1"])
    with pytest.raises(SystemExit) as stopped:
        command.main()
    assert stopped.value.code == 2 and "--hours -1" in capsys.readouterr().err
