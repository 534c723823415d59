"""One synthetic runner: body, gait, muscle and skin, drawn from a seed."""

from dataclasses import dataclass

import numpy as np

from host_tools.synth.seeds import stream

# Contact and flight of a 70 kg runner against speed (ranges for synthetic recordings); the
# rows below 2.8 m/s carry the trend on to a jog.
SPEED_M_S = np.array([2.0, 2.8, 3.3, 4.4, 5.6, 6.5])
CONTACT_MS = np.array([308.0, 270.0, 245.0, 208.0, 180.0, 165.0])
FLIGHT_MS = np.array([64.0, 95.0, 112.0, 135.0, 146.0, 150.0])
REFERENCE_M_S = 3.0

# What a user may ask for: field, its name, lowest, highest, unit.
_BOUNDS = (
    ("mass_kg", "mass", 30, 200, "kg"),
    ("height_m", "height", 1.2, 2.3, "m"),
    ("tib_peak_scale", "shock", 0.2, 3, "times the usual"),
    ("rms_uv", "EMG", 10, 2000, "uV"),
    ("mdf_hz", "median frequency", 50, 180, "Hz"),
    ("noise_uv", "EMG noise", 0, 200, "uV"),
)
FOOT_STRIKES = ("rearfoot", "midfoot", "forefoot")


@dataclass(frozen=True)
class Drift:
    """SD of what wanders over minutes without anybody tiring; relative, `onset_ms` in ms.

    All zero is a machine on a treadmill. The wandering is AR(1) with a memory of five minutes,
    that of the pace of two.
    """

    pace: float = 0.0
    contact: float = 0.0
    cadence: float = 0.0
    rms: float = 0.0
    mdf: float = 0.0
    onset_ms: float = 0.0
    shock: float = 0.0


