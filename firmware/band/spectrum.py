"""Frequency indices of EMG: mean, median, Dimitrov's FInsm5, and their average over strides."""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

import micropython
from micropython import const

from band.arrays import halfwords, words
from band.fft import power_spectrum
from band.fixmath import log2_q8, muldiv
from band.units import UNKNOWN

_BINS = const(129)
_FIRST = const(3)  # bins 3...128: 11.7-500 Hz
_LAST = const(128)
VALID_STRIDES = const(20)
_MEMORY = const(5)  # a stride's weight falls by 1/32 with every stride that follows
_ADD_BITS = const(25)  # of one spectrum: 32 of them stay below 2**30
_SUM_BITS = const(29)

# log2 of FInsm5's unit, Q8: (1000/256 Hz)^-6 = 2^-11.795, and 2^-39 from the scales of the sums.
_FINSM5_UNIT = const(-13003)


def _fifth_powers():
    """(k / 128)^5 in Q30 as high and low 15 bits, k = 0...128."""
    table = halfwords(2 * 129)
    for k in range(_BINS):
        weight = min((k**5) >> 5, 0x3FFFFFFF)
        table[2 * k] = weight >> 15
        table[2 * k + 1] = weight & 0x7FFF
    return table


FIFTH_POWERS = _fifth_powers()


@micropython.viper
def moments(p: ptr32, k: int, result):
    """Sums over bins 3...128 of power < 2**30; result: array('i') of 4.

    p: the power; k: 3, the first bin.
    [0] sum of P, [1] sum of k P, both with P scaled to 17 bits, [2] the bin, in Q8, below which
    half of the power lies. P of bin k is spread evenly over k - 1/2 ... k + 1/2.
    """
    out = ptr32(result)
    every = 0
    while k <= _LAST:
        every = every | p[k]
        k += 1
    down = 0
    while every >> down >= 0x20000:
        down += 1
    total = 0
    first = 0
    k = _FIRST
    while k <= _LAST:
        v = p[k] >> down
        total += v
        first += v * k
        k += 1
    below = 0
    v = 0
    k = _FIRST - 1
    while below + below < total:
        k += 1
        v = p[k] >> down
        below += v
    out[0] = total
    out[1] = first
    out[2] = 0
    if v > 0:
        # below - total / 2 of this bin's power lies above the median.
        out[2] = (k << 8) + 128 - ((below + below - total) << 7) // v


