"""Modified nodal analysis of a `Circuit`: node voltages, and noise by the adjoint network."""

from __future__ import annotations

import math

import numpy as np

from hardware.analog.circuit import Circuit
from hardware.analog.noise import BOLTZMANN, KELVIN


def _matrix(net: Circuit, f_hz: float) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    names = sorted({n for p in net.parts for n in (p.a, p.b, p.c, p.d)} - {"0"})
    row = {name: i for i, name in enumerate(names)}
    branches = [p for p in net.parts if p.kind in "VE"]
    size = len(names) + len(branches)
    y = np.zeros((size, size), complex)
    drive = np.zeros(size, complex)

    def add(r: int | None, c: int | None, value: complex) -> None:
        if r is not None and c is not None:
            y[r, c] += value

    for p in net.parts:
        if p.kind in "RC":
            admittance = 1 / p.value if p.kind == "R" else 2j * math.pi * f_hz * p.value
            a, b = row.get(p.a), row.get(p.b)
            add(a, a, admittance)
            add(b, b, admittance)
            add(a, b, -admittance)
            add(b, a, -admittance)
    for k, p in enumerate(branches, start=len(names)):
        for node, sign in ((p.a, 1), (p.b, -1)):
            add(row.get(node), k, sign)
            add(k, row.get(node), sign)
        if p.kind == "V":
            drive[k] = p.value
        else:
            gain = p.value / (1 + 1j * f_hz / p.pole_hz) if p.pole_hz else p.value
            add(k, row.get(p.c), -gain)
            add(k, row.get(p.d), gain)
    return y, drive, row


def voltages(net: Circuit, f_hz: float) -> dict[str, complex]:
    """Of every node, against ground, at one frequency; 0 Hz: the operating point."""
    y, drive, row = _matrix(net, f_hz)
    if f_hz == 0:  # what only a capacitor holds
        y[: len(row), : len(row)] += 1e-15 * np.eye(len(row))
    solved = np.linalg.solve(y, drive)
    return {name: complex(solved[i]) for name, i in row.items()}


def noise_density(net: Circuit, node: str, f_hz: float) -> float:
    """Noise voltage of a node, V/√Hz, by all noisy resistors."""
    y, _, row = _matrix(net, f_hz)
    pick = np.zeros(len(y))
    pick[row[node]] = 1
    adjoint = np.linalg.solve(y.T, pick)
    total = 0.0
    for p in net.parts:
        if p.kind == "R" and p.noisy:
            across = sum(sign * adjoint[row[n]] for n, sign in ((p.a, 1), (p.b, -1)) if n in row)
            total += 4 * BOLTZMANN * KELVIN / p.value * abs(across) ** 2
    return math.sqrt(total)


def noise_rms(net: Circuit, node: str, band_hz: tuple[float, float], points: int = 200) -> float:
    """Noise voltage of a node within a band, V rms."""
    f_hz = np.geomspace(*band_hz, points)
    power = np.array([noise_density(net, node, f) ** 2 for f in f_hz])
    return math.sqrt(float(np.trapezoid(power, f_hz)))
