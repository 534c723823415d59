"""The two processor modules and the USB bridge of the ESP32: pins and order numbers.

An ESP32-S3 has USB inside; an ESP32 is flashed through a bridge that resets it by itself.
"""

from __future__ import annotations

from hardware.board.netlist import Kind, pins

_S3_SEEN = (
    "module's pin numbers in schematics at esp32.com (file 16595) and LilyGO T-Beam 1W, equal to "
    "data sheet ESP32-S3-WROOM-1 table 3"
)
_32E_SEEN = (
    "module's pin numbers in SparkFun DataLogger IoT 9DoF v11 and esp32.com (file 11005), equal "
    "to data sheet ESP32-WROOM-32E table 3"
)

ESP32_S3 = Kind(
    mpn="ESP32-S3-WROOM-1-N8",
    maker="Espressif",
    package="module 18 × 25.5 mm",
    footprint="RF_Module:ESP32-S3-WROOM-1",
    prefix="U",
    pins=pins("""
1 GND PWRIN
2 3V3 PWRIN
3 EN INPUT
4 IO4 BIDIR
5 IO5 BIDIR
6 IO6 BIDIR
7 IO7 BIDIR
8 IO15 BIDIR
9 IO16 BIDIR
10 IO17 BIDIR
11 IO18 BIDIR
12 IO8 BIDIR
13 IO19 BIDIR
14 IO20 BIDIR
15 IO3 BIDIR
16 IO46 BIDIR
17 IO9 BIDIR
18 IO10 BIDIR
19 IO11 BIDIR
20 IO12 BIDIR
21 IO13 BIDIR
22 IO14 BIDIR
23 IO21 BIDIR
24 IO47 BIDIR
25 IO48 BIDIR
26 IO45 BIDIR
27 IO0 BIDIR
28 IO35 BIDIR
29 IO36 BIDIR
30 IO37 BIDIR
31 IO38 BIDIR
32 IO39 BIDIR
33 IO40 BIDIR
34 IO41 BIDIR
35 IO42 BIDIR
36 IO44 BIDIR
37 IO43 BIDIR
38 IO2 BIDIR
39 IO1 BIDIR
40 GND PWRIN
41 GND PWRIN
"""),
    value="ESP32-S3, 8 MB, no PSRAM",
    alternatives=("ESP32-S3-WROOM-1-N16 (16 MB)", "ESP32-S3-WROOM-1U-N8 (antenna socket)"),
    price_usd=3.10,
    pins_seen=_S3_SEEN,
    note="never a number with R: its PSRAM slows the firmware",
)

ESP32 = Kind(
    mpn="ESP32-WROOM-32E-N8",
    maker="Espressif",
    package="module 18 × 25.5 mm",
    footprint="RF_Module:ESP32-WROOM-32E",
    prefix="U",
    pins=pins("""
1 GND PWRIN
2 3V3 PWRIN
3 EN INPUT
4 IO36 INPUT
5 IO39 INPUT
6 IO34 INPUT
7 IO35 INPUT
8 IO32 BIDIR
9 IO33 BIDIR
10 IO25 BIDIR
11 IO26 BIDIR
12 IO27 BIDIR
13 IO14 BIDIR
14 IO12 BIDIR
15 GND PWRIN
16 IO13 BIDIR
17 NC17 NOCONNECT
18 NC18 NOCONNECT
19 NC19 NOCONNECT
20 NC20 NOCONNECT
21 NC21 NOCONNECT
22 NC22 NOCONNECT
23 IO15 BIDIR
24 IO2 BIDIR
25 IO0 BIDIR
26 IO4 BIDIR
27 IO16 BIDIR
28 IO17 BIDIR
29 IO5 BIDIR
30 IO18 BIDIR
31 IO19 BIDIR
32 NC32 NOCONNECT
33 IO21 BIDIR
34 IO3 BIDIR
35 IO1 BIDIR
36 IO22 BIDIR
37 IO23 BIDIR
38 GND PWRIN
39 GND PWRIN
"""),
    value="ESP32, 8 MB, no PSRAM",
    alternatives=("ESP32-WROOM-32E-N16 (16 MB)", "ESP32-WROOM-32E-N4 (4 MB)"),
    price_usd=3.20,
    pins_seen=_32E_SEEN,
    note="never a number with R: its PSRAM slows the firmware",
)

MODULES = {"esp32s3": ESP32_S3, "esp32": ESP32}

CP2102N = Kind(
    mpn="CP2102N-A02-GQFN24",
    maker="Silicon Labs",
    package="QFN-24",
    footprint="Package_DFN_QFN:QFN-24-1EP_4x4mm_P0.5mm_EP2.6x2.6mm",
    prefix="U",
    pins=pins("""
1 RI INPUT
2 GND PWRIN
3 D+ BIDIR
4 D- BIDIR
5 VIO PWRIN
6 VDD PWROUT
7 VREGIN PWRIN
8 VBUS INPUT
9 RSTB BIDIR
10 NC NOCONNECT
11 GPIO3 BIDIR
12 GPIO2 BIDIR
13 GPIO1 BIDIR
14 GPIO0 BIDIR
15 SUSPENDB OUTPUT
16 NC16 NOCONNECT
17 SUSPEND OUTPUT
18 CTS INPUT
19 RTS OUTPUT
20 RXD INPUT
21 TXD OUTPUT
22 DSR INPUT
23 DTR OUTPUT
24 DCD INPUT
25 GND PWRIN
"""),
    value="USB to UART",
    alternatives=("WCH CH340K (other pins)",),
    price_usd=1.90,
    pins_seen="schematic at esp32.com (file 11005)",
)

RESET_PAIR = Kind(
    mpn="MMDT3904-7-F",
    maker="Diodes Inc.",
    package="SOT-363",
    footprint="Package_TO_SOT_SMD:SOT-363_SC-70-6",
    prefix="Q",
    pins=pins("""
1 E1
2 B1 INPUT
3 C2
4 E2
5 B2 INPUT
6 C1
"""),
    value="2 × NPN",
    alternatives=("onsemi MBT3904DW1T1G",),
    price_usd=0.09,
)
