"""Runs first. With the button held, or when the last starts all failed, the app stays off.

In safe mode the console is free for `calfband flash` and mpremote, whatever is wrong with the app.
"""

safe_mode = False
try:
    from machine import Pin

    from band.unit.board import PINS

    # There is no Board yet, and there shall be none: it powers the sensors.
    safe_mode = Pin(PINS["button"], Pin.IN, Pin.PULL_UP)() == 0
    if safe_mode:
        Pin(PINS["led"], Pin.OUT, value=1)
        print("Safe mode: the button is held, the app stays off.")
except Exception as error:
    # A damaged file must not lock anybody out.
    safe_mode = True
    print("Safe mode: the firmware is damaged:", error)
