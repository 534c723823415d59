"""The integrated circuits of sensors, front end and power: pins and order numbers."""

from __future__ import annotations

from hardware.board.netlist import Kind, pins

IMU = Kind(
    mpn="LSM6DSO32TR",
    maker="STMicroelectronics",
    package="LGA-14 2.5 × 3 mm",
    footprint="Package_LGA:LGA-14_3x2.5mm_P0.5mm_LayoutBorder3x4y",
    prefix="U",
    pins=pins("""
1 SDO OUTPUT
2 SDx INPUT
3 SCx INPUT
4 INT1 OUTPUT
5 VDDIO PWRIN
6 GND PWRIN
7 GND PWRIN
8 VDD PWRIN
9 INT2 OUTPUT
10 OCS_AUX INPUT
11 SDO_AUX OUTPUT
12 CS INPUT
13 SPC INPUT
14 SDI INPUT
"""),
    value="±32 g, ±2000 °/s",
    alternatives=("none with ±32 g, SPI and these registers",),
    price_usd=5.60,
    pins_seen="ST AN5040 and AN5358, tables 1: the family shares one layout of 14 pins",
)

AMPLIFIER = Kind(
    mpn="INA333AIDGKR",
    maker="Texas Instruments",
    package="VSSOP-8",
    footprint="Package_SO:VSSOP-8_3x3mm_P0.65mm",
    prefix="U",
    pins=pins("""
1 RG1
2 VIN- INPUT
3 VIN+ INPUT
4 V- PWRIN
5 REF INPUT
6 VOUT OUTPUT
7 V+ PWRIN
8 RG2
"""),
    value="instrumentation amplifier",
    alternatives=("INA333AIDRGR (VSON-8)", "INA317IDGKR (same pins; noise and offset to check)"),
    price_usd=2.90,
    pins_seen="TI SBOS464B (INA333-Q1), pin functions",
)

CONVERTER = Kind(
    mpn="TLV320ADC3120IRTER",
    maker="Texas Instruments",
    package="WQFN-20 3 × 3 mm",
    footprint="CalfBand:TI_RTE0020A_WQFN-20_3x3mm",
    prefix="U",
    pins=pins("""
1 IN1P INPUT
2 IN1M INPUT
3 IN2P INPUT
4 IN2M INPUT
5 VSS PWRIN
6 SDOUT OUTPUT
7 BCLK INPUT
8 FSYNC INPUT
9 IOVDD PWRIN
10 VSS PWRIN
11 GPIO1 BIDIR
12 SDA BIDIR
13 SCL INPUT
14 DREG
15 VSS PWRIN
16 AVDD PWRIN
17 AREG
18 VREF
19 MICBIAS OUTPUT
20 VSS PWRIN
21 VSS PWRIN
"""),
    value="2 channels, 24 bit",
    alternatives=("TLV320ADC5120IRTER or TLV320ADC6120IRTER (same pins and registers)",),
    price_usd=2.60,
    pins_seen=(
        "TI SBASAH2A (PCM6120-Q1, same family and package) pins 1 to 11, TI SBASAH4A 12 to 20; "
        "SBASA91A names the same pins, and no SHDNZ"
    ),
    note="has no pin for shutdown: its supply is switched",
)

BUFFER = Kind(
    mpn="OPA333AIDBVR",
    maker="Texas Instruments",
    package="SOT-23-5",
    footprint="Package_TO_SOT_SMD:SOT-23-5",
    prefix="U",
    pins=pins("""
1 OUT OUTPUT
2 V- PWRIN
3 IN+ INPUT
4 IN- INPUT
5 V+ PWRIN
"""),
    value="buffer",
    alternatives=("TLV333IDBVR (same pins)",),
    price_usd=1.60,
    pins_seen="TI SLOS884B and SBOS901C: the DBV package of TI's single amplifiers",
)

SKIN = Kind(
    mpn="TMP117AIDRVR",
    maker="Texas Instruments",
    package="WSON-6 2 × 2 mm",
    footprint="Package_SON:WSON-6-1EP_2x2mm_P0.65mm_EP1x1.6mm",
    prefix="U",
    pins=pins("""
1 SCL INPUT
2 GND PWRIN
3 ALERT OPENCOLL
4 ADD0 INPUT
5 V+ PWRIN
6 SDA BIDIR
7 EP NOCONNECT
"""),
    value="skin temperature",
    alternatives=("TMP117MAIDRVR (medical grade)", "TMP119AIYBGR (wafer package)"),
    price_usd=2.30,
    note="the pad under the chip stays unsoldered: less stress, better accuracy",
)

GAUGE = Kind(
    mpn="MAX17048G+T10",
    maker="Analog Devices",
    package="TDFN-8 2 × 2 mm",
    footprint="Package_DFN_QFN:TDFN-8-1EP_2x2mm_P0.5mm_EP0.8x1.2mm",
    prefix="U",
    pins=pins("""
1 CTG PWRIN
2 CELL INPUT
3 VDD PWRIN
4 GND PWRIN
5 ALRT OPENCOLL
6 QSTRT INPUT
7 SCL INPUT
8 SDA BIDIR
9 GND PWRIN
"""),
    value="fuel gauge",
    alternatives=("MAX17048X+T10 (wafer package)",),
    price_usd=2.10,
    pins_seen="a public symbol made from the data sheet, page 6 (pin descriptions)",
)

CHARGER = Kind(
    mpn="MCP73831T-2ACI/OT",
    maker="Microchip",
    package="SOT-23-5",
    footprint="Package_TO_SOT_SMD:SOT-23-5",
    prefix="U",
    pins=pins("""
1 STAT OUTPUT
2 VSS PWRIN
3 VBAT
4 VDD PWRIN
5 PROG
"""),
    value="charger 4.2 V",
    alternatives=("MCP73832T-2ACI/OT (open-drain STAT)",),
    price_usd=0.60,
    pins_seen="SparkFun DataLogger IoT 9DoF v11",
)

DIGITAL_LDO = Kind(
    mpn="TLV75533PDBVR",
    maker="Texas Instruments",
    package="SOT-23-5",
    footprint="Package_TO_SOT_SMD:SOT-23-5",
    prefix="U",
    pins=pins("""
1 IN PWRIN
2 GND PWRIN
3 EN INPUT
4 NC NOCONNECT
5 OUT PWROUT
"""),
    value="3.3 V 500 mA",
    alternatives=("AP2112K-3.3TRG1 (same pins, 600 mA)",),
    price_usd=0.25,
    pins_seen="public schematics that cite TI SBVS320D, table 4-1",
)

ANALOG_LDO = Kind(
    mpn="TPS7A2033PDBVR",
    maker="Texas Instruments",
    package="SOT-23-5",
    footprint="Package_TO_SOT_SMD:SOT-23-5",
    prefix="U",
    pins=pins("""
1 IN PWRIN
2 GND PWRIN
3 EN INPUT
4 NC NOCONNECT
5 OUT PWROUT
"""),
    value="3.3 V 300 mA, low noise",
    alternatives=("LP5907MFX-3.3/NOPB (same pins, 250 mA)",),
    price_usd=0.55,
    pins_seen="a public footprint review that cites TI's DBV drawing and pin roles",
)
