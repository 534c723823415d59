"""Runs first: finds the firmware, and keeps the app off in safe mode.

/a and /b each hold one whole version of the firmware; the file /slot names the one that runs.
`calfband flash --update` fills the other folder and then replaces /slot by one rename: whenever
the power goes, the old version starts or the new one, whole. This file and main.py stay the same
from version to version, as MicroPython runs them by name and no rename covers both.

In safe mode the console is free for `calfband flash` and mpremote, whatever is wrong with the
app: the button is held, the console asked for it before a reset, or the firmware is damaged.
"""

safe_mode = True
try:
    import sys

    try:
        with open("/slot") as file:
            slot = file.read(1)
    except OSError:
        slot = "a"
    sys.path.insert(0, "/b" if slot == "b" else "/a")

    from machine import DEEPSLEEP_RESET, RTC, Pin, reset_cause

    from band.unit.pins import PINS, chip_of

    # There is no Board yet, and there shall be none: it powers the sensors.
    pins = PINS[chip_of(sys.implementation._machine)]
    held = Pin(pins["button"], Pin.IN, Pin.PULL_UP)() == 0
    # The press that ended deep sleep may still last.
    safe_mode = held and reset_cause() != DEEPSLEEP_RESET
    if safe_mode:
        Pin(pins["led"], Pin.OUT, value=1)
        print("Safe mode: the button is held, the app stays off.")
    elif RTC().memory() == b"calfband safe mode":
        # Once: the next reset starts the app. The memory outlives a reset, not the power.
        RTC().memory(b"")
        safe_mode = True
        print("Safe mode: the console asked for it, the app stays off.")
except Exception as error:
    # A damaged file must not lock anybody out.
    safe_mode = True
    print("Safe mode: the firmware is damaged:", error)
