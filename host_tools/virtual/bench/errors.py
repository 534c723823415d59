"""What is wrong with a virtual unit: from a TOML file, typed and bounded."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.errors import CalfbandError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Three = tuple[float, float, float]
_NONE: Three = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Accelerometer:
    """Reads (1 + E) a + bias; E has the scale errors on its diagonal, misalignment beside it."""

    bias_mg: Three = _NONE
    scale_pct: Three = _NONE
    misalignment_pct: tuple[float, ...] = (0.0,) * 6  # xy xz yx yz zx zy
    noise_ug_rthz: float = 200.0  # density; the LSM6DSO's is 110 at +-16 g

    @property
    def matrix(self) -> np.ndarray:
        """1 + E, (3, 3)."""
        whole = np.eye(3) + np.diag(self.scale_pct) / 100
        whole[~np.eye(3, dtype=bool)] = np.array(self.misalignment_pct) / 100
        return whole


@dataclass(frozen=True)
class Gyroscope:
    """Reads (1 + scale) w + bias."""

    bias_dps: Three = _NONE
    scale_pct: Three = _NONE
    noise_mdps_rthz: float = 3.8


@dataclass(frozen=True)
class Emg:
    """Reads (1 + gain) v + offset, `delay_ms` later than data sheets say."""

    gain_pct: tuple[float, float] = (0.0, 0.0)
    offset_uv: tuple[float, float] = (0.0, 0.0)
    noise_uv: tuple[float, float] = (1.8, 1.8)  # rms, 20-450 Hz, input shorted: front_end.md
    mains_uv: float = 0.3  # rms, input shorted
    delay_ms: float = 0.0


@dataclass(frozen=True)
class Setup:
    """The bench itself and who is on it. `tilt_deg`: of each position, at random."""

    tilt_deg: float = 0.05
    mains_hz: float = 50.0
    signal_uv: float = 500.0  # rms
    signal_hz: float = 100.0
    turn_deg: float = 360.0
    mains_on_leg_uv: float = 6.0
    mvc_uv: tuple[float, float] = (420.0, 260.0)  # rms
    hop_contact_ms: float = 185.0
    hop_flight_ms: float = 310.0


@dataclass(frozen=True)
class Errors:
    """Everything that ERRORS.toml may say; what it does not is free of error."""

    accelerometer: Accelerometer = field(default_factory=Accelerometer)
    gyroscope: Gyroscope = field(default_factory=Gyroscope)
    emg: Emg = field(default_factory=Emg)
    bench: Setup = field(default_factory=Setup)
    imu_clock_pct: float = 0.0
    seed: int = 1


# No unit is worse than this; beyond, the virtual one would not be a unit.
_MOST = {
    "bias_mg": 150.0,
    "scale_pct": 8.0,
    "misalignment_pct": 5.0,
    "bias_dps": 15.0,
    "gain_pct": 15.0,
    "offset_uv": 800.0,
    "delay_ms": 4.0,
    "imu_clock_pct": 4.0,
}


def read_errors(path: Path) -> Errors:
    """Raises CalfbandError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalfbandError(f"{path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CalfbandError(f"{path}: is no TOML ({error}).") from error
    parts = {
        "accelerometer": Accelerometer,
        "gyroscope": Gyroscope,
        "emg": Emg,
        "bench": Setup,
    }
    made: dict[str, Any] = {}
    for name, value in given.items():
        if name in parts:
            if not isinstance(value, dict):
                raise CalfbandError(f"{path}: {name} is a table, written [{name}].")
            made[name] = parts[name](**_checked(path, parts[name], value))
        else:
            made |= _checked(path, Errors, {name: value}, without=tuple(parts))
    return Errors(**made)


def _checked(
    path: Path, of: type, given: dict[str, Any], without: tuple[str, ...] = ()
) -> dict[str, Any]:
    known = {f.name: getattr(of(), f.name) for f in fields(of) if f.name not in without}
    made: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise CalfbandError(f"{path}: nothing is called {name}; known are {', '.join(known)}.")
        like = known[name]
        values = value if isinstance(value, list) else [value]
        wanted = len(like) if isinstance(like, tuple) else 1
        most = _MOST.get(name, 1e5)
        right = len(values) == wanted and isinstance(value, list) == isinstance(like, tuple)
        for one in values:
            right = right and isinstance(one, (int, float)) and not isinstance(one, bool)
            if right and abs(one) > most:
                raise CalfbandError(
                    f"{path}: {name} = {one:g}: no unit is off by more than {most:g}."
                )
        if not right:
            much = f"{wanted} numbers in brackets" if wanted > 1 else "a number"
            raise CalfbandError(f"{path}: {name} must be {much}.")
        made[name] = tuple(map(float, values)) if isinstance(like, tuple) else type(like)(value)
    return made
