"""What the leads see: input impedance, common mode turned into signal, static electricity.

A common-mode voltage becomes signal where the two leads divide it unequally: with the source's
resistance R and the amplifier's capacitance C, H = 1 / (1 + jωRC), and what arrives is H1 - H2.
"""

from __future__ import annotations

import math

from hardware import values
from hardware.analog import response
from hardware.values import fact

MAINS_HZ = 50.0
UNEQUAL_OHM = (0.0, 10e3, 20e3, 50e3, 100e3)  # difference between the two contacts
CONTACT_OHM = 100e3  # the better of two dry contacts, and the reference's
MAINS_V = 230.0
BODY_TO_MAINS_F = 3e-12
BAND_TO_GROUND_F = 1e-12  # a small unit worn on the leg, the nearest ground its own length away
STATIC_V = 8000.0


def input_ohm(f_hz: float) -> float:
    """Impedance of one input against ground."""
    return 1 / (2 * math.pi * f_hz * response.lead_f())


def amplifier_cmrr_db() -> float:
    """Least of the INA333 at our gain: its difference stage is the same at every gain."""
    return fact("ina_cmrr_at_10") + 20 * math.log10(values.gain() / 10)


def mismatch_f() -> float:
    """Largest difference of capacitance between the two leads of a pair."""
    return 2 * values.RF_TOLERANCE_F + values.STRAY_MISMATCH_F


def conversion(unequal_ohm: float = 0.0) -> float:
    """Part of a common-mode voltage that the leads turn into a difference, parts at their worst."""
    omega = 2 * math.pi * MAINS_HZ
    one = values.LEAD_OHM * (1 - values.LEAD_TOLERANCE) + CONTACT_OHM
    other = values.LEAD_OHM * (1 + values.LEAD_TOLERANCE) + CONTACT_OHM + unequal_ohm
    if unequal_ohm == 0:  # the requirement is on the front end: contacts equal and good
        one, other = one - CONTACT_OHM, other - CONTACT_OHM
    c = response.lead_f()
    return abs(1 / (1 + 1j * omega * one * c) - 1 / (1 + 1j * omega * other * (c + mismatch_f())))


def cmrr_db(unequal_ohm: float = 0.0) -> float:
    """Amplifier and leads together at 50 Hz, their errors added as if in phase."""
    whole = 10 ** (-amplifier_cmrr_db() / 20) + conversion(unequal_ohm)
    return -20 * math.log10(whole)


def layout_mismatch_f() -> float:
    """Stray difference between two leads at which 90 dB is just kept."""
    room = 10 ** (-values.LEAST_CMRR_DB / 20) - 10 ** (-amplifier_cmrr_db() / 20)
    omega = 2 * math.pi * MAINS_HZ
    resistors = omega * 2 * values.LEAD_TOLERANCE * values.LEAD_OHM * response.lead_f()
    return (room - resistors) / omega / values.LEAD_OHM - 2 * values.RF_TOLERANCE_F


def common_mode_mv() -> float:
    """Mains, rms, between body and unit: current of both strays through the reference lead.

    The unit hangs on the body; what reaches it from the mains returns by its small capacitance.
    """
    omega = 2 * math.pi * MAINS_HZ
    current = omega * BAND_TO_GROUND_F * MAINS_V * BODY_TO_MAINS_F
    current /= BODY_TO_MAINS_F + BAND_TO_GROUND_F
    return 1000 * current * (values.LEAD_OHM + CONTACT_OHM)


def mains_uv(unequal_ohm: float) -> float:
    """Mains that arrives as signal, rms, referred to the electrodes."""
    return 1000 * common_mode_mv() * 10 ** (-cmrr_db(unequal_ohm) / 20)


def bias_mv(contact_ohm: float = CONTACT_OHM) -> float:
    """Offset by the bias current through one contact and its lead, the other taking none."""
    return 1000 * fact("ina_bias") * (values.LEAD_OHM + contact_ohm)


def static_ma(resistors: int = values.SERIES_PER_LEAD) -> float:
    """Current of a static discharge to an electrode, if the resistors do not flash over."""
    return 1000 * STATIC_V / (resistors * values.SERIES_OHM)


def static_limit_ma() -> float:
    """What the amplifier bears in the test it is specified by: 1.5 kΩ from that voltage."""
    return 1000 * fact("ina_hbm") / 1500
