"""Every setting of the unit: its name, kind, bounds and unit. The one table of band and host.

Pure. A row is (name, kind, lowest, highest, also, default, unit). `also` are values outside the
bounds that mean something of their own, such as 0 for "not known". Bounds of text are bytes of
UTF-8. Names without a point are the chain's, those of band/settings.py; `cal.` names carry their
units themselves.
"""

from micropython import const

from band.wire import CALIBRATION

# const: rows of nothing but constants stay in flash where the code does.
INT = const("int")
TEXT = const("text")
NAME, KIND, LOWEST, HIGHEST, ALSO, DEFAULT, UNIT = range(7)

CHAIN = (
    ("mass_g", INT, 20_000, 250_000, (0,), 0, "g"),
    ("height_mm", INT, 900, 2_500, (0,), 0, "mm"),
    ("speed_mm_s", INT, 200, 12_500, (0,), 0, "mm/s"),
    ("side", INT, 0, 1, (), 0, ""),
    ("mains_hz", INT, 50, 50, (0, 60), 0, "Hz"),
    ("has_emg1", INT, 0, 1, (), 1, ""),
    ("has_emg2", INT, 0, 1, (), 1, ""),
    ("has_acc", INT, 0, 1, (), 1, ""),
    ("has_gyr", INT, 0, 1, (), 1, ""),
    ("imu_rate_mhz", INT, 799_000, 867_000, (), 833_000, "mHz"),
    ("domains_off", INT, 0, 31, (), 0, ""),
)
OF_UNIT = (
    ("unit.still_s", INT, 10, 3_600, (), 180, "s"),  # standing still for so long ends a session
    ("unit.rest_min", INT, 1, 240, (0,), 5, "min"),  # still and unasked for so long: rest; 0 never
    # At rest without a link for so long: deep sleep, which motion does not end; 0 never.
    ("unit.sleep_min", INT, 10, 1_440, (0,), 0, "min"),
    ("unit.start_by_running", INT, 0, 1, (), 1, ""),
    ("unit.buzz", INT, 0, 1, (), 1, ""),
    ("unit.low_battery_pct", INT, 1, 50, (), 5, "%"),  # a session is ended cleanly at this charge
    ("unit.log_kb", INT, 64, 12_288, (), 1_024, "KiB"),  # of all sessions together
)
# Empty: by the chip's own number. A name of 29 bytes is what a scan response holds.
IDENTITY = (
    ("id.serial", TEXT, 1, 24, ("",), "", "bytes"),
    ("id.hardware", TEXT, 1, 16, (), "A", "bytes"),
    ("id.name", TEXT, 1, 29, ("",), "", "bytes"),
)
CALIBRATED = tuple([("cal." + name, INT, low, high, (), 0, "") for name, low, high in CALIBRATION])
TABLE: tuple = CHAIN + OF_UNIT + IDENTITY + CALIBRATED


def row_of(name) -> tuple:
    """Raises KeyError for an unknown name."""
    for row in TABLE:
        if row[NAME] == name:
            return row
    raise KeyError(name)


def default_of(name):
    return row_of(name)[DEFAULT]


def check(name, value):
    """The value, when it may stand there. Raises KeyError for the name, ValueError for the rest."""
    row = row_of(name)
    kind = int if row[KIND] == INT else str
    if type(value) is not kind:
        raise ValueError(name)
    if value in row[ALSO]:
        return value
    size = value if row[KIND] == INT else _bytes_of(value)
    if not row[LOWEST] <= size <= row[HIGHEST]:
        raise ValueError(name)
    return value


def _bytes_of(text):
    """-1 for what is no single line of printable text."""
    for letter in text:
        if ord(letter) < 32 or 127 <= ord(letter) < 160:
            return -1
    return len(text.encode()) if text == text.strip() else -1


def parse(name, text):
    """A value from its text in the file. Raises KeyError and ValueError as `check`."""
    return check(name, int(text) if row_of(name)[KIND] == INT else text)
