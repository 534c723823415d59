"""The same netlist through ngspice, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from hardware.analog.circuit import Circuit
from hardware.analog.noise import KELVIN


def present() -> bool:
    return shutil.which("ngspice") is not None


def deck(net: Circuit, commands: list[str], source: str = "plus") -> str:
    """The circuit in SPICE's language, with the commands in its control section."""
    lines = ["EMG channel", f".options temp={KELVIN - 273.15} gmin=1e-18"]
    for p in net.parts:
        if p.kind == "R":
            lines.append(f"R{p.name} {p.a} {p.b} {p.value!r} noisy={int(p.noisy)}")
        elif p.kind == "C":
            lines.append(f"C{p.name} {p.a} {p.b} {p.value!r}")
        elif p.kind == "V":
            lines.append(f"V{p.name} {p.a} {p.b} DC {p.value!r} AC {p.value!r}")
        elif not p.pole_hz:
            lines.append(f"E{p.name} {p.a} {p.b} {p.c} {p.d} {p.value!r}")
        else:
            fast, slow = f"{p.name}_fast", f"{p.name}_slow"
            farad = 1 / (2 * np.pi * p.pole_hz * 1e3)
            lines += [
                f"E{fast} {fast} 0 {p.c} {p.d} {p.value!r}",
                f"R{slow} {fast} {slow} 1k noisy=0",
                f"C{slow} {slow} 0 {farad!r}",
                f"E{p.name} {p.a} {p.b} {slow} 0 1",
            ]
    return "\n".join([*lines, ".control", "set numdgt=10", *commands, "quit", ".endc", ".end", ""])


def _run(text: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "channel.cir")
        file.write_text(text)
        done = subprocess.run(
            ["ngspice", "-b", str(file)], capture_output=True, text=True, timeout=60, cwd=folder
        )
    if "rror" in done.stderr + done.stdout:
        raise RuntimeError(f"ngspice did not take the netlist: {done.stderr or done.stdout}")
    return done.stdout


def _numbers(name: str, output: str) -> list[float]:
    found = re.findall(rf"^{re.escape(name)} = (.*)$", output, re.MULTILINE)
    if not found:
        raise RuntimeError(f"ngspice did not print {name}: {output}")
    return [float(n) for n in found[0].split(",")]


def voltage(net: Circuit, node: str, f_hz: float) -> complex:
    """One node at one frequency; 0 Hz: the operating point."""
    if f_hz == 0:
        return complex(_numbers(f"v({node})", _run(deck(net, ["op", f"print v({node})"])))[0])
    commands = [f"ac lin 1 {f_hz} {f_hz}", f"print v({node})"]
    return complex(*_numbers(f"v({node})", _run(deck(net, commands))))


def noise_rms(net: Circuit, node: str, band_hz: tuple[float, float]) -> float:
    """Noise voltage of a node within a band, V rms."""
    low, high = band_hz
    commands = [
        f"noise v({node}) Vplus dec 200 {low} {high}",
        "setplot noise2",
        "print onoise_total",
    ]
    return _numbers("onoise_total", _run(deck(net, commands)))[0]