@micropython.viper
def finsm5(power, weights) -> int:
    """log2 in Q8 of sum(P / f) / sum(P f^5), Dimitrov 2006, f in Hz over bins 3...128."""
    p = ptr32(power)
    w = ptr16(weights)
    every = 0
    k = _FIRST
    while k <= _LAST:
        every = every | p[k]
        k += 1
    if every == 0:
        return 0
    up = 0
    while every << up < 0x20000000:
        up += 1
    low = 0
    high = 0
    k = _FIRST
    while k <= _LAST:
        v = p[k] << up
        low += (v // k) >> 3
        upper = v >> 15
        v = v & 0x7FFF
        j = k + k
        v = upper * w[j + 1] + v * w[j]
        high += (upper * w[j] + (v >> 15) + 64) >> 7
        k += 1
    return int(log2_q8(low)) - int(log2_q8(high)) + _FINSM5_UNIT


def mean_chz(sums):
    """Mean frequency from the result of `moments`; UNKNOWN without power."""
    if sums[0] == 0:
        return UNKNOWN
    return muldiv(sums[1], 3125, sums[0] << 3)


def median_chz(sums):
    """Median frequency from the result of `moments`; UNKNOWN without power."""
    if sums[0] == 0:
        return UNKNOWN
    return muldiv(sums[2], 3125, 2048)


@micropython.viper
def bits(p: ptr32, k: int) -> int:
    """Bits that the largest bin from k on needs."""
    every = 0
    while k < _BINS:
        every = every | p[k]
        k += 1
    k = 0
    while every:
        every = every >> 1
        k += 1
    return k


@micropython.viper
def scale(t: ptr32, k: int, down: int):
    """t * 2**-down from bin k on, rounded; down may be negative, |down| <= 30."""
    if down > 0:
        half = 1 << (down - 1)
        while k < _BINS:
            t[k] = (t[k] + half) >> down
            k += 1
    else:
        down = 0 - down
        while k < _BINS:
            t[k] = t[k] << down
            k += 1


@micropython.viper
def fade_and_add(t: ptr32, k: int, power, memory: int, down: int):
    """t * (1 - 2**-memory) + power * 2**-down from bin k on, rounded; memory 0: nothing fades."""
    p = ptr32(power)
    half = (1 << memory) >> 1
    part = (1 << down) >> 1
    if memory:
        while k < _BINS:
            t[k] = t[k] - ((t[k] + half) >> memory) + ((p[k] + part) >> down)
            k += 1
    else:
        while k < _BINS:
            t[k] = t[k] + ((p[k] + part) >> down)
            k += 1


class SpectrumAverage:
    """Sum of power spectra under one exponent, |X|^2 = bins * 2**exponent; old ones may fade.

    With memory m a spectrum's weight falls by 2**-m with each that follows; with 0 never. Each is
    brought to 25 bits or less before it is added and the sum is kept below 2**30, mostly above
    2**27: a bin 50 dB below the strongest still has ten bits.
    """

    def __init__(self, memory):
        self.bins = words(_BINS, typecode="I")
        self.exponent = 0
        self.count = 0
        self.mnf_chz = UNKNOWN
        self.mdf_chz = UNKNOWN
        self._memory = memory
        self._power = words(_BINS, typecode="I")
        self._sums = words(4)

    def clear(self):
        """Forget everything."""
        self.count = 0

    def add(self, ring, mask, start_index):
        """Add the spectrum of the 256 samples from start_index on; silence is not counted."""
        power = self._power
        exponent = power_spectrum(ring, mask, start_index, power)
        size = bits(power, 0)
        if size == 0:
            return
        if self.count == 0:
            # Nothing to add to, and most bursts are short and have no second.
            down = size - _ADD_BITS
            if down > 0:
                scale(power, 0, down)
                exponent += down
            self._power = self.bins
            self.bins = power
            self.exponent = exponent
            self.count = 1
            return
        self._rescale(exponent + size - _ADD_BITS - self.exponent)
        down = self.exponent - exponent
        if down <= 30:
            if down < 0:
                scale(power, 0, down)
                down = 0
            fade_and_add(self.bins, 0, power, self._memory, down)
        self.count += 1

    def _rescale(self, up):
        """Raise the exponent for a stronger spectrum (up > 0), or follow a weaker signal down."""
        size = bits(self.bins, 0)
        if self._memory == 0 and size > _SUM_BITS and up < 1:
            up = 1
        elif up < 0:
            if size == 0 or size >= _SUM_BITS - 1:
                return
            up = -1
        if up:
            scale(self.bins, 0, up if up < 30 else 30)
            self.exponent += up

    def frequencies(self):
        """Set mnf_chz and mdf_chz from what was added; UNKNOWN when that is nothing."""
        self.mnf_chz = UNKNOWN
        self.mdf_chz = UNKNOWN
        if self.count:
            sums = self._sums
            moments(self.bins, _FIRST, sums)
            self.mnf_chz = mean_chz(sums)
            self.mdf_chz = median_chz(sums)


class StrideSpectrum(SpectrumAverage):
    """Exponential average over strides with a memory of 32, valid from 20 strides on.

    Windows are locked to contact (IC - 50 ms ... IC + 206 ms), since only the average of many
    spectra gives steady indices: one burst alone has a CV of 17 % in MDF.
    """

    def __init__(self):
        super().__init__(_MEMORY)
        self.finsm5_l2q8 = UNKNOWN

    def indices(self):
        """Set mnf_chz, mdf_chz and finsm5_l2q8; UNKNOWN below 20 strides."""
        if self.count < VALID_STRIDES:
            self.mnf_chz = UNKNOWN
            self.mdf_chz = UNKNOWN
            self.finsm5_l2q8 = UNKNOWN
            return
        self.frequencies()
        self.finsm5_l2q8 = finsm5(self.bins, FIFTH_POWERS)

    def export(self, rec, channel, t_dms):
        """Fill rec, array('i') of 4 + 129, as wire.SPECTRUM_HEAD and the bins, each < 2**30."""
        rec[0] = channel
        rec[1] = t_dms
        rec[2] = self.count
        rec[3] = self.exponent
        for k in range(_BINS):
            rec[4 + k] = self.bins[k] if self.count else 0
