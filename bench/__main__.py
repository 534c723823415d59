"""`make bench`: kernels and whole chain, side by side in one run. Ratios are the claim."""

import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from bench.chain_times import time_emitter, time_numpy
from bench.inputs import CHAIN_MINUTES, Inputs, make_inputs
from bench.runners import BENCH, BenchError, compile_c, kernel_times, run_child, run_micropython
from bench.tables import chain_table, kernel_table, whole_chain_sentence, whole_chain_table
from bench.variants import EMITTERS, FIRMWARE, write_variant
from bench.whole_chain import measure
from target.machines import TargetError

FOLDER = BENCH.parent / "build" / "bench"
ROUNDS = 3  # every implementation takes its turn in each, so that a busy moment hits all alike
PASS_MS = 30  # least time spent on a kernel in one round
CHAIN_RUNS = {"viper": 5, "native": 2, "bytecode": 2}
NUMPY_RUNS = 3


def time_kernels(
    inputs: Inputs, firmware: dict[str, Path], c_program: Path | None
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """kernel -> implementation -> best ns per item; and the kernels whose outputs differ."""
    best: dict[str, dict[str, float]] = {}
    crcs: dict[str, dict[str, int]] = {}
    script = BENCH / "micropython" / "time_kernels.py"
    arguments = (str(inputs.folder), str(PASS_MS))
    for _ in range(ROUNDS):
        for implementation in (*firmware, "C -O2", "NumPy"):
            if implementation in firmware:
                done = run_micropython(
                    script, *arguments, folder=inputs.folder, firmware=firmware[implementation]
                )
            elif implementation == "NumPy":
                command = [sys.executable, "-m", "bench.numpy_kernels", *arguments]
                done = run_child(command, inputs.folder)
            elif c_program:
                done = run_child([c_program, *arguments], inputs.folder)
            else:
                continue
            for kernel, (ns, crc) in kernel_times(done.output).items():
                row = best.setdefault(kernel, {})
                row[implementation] = min(ns, row.get(implementation, ns))
                if crc is not None:
                    crcs.setdefault(kernel, {})[implementation] = crc
    differing = [
        f"{kernel}: {implementation} differs from viper"
        for kernel, row in crcs.items()
        for implementation, crc in row.items()
        if crc != row["viper"]
    ]
    return best, differing


def main() -> int:
    started = time.perf_counter()
    console = Console(width=max(Console().width, 100))
    inputs = make_inputs(FOLDER)
    firmware = {"viper": FIRMWARE}
    for emitter in EMITTERS:
        firmware[emitter] = write_variant(emitter, FOLDER / emitter)
    compiled = compile_c(FOLDER)
    c_program = compiled if isinstance(compiled, Path) else None

    kernels, differing = time_kernels(inputs, firmware, c_program)
    console.print(kernel_table(kernels))
    if c_program is None:
        console.print(f"C -O2 was skipped: {compiled}.")

    replays = compile_c(FOLDER, "replay_calls")
    whole = measure(inputs, replays if isinstance(replays, Path) else None, ROUNDS, PASS_MS)
    console.print(whole_chain_table(whole))

    chain = {name: time_emitter(inputs, path, CHAIN_RUNS[name]) for name, path in firmware.items()}
    reference = chain["viper"]["records_sha256"]
    differing += [
        f"chain: {name} differs from viper"
        for name, row in chain.items()
        if row["records_sha256"] != reference
    ]
    chain_us = 1000 * chain["viper"]["chain_ms"] / inputs.seconds
    console.print(whole_chain_sentence(whole, chain_us))
    chain["NumPy"] = time_numpy(inputs, NUMPY_RUNS)
    console.print(chain_table(chain))

    compared = ", ".join([*firmware, *(["C"] if c_program else [])])
    if differing:
        console.print("[bold]Outputs differ:[/]", *differing, sep="\n  ")
    else:
        console.print(f"Outputs of {compared} are equal, bit for bit.")
    result = {
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "recording_minutes": CHAIN_MINUTES,
        "kernels_ns_per_item": kernels,
        "work_per_second_of_running": {name: asdict(one) for name, one in whole.items()},
        "chain": chain,
        "differing": differing,
    }
    path = FOLDER.parent / "bench.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"{os.path.relpath(path)}, in {time.perf_counter() - started:.0f} s")
    return 1 if differing else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, TargetError) as error:
        sys.exit(str(error))
