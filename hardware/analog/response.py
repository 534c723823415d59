"""Gain with its tolerance, bandwidth, and where the signal's delay comes from."""

from __future__ import annotations

import math

import numpy as np

from hardware import values
from hardware.values import fact
from host_tools.design_filters import ADC_RATE_HZ, decimator_response, emg_power

CONVERTER_FRAMES = 17.1  # group delay of its linear-phase filter at 8 kHz
_HIGH_PASS = 0.00025  # of the converter's rate: corner of its digital high-pass


def lsb_uv(gain: float | None = None, converter: float | None = None) -> float:
    """One step of the 16-bit samples at the electrodes."""
    peak = fact("adc_full_scale") * math.sqrt(2)
    whole = (gain or values.gain()) * (converter or values.converter_gain())
    return peak / whole / 32768 * 1e6


def full_scale_mv() -> float:
    return lsb_uv() * 32768 / 1000


def gain_errors() -> dict[str, float]:
    """Largest relative error of each part."""
    gain = values.gain()
    return {
        "amplifier": fact("ina_gain_error"),
        "its gain resistor": values.GAIN_TOLERANCE * (gain - 1) / gain,
        "converter": 10 ** (fact("adc_gain_error_db") / 20) - 1,
    }


def gain_error() -> tuple[float, float]:
    """Of a unit before calibration: the sum of the largest errors, and their root sum square."""
    errors = list(gain_errors().values())
    return sum(errors), math.hypot(*errors)


def coupling_hz(capacitance: float = values.COUPLING_F, ohm: float | None = None) -> float:
    """Corner of the capacitor between amplifier and converter."""
    return 1 / (2 * math.pi * capacitance * (ohm or fact("adc_input_ohm")))


def coupling_range_hz() -> tuple[float, float]:
    """The same with both tolerances the one way and the other."""
    c, r = values.COUPLING_TOLERANCE, fact("adc_input_error")
    nominal = coupling_hz()
    return nominal / (1 + c) / (1 + r), nominal / (1 - c) / (1 - r)


def lead_f() -> float:
    """Capacitance at the amplifier's end of one lead."""
    return values.RF_F + values.STRAY_F + fact("ina_input_f")


def radio_corner_hz() -> float:
    """Low-pass of the series resistors and that capacitance."""
    return 1 / (2 * math.pi * values.LEAD_OHM * lead_f())


def amplifier_hz() -> float:
    """Bandwidth of the amplifier at our gain, from that at 10 by constant product."""
    return fact("ina_bandwidth") * 10 / values.gain()


def analog(f_hz: np.ndarray) -> np.ndarray:
    """From electrode to converter, relative to the nominal gain."""
    jf = 1j * np.asarray(f_hz, float)
    low_passes = (1 + jf / radio_corner_hz()) * (1 + jf / amplifier_hz())
    return jf / coupling_hz() / (1 + jf / coupling_hz()) / low_passes


def sampled(f_hz: np.ndarray) -> np.ndarray:
    """From electrode to the 1 kHz samples, without the delay of the two linear-phase filters."""
    f_hz = np.asarray(f_hz, float)
    jf = 1j * f_hz
    high_pass = jf / (jf + _HIGH_PASS * ADC_RATE_HZ)
    taps = decimator_response()
    middle = len(taps) // 2
    phase = np.exp(-2j * np.pi * np.outer(f_hz, np.arange(len(taps)) - middle) / ADC_RATE_HZ)
    return analog(f_hz) * high_pass * np.real(phase @ taps)


def edges_hz() -> tuple[float, float]:
    """Where the samples have lost 3 dB. The chain's own 20-450 Hz filter comes after."""
    f_hz = np.geomspace(1, 499, 5000)
    inside = np.flatnonzero(np.abs(sampled(f_hz)) >= math.sqrt(0.5))
    return float(f_hz[inside[0]]), float(f_hz[inside[-1]])


def loss_db(f_hz: float) -> float:
    return float(-20 * np.log10(np.abs(sampled(np.array([f_hz]))[0])))


def group_delay_us(response, f_hz: np.ndarray) -> np.ndarray:
    """Of a function of frequency that gives a complex response."""
    f_hz = np.asarray(f_hz, float)
    step = 1e-3
    turn = np.angle(response(f_hz + step) / response(f_hz - step))
    return -turn / (2 * np.pi * 2 * step) * 1e6


def emg_delay_us() -> float:
    """Delay of the parts that are not linear-phase, averaged over a calf's EMG spectrum.

    The firmware subtracts the two linear-phase delays; this is what remains.
    """
    f_hz = np.linspace(25, 400, 751)
    return float(np.average(group_delay_us(sampled, f_hz), weights=emg_power(f_hz)))


def linear_delay_us() -> tuple[float, float]:
    """Of the converter's filter and of the firmware's decimator."""
    frame_us = 1e6 / ADC_RATE_HZ
    return CONVERTER_FRAMES * frame_us, (len(decimator_response()) - 1) / 2 * frame_us
