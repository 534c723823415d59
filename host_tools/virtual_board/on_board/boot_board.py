"""Starts the interpreter as the ESP32 port does: mount the flash, boot.py, main.py, then the REPL.

    micropython -i boot_board.py FLASH OFFSET SIZE CHIP RAW MEMORY CUT_AT CAUSE MAC MACHINE FROZEN

Run by host_tools/virtual_board/interpreter.py with the virtual unit's stand-ins and chips on its
path; they are loaded here, and then the computer's files are out of reach.
RAW 1: boot.py only, as after a soft reset in the raw REPL. MEMORY: file with what machine.RTC
keeps over a reset. MACHINE: board and chip. FROZEN: folder of what the image has in it, or empty.
After ports/esp32/main.c and modules/inisetup.py.
"""

import os
import select
import sys

sys.path.pop(0)  # this folder comes last

import time
from binascii import unhexlify

import vfs
from flash_blocks import HARD_RESET, SOFT_RESET, FlashBlocks

_IMAGE = "/image"  # where what is frozen is found here


class _Implementation:
    """sys.implementation of the board's MicroPython."""

    def __init__(self, machine):
        real = sys.implementation
        self.name = real.name
        self.version = real.version
        self._machine = machine
        self._mpy = real._mpy


class _Sys:
    """The module sys as seen from the unit."""

    def __init__(self, machine):
        self.implementation = _Implementation(machine)
        self.platform = "esp32"

    def __getattr__(self, name):
        return getattr(_real_sys, name)


class _Rtc:
    """machine.RTC: memory that outlives a reset."""

    def memory(self, data=None):
        global _kept
        if data is None:
            return _kept
        _kept = bytes(data)
        # The computer's files are out of reach by now; this one was opened before.
        _memory_file.seek(0)
        _memory_file.write(bytes([len(_kept)]) + _kept)
        _memory_file.flush()


def _reset():
    raise SystemExit(HARD_RESET)


def _soft_reset():
    raise SystemExit(SOFT_RESET)


def _moved():
    """Time has passed for the unit: its timers run, and it hears Ctrl-C.

    Not by a signal: the computer's interpreter may hang when one meets it in the wrong place.
    """
    wires.tick()
    if _keys.poll(0) and sys.stdin.read(1) == "\x03":
        raise KeyboardInterrupt


def _files(blocks):
    """With larger caches than on the chip, where reading 32 bytes costs nothing."""
    return vfs.VfsLfs2(blocks, readsize=1024, lookahead=256)  # type: ignore


def _boot(flash, offset, size, raw, cut_at, frozen):
    blocks = FlashBlocks(flash, offset, size, cut_at)
    vfs.umount("/")
    try:
        files = _files(blocks)
    except OSError:
        print("Performing initial setup")
        vfs.VfsLfs2.mkfs(blocks)  # type: ignore
        files = _files(blocks)
        vfs.mount(files, "/")
        with open("/boot.py", "w") as file:
            file.write("# boot.py -- run on boot-up\n")
        vfs.umount("/")
    vfs.mount(files, "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    if frozen:
        vfs.mount(vfs.VfsPosix(frozen), _IMAGE, readonly=True)  # type: ignore
        sys.path.insert(2, _IMAGE)
    # The boot loader's last word: Ctrl-C is heard from now on, and the computer's files are gone.
    print("entry 0x40080614")
    names = globals()
    for name in ("boot.py",) if raw else ("boot.py", "main.py"):
        try:
            with open("/" + name) as file:
                text = file.read()
        except OSError:
            continue
        try:
            exec(compile(text, name, "exec"), names)
        except KeyboardInterrupt as error:
            sys.print_exception(error)
            return
        except Exception as error:
            sys.print_exception(error)


_real_sys = sys
(_flash, _offset, _size, _chip, _raw, _memory, _cut_at, _cause, _mac, _machine, _frozen) = sys.argv[
    1:
]
_memory_file = open(_memory, "r+b")
_kept = _memory_file.read()
_kept = _kept[1 : 1 + _kept[0]] if _kept else b""

# The chips are soldered where the pin map of this processor says.
sys.modules["sys"] = _Sys(_machine)  # type: ignore

import bluetooth  # noqa: F401  (loaded while it can be found)
import machine as _stand_in

from chips.bench import Bench
from chips.wiring import wires

time.own_asyncio()  # type: ignore  (of the stand-in)
_stand_in.Pin.chip = _chip  # type: ignore
_bench = Bench()
_bench.usb(True)
time.clock.moved = _moved  # type: ignore
_keys = select.poll()
_keys.register(sys.stdin, select.POLLIN)
wires.reset_cause = int(_cause)
wires.unique_id = unhexlify(_mac)
_stand_in.RTC = _Rtc
_stand_in.reset = _reset
_stand_in.soft_reset = _soft_reset
# The firmware shall come from the flash, none of it from the computer.
for _name in list(sys.modules):
    if _name == "band" or _name.startswith("band."):
        del sys.modules[_name]
import sys

_boot(_flash, int(_offset), int(_size), _raw == "1", int(_cut_at), _frozen)
