"""`make target`: the firmware on the band's own instruction set.

Exact on four machines, and with the application in two of their images; cost per feature and
kernel, RAM from files and frozen, budget kept. Fails when integers differ or a figure exceeds
budget.toml.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from host_tools.console import Console
from host_tools.errors import CalfbandError
from target import budget, chain, cost, kernels, tables
from target.machines import BUILD, Machine, TargetError, frozen, host, x86, xtensa
from target.recordings import Fed, demo_run, prepare, short_run
from target.rounds import ROUND_BYTES, write_rounds

COST_MINUTES = 3
KERNEL_ROUNDS = 700


def check_kernels(fed: Fed, machines: list[Machine], console: Console) -> list[str]:
    """Every kernel with recorded calls and extremes; what differs."""
    rounds = BUILD / "kernel-rounds"
    calls = BUILD / "kernel-calls"
    write_rounds(fed.source, rounds)
    with open(rounds, "r+b") as file:
        file.truncate(KERNEL_ROUNDS * ROUND_BYTES)
    found = kernels.check(rounds, fed.settings, machines, calls)
    on = [machine.name for machine in machines]
    on += ["xtensawin (the ESP32's code)"] if found.calls else []
    console.print(
        f"{len(kernels.kernel_names())} kernels, {sum(found.calls.values())} calls of them, on "
        f"{', '.join(on)}: {'differ' if found.differing else 'equal to the host'}"
    )
    return found.differing


def check_chain(fed: Fed, machines: list[Machine], console: Console) -> list[str]:
    """One recording through replay_chain.py on each machine; what differs."""
    expected = chain.replayed(fed, host())
    differing = []
    for machine in machines:
        said = chain.difference(expected, chain.replayed(fed, machine))
        if said:
            differing.append(f"{machine.name}: {fed.name}: {said}")
    console.print(
        f"{fed.name}: {len(expected)} bytes of records: {'differ' if differing else 'equal'}"
    )
    return differing


def check_whole_band(fed: Fed, machines: list[Machine], console: Console) -> list[str]:
    """From I2S and FIFO words on: decimation, unpacking and clocks, too."""
    rounds, records = BUILD / "rounds", BUILD / "records"
    write_rounds(fed.source, rounds)
    expected = chain.whole_band(rounds, fed.settings, host(), records)
    differing = []
    for machine in machines:
        found = chain.whole_band(rounds, fed.settings, machine, records)
        said = chain.difference(expected, found)
        if said:
            differing.append(f"{machine.name}: {fed.name}, from the sensors' words on: {said}")
    console.print(f"{fed.name} from the sensors' words on: {'differ' if differing else 'equal'}")
    return differing


def report_cost(console: Console, machine: Machine, fed: Fed, long: Fed, record: bool) -> list[str]:
    """Print the tables, write target.json; what is above its budget."""
    found = cost.measure(machine, fed, long)
    console.print(tables.feature_table(found))
    console.print(tables.kernel_table(found))
    console.print(tables.memory_table(found))
    console.print(tables.freezing_table(found))
    console.print(
        f"Cycles are instructions x {cost.CYCLES_PER_INSTRUCTION}: assumed, not measured. "
        f"A core has {cost.CORE_HZ // 10**6} MHz."
    )
    for said in tables.verdicts(found):
        console.print(said)
    figures = found.figures()
    (BUILD / "target.json").write_text(json.dumps(figures, indent=2) + "\n")
    if record:
        budget.write(figures)
        console.print(f"recorded in {os.path.relpath(budget.PATH)}")
    return budget.exceeded(figures, budget.read())


def main() -> int:
    parser = argparse.ArgumentParser(prog="make target", description=__doc__)
    parser.add_argument("--record", action="store_true", help="make the cost found the budget")
    parser.add_argument("--whole", action="store_true", help="replay the whole demo run")
    parser.add_argument("--no-cost", action="store_true", help="exactness only")
    parser.add_argument("--all-machines", action="store_true", help="fail where one is missing")
    asked = parser.parse_args()
    started = time.perf_counter()
    console = Console(width=max(Console().width, 100))
    machines = []
    trouble = []
    for machine in (x86(), xtensa()):
        if machine.why_not:
            console.print(f"{machine.name} skipped: {machine.why_not}")
            if asked.all_machines:
                trouble.append(f"{machine.name} is missing, and all machines were asked for")
        else:
            machines.append(machine)
    short = prepare(short_run(BUILD, COST_MINUTES), BUILD / "short")
    long = prepare(demo_run(BUILD), BUILD / "demo")
    fed = [long if asked.whole else short]
    recordings = os.environ.get("CALFBAND_RECORDINGS")
    if recordings:
        for path in sorted(Path(recordings).glob("*.edf")):
            fed.append(prepare(path, BUILD / "recordings" / path.stem))
    else:
        console.print("CALFBAND_RECORDINGS is not set: no real recordings are replayed")
    if machines:
        trouble += check_kernels(short, machines, console)
        machines += [frozen(machine) for machine in machines]
        console.print(f"replayed on {', '.join(machine.name for machine in machines)}:")
        for one in fed:
            trouble += check_chain(one, machines, console)
        trouble += check_whole_band(short, machines, console)
    counted = [machine for machine in machines if machine.name == "xtensa"]
    if counted and not asked.no_cost:
        trouble += report_cost(console, counted[0], short, long, asked.record)
    for said in trouble:
        console.print(f"[bold]{said}[/]", highlight=False)
    console.print(f"{time.perf_counter() - started:.0f} s")
    return 1 if trouble else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (TargetError, CalfbandError) as error:
        sys.exit(str(error))
