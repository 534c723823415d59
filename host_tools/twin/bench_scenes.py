"""A virtual unit on a virtual bench: what its sensors show of the scene that somebody chose.

A scene is prepared by host_tools/virtual/bench/ as two files, SYNTHETIC, with the unit's built-in
errors in them already; noise, which must not repeat with a scene, comes from files of its own.

NAME.emg      int32 x 2 per converter frame (125 us), in LSB of 24 bits
NAME.motion   int32 x 6 per 100 us, in 1/256 of the raw LSB
noise.emg, noise.motion   the same, added frame by frame, again and again
A scene begins at its sample 0 and is held at its last one, or begins again where it loops.
"""

import os
from array import array

import micropython
from micropython import const

FRAME_US = const(125)
MOTION_US = const(100)
ADC_DELAY_US = const(2138)  # muscle before its converter frame; as in unit/emg_source.py
_AHEAD_US = const(100_000)  # what waits unread is of the scene before


@micropython.viper
def _mix_emg(scene, noise, out, done: int, at: int, noise_at: int):
    """One converter frame: scene[at] and noise, clipped to 24 bits, left-justified."""
    s = ptr32(scene)
    e = ptr32(noise)
    o = ptr32(out)
    k = 0
    while k < 2:
        v = (s[at + at + k] ^ 0x80000000) - 0x80000000
        v += (e[noise_at + noise_at + k] ^ 0x80000000) - 0x80000000
        if v > 8388607:
            v = 8388607
        elif v < -8388608:
            v = -8388608
        o[done + done + k] = v << 8
        k += 1


@micropython.viper
def _mix_motion(scene, noise, out, done: int, at: int, noise_at: int):
    s = ptr32(scene)
    e = ptr32(noise)
    o = ptr16(out)
    k = 0
    while k < 6:
        v = (s[at * 6 + k] ^ 0x80000000) - 0x80000000
        v += (e[noise_at * 6 + k] ^ 0x80000000) - 0x80000000
        v = (v + 128) >> 8
        if v > 32767:
            v = 32767
        elif v < -32768:
            v = -32768
        o[done * 6 + k] = v
        k += 1


class Track:
    """The samples of one sensor: room for the longest scene, and the noise."""

    def __init__(self, folder, suffix, width, room):
        self._folder = folder
        self._suffix = suffix
        self._row = 4 * width
        self.samples = array("i", bytes(self._row * room))
        self.size = 0
        self.loops = False
        size = os.stat(f"{folder}/noise{suffix}")[6]
        self.noise = array("i", bytes(size))
        with open(f"{folder}/noise{suffix}", "rb") as file:
            file.readinto(self.noise)
        self.noise_size = size // self._row
        self.noise_at = 0

    def load(self, name, loops):
        with open(f"{self._folder}/{name}{self._suffix}", "rb") as file:
            self.size = file.readinto(self.samples) // self._row
        self.loops = loops

    def row(self, at):
        """Which sample shows at this place of the scene."""
        if at < 0:
            return 0
        if at < self.size:
            return at
        return at % self.size if self.loops else self.size - 1

    def next_noise(self):
        at = self.noise_at
        self.noise_at = at + 1 if at + 1 < self.noise_size else 0
        return at


class BenchEmg:
    """An EMG source of chips/sources.py; `late_us`: how much later than nominal it is."""

    def __init__(self, track, late_us):
        self._track = track
        self._late_us = late_us
        self._words_us = -1
        self._frame = 0
        self._begin = 0  # frame that shows the scene's sample 0

    def begin_at(self, us):
        """A scene begins about then: exactly when a frame shows it. Returns that time."""
        if self._words_us < 0:
            return us
        shown = us + ADC_DELAY_US + self._late_us - self._words_us
        self._begin = (shown + FRAME_US - 1) // FRAME_US - 1
        return self._words_us + (self._begin + 1) * FRAME_US - ADC_DELAY_US - self._late_us

    def started(self, us):
        if self._words_us < 0:
            self._words_us = us
        self._frame = (us - self._words_us + FRAME_US // 2) // FRAME_US

    def samples_shown(self):
        return (self._frame + 7) // 8

    def skip_frames(self, n):
        self._frame += n

    def read_frames(self, buffer, n):
        track = self._track
        at = self._frame - self._begin
        for done in range(n):
            _mix_emg(
                track.samples, track.noise, buffer, done, track.row(at + done), track.next_noise()
            )
        self._frame += n


class BenchMotion:
    """A motion source of chips/sources.py. The sensor's delay is in the scenes."""

    def __init__(self, track, rate_mhz):
        self._track = track
        self._rate_mhz = rate_mhz
        self._start_us = 0
        self._made = 0
        self.begin_us = 0

    def started(self, us):
        self._start_us = us
        self._made = 0

    def next_frame(self):
        return self._made

    def skip(self, n):
        self._made += n

    def read(self, frames, n):
        track = self._track
        for done in range(n):
            self._made += 1
            us = self._start_us + self._made * 1_000_000_000 // self._rate_mhz
            at = (us - self.begin_us + MOTION_US // 2) // MOTION_US
            _mix_motion(track.samples, track.noise, frames, done, track.row(at), track.next_noise())


class Scenes:
    """scenes.txt: `key name loops` per line, the first one is on the bench at first."""

    def __init__(self, folder, rate_mhz, late_us, emg_room, motion_room):
        self._emg_track = Track(folder, ".emg", 2, emg_room)
        self._motion_track = Track(folder, ".motion", 6, motion_room)
        self.emg = BenchEmg(self._emg_track, late_us)
        self.motion = BenchMotion(self._motion_track, rate_mhz)
        self.by_key = {}
        self.name = ""
        first = None
        with open(folder + "/scenes.txt") as file:
            for line in file:
                key, name, loops = line.split()
                self.by_key[key] = (name, loops == "1")
                first = first or key
        self.show(first, 0)

    def show(self, key, now_us):
        """Name of the scene that a key chooses; None for another key."""
        chosen = self.by_key.get(key)
        if chosen is None:
            return None
        name, loops = chosen
        self._emg_track.load(name, loops)
        self._motion_track.load(name, loops)
        self.motion.begin_us = self.emg.begin_at(now_us + _AHEAD_US)
        self.name = name
        return name