@dataclass(frozen=True)
class Athlete:
    """Means of a fresh, warm runner at 3 m/s on the flat; `_cv` and `_sd` vary by stride.

    Slopes (`_per_m_s`) are personal: relative change of a feature per m/s of speed.
    """

    sex: str = "F"
    mass_kg: float = 69.0
    height_m: float = 1.69
    side: str = "right"
    foot_strike: str = "rearfoot"
    cadence_scale: float = 1.0
    contact_scale: float = 1.0
    stride_cv: float = 0.012
    contact_cv: float = 0.025
    contact_stride_corr: float = 0.45
    # shank motion
    rate_scale: float = 1.0
    swing_scale: float = 1.0
    toe_off_dps: float = -10.0  # local maximum of the sagittal rate at toe-off
    push_off_dip_dps: float = 0.0  # how far the rate dips 50 ms before it (0: not at all)
    zero_before_ic_ms: float = 15.0
    trough_after_ic_ms: float = 30.0
    trough_after_to_ms: float = 115.0
    shank_at_ic_deg: float = 8.0
    lever_m: float = 0.14  # knee to band
    unload: float = 0.5  # 0-1: how much the long axis is unloaded after toe-off
    free_fall: float = 0.5  # 0-1: how far |a| dips 45 ms before contact
    template_seed: int = 0  # personal shape of the remaining waveforms
    # shock
    tib_peak_scale: float = 1.0  # runner and shoe together
    tib_peak_cv: float = 0.12
    tib_peak_delay_ms: float = 32.0
    tib_peak_lean: float = 0.4  # transverse share of the impact
    vibration_hz: float = 30.0
    vibration_decay_s: float = 30.0
    vibration_share: float = 0.3
    rebound_hz: float = 13.0  # leg and shoe after the shock: a second, lower peak
    rebound_share: float = 0.2
    tremble_g: float = 0.12  # what does not repeat from stride to stride
    knock_g: float = 0.0  # the calf's own bump in mid-swing
    # EMG of GM, SO
    onset_ms: tuple[float, float] = (-90.0, -75.0)
    onset_sd_ms: float = 10.0
    onset_ms_per_m_s: float = -6.0
    peak_stance: tuple[float, float] = (0.35, 0.40)
    off_stance: tuple[float, float] = (0.80, 0.82)
    rms_uv: tuple[float, float] = (220.0, 160.0)
    rms_cv: float = 0.17
    rms_per_m_s: float = 0.15
    mdf_hz: tuple[float, float] = (115.0, 105.0)
    noise_uv: tuple[float, float] = (5.0, 5.0)
    artefact_uv: float = 30.0
    mains_uv: float = 1.0
    crosstalk: float = 0.04
    # warm-up
    skin_start_c: float = 29.0
    skin_end_c: float = 33.5
    skin_tau_min: float = 6.0
    mdf_warm_up: float = 0.075  # gain over the first 10 minutes
    drift: Drift = Drift()

    def __post_init__(self) -> None:
        for name, what, low, high, unit in _BOUNDS:
            given = getattr(self, name)
            for value in given if isinstance(given, tuple) else (given,):
                if not low <= value <= high:
                    raise ValueError(f"{what} {value:g} {unit} is outside {low:g}-{high:g}.")
        if self.side not in ("left", "right"):
            raise ValueError(f"side '{self.side}' is not left or right.")
        if self.foot_strike not in FOOT_STRIKES:
            raise ValueError(
                f"foot strike '{self.foot_strike}' is not one of {', '.join(FOOT_STRIKES)}."
            )

    def contact_s(self, speed_m_s: np.ndarray) -> np.ndarray:
        return np.interp(speed_m_s, SPEED_M_S, CONTACT_MS) / 1000 * self.contact_scale

    def step_s(self, speed_m_s: np.ndarray) -> np.ndarray:
        """Contact and flight: half a stride, both legs taken as equal."""
        steps = np.interp(speed_m_s, SPEED_M_S, CONTACT_MS + FLIGHT_MS) / 1000
        return steps / self.cadence_scale

    def tib_peak_g(self, speed_m_s: np.ndarray) -> np.ndarray:
        """Peak resultant acceleration: 10 g at 2.7 and 13.8 g at 3.7 m/s on average."""
        return np.clip((10 + 3.8 * (speed_m_s - 2.7)) * self.tib_peak_scale, 4.0, 24.0)

    def skin_c(self, t_s: np.ndarray) -> np.ndarray:
        warm = 1 - np.exp(-t_s / 60 / self.skin_tau_min)
        return self.skin_start_c + (self.skin_end_c - self.skin_start_c) * warm

    def mdf_per_c(self) -> float:
        """Relative change of the spectrum per degree of skin temperature, from the warm-up."""
        rise = float(np.diff(self.skin_c(np.array([0.0, 600.0])))[0])
        return self.mdf_warm_up / rise if rise > 0.1 else 0.029


