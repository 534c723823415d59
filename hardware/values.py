"""Every component value and datasheet figure that more than one drawing or note of hardware/ uses.

The netlist, the notes and the tests read them here, so that a changed resistor changes them all.
"""

from __future__ import annotations

from dataclasses import dataclass

# One electrode lead. Two resistors, so that one that fails short leaves half of the resistance.
SERIES_OHM = 51_100.0  # 0.1 %, thin film, 0805
SERIES_PER_LEAD = 2
LEAD_OHM = SERIES_OHM * SERIES_PER_LEAD
LEAD_TOLERANCE = 0.001
LEADS = 5  # GM+, GM-, SO+, SO-, reference
RF_F = 4.7e-12  # C0G, from each signal lead to ground at the amplifier
RF_TOLERANCE_F = 0.1e-12
STRAY_F = 2e-12  # board and snap of one lead
STRAY_MISMATCH_F = 0.1e-12  # between the two leads of a pair: what the layout must keep

# Amplifier: INA333, referred to half the analog supply.
GAIN_OHM = 24_000.0
GAIN_TOLERANCE = 0.001
SUPPLY_V = 3.3  # TPS7A2033
SUPPLY_TOLERANCE = 0.015
MIDDLE_TOLERANCE = 0.002  # two resistors of 0.1 %, and the buffer's offset

# Amplifier to converter, per pin.
COUPLING_F = 1e-6  # film: a ceramic of high permittivity turns footfalls into voltage
COUPLING_TOLERANCE = 0.2
CONVERTER_DB = 36.5  # GAIN_HALF_DB of firmware/band/chips/tlv320adc3120.py

BATTERY_MAH = 400.0
CHARGE_MA = 200.0
LOWEST_CELL_V = 3.5  # the firmware ends a session at 5 % of charge

# The electrodes, as the placement guide has them.
BAR_MM = (10, 25)
BAR_DISTANCE_MM = 20
PRESSURE_MMHG = (10, 20)

# What the front end must meet.
BAND_HZ = (20.0, 450.0)
MOST_NOISE_UV = 2.0
LEAST_INPUT_OHM = 100e6  # at 50 Hz, where mains finds it
LEAST_CMRR_DB = 90.0
OFFSET_MV = 300.0
LSB_UV = 0.25
LEAST_LEAD_OHM = 100_000.0


SECOND_HAND = "second-hand"  # in a design note that cites the source
MEMORY = "from memory"
ESTIMATE = "estimated"
COMPUTED = "computed"


@dataclass(frozen=True)
class Fact:
    """A figure from a datasheet, and whether the source's own text was read for it."""

    value: float
    unit: str
    source: str
    seen: str = "yes"


_INA333 = "INA333, TI SBOS445"
_ADC = "TLV320ADC3120, TI SBASA91A"

FACTS = {
    "ina_noise": Fact(50e-9, "V/√Hz", f"{_INA333}: input noise, down to DC"),
    "ina_output_noise": Fact(
        200e-9, "V/√Hz", f"{_INA333}: output noise, from a curve", SECOND_HAND
    ),
    "ina_current_noise": Fact(100e-15, "A/√Hz", f"{_INA333}: input current noise", SECOND_HAND),
    "ina_bias": Fact(200e-12, "A", f"{_INA333}: input bias current, most"),
    "ina_input_f": Fact(3e-12, "F", f"{_INA333}: input capacitance, 100 GΩ beside it", MEMORY),
    "ina_internal_ohm": Fact(100e3, "Ω", f"{_INA333}: its own resistors, in G = 1 + 100 kΩ / RG"),
    "ina_gain_error": Fact(0.0025, "", f"{_INA333}: gain error at G = 10, most", SECOND_HAND),
    "ina_cmrr_at_10": Fact(100.0, "dB", f"{_INA333}: common-mode rejection at G ≥ 10, least"),
    "ina_swing": Fact(0.05, "V", f"{_INA333}: output stops that far from a rail"),
    "ina_input_rail": Fact(0.1, "V", f"{_INA333}: input stops that far from a rail"),
    "ina_bandwidth": Fact(35e3, "Hz", f"{_INA333}: bandwidth at G = 10"),
    "ina_supply_a": Fact(50e-6, "A", f"{_INA333}: supply current"),
    "ina_hbm": Fact(4000.0, "V", f"{_INA333}: static discharge it bears, human-body model", MEMORY),
    "ina_clamp": Fact(10e-3, "A", f"{_INA333}: current into a clamped input, most", SECOND_HAND),
    "adc_full_scale": Fact(2.0, "V rms", f"{_ADC}: full scale, differential"),
    "adc_snr_0_db": Fact(106.0, "dB", f"{_ADC}: signal to noise at 0 dB, A-weighted, 10 kΩ"),
    "adc_snr_12_db": Fact(100.0, "dB", f"{_ADC}: the same at 12 dB"),
    "adc_input_ohm": Fact(20e3, "Ω", f"{_ADC}: input resistance of a pin, as the driver sets it"),
    "adc_input_error": Fact(0.1, "", f"{_ADC}: tolerance of that resistance", MEMORY),
    "adc_gain_error_db": Fact(0.1, "dB", f"{_ADC}: gain error", MEMORY),
    "adc_supply_a": Fact(14e-3, "A", f"{_ADC}: supply current, two channels, PLL, 48 kHz"),
}


def fact(name: str) -> float:
    """The figure alone; raises KeyError for one that nobody has written down."""
    return FACTS[name].value


def gain() -> float:
    """Of the instrumentation amplifier."""
    return 1 + fact("ina_internal_ohm") / GAIN_OHM


def converter_gain() -> float:
    return 10 ** (CONVERTER_DB / 20)
