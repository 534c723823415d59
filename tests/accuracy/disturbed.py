"""The real recordings as other wear, other sensors and other legs would have given them.

Turned, tilted, stronger, weaker, noisier, quicker: none of it was done when the firmware's
constants were chosen, so it shows whether they hold off the few recordings there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import signal
from scipy.spatial.transform import Rotation

from host_tools.recording import ACC_LABELS, GYR_LABELS, read_recording
from tests.accuracy import runs
from tests.accuracy.gait_rows import (
    ACCELEROMETER,
    FIRMWARE,
    VIRTUAL,
    Row,
    Walk,
    firmware_errors,
    pooled,
    walk,
)
from tests.accuracy.gait_table import stat_text
from tests.accuracy.grid import Grid
from tests.accuracy.shank import read_shank
from tests.edf_files import Signal, write_edf

SEED = 17
RIGS = {ACCELEROMETER: runs.REAL_ACCELEROMETER, VIRTUAL: runs.VIRTUAL_SHANK}
COLUMNS = ("", ": contact", ": contact time")
RANGES = {"ACC": 31.98, "GYR": 2293.0}  # of the band's sensor; g, deg/s
Signals = dict[str, np.ndarray]  # "ACC" (n, 3) in g, "GYR" (n, 3) in deg/s where there is one


@dataclass(frozen=True)
class Disturbance:
    """`change` turns the signals at a rate in Hz into others; `quicker` scales time."""

    name: str
    change: Callable[[Signals, float], Signals]
    quicker: Fraction = Fraction(1)


def turned(seed: int) -> Disturbance:
    rotation = Rotation.random(random_state=seed)
    return Disturbance(f"turned at random ({seed})", lambda x, _: _each(x, rotation.apply))


def tilted(axis: str) -> Disturbance:
    rotation = Rotation.from_euler(axis, 20, degrees=True)
    return Disturbance(f"tilted by 20° about {axis}", lambda x, _: _each(x, rotation.apply))


def scaled(name: str, acceleration: float, rate: float) -> Disturbance:
    """Movement stronger or weaker; gravity, the mean, stays."""

    def change(x: Signals, _: float) -> Signals:
        by = {"ACC": acceleration, "GYR": rate}
        return {kind: v.mean(0) + by[kind] * (v - v.mean(0)) for kind, v in x.items()}

    return Disturbance(name, change)


def offset(acc_g: float, gyr_dps: float) -> Disturbance:
    by = {"ACC": acc_g, "GYR": gyr_dps}
    name = f"offset of {acc_g} g and {gyr_dps:g}°/s on every axis"
    return Disturbance(name, lambda x, _: {kind: v + by[kind] for kind, v in x.items()})


def noisy(acc_g: float, gyr_dps: float) -> Disturbance:
    """White noise of these SDs at the recording's rate."""
    by = {"ACC": acc_g, "GYR": gyr_dps}

    def change(x: Signals, _: float) -> Signals:
        rng = np.random.default_rng(SEED)
        return {kind: v + rng.normal(0, by[kind], v.shape) for kind, v in x.items()}

    return Disturbance(f"noise of {acc_g} g and {gyr_dps:g}°/s", change)


def dulled(cutoff_hz: float) -> Disturbance:
    """A soft mount: second-order low-pass, no delay."""

    def change(x: Signals, rate_hz: float) -> Signals:
        b, a = signal.butter(2, cutoff_hz / (rate_hz / 2))
        return {kind: signal.filtfilt(b, a, v, axis=0) for kind, v in x.items()}

    return Disturbance(f"dulled above {cutoff_hz:g} Hz", change)


def clipped(at_g: float) -> Disturbance:
    def change(x: Signals, _: float) -> Signals:
        return {k: np.clip(v, -at_g, at_g) if k == "ACC" else v for k, v in x.items()}

    return Disturbance(f"clipped at ±{at_g:g} g", change)


def quicker(by: Fraction) -> Disturbance:
    """The same movement in less time: rates grow with it, accelerations with its square."""
    name = f"{float(abs(by - 1)):.0%} {'quicker' if by > 1 else 'slower'}"
    change = scaled(name, float(by) ** 2, float(by)).change
    return Disturbance(name, change, by)


