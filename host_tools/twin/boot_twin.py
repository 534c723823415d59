"""Boots the firmware, as it is, against virtual chips that play a recording; on MicroPython.

    micropython boot_twin.py FOLDER        MICROPYPATH: stand_ins, this folder, firmware, .frozen

FOLDER is prepared by host_tools/virtual/: world.txt (`name=int` lines, see `read_world`), emg.bin
and motion.bin (player.py), temps.txt (`ms cc` lines), mishaps.txt; it is also the unit's flash.
Says on stdout what listener.py describes, and leaves report.txt. Keys on stdin in real time:
b a short press of the button, B a long one, q the end.
"""

import sys

# This folder comes behind the stand-ins; here it was put first.
sys.path.pop(0)

import os
import time

_ON, _OFF = True, False
SHORT_PRESS_US = 200_000
LONG_PRESS_US = 3_500_000
_SETTLE_US = 1_000_000  # from the end of the recording to the press that ends the session
_LEAVE_US = 1_500_000  # from there to the end of the virtual band


def read_world(path):
    """Settings of the world by name."""
    world = {}
    with open(path) as file:
        for line in file:
            name, value = line.split("=")
            world[name] = int(value)
    return world


settings = read_world(sys.argv[1] + "/world.txt")
seed = settings["seed"] if settings["seed"] >= 0 else None
if settings["fast"]:
    time.virtual(seed)  # type: ignore
elif settings.get("pace_pct"):
    time.paced(settings["pace_pct"], seed)  # type: ignore
time.own_asyncio()  # type: ignore

import gc
import select

from fed import Tracer
from listener import Listener
from micropython import heap_lock, heap_unlock
from mishaps import Mishaps, read_mishaps
from player import EmgPlayer, MotionPlayer, World

from band import wire
from band.unit import app as unit_app
from chips.bench import Bench
from chips.wiring import Reset, wires

clock = time.clock  # type: ignore


def read_temps(path):
    """[(us, cc)] of the skin, in order of time."""
    rows = []
    with open(path) as file:
        for line in file:
            ms, cc = line.split()
            rows.append((1000 * int(ms), int(cc)))
    return rows


def free_heap():
    """Time also passes while the unit has locked the heap; the world is no part of the unit.

    Returns how many locks there were, for `lock_heap`.
    """
    heap_lock()
    locks = heap_unlock()
    for _ in range(locks):
        heap_unlock()
    return locks


def lock_heap(locks):
    for _ in range(locks):
        heap_lock()


