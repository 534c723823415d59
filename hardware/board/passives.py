"""Resistors, capacitors and the like: the value becomes an order number.

Order numbers follow the makers' published keys: Yageo RC_L (RC0603FR-07 and the value),
Panasonic ERA-A thin film, Murata GRM; each written out below, so that a typing error shows.
"""

from __future__ import annotations

from hardware import values
from hardware.board.netlist import Kind, pins

_TWO = pins("1 1\n2 2")

_RESISTORS = {
    # ohm: (as printed, Yageo's code)
    22: ("22 Ω", "22RL"),
    100: ("100 Ω", "100RL"),
    1_000: ("1 kΩ", "1KL"),
    4_700: ("4.7 kΩ", "4K7L"),
    4_990: ("4.99 kΩ", "4K99L"),
    5_100: ("5.1 kΩ", "5K1L"),
    10_000: ("10 kΩ", "10KL"),
    22_100: ("22.1 kΩ", "22K1L"),
    47_500: ("47.5 kΩ", "47K5L"),
    100_000: ("100 kΩ", "100KL"),
    180_000: ("180 kΩ", "180KL"),
}


def resistor(ohm: int) -> Kind:
    """1 %, 0603. Raises KeyError for a value that is not in the table."""
    printed, code = _RESISTORS[ohm]
    return Kind(
        mpn=f"RC0603FR-07{code}",
        maker="Yageo",
        package="0603",
        footprint="Resistor_SMD:R_0603_1608Metric",
        prefix="R",
        pins=_TWO,
        value=printed,
        ohm=ohm,
        tolerance=0.01,
        alternatives=("Vishay CRCW0603 series, same value, 1 %",),
        price_usd=0.01,
    )


def _film(mpn: str, printed: str, ohm: float, package: str, metric: str, price: float) -> Kind:
    return Kind(
        mpn=mpn,
        maker="Panasonic",
        package=package,
        footprint=f"Resistor_SMD:R_{package}_{metric}Metric",
        prefix="R",
        pins=_TWO,
        value=printed,
        ohm=ohm,
        tolerance=0.001,
        alternatives=(f"Vishay TNPW{package} series, same value, 0.1 %, 25 ppm",),
        price_usd=price,
        note="thin film 0.1 %, 25 ppm/K",
    )


ELECTRODE = _film("ERA-6AEB5112V", "51.1 kΩ 0.1 %", values.SERIES_OHM, "0805", "2012", 0.20)
GAIN = _film("ERA-3AEB243V", "24.0 kΩ 0.1 %", values.GAIN_OHM, "0603", "1608", 0.12)
HALF = _film("ERA-3AEB104V", "100 kΩ 0.1 %", 100e3, "0603", "1608", 0.12)


def _ceramic(
    mpn: str, printed: str, farad: float, size: str, metric: str, price: float, alternative: str
) -> Kind:
    return Kind(
        mpn=mpn,
        maker="Murata",
        package=size,
        footprint=f"Capacitor_SMD:C_{size}_{metric}Metric",
        prefix="C",
        pins=_TWO,
        value=printed,
        farad=farad,
        alternatives=(alternative,),
        price_usd=price,
    )


C_4P7 = _ceramic(
    "GRM1555C1H4R7BA01D",
    "4.7 pF ±0.1 pF C0G",
    values.RF_F,
    "0402",
    "1005",
    0.02,
    "any 4.7 pF ±0.1 pF C0G 50 V 0402",
)
C_100N = _ceramic(
    "GRM155R71C104KA88D",
    "100 nF X7R 16 V",
    100e-9,
    "0402",
    "1005",
    0.01,
    "any 100 nF X7R 16 V 0402",
)
C_1U = _ceramic(
    "GRM188R71C105KA12D",
    "1 µF X7R 16 V",
    1e-6,
    "0603",
    "1608",
    0.03,
    "any 1 µF X7R 16 V 0603",
)
C_4U7 = _ceramic(
    "GRM188R61A475KE15D",
    "4.7 µF X5R 10 V",
    4.7e-6,
    "0603",
    "1608",
    0.05,
    "any 4.7 µF X5R 10 V 0603",
)
C_10U = _ceramic(
    "GRM21BR61C106KE15L",
    "10 µF X5R 16 V",
    10e-6,
    "0805",
    "2012",
    0.08,
    "any 10 µF X5R 16 V 0805",
)
C_FILM = Kind(
    mpn="ECPU1C105MA5",
    maker="Panasonic",
    package="1206",
    footprint="Capacitor_SMD:C_1206_3216Metric",
    prefix="C",
    pins=_TWO,
    value="1 µF film 16 V",
    farad=values.COUPLING_F,
    tolerance=values.COUPLING_TOLERANCE,
    alternatives=("two 470 nF C0G 1210 in parallel",),
    price_usd=0.55,
    note="film, because a ceramic of high permittivity is a microphone for footfalls",
)
