"""What a believable, and what a telling, change of every feature is.

Features are compared as ratios: their base-2 logarithm in Q12 (59 units are 1 %), so that a
slope is an elasticity and a threshold a percentage. Times relative to contact have no ratio
(an onset can be zero): they stay in 0.1 ms. Both are called change units, `_cu`.

Sources: Dutto & Smith 2002, Willer 2021 (size of the changes), Morin 2005 (stiffness against
contact), Luttmann (EMG), reliability of 25-stride medians (own calculation).
"""

from array import array

from micropython import const

from band.fixmath import muldiv
from band.robust import LN2_Q12, log2_q12, times_pow2
from band.units import UNKNOWN

# Order of wire.FEATURES.
CONTACT = const(0)
KVERT = const(1)
FMAX = const(2)
ONSET = const(3)
LAG = const(4)
ONSET_SD = const(5)
RMS = const(6)
MNF = const(7)
FINSM5 = const(8)
TIB_PEAK = const(9)
PUSHOFF = const(10)
N_FEATURES = const(11)
EMG_FIRST = const(3)  # onset ... finsm5 need the electrodes
EMG_LAST = const(8)

# Order of wire.DOMAINS.
MECHANICS = const(0)
TIMING = const(1)
AMPLITUDE = const(2)
SPECTRUM = const(3)
SHOCK = const(4)
N_DOMAINS = const(5)
DOMAIN = array("i", [0, 0, 0, 1, 1, 1, 2, 3, 3, 4, 4])

# Covariates of the regression.
SPEED = const(0)  # log2, Q12
CADENCE = const(1)  # log2, Q12, less its own 5-minute mean
TEMP = const(2)  # 0.01 degC
N_COVARIATES = const(3)

# The least spread of block medians that measurement error allows.
SPREAD_FLOOR_CU = array("i", [59, 88, 66, 25, 30, 670, 288, 88, 345, 430, 117])
# The change that matters lies between these two; where, is the athlete's own steadiness.
LEAST_CU = array("i", [117, 177, 180, 50, 50, 1500, 826, 295, 1319, 1319, 241])
MOST_CU = array("i", [232, 420, 366, 150, 150, 2400, 1400, 590, 2777, 2400, 480])
# Directions that count: 1 up, 2 down, 3 both.
SIDES = array("i", [1, 3, 2, 3, 3, 1, 3, 3, 1, 1, 2])

# Expected slope and its SD between athletes, Q8, per feature: speed, cadence, temperature.
# Ratios: elasticities (temperature: Q12 octaves per 0.01 degC, 2.9 %/degC = 1.69);
# times: 0.1 ms per Q12 octave or per 0.01 degC.
PRIOR_SLOPE_Q8 = array(
    "i",
    [
        -151, -160, 0,
        189, 400, 0,
        110, -70, 0,
        0, 0, 0,
        -25, 0, 0,
        0, 0, 0,
        180, 40, -250,
        0, 0, 433,
        0, 0, -1300,
        256, 0, 0,
        128, 0, 0,
    ],
)  # fmt: skip
PRIOR_SLOPE_SD_Q8 = array(
    "i",
    [
        38, 64, 1,
        50, 130, 1,
        40, 64, 1,
        12, 10, 1,
        12, 10, 1,
        100, 60, 1,
        80, 80, 130,
        30, 40, 110,
        120, 120, 400,
        100, 100, 1,
        80, 80, 1,
    ],
)  # fmt: skip


def is_time(feature):
    """Whether the feature is compared in 0.1 ms rather than as a ratio."""
    return feature == ONSET or feature == LAG


def to_change_units(feature, value):
    """A feature's own integer to change units; UNKNOWN where it has no logarithm."""
    if value == UNKNOWN or is_time(feature):
        return value
    if feature == FINSM5:
        return value << 4
    if value < 1:
        return UNKNOWN
    return log2_q12(value)


def expected_value(feature, value, residual_cu):
    """The value that would have shown no residual, in the feature's own unit."""
    if is_time(feature):
        return value - residual_cu
    if feature == FINSM5:
        return value - (residual_cu >> 4)
    return times_pow2(value, -residual_cu)


def spread_value(feature, value, spread_cu):
    """A spread in change units as one in the feature's own unit, around value."""
    if is_time(feature):
        return spread_cu
    if feature == FINSM5:
        return spread_cu >> 4
    # d(value) = value * ln 2 * d(log2); Q12 twice.
    return muldiv(value, (spread_cu * LN2_Q12) >> 12, 4096)