def _clipped(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    return float(np.clip(rng.normal(mean, sd), low, high))


def draw_athlete(seed: int, **given: object) -> Athlete:
    """A runner from a seed; `given` fields override the draw without changing the others.

    `cadence_spm` (at 3 m/s) may be given in place of `cadence_scale`.
    Raises ValueError for a value out of range, TypeError for an unknown field.
    """
    rng = stream(seed, "athlete")
    female = rng.random() < 0.5
    height = _clipped(rng, 1.67 if female else 1.79, 0.065, 1.50, 2.02)
    mass = _clipped(rng, 21.5, 1.7, 17.5, 27) * height**2
    strike = FOOT_STRIKES[int(rng.choice(3, p=[0.65, 0.2, 0.15]))]
    fore = strike == "forefoot"
    contact = _clipped(rng, 0.97 if fore else 1.0, 0.03, 0.92, 1.07)
    cadence = _clipped(rng, 1.015 if fore else 1.0, 0.02, 0.97, 1.06)
    early = -15.0 if fore else 0.0
    dips = rng.random() < 0.2
    rms = float(np.clip(220 * np.exp(rng.normal(0, 0.35)), 100, 400))
    mdf = rng.uniform(90, 140)
    noise = rng.uniform(3, 10)
    onset = _clipped(rng, -90, 22, -140, -45) + early
    late_peak = rng.random() < 0.15
    drawn: dict[str, object] = {
        "sex": "F" if female else "M",
        "mass_kg": round(mass, 1),
        "height_m": round(height, 2),
        "side": "left" if rng.random() < 0.5 else "right",
        "foot_strike": strike,
        "contact_scale": contact,
        "cadence_scale": cadence,
        "stride_cv": 0.012 * rng.uniform(0.8, 1.25),
        "contact_cv": 0.025 * rng.uniform(0.8, 1.25),
        "rate_scale": _clipped(rng, 1.0, 0.09, 0.8, 1.25),
        "swing_scale": _clipped(rng, 1.0, 0.05, 0.9, 1.1),
        "toe_off_dps": rng.uniform(-160, -80) if dips else rng.uniform(-50, 30),
        "push_off_dip_dps": rng.uniform(120, 300) if dips else rng.uniform(0, 15),
        "zero_before_ic_ms": rng.uniform(5, 25),
        "trough_after_ic_ms": rng.uniform(26, 35),
        "trough_after_to_ms": rng.uniform(100, 130),
        "shank_at_ic_deg": _clipped(rng, 3 if fore else 8, 2.5, -3, 15),
        "lever_m": rng.uniform(0.09, 0.2),
        "unload": rng.uniform(0.2, 1.0),
        "free_fall": rng.uniform(0.0, 1.0),
        "template_seed": int(rng.integers(1 << 31)),
        "tib_peak_scale": float(np.clip(np.exp(rng.normal(-0.045, 0.3)), 0.5, 2.0)),
        "tib_peak_cv": rng.uniform(0.08, 0.16),
        "tib_peak_delay_ms": rng.uniform(48, 57) if late_peak else rng.uniform(25, 38),
        "tib_peak_lean": rng.uniform(0.2, 0.6),
        "vibration_hz": rng.uniform(20, 50),
        "vibration_decay_s": rng.uniform(20, 40),
        "vibration_share": rng.uniform(0.15, 0.4),
        "rebound_hz": rng.uniform(11.5, 15),
        "rebound_share": rng.uniform(0.1, 0.55),
        "tremble_g": rng.uniform(0.08, 0.35),
        "knock_g": max(0.0, rng.uniform(-1.5, 2.5)),
        "onset_ms": (onset, onset + rng.uniform(0, 25)),
        "onset_sd_ms": rng.uniform(8, 12),
        "onset_ms_per_m_s": rng.uniform(-10, -1),
        "peak_stance": (rng.uniform(0.25, 0.45), rng.uniform(0.30, 0.45)),
        "off_stance": (rng.uniform(0.75, 0.85), rng.uniform(0.76, 0.86)),
        "rms_uv": (rms, rms * rng.uniform(0.5, 0.9)),
        "rms_cv": rng.uniform(0.15, 0.20),
        "rms_per_m_s": rng.uniform(0.08, 0.25),
        "mdf_hz": (mdf, float(np.clip(mdf * rng.uniform(0.85, 1.05), 90, 140))),
        "noise_uv": (noise, rng.uniform(3, 10)),
        "artefact_uv": rng.uniform(10, 80),
        "mains_uv": rng.uniform(0.2, 2.0),
        "crosstalk": rng.uniform(0.02, 0.08),
        "skin_start_c": rng.uniform(28.0, 30.5),
        "skin_end_c": rng.uniform(32.5, 34.0),
        "skin_tau_min": rng.uniform(4, 8),
        "mdf_warm_up": rng.uniform(0.05, 0.10),
    }
    spm = given.pop("cadence_spm", None)
    if spm is not None:
        if not 140 <= float(str(spm)) <= 210:
            raise ValueError(f"cadence {spm} steps/min is outside 140-210.")
        usual = 60 / float(Athlete().step_s(np.array(REFERENCE_M_S)))
        drawn["cadence_scale"] = float(str(spm)) / usual
    drawn.update(given)
    return Athlete(**drawn)  # type: ignore[arg-type]
