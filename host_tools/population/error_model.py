"""The chain's errors as the feature tier uses them: one profile per athlete of the raw tier.

`chain_errors.json` beside this file holds them, with where they come from. An athlete of the
feature tier errs like one of the raw tier's: number `index` like profile `index` modulo their
number, so that the athletes both tiers have err alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.population.chain_errors import COMPARED

CHAIN_ERRORS = Path(__file__).with_name("chain_errors.json")
SLOPES = ("gain", "per_m_s", "per_grade", "per_fatigue")
NOISES = ("white_sd", "quick_sd", "quick_memory", "slow_sd")
EVEN, PACE, HILLS = "even", "pace", "hills"
GROUPS = (EVEN, PACE, HILLS)  # what an athlete's runs are pooled by: noise differs between them
_DIGITS = 4


@dataclass(frozen=True)
class FeatureError:
    """Of one feature, in ms or as a logarithm: what `chain_errors` splits an error into."""

    bias: float = 0.0
    gain: float = 0.0
    per_m_s: float = 0.0
    per_grade: float = 0.0
    per_fatigue: float = 0.0
    white_sd: float = 0.0
    quick_sd: float = 0.0
    quick_memory: float = 4.0
    slow_sd: float = 0.0


@dataclass(frozen=True)
class Profile:
    """How the chain errs on one athlete, by the group of the run."""

    features: dict[str, dict[str, FeatureError]]
    rates: dict[str, dict[str, float]]


def group_of(kind: str) -> str:
    """The group a kind of run belongs to."""
    return kind if kind in GROUPS else EVEN


@dataclass(frozen=True)
class ErrorModel:
    """Profiles, the correlation of the features' errors, and measured effects of faults.

    `correlation` is in the order of COMPARED; `faults`: kind -> rows of table `fault_effects`.
    """

    profiles: list[Profile]
    correlation: np.ndarray
    faults: dict[str, list[dict[str, float]]]
    provenance: dict[str, Any] = field(default_factory=dict)

    def profile(self, athlete: int) -> Profile:
        return self.profiles[athlete % len(self.profiles)]


def consolidated(
    errors: Sequence[Mapping[str, Any]],
    rates: Sequence[Mapping[str, Any]],
    correlations: Sequence[Mapping[str, Any]],
    effects: Iterable[Mapping[str, Any]],
    provenance: dict[str, Any],
) -> ErrorModel:
    """The model of the raw tier's tables. Raises CalfbandError when they hold no run."""
    athletes = sorted({row["athlete"] for row in errors})
    if not athletes:
        raise CalfbandError("the raw tier holds no run to measure errors from; run it first.")
    pooled = {name: _feature(_of(errors, feature=name), (), {}) for name in COMPARED}
    usual = _rates(rates, {})
    profiles = []
    for athlete in athletes:
        features: dict[str, dict[str, FeatureError]] = {}
        mine: dict[str, dict[str, float]] = {}
        for group in GROUPS:
            features[group] = {}
            for name in COMPARED:
                own = _of(errors, athlete=athlete, feature=name)
                grouped = [row for row in own if group_of(row["kind"]) == group]
                found = _feature(own, grouped, pooled[name])
                features[group][name] = FeatureError(**found)
            own = _of(rates, athlete=athlete)
            fallback = _rates(own, usual)
            mine[group] = _rates([r for r in own if group_of(r["kind"]) == group], fallback)
        profiles.append(Profile(features, mine))
    faults: dict[str, list[dict[str, float]]] = {}
    for row in effects:
        numbers = {
            name: _rounded(value)
            for name, value in row.items()
            if name not in ("key", "athlete", "kind", "fault")
        }
        faults.setdefault(row["fault"], []).append(numbers)
    return ErrorModel(profiles, _matrix(correlations), faults, provenance)


def _of(rows: Sequence[Mapping[str, Any]], **wanted: Any) -> list[Mapping[str, Any]]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _feature(
    rows: Sequence[Mapping[str, Any]],
    grouped: Sequence[Mapping[str, Any]],
    fallback: dict[str, float],
) -> dict[str, float]:
    """Medians: slopes over all runs of an athlete, bias and noise over those of the group."""
    found = {name: _median(rows, name, fallback) for name in SLOPES}
    for name in ("bias", *NOISES):
        found[name] = _median(grouped or rows, name, fallback)
    found["quick_memory"] = found["quick_memory"] or FeatureError().quick_memory
    return {name: _rounded(value) for name, value in found.items()}


def _median(rows: Sequence[Mapping[str, Any]], name: str, fallback: dict[str, float]) -> float:
    known = [row[name] for row in rows if row[name] is not None and np.isfinite(row[name])]
    return float(np.median(known)) if known else fallback.get(name, 0.0)


def _rates(rows: Sequence[Mapping[str, Any]], fallback: dict[str, float]) -> dict[str, float]:
    """Means of the rates over the runs that tell them, medians of the tilt's figures."""
    found = dict(fallback)
    names = {name for row in rows for name in row} - {"key", "athlete", "kind", "strides"}
    for name in sorted(names):
        known = [row[name] for row in rows if row.get(name) is not None]
        known = [value for value in known if np.isfinite(value)]
        if known:
            middle = np.median if name.startswith("tilt") else np.mean
            found[name] = _rounded(float(middle(known)))
    return found


def _matrix(rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Mean correlation of every pair, bent to the nearest proper matrix."""
    names = list(COMPARED)
    matrix = np.eye(len(names))
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            known = [row["r"] for row in rows if row["a"] == a and row["b"] == b]
            if known:
                matrix[i, j] = matrix[j, i] = np.mean(known)
    values, vectors = np.linalg.eigh(matrix)
    bent = vectors @ np.diag(np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(np.diag(bent))
    return bent / np.outer(scale, scale)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else float("nan")


def save(model: ErrorModel, path: Path = CHAIN_ERRORS) -> None:
    """Write the model; one line per athlete and fault, so that a change is readable."""
    lines = [
        '{"provenance": ' + json.dumps(model.provenance) + ",",
        '"features": ' + json.dumps(list(COMPARED)) + ",",
        '"correlation": ' + json.dumps(np.round(model.correlation, 3).tolist()) + ",",
        '"athletes": [',
        ",\n".join(json.dumps(asdict(profile)) for profile in model.profiles),
        '],\n"faults": {',
    ]
    kinds = []
    for kind, rows in sorted(model.faults.items()):
        known = ({k: v for k, v in row.items() if np.isfinite(v)} for row in rows)
        kinds.append(f"{json.dumps(kind)}: [\n" + ",\n".join(map(json.dumps, known)) + "]")
    lines += [",\n".join(kinds), "}}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def load(path: Path = CHAIN_ERRORS) -> ErrorModel:
    """Read a model. Raises CalfbandError when the file is missing or is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["features"] != list(COMPARED):
            raise ValueError("it is about other features")
        profiles = [
            Profile(
                {
                    group: {n: FeatureError(**f) for n, f in features.items()}
                    for group, features in row["features"].items()
                },
                row["rates"],
            )
            for row in content["athletes"]
        ]
        correlation = np.array(content["correlation"], float)
        return ErrorModel(profiles, correlation, content["faults"], content["provenance"])
    except OSError as error:
        raise CalfbandError(
            f"{path}: cannot be read ({error.strerror}); measure the errors first with "
            "`calfband population --tier raw`."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise CalfbandError(
            f"{path}: no table of the chain's errors ({error}); measure them anew with "
            "`calfband population --tier raw`."
        ) from None
