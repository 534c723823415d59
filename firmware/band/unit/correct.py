"""Samples as they should be, by the settings of wire.CALIBRATION.

Added to a sample is (D x + c) / 2**16, D and c rounded from the settings; where
all of these are 0 nothing is added and the samples stay what they were, bit for bit. A sample on
the rail of its sensor stays there: who looks for clipping must find it. |D| <= 0.1 per entry, 0.2
for the EMG, and |c| < 2**29: sums stay below 2**31.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

import micropython
from micropython import const

from band.arrays import words
from band.units import ACC_LSB_UG, EMG_LSB_NV, GYR_LSB_MDPS

_ONE = const(1 << 16)
_BIAS = const(1 << 29)  # added to what is kept in an array: viper loads no negative number
_MILLION = const(1_000_000)
# Of `motion`: for each axis of acceleration three factors and a constant, for each of rate a
# factor and a constant. Of `emg`: the same as of a rate for each channel.
_ACC = const(12)
_MOTION = const(18)
_EMG = const(4)


@micropython.viper
def correct_motion(frames, n: int, how):
    """Correct n frames of acc x y z, gyr x y z in place; `how` is Corrections.motion."""
    f = ptr16(frames)
    c = ptr32(how)
    end = n * 6
    at = 0
    while at < end:
        x = (f[at] ^ 0x8000) - 0x8000
        y = (f[at + 1] ^ 0x8000) - 0x8000
        z = (f[at + 2] ^ 0x8000) - 0x8000
        k = 0
        j = 0
        while k < 6:
            v = (f[at + k] ^ 0x8000) - 0x8000
            if k < 3:
                more = (int(c[j]) - _BIAS) * x
                more += (int(c[j + 1]) - _BIAS) * y
                more += (int(c[j + 2]) - _BIAS) * z
                j += 3
            else:
                more = (int(c[j]) - _BIAS) * v
                j += 1
            more += int(c[j]) - _BIAS
            j += 1
            if v < 32767 and v > -32767:
                v += (more + 0x8000) >> 16
                if v > 32767:
                    v = 32767
                elif v < -32767:
                    v = -32767
                f[at + k] = v
            k += 1
        at += 6


@micropython.viper
def correct_emg(samples, n: int, how):
    """Correct n samples of two channels in place; `how` is Corrections.emg."""
    s = ptr16(samples)
    c = ptr32(how)
    channel = 0
    while channel < 2:
        factor = int(c[channel + channel]) - _BIAS
        constant = int(c[channel + channel + 1]) - _BIAS + 0x8000
        at = channel
        end = n + n
        while at < end:
            v = (s[at] ^ 0x8000) - 0x8000
            if v < 32767 and v > -32767:
                v += (factor * v + constant) >> 16
                if v > 32767:
                    v = 32767
                elif v < -32767:
                    v = -32767
                s[at] = v
            at += 2
        channel += 1


class Corrections:
    """`load`, then hand `motion` and `emg` to the kernels; None where nothing is to be changed."""

    def __init__(self):
        self._motion = words(_MOTION, _BIAS)
        self._emg = words(_EMG, _BIAS)
        self.motion = None
        self.emg = None
        self.emg_delay_us = 0

    def load(self, store):
        """Take what the store keeps. Allocates."""
        axes = "xyz"
        bias_ug = [store.get(f"cal.acc_bias_{axis}_ug") for axis in axes]
        for row in range(3):
            ppm = [store.get(f"cal.acc_{axes[row]}{axis}_ppm") for axis in axes]
            moved = _MILLION * bias_ug[row]
            for k in range(3):
                moved += ppm[k] * bias_ug[k]
                self._put(self._motion, 4 * row + k, ppm[k], _MILLION)
            self._put(self._motion, 4 * row + 3, -moved, _MILLION * ACC_LSB_UG)
        for k in range(3):
            ppm = store.get(f"cal.gyr_scale_{axes[k]}_ppm")
            moved = (_MILLION + ppm) * store.get(f"cal.gyr_bias_{axes[k]}_mdps")
            self._put(self._motion, _ACC + 2 * k, ppm, _MILLION)
            self._put(self._motion, _ACC + 2 * k + 1, -moved, _MILLION * GYR_LSB_MDPS)
        for k in range(2):
            ppm = store.get(f"cal.emg{k + 1}_gain_ppm")
            moved = (_MILLION + ppm) * store.get(f"cal.emg{k + 1}_offset_nv")
            self._put(self._emg, 2 * k, ppm, _MILLION)
            self._put(self._emg, 2 * k + 1, -moved, _MILLION * EMG_LSB_NV)
        self.motion = self._used(self._motion)
        self.emg = self._used(self._emg)
        self.emg_delay_us = store.get("cal.emg_delay_us")

    def _put(self, to, at, value, unit):
        to[at] = _BIAS + (value * _ONE + (unit >> 1)) // unit

    def _used(self, values):
        for value in values:
            if value != _BIAS:
                return values
        return None
