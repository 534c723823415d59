"""Boots the firmware on a virtual bench; on MicroPython, started as boot_twin.py is.

FOLDER holds, besides world.txt, the scenes of bench_scenes.py. Keys on stdin choose one; which
one is on the bench is told on stdout as a line `bench NAME`, first when the unit has booted. b, B
and q do what they do there.
"""

import boot_twin
from bench_scenes import Scenes
from boot_twin import Twin, clock, settings


class BenchTwin(Twin):
    def make_players(self, folder, rate_mhz):
        self.scenes = Scenes(
            folder, rate_mhz, settings["emg_late_us"], settings["emg_room"],
            settings["motion_room"],
        )  # fmt: skip
        self.welcome = False
        self.motion = self.scenes.motion
        self.emg = self.scenes.emg

    def ask(self, app):
        """The loop runs: from now on hands are welcome."""
        if not self.welcome and app.chain is not None:
            self.welcome = True
            self._tell(self.scenes.name)

    def now_ms(self):
        return clock.us() // 1000

    def key(self, key, us):
        name = self.scenes.show(key, us)
        if name is None:
            super().key(key, us)
        else:
            self._tell(name)

    def _tell(self, name):
        self.listener.flush()
        print("bench", name)


boot_twin.main(BenchTwin)