class Twin:
    """The unit and its world, from power-up to the end of the recording."""

    def __init__(self, folder):
        self.world = World(1000 * settings["lead_ms"])
        rate_mhz = settings["imu_rate_mhz"]
        self.make_players(folder, rate_mhz)
        self.bench = Bench(self.motion, self.emg, rate_mhz)
        if settings["watchdog_reset"]:
            wires.reset_cause = 3
        self.bench.gauge.charge_q8 = settings["charge_pct"] * 256
        self.bench.usb(settings["usb"] == 1)
        self.bench.press(settings["button_held"] == 1)
        self.listener = Listener(sys.stdout.buffer, self.bench, self)
        self.mishaps = Mishaps(self.bench, read_mishaps(folder + "/mishaps.txt"))
        self._temps = read_temps(folder + "/temps.txt")
        self._next_temp = 0
        self._end_us = 1000 * settings["play_ms"] + _SETTLE_US
        self._last_presses = 2
        self._next_press_us = 0
        self._release_us = -1
        self._flush_us = 0
        self._busy = False
        self._asked = False
        self.resets = 0
        self._fast = settings["fast"] == 1
        self._keys = select.poll()
        if not self._fast:
            self._keys.register(sys.stdin, select.POLLIN)
        clock.moved = self.moved

    def make_players(self, folder, rate_mhz):
        loop = settings["loop"] == 1
        still = [settings[f"still_{k}"] for k in range(6)]
        self.motion = MotionPlayer(
            folder + "/motion.bin", settings["motion_frames"], rate_mhz, still, self.world, loop
        )
        self.emg = EmgPlayer(folder + "/emg.bin", settings["emg_samples"], self.world, loop)

    def now_ms(self):
        """Time of the recording, negative before it begins."""
        begins_us = self.world.begins_us
        return (clock.us() - begins_us) // 1000 if begins_us >= 0 else -1

    def begins_ms(self, index):
        """When the recording begins, by the EMG samples, of which `index` comes next."""
        return self.world.first_sample - self.emg.samples_shown() + index

    def ask(self, app):
        """As the recording begins the chain is made new, as after another wearer was named."""
        if self._asked or self.world.begins_us < 0 or clock.us() < self.world.due():
            return
        self._asked = True
        if not app.session.running:
            app.renew_chain()

    def moved(self):
        """Time has passed: the world goes on."""
        wires.tick()
        if self._busy:
            return  # what follows lets time pass itself
        begins_us = self.world.begins_us
        us = clock.us()
        if self._release_us >= 0 and us >= self._release_us:
            self._release_us = -1
            self.bench.press(_OFF)
        if not self._fast and us >= self._flush_us:
            self._flush_us = us + 200_000
            locks = free_heap()
            try:
                self._mind_terminal(us)
            finally:
                lock_heap(locks)
        if begins_us < 0:
            return
        now_us = us - begins_us
        if now_us >= self.mishaps.due_us:
            self._busy = True
            locks = free_heap()
            try:
                self.mishaps.step(now_us)
            finally:
                lock_heap(locks)
            self._busy = False
        if self._next_temp < len(self._temps) and now_us >= self._temps[self._next_temp][0]:
            self.bench.skin_cc = self._temps[self._next_temp][1]
            self._next_temp += 1
        if now_us >= self._end_us:
            self._mind_end(now_us)

    def _mind_terminal(self, us):
        self.listener.flush()
        for _ in self._keys.poll(0):
            self.key(sys.stdin.read(1), us)

    def key(self, key, us):
        if key == "b" or key == "B":
            self.bench.press(_ON)
            self._release_us = us + (SHORT_PRESS_US if key == "b" else LONG_PRESS_US)
        elif key == "q":
            raise SystemExit
        elif key == "":
            self._keys.unregister(sys.stdin)

    def _mind_end(self, now_us):
        """Two presses end the session, as the athlete would; then the power goes."""
        if self._last_presses and now_us >= self._next_press_us:
            self._last_presses -= 1
            self._next_press_us = now_us + 2 * SHORT_PRESS_US
            if self.listener.app and self.listener.app.session.running:
                self.bench.press(_ON)
                self._release_us = clock.us() + SHORT_PRESS_US
        elif now_us >= self._end_us + _LEAVE_US:
            raise SystemExit

    def run(self):
        """Boot, and boot again after each reset of the processor."""
        while True:
            try:
                boot_firmware()
                return
            except Reset:
                self.resets += 1
                self._busy = False


def boot_firmware():
    """boot.py and main.py one after the other in one namespace, as MicroPython does at reset."""
    import asyncio

    asyncio.new_event_loop()
    names = {"__name__": "__main__"}
    for name in ("boot.py", "main.py"):
        for folder in sys.path:
            path = folder + "/" + name
            try:
                os.stat(path)
            except OSError:
                continue
            with open(path) as file:
                exec(compile(file.read(), path, "exec"), names)
            break


def report(twin):
    """Everything that was counted, as `name=int` lines, lists as `name_k`."""
    lines = [
        ("t_ms", twin.now_ms()),
        ("resets", twin.resets),
        ("violations", twin.bench.imu.violations + twin.bench.adc.violations),
        ("frames_skipped", twin.bench.imu.skipped),
        ("unit_faults", twin.listener.unit_faults),
        ("chain_faults", twin.listener.chain_faults),
        ("statuses", twin.listener.statuses),
        ("strides_told", twin.listener.strides),
    ]
    app = twin.listener.app
    if app:
        values = app.upkeep.count().values
        for k in range(len(wire.COUNTERS)):
            lines.append((wire.COUNTERS[k], values[k]))
        for k in range(len(app.lateness.bins)):
            lines.append((f"lateness_{k}", app.lateness.bins[k]))
        lines.append(("lateness_worst_us", app.lateness.worst_us))
        lines.append(("failures", app.failures))
        lines.append(("clock_jumps", app.sensors.clocks.jumps))
        gc.collect()
        lines.append(("heap_bytes", gc.mem_alloc()))
    return lines


def main(make=Twin):
    folder = sys.argv[1]
    os.chdir(folder)
    twin = make(folder)
    boot = unit_app.App.boot

    tracer = Tracer(folder)

    def boot_and_listen(self):
        twin.listener.attach(self)
        if settings.get("trace"):
            tracer.attach(self.sensors)
        boot(self)

    unit_app.App.boot = boot_and_listen
    try:
        twin.run()
    except (SystemExit, KeyboardInterrupt):
        pass
    twin.listener.flush()
    tracer.close()
    with open(folder + "/report.txt", "w") as file:
        for name, value in report(twin):
            file.write(f"{name}={value}\n")


if __name__ == "__main__":
    main()
