"""25 valid running strides become one row of medians."""

from array import array

import micropython
from micropython import const

from band.arrays import words
from band.changes import (
    CONTACT,
    EMG_FIRST,
    EMG_LAST,
    FMAX,
    KVERT,
    N_FEATURES,
    ONSET_SD,
    to_change_units,
)
from band.fixmath import median
from band.robust import known_into, log2_q12, spread_in_place
from band.units import UNKNOWN
from band.wire import FEATURES, STRIDE, STRIDE_EXTRA, index

BLOCK_STRIDES = const(25)
LEAST_KNOWN = const(13)  # a median of fewer strides than half the block is not used
LONGEST_DMS = const(600_000)
LONGEST_CONTACT_DMS = const(10_000)

# Columns behind the features.
STRIDE_TIME = const(11)
CADENCE_SPM = const(12)
SPEED_MM_S = const(13)
TEMP_CC = const(14)
TILT_DDEG = const(15)
DEGRADED = const(16)
N_COLUMNS = const(17)

FIELDS = STRIDE + STRIDE_EXTRA


def _columns():
    names = [name if name != "onset_sd_ms" else "onset_ms" for name, _ in FEATURES]
    names += ["stride_ms", "cadence_spm", "speed_m_s", "temp_c", "tilt_deg", "degraded"]
    return array("i", [index(FIELDS, name) for name in names])


COLUMNS = _columns()


@micropython.viper
def file_stride(record, columns, rows, at: int):
    """rows[at + 25 k] = record[columns[k]] for every column k."""
    source = ptr32(record)
    which = ptr32(columns)
    target = ptr32(rows)
    column = 0
    while column < N_COLUMNS:
        target[at] = source[which[column]]
        at += BLOCK_STRIDES
        column += 1


class Block:
    """Collects strides. Of a full one `summarise` all columns, then `close()`: medians are in
    `value` (own units) and `change` (cu)."""

    def __init__(self, mass_known):
        self.mass_known = mass_known
        self.value = words(N_COLUMNS, UNKNOWN)
        self.change = words(N_FEATURES, UNKNOWN)
        self._rows = words(N_COLUMNS * BLOCK_STRIDES)
        self._scratch = words(BLOCK_STRIDES)
        self.seen = 0
        self.valid = 0
        self._start_dms = 0

    def clear(self):
        self.seen = 0
        self.valid = 0

    def add(self, t_dms, rec, valid, emg_usable):
        """Take one running stride. Returns 1 when the block is full, -1 when it was given up."""
        if self.seen == 0:
            self._start_dms = t_dms
        self.seen += 1
        if valid:
            rows = self._rows
            file_stride(rec, COLUMNS, rows, self.valid)
            if not emg_usable:
                at = self.valid + EMG_FIRST * BLOCK_STRIDES
                for _ in range(EMG_FIRST, EMG_LAST + 1):
                    rows[at] = UNKNOWN
                    at += BLOCK_STRIDES
            self.valid += 1
        # The gate: 70 % valid strides, within a minute.
        invalid = self.seen - self.valid
        if 10 * invalid > 3 * (BLOCK_STRIDES + invalid) or t_dms - self._start_dms > LONGEST_DMS:
            self.clear()
            return -1
        return 1 if self.valid == BLOCK_STRIDES else 0

    def summarise(self, first, end):
        """Medians of columns first to end - 1."""
        value = self.value
        scratch = self._scratch
        for column in range(first, end):
            known = known_into(self._rows, column * BLOCK_STRIDES, BLOCK_STRIDES, scratch)
            if known < LEAST_KNOWN:
                value[column] = UNKNOWN
            elif column == ONSET_SD:
                value[column] = spread_in_place(scratch, known)
            else:
                value[column] = median(scratch, 0, known)

    def close(self):
        change = self.change
        for feature in range(N_FEATURES):
            change[feature] = to_change_units(feature, self.value[feature])
        if not self.mass_known:
            self._stiffness_without_mass()
        self.clear()

    def _stiffness_without_mass(self):
        """Morin 2005 per kg: Fmax/m ~ T/tc, kvert/m = 1 / (tc^2 (1/pi^2 - tc/(2 pi T)))."""
        contact = self.value[CONTACT]
        stride = self.value[STRIDE_TIME]
        change = self.change
        change[KVERT] = UNKNOWN
        change[FMAX] = UNKNOWN
        if contact < 1 or contact > LONGEST_CONTACT_DMS or stride < 2 * contact:
            return
        duty_q14 = (contact << 14) // stride
        # 1/pi^2 and 1/(2 pi) in Q16.
        factor_q16 = 6640 - ((10430 * duty_q14) >> 14)
        log_contact = log2_q12(contact)
        change[FMAX] = log2_q12(stride) - log_contact
        change[KVERT] = -2 * log_contact - log2_q12(factor_q16)