DISTURBANCES = (
    Disturbance("as recorded", lambda x, _: x),
    *(turned(seed) for seed in (1, 2, 3)),
    tilted("x"),
    tilted("z"),
    scaled("acceleration 30 % weaker", 0.7, 1.0),
    scaled("acceleration 30 % stronger", 1.3, 1.0),
    scaled("rotation 20 % slower", 1.0, 0.8),
    scaled("rotation 20 % faster", 1.0, 1.2),
    quicker(Fraction(27, 25)),
    quicker(Fraction(23, 25)),
    offset(0.15, 5),
    noisy(0.3, 20),
    dulled(25),
    clipped(4),
)


def _each(x: Signals, function: Callable[[np.ndarray], np.ndarray]) -> Signals:
    return {kind: function(v) for kind, v in x.items()}


@dataclass(frozen=True)
class Disturbed:
    """What the firmware made of one disturbance: a row per rig, and the walking recordings."""

    name: str
    rigs: dict[str, Row]
    walks: Sequence[Walk]


def measure(
    out: Path = runs.BUILD / "disturbed", disturbances: Sequence[Disturbance] = DISTURBANCES
) -> Iterator[Disturbed]:
    """Disturb the real recordings, replay them, compare; nothing where there are none.

    Raises RuntimeError when a replay fails.
    """
    folder = runs.real_folder()
    if not folder:
        return
    files = [n for persons in RIGS.values() for names in persons.values() for n in names]
    for number, disturbance in enumerate(disturbances):
        into = out / f"{number:02}"
        into.mkdir(parents=True, exist_ok=True)
        paths = [
            write_disturbed(folder / f"{name}.edf", into / f"{name}.edf", disturbance)
            for name in (*files, *runs.WALKING)
        ]
        replays = runs.replay(paths, into / "replayed")
        rigs = {}
        for rig, persons in RIGS.items():
            rows = []
            for name in (n for names in persons.values() for n in names):
                errors = firmware_errors(read_shank(replays[name].path), replays[name])
                rows.append(Row("real", rig, FIRMWARE, name, errors))
            rigs[rig] = pooled(rows)
        yield Disturbed(disturbance.name, rigs, [walk(n, replays[n]) for n in runs.WALKING])


def write_disturbed(source: Path, path: Path, disturbance: Disturbance) -> Path:
    """A recording's motion signals and truth, disturbed; at its own rate, in whole seconds."""
    recording = read_recording(source)
    kinds = {"ACC": ACC_LABELS, "GYR": GYR_LABELS}
    present = {kind: of for kind, of in kinds.items() if of[0] in recording.channels}
    rate = recording.channels[ACC_LABELS[0]].rate_hz
    x = {
        kind: np.stack([recording.channels[label].physical for label in labels], axis=1)
        for kind, labels in present.items()
    }
    x = disturbance.change(x, float(rate))
    by = disturbance.quicker
    if by != 1:
        x = _each(
            x, lambda v: signal.resample_poly(v, by.denominator, by.numerator, padtype="line")
        )
    per_record = rate.numerator  # a whole number of samples in a record of about a second
    while per_record > rate and per_record % 10 == 0:
        per_record //= 10
    signals = [
        Signal(
            label,
            np.clip(x[kind][:, i], -RANGES[kind], RANGES[kind]),
            per_record,
            "g" if kind == "ACC" else "deg/s",
            RANGES[kind],
        )
        for kind, labels in present.items()
        for i, label in enumerate(labels)
    ]
    truth = [(float(a.t_s / by), -1.0, a.text) for a in recording.annotations]
    return write_edf(path, signals, truth, float(per_record / rate))


def grid(found: Sequence[Disturbed]) -> Grid:
    result = Grid(
        "Real recordings disturbed: bias ± SD (MAE) in ms",
        (
            "disturbance",
            *(f"{rig}{what}" for rig in ("accelerometer", "virtual") for what in COLUMNS),
            "walking as running",
        ),
        note="Found/missed/false contacts. Both rigs as above; walking: strides of both files.",
    )
    for one in found:
        cells = []
        for row in one.rigs.values():
            e = row.errors
            cells += [
                f"{e.found}/{e.missed}/{e.false}",
                stat_text(row.stat_ms("ic")),
                stat_text(row.stat_ms("contact")),
            ]
        strides = sum(w.strides for w in one.walks)
        cells.append(f"{sum(w.running for w in one.walks)} of {strides}")
        result.add(one.name, *cells, strong=one.name == DISTURBANCES[0].name)
    return result
