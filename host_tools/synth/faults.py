"""What goes wrong with sensors and radio links, laid over clean signals."""

import numpy as np

from host_tools.synth.emg import RATE_HZ as EMG_RATE_HZ
from host_tools.synth.plan import Fault, RunPlan

EMG_RAIL_UV = 8192.0


def _reach(fault: Fault, rate_hz: int, n: int) -> slice:
    """The samples of a fault."""
    first = min(round(fault.start_s * rate_hz), n)
    if fault.duration_s is None:
        return slice(first, n)
    return slice(first, min(round((fault.start_s + fault.duration_s) * rate_hz), n))


def spoil_emg(plan: RunPlan, uv: np.ndarray) -> None:
    """Lay the plan's EMG faults over `uv` (channels, n; uV) in place; lost samples last."""
    for fault in sorted(plan.faults, key=lambda f: f.kind == "emg-lost"):
        part = _reach(fault, EMG_RATE_HZ, uv.shape[1])
        if part.start >= part.stop:
            continue
        if fault.kind == "emg-lost":
            uv[:, part] = uv[:, max(part.start - 1, 0)][:, None]
            continue
        kind, _, digit = fault.kind.rpartition("-")
        if kind not in ("electrode-off", "mains", "emg-clip") or int(digit) > len(uv):
            continue
        channel = uv[int(digit) - 1]
        _spoil_channel(plan, fault, kind, channel[part], part.start)
        if kind == "electrode-off" and fault.amount != 100:
            channel[part.stop :] *= fault.amount / 100  # it sits elsewhere now


def _spoil_channel(plan: RunPlan, fault: Fault, kind: str, signal: np.ndarray, first: int) -> None:
    rng = plan.rng(f"fault {fault.kind} {fault.start_s}")
    n = len(signal)
    t_s = (first + np.arange(n)) / EMG_RATE_HZ
    turns = 2 * np.pi * plan.mains_hz * t_s
    if kind == "mains":
        harmonics = np.sin(turns + 1) + 0.2 * np.sin(3 * turns) + 0.1 * np.sin(5 * turns)
        signal += fault.amount * harmonics
    elif kind == "emg-clip":
        # The electrode's offset has eaten the amplifier's range.
        signal += EMG_RAIL_UV - fault.amount
    elif fault.how == "flat":
        signal[:] = 1.5 * rng.standard_normal(n)
    elif fault.how == "mains":
        signal[:] = 2500 * np.sin(turns) + 300 * np.sin(3 * turns)
        signal += 20 * rng.standard_normal(n)
    else:
        signal[:] = EMG_RAIL_UV


def spoil_imu(plan: RunPlan, acc_g: np.ndarray, gyr_dps: np.ndarray) -> None:
    """Lay the plan's IMU faults over `acc_g`, `gyr_dps` (n, 3) in place; lost samples last.

    The band slipping is no fault of the sensor: it happens in imu.feel.
    """
    for fault in sorted(plan.faults, key=lambda f: f.kind == "imu-lost"):
        part = _reach(fault, plan.imu_rate_hz, len(acc_g))
        if part.start >= part.stop:
            continue
        held = max(part.start - 1, 0)
        if fault.kind == "acc-clip":
            np.clip(acc_g[part], -fault.amount, fault.amount, out=acc_g[part])
        if fault.kind in ("acc-lost", "imu-lost"):
            acc_g[part] = 0.0 if fault.how == "zero" else acc_g[held]
        if fault.kind in ("gyro-lost", "imu-lost"):
            gyr_dps[part] = 0.0 if fault.how == "zero" else gyr_dps[held]
