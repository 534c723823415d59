"""What drives the channel into its limits: electrode offset, motion, and how it comes back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hardware import values
from hardware.analog import response
from hardware.values import fact

CALF_EMG_MV = 2.0  # peak: five times the 400 µV rms of a strong burst
# More room for offset at the same 0.25 µV: a step of gain moved from amplifier to converter.
ROOMIER_GAIN_OHM = 25_800.0
ROOMIER_CONVERTER_DB = 37.0


@dataclass(frozen=True)
class Corner:
    """One state of the analog supply and of its middle, which the amplifier refers to."""

    name: str
    supply_v: float
    middle_v: float


def corners() -> tuple[Corner, Corner]:
    """As designed, and with both tolerances at their worst."""
    low = values.SUPPLY_V * (1 - values.SUPPLY_TOLERANCE)
    return (
        Corner("nominal", values.SUPPLY_V, values.SUPPLY_V / 2),
        Corner("worst", low, low / 2 * (1 + values.MIDDLE_TOLERANCE)),
    )


def output_room_v(corner: Corner) -> float:
    """Swing of the amplifier's output to the nearer of its limits."""
    swing = fact("ina_swing")
    return min(corner.supply_v - swing - corner.middle_v, corner.middle_v - swing)


def most_offset_mv(corner: Corner, signal_mv: float, gain: float | None = None) -> float:
    """Electrode offset at which the output limits, with a signal of that peak on top."""
    worst = corner.name == "worst"
    gain = (gain or values.gain()) * (1 + worst * fact("ina_gain_error"))
    return 1000 * output_room_v(corner) / gain - signal_mv


def most_signal_mv(corner: Corner) -> float:
    """Peak that still passes whole on top of the offset that must be borne."""
    return most_offset_mv(corner, 0.0) - values.OFFSET_MV


def inner_room_v(corner: Corner) -> float:
    """Common-mode swing left at the first stage's outputs and at the inputs.

    Those outputs stand G/2 times the difference to either side of the common mode.
    """
    difference = (values.OFFSET_MV + response.full_scale_mv()) / 1000
    inner = output_room_v(corner) - values.gain() * difference / 2
    inputs = corner.middle_v - fact("ina_input_rail") - difference / 2
    return min(inner, inputs)


def roomier() -> tuple[float, float]:
    """Of the roomier design: offset in the worst corner under full-scale EMG, mV; its LSB, µV."""
    gain = 1 + fact("ina_internal_ohm") / ROOMIER_GAIN_OHM
    lsb = response.lsb_uv(gain, 10 ** (ROOMIER_CONVERTER_DB / 20))
    return most_offset_mv(corners()[1], response.full_scale_mv(), gain), lsb


def dc_coupled_offset_mv() -> float:
    """What the converter would bear without the coupling capacitors: its own full scale."""
    return response.full_scale_mv() - CALF_EMG_MV


def most_motion_mv(f_hz: float) -> float:
    """Peak of a sinusoid between the electrodes that still leaves room for the calf's EMG."""
    passed = float(np.abs(response.analog(np.array([f_hz]))[0]))
    at_converter = (response.full_scale_mv() - CALF_EMG_MV) / passed
    return min(at_converter, most_offset_mv(corners()[0], CALF_EMG_MV))


def recovery_ms(step_mv: float = values.OFFSET_MV) -> float:
    """Until a step of offset has decayed to full scale behind the coupling capacitor."""
    time_ms = 1000 / (2 * math.pi * response.coupling_hz())
    return time_ms * math.log(step_mv / response.full_scale_mv())
