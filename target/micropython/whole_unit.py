"""The whole application imported, then the unit made as at boot; runs on MicroPython.

    micropython whole_unit.py    MICROPYPATH: absent, the firmware unless it is frozen

Nothing is measured by the sensors and nobody connects: stand-ins (absent/) take every order. What
MicroPython brings itself on the ESP32 (asyncio, the Bluetooth stack, files) is not counted.
stdout: lines "name number".
"""

# The stubs do not know this machine.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

# The stand-ins first, as they are not to be counted.
import asyncio  # noqa: F401
import binascii  # noqa: F401
import gc
import os  # noqa: F401
import select  # noqa: F401
import time

import bluetooth  # noqa: F401
import machine  # noqa: F401
from meter import code_bytes


def settled_heap():
    gc.collect()
    return gc.mem_alloc()


heap_at_start = settled_heap()
code_at_start = code_bytes()

from band.unit import start  # noqa: E402

heap_of_code = settled_heap() - heap_at_start


def made():
    """As App.boot makes it, without the self-test, in a session; tells what each part takes."""
    app = start.App(start.Board(), folder="/nowhere")
    tell("app")
    app.radio.start()
    tell("radio")
    app.sensors.start(time.ticks_ms())
    tell("sensors")
    app.renew_chain()
    app.begin_session()
    tell("chain")
    return app


def tell(part):
    global last
    now = settled_heap()
    print("heap_of_" + part, now - last)
    last = now


last = settled_heap()
app = made()
if app.chain is None or not app.session.running:
    raise RuntimeError("the unit does not measure")
print("heap_of_code", heap_of_code)
print("heap_of_objects", last - heap_at_start - heap_of_code)
print("code_bytes", code_bytes() - code_at_start)
