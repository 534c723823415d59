"""Connectors, switches and discrete semiconductors: pins and order numbers."""

from __future__ import annotations

from hardware.board.netlist import Kind, pins

USB_C = Kind(
    mpn="USB4105-GF-A",
    maker="GCT",
    package="USB-C receptacle, 16 pins",
    footprint="Connector_USB:USB_C_Receptacle_GCT_USB4105-xx-A_16P_TopMnt_Horizontal",
    prefix="J",
    pins=pins("""
A1 GND
A4 VBUS PWROUT
A5 CC1
A6 D+ BIDIR
A7 D- BIDIR
A8 SBU1
A9 VBUS
A12 GND
B1 GND
B4 VBUS
B5 CC2
B6 D+ BIDIR
B7 D- BIDIR
B8 SBU2
B9 VBUS
B12 GND
S1 SHIELD
"""),
    value="USB-C",
    alternatives=("Korean Hroparts TYPE-C-31-M-12",),
    price_usd=0.75,
    pins_seen="USB-C standard; the 16-pin subset as in a schematic at esp32.com (file 16595)",
)

USB_ESD = Kind(
    mpn="USBLC6-2SC6",
    maker="STMicroelectronics",
    package="SOT-23-6",
    footprint="Package_TO_SOT_SMD:SOT-23-6",
    prefix="D",
    pins=pins("""
1 IO1
2 GND
3 IO2
4 IO2
5 VBUS
6 IO1
"""),
    value="USB ESD",
    alternatives=("Nexperia PRTR5V0U2X,215 (other pins)",),
    price_usd=0.18,
    pins_seen="public KiCad symbols that cite ST's data sheet",
)

CELL = Kind(
    mpn="S2B-PH-SM4-TB(LF)(SN)",
    maker="JST",
    package="PH 2 mm, side entry",
    footprint="Connector_JST:JST_PH_S2B-PH-SM4-TB_1x02-1MP_P2.00mm_Horizontal",
    prefix="J",
    pins=pins("""
1 + PWROUT
2 -
"""),
    value="LiPo 400 mAh",
    alternatives=("JST S2B-PH-K-S(LF)(SN), through-hole",),
    price_usd=0.30,
    note="the cell: 400 mAh with protection circuit; check the polarity of its plug",
)

ELECTRODES = Kind(
    mpn="BM05B-SRSS-TB(LF)(SN)",
    maker="JST",
    package="SH 1 mm, 5 ways",
    footprint="Connector_JST:JST_SH_BM05B-SRSS-TB_1x05-1MP_P1.00mm_Vertical",
    prefix="J",
    pins=pins("""
1 GM+
2 GM-
3 REF
4 SO+
5 SO-
"""),
    value="to the five snaps",
    alternatives=("JST SM05B-SRSS-TB(LF)(SN), side entry",),
    price_usd=0.45,
)

MOTOR = Kind(
    mpn="310-103",
    maker="Precision Microdrives",
    package="coin 10 mm, leads",
    footprint="Connector_Wire:SolderWire-0.1sqmm_1x02_P3.6mm_D0.4mm_OD1mm",
    prefix="M",
    pins=pins("""
1 +
2 -
"""),
    value="vibration motor",
    alternatives=("any 10 mm coin motor, 3 V, at most 100 mA",),
    price_usd=3.50,
)

BUTTON = Kind(
    mpn="PTS810 SJM 250 SMTR LFS",
    maker="C&K",
    package="4.2 × 3.2 mm",
    footprint="Button_Switch_SMD:SW_SPST_PTS810",
    prefix="SW",
    pins=pins("""
1 A
2 B
"""),
    value="button",
    alternatives=("C&K PTS645SM43SMTR92 LFS (6 × 6 mm)",),
    price_usd=0.35,
)

SLIDE = Kind(
    mpn="JS102011SAQN",
    maker="C&K",
    package="9 × 3.5 mm slide, SMD",
    footprint="Button_Switch_SMD:SW_SPDT_CK-JS102011SAQN",
    prefix="SW",
    pins=pins("""
1 ON
2 COM
3 OFF
"""),
    value="on, off",
    alternatives=("C&K PCM12SMTR",),
    price_usd=0.45,
)

LED = Kind(
    mpn="LTST-C190KGKT",
    maker="Lite-On",
    package="0603",
    footprint="LED_SMD:LED_0603_1608Metric",
    prefix="D",
    pins=pins("""
1 K
2 A
"""),
    value="green",
    alternatives=("Würth 150060GS75000",),
    price_usd=0.06,
)

RECTIFIER = Kind(
    mpn="S1A-13-F",
    maker="Diodes Inc.",
    package="SMA",
    footprint="Diode_SMD:D_SMA",
    prefix="D",
    pins=pins("""
1 K
2 A
"""),
    value="50 V 1 A silicon",
    alternatives=("S1B-13-F",),
    price_usd=0.08,
    note="no Schottky: its leakage would lift VBUS and look like USB",
)

FREEWHEEL = Kind(
    mpn="B5819W-TP",
    maker="MCC",
    package="SOD-123",
    footprint="Diode_SMD:D_SOD-123",
    prefix="D",
    pins=pins("""
1 K
2 A
"""),
    value="40 V 1 A Schottky",
    alternatives=("Diodes Inc. 1N5819HW-7-F",),
    price_usd=0.06,
)

_FET = """
1 G INPUT
2 S
3 D
"""

P_FET = Kind(
    mpn="AO3401A",
    maker="Alpha & Omega",
    package="SOT-23",
    footprint="Package_TO_SOT_SMD:SOT-23",
    prefix="Q",
    pins=pins(_FET),
    value="P 30 V",
    alternatives=("Diodes Inc. DMG2305UX-7",),
    price_usd=0.07,
    pins_seen="a public KiCad script: 1 G, 2 S, 3 D, as KiCad's own symbol",
)

N_FET = Kind(
    mpn="AO3400A",
    maker="Alpha & Omega",
    package="SOT-23",
    footprint="Package_TO_SOT_SMD:SOT-23",
    prefix="Q",
    pins=pins(_FET),
    value="N 30 V",
    alternatives=("Diodes Inc. DMG2302UK-7",),
    price_usd=0.07,
)

SIGNAL_FET = Kind(
    mpn="2N7002,215",
    maker="Nexperia",
    package="SOT-23",
    footprint="Package_TO_SOT_SMD:SOT-23",
    prefix="Q",
    pins=pins(_FET),
    value="N 60 V",
    alternatives=("onsemi 2N7002LT1G",),
    price_usd=0.03,
    pins_seen="public KiCad symbols: 1 G, 2 S, 3 D",
)
