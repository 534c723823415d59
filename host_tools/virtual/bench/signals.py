"""What a unit on the bench feels, in physical units and without the unit's errors. SYNTHETIC.

Motion at 10 kHz: specific force in g (n, 3) and angular rate in deg/s (n, 3), in the unit's axes.
EMG at 8 kHz: uV (m, 2) at the converter's inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import bilinear, butter, lfilter, sosfilt

from host_tools.virtual.bench.errors import Setup

MOTION_HZ = 10_000
EMG_HZ = 8_000
AXES = ("x", "y", "z")
# Positions 1 to 6: this axis, this way up.
UP = tuple((axis, sign) for axis in range(3) for sign in (1.0, -1.0))
TURN_REST_S, TURN_S = 1.2, 3.2
TAPS = 14
HOPS = 12
_TAP_S = 0.006
_ARTEFACT_UV = 1500.0
_HIGH_PASS_HZ = 8.0  # coupling capacitors before the converter (hardware/front_end.md)


@dataclass
class Felt:
    """One scene. A track of one row is constant."""

    force_g: np.ndarray
    rate_dps: np.ndarray
    emg_uv: np.ndarray
    loops: bool = True
    filtered: bool = False  # the IMU's low-pass filters matter


def position(number: int, setup: Setup, rng: np.random.Generator) -> Felt:
    """Lying still with one axis up, as exactly as the bench's square allows."""
    axis, sign = UP[number - 1]
    force = np.zeros(3)
    force[axis] = sign
    tilt = np.deg2rad(setup.tilt_deg) * rng.standard_normal(3)
    force += np.cross(tilt, force)
    return _still(force / np.linalg.norm(force), setup)


def turn(axis: int, setup: Setup) -> Felt:
    """One turn about an axis that points up, from rest to rest."""
    n = int(MOTION_HZ * (2 * TURN_REST_S + TURN_S))
    t = np.arange(n) / MOTION_HZ - TURN_REST_S
    inside = (t >= 0) & (t < TURN_S)
    speed = np.where(inside, 1 - np.cos(2 * np.pi * t / TURN_S), 0) * setup.turn_deg / TURN_S
    felt = _still(np.eye(3)[axis], setup)
    felt.force_g = np.repeat(felt.force_g, n, axis=0)
    felt.rate_dps = np.zeros((n, 3))
    felt.rate_dps[:, axis] = speed
    felt.loops = False
    return felt


def wobbling(setup: Setup) -> Felt:
    """Held in a hand instead of lying on the bench."""
    t = np.arange(MOTION_HZ) / MOTION_HZ
    angle = 0.05 * np.sin(2 * np.pi * t)
    force = np.stack([np.sin(angle), np.zeros_like(t), np.cos(angle)], axis=1)
    felt = _still(force, setup)
    felt.rate_dps = np.zeros((len(t), 3))
    felt.rate_dps[:, 1] = np.rad2deg(0.05 * 2 * np.pi * np.cos(2 * np.pi * t))
    return felt


def test_signal(setup: Setup) -> Felt:
    """A sine into both channels."""
    felt = _still(np.array([0.0, 0.0, 1.0]), setup)
    t = np.arange(EMG_HZ) / EMG_HZ  # a whole number of periods of whole hertz
    wave = np.sqrt(2) * setup.signal_uv * np.sin(2 * np.pi * setup.signal_hz * t)
    felt.emg_uv = np.stack([wave, wave], axis=1)
    return felt


def taps(setup: Setup, rng: np.random.Generator) -> Felt:
    """A rod taps the electrode: it knocks the band, and the electrode moves on the skin.

    The same push does both; the coupling capacitors then pass what is faster than 8 Hz.
    """
    seconds = 0.5 + 0.75 * TAPS
    at_s = 0.5 + 0.75 * np.arange(TAPS) + rng.uniform(0, 0.1, TAPS)
    size = rng.uniform(0.8, 1.2, TAPS)
    knock = _pushes(int(MOTION_HZ * seconds), MOTION_HZ, at_s, size)
    ring = _ringing(knock)
    felt = _still(np.array([0.0, 0.0, 1.0]), setup)
    felt.force_g = felt.force_g + np.outer(knock, (0.6, 0.5, 5.0)) + np.outer(ring, (0.3, 0.2, 0.8))
    felt.rate_dps = np.outer(ring, (20.0, 35.0, 5.0))
    moved = _ARTEFACT_UV * _pushes(int(EMG_HZ * seconds), EMG_HZ, at_s, size)
    b, a = bilinear([1, 0], [1, 2 * np.pi * _HIGH_PASS_HZ], EMG_HZ)
    moved = lfilter(b, a, moved)
    felt.emg_uv = felt.emg_uv + np.stack([moved, 0.4 * moved], axis=1)
    felt.loops = False
    felt.filtered = True
    return felt


def standing(setup: Setup, rng: np.random.Generator) -> Felt:
    """On the leg of somebody who stands at ease."""
    felt = _leg(setup, 5)
    felt.emg_uv = felt.emg_uv + 4.0 * _muscle(rng, len(felt.emg_uv))
    return felt


