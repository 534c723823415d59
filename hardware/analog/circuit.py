"""One channel as a netlist, for two solvers that know nothing of the formulas.

Nodes are names, "0" is ground. Noise that is no resistor's own is the thermal voltage of a
resistor on a node of its own, carried to its place by a source of gain 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware import values
from hardware.analog import noise
from hardware.values import fact

AMPLIFIER_PRODUCT_HZ = 350e3  # gain times bandwidth of each of the INA333's amplifiers
_OPEN_LOOP = 1e6
_INNER_OHM = 50e3
_OUTER_OHM = 150e3


@dataclass(frozen=True)
class Part:
    """kind: R, C, V (independent) or E (voltage-controlled: a, b output; c, d input)."""

    kind: str
    name: str
    a: str
    b: str
    value: float
    c: str = "0"
    d: str = "0"
    noisy: bool = False
    pole_hz: float = 0.0  # of an E


@dataclass
class Circuit:
    parts: list[Part] = field(default_factory=list)

    def r(self, name: str, a: str, b: str, ohm: float, noisy: bool = False) -> None:
        self.parts.append(Part("R", name, a, b, ohm, noisy=noisy))

    def c(self, name: str, a: str, b: str, farad: float) -> None:
        self.parts.append(Part("C", name, a, b, farad))

    def v(self, name: str, a: str, b: str, volt: float) -> None:
        self.parts.append(Part("V", name, a, b, volt))

    def e(self, name: str, a: str, b: str, c: str, d: str, gain: float, pole_hz=0.0) -> None:
        self.parts.append(Part("E", name, a, b, gain, c, d, pole_hz=pole_hz))

    def amplifier(self, name: str, out: str, plus: str, minus: str) -> None:
        self.e(name, out, "0", plus, minus, _OPEN_LOOP, AMPLIFIER_PRODUCT_HZ / _OPEN_LOOP)

    def noise_source(self, name: str, a: str, b: str, density: float) -> None:
        """A noise voltage of that density (V/√Hz) in series from b to a."""
        self.r(f"{name}_ohm", f"{name}_n", "0", (density / noise.thermal(1.0)) ** 2, noisy=True)
        self.e(name, a, b, f"{name}_n", "0", 1.0)


def channel(
    *,
    difference_v: float = 1.0,
    common_v: float = 0.0,
    contacts_ohm: tuple[float, float] = (0.0, 0.0),
    unequal_f: float = 0.0,
    unequal_lead: float = 0.0,
) -> Circuit:
    """Electrodes to converter; node `adc` is the converter's input times its gain.

    contacts_ohm: of the positive and the negative electrode. unequal_f, unequal_lead: excess of
    the negative lead's capacitance, F, and of its resistance, relative. The difference stage has
    the mismatch that makes the amplifier's own common-mode rejection the data sheet's least.
    """
    net = Circuit()
    net.v("common", "body", "0", common_v)
    net.v("plus", "skin_p", "body", difference_v / 2)
    net.v("minus", "body", "skin_n", difference_v / 2)
    held_f = values.RF_F + values.STRAY_F + fact("ina_input_f")
    for side, contact, more_f, more_ohm in (
        ("p", contacts_ohm[0], 0.0, 0.0),
        ("n", contacts_ohm[1], unequal_f, unequal_lead),
    ):
        # A contact of 0 Ω is one of 1 mΩ: solvers divide by it.
        net.r(f"contact_{side}", f"skin_{side}", f"bar_{side}", contact or 1e-3, noisy=True)
        lead = values.LEAD_OHM * (1 + more_ohm)
        net.r(f"lead_{side}", f"bar_{side}", f"in_{side}", lead, noisy=True)
        net.c(f"held_{side}", f"in_{side}", "0", held_f + more_f)
    net.noise_source("input_noise", "quiet_p", "in_p", fact("ina_noise"))
    net.amplifier("first_p", "out_p", "quiet_p", "tap_p")
    net.amplifier("first_n", "out_n", "in_n", "tap_n")
    net.r("inner_p", "out_p", "tap_p", _INNER_OHM)
    net.r("inner_n", "out_n", "tap_n", _INNER_OHM)
    net.r("gain", "tap_p", "tap_n", values.GAIN_OHM)
    at_gain_1_db = fact("ina_cmrr_at_10") - 20
    unequal = 2 * 10 ** (-at_gain_1_db / 20)
    net.r("outer_n", "out_n", "sum_n", _OUTER_OHM)
    net.r("outer_p", "out_p", "sum_p", _OUTER_OHM)
    net.r("feedback", "sum_n", "clean", _OUTER_OHM * (1 + unequal))
    net.r("reference", "sum_p", "0", _OUTER_OHM)
    net.amplifier("last", "clean", "sum_p", "sum_n")
    net.noise_source("output_noise", "out", "clean", fact("ina_output_noise"))
    net.c("couple_p", "out", "pin_p", values.COUPLING_F)
    net.c("couple_n", "0", "pin_n", values.COUPLING_F)
    net.r("pin_p", "pin_p", "0", fact("adc_input_ohm"))
    net.r("pin_n", "pin_n", "0", fact("adc_input_ohm"))
    net.noise_source("converter_noise", "heard", "pin_p", noise.converter_density())
    net.e("converter", "adc", "0", "heard", "pin_n", values.converter_gain())
    return net
