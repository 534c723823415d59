"""Noise of one channel, referred to the electrodes, source by source.

Amplifier: e² = eni² + (eno / G)² (INA333 data sheet). Resistors: e² = 4kTR. Converter: its two
published signal-to-noise ratios, at 0 and at 12 dB, tell its noise before and after the gain.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from hardware import values
from hardware.values import fact

BOLTZMANN = 1.380649e-23
KELVIN = 308.15  # 35 °C, against the skin
CONTACTS_OHM = {"gel, or sweat": 10e3, "dry": 100e3}  # resistance of one contact
_FIRST_STAGES_HZ = (8000, 4000, 2000, 1000)  # rates at which the firmware rounds to 16 bits


def thermal(ohm: float) -> float:
    """Density of a resistor's voltage noise, V/√Hz."""
    return math.sqrt(4 * BOLTZMANN * KELVIN * ohm)


def a_weighting_hz() -> float:
    """Bandwidth of white noise that an A-weighting filter lets through, 20 Hz to 20 kHz."""
    f = np.geomspace(20, 20_000, 4001)

    def weight(f: np.ndarray | float):
        return (
            12194**2
            * f**4
            / ((f**2 + 20.6**2) * (f**2 + 12194**2))
            / np.sqrt((f**2 + 107.7**2) * (f**2 + 737.9**2))
        )

    return float(np.trapezoid((weight(f) / weight(1000.0)) ** 2, f))


def converter_density() -> float:
    """White noise at the converter's pins with our gain and 20 kΩ inputs, V/√Hz.

    What stands before the gain is taken to grow with the input resistance, as thermal noise does;
    the data sheet gives 10 kΩ only.
    """
    after_and_before = (fact("adc_full_scale") / 10 ** (fact("adc_snr_0_db") / 20)) ** 2
    full_scale_12 = fact("adc_full_scale") / 10 ** (12 / 20)
    at_12 = (full_scale_12 / 10 ** (fact("adc_snr_12_db") / 20)) ** 2
    after = (after_and_before - at_12) / (1 - 10 ** (-12 / 10))
    before = (after_and_before - after) * fact("adc_input_ohm") / 10e3
    return math.sqrt((before + after / values.converter_gain() ** 2) / a_weighting_hz())


def _flicker_band(corner_hz: float) -> float:
    """Bandwidth of white noise as strong as 1 + corner / f over our band."""
    low, high = values.BAND_HZ
    return high - low + corner_hz * math.log(high / low)


def _rounding_uv() -> float:
    """Four roundings to 16 bits, each white up to half its rate."""
    low, high = values.BAND_HZ
    density = sum(1 / (rate / 2) for rate in _FIRST_STAGES_HZ)
    return values.LSB_UV / math.sqrt(12) * math.sqrt(density * (high - low))


def sources_uv(
    contact_ohm: float = 0.0, corner_hz: float = 0.0, output_noise: float | None = None
) -> dict[str, float]:
    """Each source in µV rms over the EMG's band.

    contact_ohm: resistance of one electrode's contact, its thermal noise only. corner_hz: where
    the converter's 1/f noise meets its white noise, which its data sheet does not tell.
    """
    root_hz = 1e6 * math.sqrt(_flicker_band(0))
    lead = values.LEAD_OHM + contact_ohm
    output = fact("ina_output_noise") if output_noise is None else output_noise
    found = {
        "amplifier, input stage": fact("ina_noise") * root_hz,
        "amplifier, output stage": output / values.gain() * root_hz,
        "series resistors": thermal(2 * values.LEAD_OHM) * root_hz,
        "amplifier's current in the leads": fact("ina_current_noise")
        * lead
        * math.sqrt(2)
        * root_hz,
        "converter": 1e6
        * converter_density()
        / values.gain()
        * math.sqrt(_flicker_band(corner_hz)),
        "rounding to 16 bits": _rounding_uv(),
    }
    if contact_ohm:
        found["the skin contacts, thermal only"] = thermal(2 * contact_ohm) * root_hz
    return found


def total_uv(contact_ohm: float = 0.0, corner_hz: float = 0.0, **other: float) -> float:
    """All sources together, µV rms."""
    return math.hypot(*sources_uv(contact_ohm, corner_hz, **other).values())


def worst_corner_hz() -> float:
    """The converter's 1/f corner at which the limit is reached."""
    return brentq(lambda corner: total_uv(corner_hz=corner) - values.MOST_NOISE_UV, 0, 1e5)


def worst_output_noise() -> float:
    """The amplifier's output noise at which the limit is reached, V/√Hz."""
    return brentq(lambda eno: total_uv(output_noise=eno) - values.MOST_NOISE_UV, 0, 1e-6)


def most_lead_ohm() -> float:
    """Resistance of a lead at which the limit is reached."""
    rest = total_uv() ** 2 - sources_uv()["series resistors"] ** 2
    room = (values.MOST_NOISE_UV**2 - rest) * 1e-12
    return room / _flicker_band(0) / (8 * BOLTZMANN * KELVIN)