def contractions(channel: int, setup: Setup, rng: np.random.Generator) -> Felt:
    """Three times as strong as can be, three seconds each."""
    felt = _leg(setup, 15)
    t = np.arange(len(felt.emg_uv)) / EMG_HZ
    level = np.zeros_like(t)
    for begin_s, strength in ((1.5, 0.96), (6.0, 1.0), (10.5, 0.98)):
        up = np.clip((t - begin_s) / 0.5, 0, 1) * np.clip((begin_s + 3.2 - t) / 0.3, 0, 1)
        level = np.maximum(level, strength * up)
    share = np.array([1.0, 0.1]) if channel == 0 else np.array([0.1, 1.0])
    wave = _muscle(rng, len(t)) * level[:, None] * setup.mvc_uv[channel]
    felt.emg_uv = felt.emg_uv + 4.0 * _muscle(rng, len(t)) + wave * share
    felt.loops = False
    return felt


def hops(setup: Setup, rng: np.random.Generator) -> Felt:
    """Hopping on the spot: half a sine of force in contact, none in flight."""
    contacts = setup.hop_contact_ms / 1000 * (1 + 0.02 * rng.standard_normal(HOPS))
    flights = setup.hop_flight_ms / 1000 * (1 + 0.02 * rng.standard_normal(HOPS))
    seconds = 1.5 + float(contacts.sum() + flights.sum()) + 1.5
    t = np.arange(int(MOTION_HZ * seconds)) / MOTION_HZ
    along = np.ones_like(t)
    at_s = []
    begin_s = 1.5
    for contact, flight in zip(contacts, flights, strict=True):
        period = contact + flight
        since = t - begin_s
        along[(since >= 0) & (since < period)] = 0
        down = (since >= flight) & (since < period)
        top = np.pi / 2 * period / contact
        along[down] = top * np.sin(np.pi * (since[down] - flight) / contact)
        at_s.append(begin_s + flight)
        begin_s += period
    shock = _pushes(len(t), MOTION_HZ, np.array(at_s) + 0.002, np.ones(HOPS), 0.018)
    felt = _leg(setup, 1)
    felt.force_g = np.stack([0.1 * shock, along + 2.5 * shock, 0.05 * shock], axis=1)
    felt.rate_dps = np.zeros((len(t), 3))
    u = np.arange(int(EMG_HZ * seconds)) / EMG_HZ
    level = np.zeros_like(u)
    for at in at_s:
        level = np.maximum(level, np.exp(-0.5 * ((u - at + 0.02) / 0.05) ** 2))
    wave = 250.0 * _muscle(rng, len(u)) * level[:, None]
    mains = setup.mains_on_leg_uv * np.sqrt(2) * np.sin(2 * np.pi * setup.mains_hz * u)
    felt.emg_uv = wave + mains[:, None]
    felt.loops = False
    felt.filtered = True
    return felt


def _still(force_g: np.ndarray, setup: Setup) -> Felt:
    force = np.atleast_2d(force_g)
    return Felt(force, np.zeros_like(force), np.zeros((1, 2)))


def _leg(setup: Setup, seconds: float) -> Felt:
    """Worn: y up the shank, leaning forward a little; mains on both channels."""
    felt = _still(np.array([np.sin(0.08), np.cos(0.08), 0.0]), setup)
    t = np.arange(int(EMG_HZ * seconds)) / EMG_HZ
    wave = setup.mains_on_leg_uv * np.sqrt(2) * np.sin(2 * np.pi * setup.mains_hz * t)
    felt.emg_uv = np.stack([wave, 0.9 * wave], axis=1)
    return felt


def _muscle(rng: np.random.Generator, n: int) -> np.ndarray:
    """(n, 2) of interference pattern, rms 1: most of it round 100 Hz."""
    white = rng.standard_normal((n + 2000, 2))
    sos = butter(2, (50, 180), "bandpass", fs=EMG_HZ, output="sos")
    wave = sosfilt(sos, white, axis=0)[2000:]
    return wave / wave.std(axis=0)


def _pushes(
    n: int, rate_hz: int, at_s: np.ndarray, size: np.ndarray, lasts_s: float = _TAP_S
) -> np.ndarray:
    t = np.arange(n) / rate_hz
    out = np.zeros(n)
    for begin, high in zip(at_s, size, strict=True):
        since = t - begin
        on = (since >= 0) & (since < lasts_s)
        out[on] += high * np.sin(np.pi * since[on] / lasts_s) ** 2
    return out


def _ringing(knock: np.ndarray) -> np.ndarray:
    """The band on the flesh after a knock: 45 Hz, gone in 60 ms."""
    pole = np.exp((-1 / 0.02 + 2j * np.pi * 45) / MOTION_HZ)
    a = np.poly([pole, pole.conj()]).real
    ring = lfilter([0, 1], a, knock)
    return ring / np.abs(ring).max()
