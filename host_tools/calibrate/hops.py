"""The 10-hop test: contact and flight time from the band's acceleration, and leg stiffness.

In flight the shank falls freely: it feels less than half of its weight. Force rises from 0 as half
a sine does, so what is above that threshold is a little shorter than the contact. Stiffness of
hopping on the spot from mass, contact and flight time: Dalleau et al. 2004 (Int J Sports Med
25:170-176).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import butter, sosfiltfilt

from host_tools.calibrate.capture import Capture, need_motion
from host_tools.calibrate.refusal import RefusedError

HOPS = 10
LEAST = 8
FLYING_G = 0.45
CONTACT_S = (0.08, 0.40)
FLIGHT_S = (0.10, 0.80)
MOST_CV = 0.15


def of_hops(capture: Capture, mass_kg: float | None) -> dict[str, Any]:
    """Medians over the hops; `kvert_kn_m` only with a mass."""
    need_motion(capture)
    rate = capture.imu_hz()
    size = np.linalg.norm(capture.acc_g, axis=1)
    smooth = sosfiltfilt(butter(2, 60, fs=rate, output="sos"), size)
    flying = smooth < FLYING_G
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flying, [False]])))
    starts, ends = _crossings(smooth, edges[::2]), _crossings(smooth, edges[1::2])
    flights = [
        (a / rate, b / rate)
        for a, b in zip(starts, ends, strict=True)
        if FLIGHT_S[0] <= (b - a) / rate <= FLIGHT_S[1]
    ]
    hops = []
    for (take_off, landing), (leaves, _) in zip(flights, flights[1:], strict=False):
        contact, whole = leaves - landing, leaves - take_off
        if CONTACT_S[0] <= contact <= CONTACT_S[1]:
            early = _below_threshold_s(contact, whole)
            hops.append((contact + 2 * early, whole - contact - 2 * early))
    if len(hops) < LEAST:
        raise RefusedError(
            f"too few hops: {len(hops)} were seen and {LEAST} are needed; hop {HOPS + 2} times on "
            "the spot with both legs, hands on the hips."
        )
    contact, flight = np.array(hops[:HOPS]).T
    for name, times in (("contact", contact), ("flight", flight)):
        if times.std() > MOST_CV * times.mean():
            raise RefusedError(
                f"the hops differ too much ({name} {1000 * times.min():.0f} to "
                f"{1000 * times.max():.0f} ms); hop in a steady rhythm."
            )
    tc, tf = float(np.median(contact)), float(np.median(flight))
    stiffness = None
    if mass_kg:
        stiffness = stiffness_kn_m(mass_kg, tc, tf)
    step = max(1, round(rate / 200))
    return {
        "hops": len(contact),
        "contact_ms": 1000 * tc,
        "flight_ms": 1000 * tf,
        "contact_sd_ms": 1000 * float(contact.std(ddof=1)),
        "flight_sd_ms": 1000 * float(flight.std(ddof=1)),
        "kvert_kn_m": stiffness,
        "mass_kg": mass_kg,
        "plot": {
            "s": np.round(np.arange(0, len(smooth), step) / rate, 3).tolist(),
            "g": np.round(smooth[::step], 3).tolist(),
            "flights": [[round(a, 4), round(b, 4)] for a, b in flights],
        },
    }


def _below_threshold_s(contact_s: float, whole_s: float) -> float:
    """Time from touching the ground to feeling FLYING_G, by half a sine that carries the weight."""
    top_g = np.pi / 2 * whole_s / contact_s
    return contact_s / np.pi * float(np.arcsin(FLYING_G / top_g))


def stiffness_kn_m(mass_kg: float, contact_s: float, flight_s: float) -> float:
    """Vertical stiffness of a hopper in kN/m."""
    whole = contact_s + flight_s
    return mass_kg * np.pi * whole / (contact_s**2 * (whole / np.pi - contact_s / 4)) / 1000


def _crossings(x: np.ndarray, edges: np.ndarray) -> list[float]:
    """Where the threshold is crossed before each edge, between two samples."""
    out = []
    for k in edges.tolist():
        if 0 < k < len(x) and x[k] != x[k - 1]:
            out.append(k - 1 + float((FLYING_G - x[k - 1]) / (x[k] - x[k - 1])))
        else:
            out.append(float(k))
    return out


def values(found: dict[str, Any]) -> dict[str, int]:
    """As wire.CALIBRATION names them."""
    stiffness = found["kvert_kn_m"]
    return {
        "hop_contact_dms": round(10 * found["contact_ms"]),
        "hop_flight_dms": round(10 * found["flight_ms"]),
        "hop_kvert_n_m": round(1000 * stiffness) if stiffness else 0,
    }
