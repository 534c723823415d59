"""Which sensor faults the athlete is told: lasting ones, and not again and again."""

from micropython import const

from band.arrays import words
from band.wire import FAULTS

N_FAULTS = const(12)

ELECTRODE_CH1 = const(1 << 0)
MAINS_CH1 = const(1 << 2)
CLIPPED_CH1 = const(1 << 4)
GYRO_LOST = const(1 << 7)
ACC_LOST = const(1 << 8)
SLIPPED = const(1 << 9)
EMG_LOST = const(1 << 10)
EMG_FAULTS = const(1 << 0 | 1 << 2 | 1 << 4 | 1 << 10)
ALL_FAULTS = const(1 << 8 | 1 << 9)

ON_DMS = const(30_000)
GAP_DMS = const(20_000)  # seen again within this: still the same fault
OFF_DMS = const(100_000)  # doubles with every report, up to 2**5
MOST_DOUBLINGS = const(5)
GONE_DMS = const(3_000_000)  # a fault for five minutes is no disturbance any more but how it is


class FaultWatch:
    """`update()` with the faults of now; `reported` are those that count as present.

    What a disturbed sensor says is not believed, nor what it said shortly before: `disturbed_dms`
    is when a reported fault was last there. One that does not end is left out after five minutes,
    for the other sensors go on.
    """

    def __init__(self):
        if len(FAULTS) != N_FAULTS:
            raise ValueError("fault_watch.N_FAULTS differs from wire.FAULTS")
        self.reported = 0
        self.active = 0
        self.disturbed_dms = 0
        self._since_dms = words(N_FAULTS)
        self._last_dms = words(N_FAULTS)
        self._told_dms = words(N_FAULTS)
        self._reports = words(N_FAULTS)

    def update(self, t_dms, faults):
        """Returns 1 when `reported` changed."""
        if faults | self.active == 0:
            return 0
        before = self.reported
        for i in range(N_FAULTS):
            bit = 1 << i
            if faults & bit:
                if not self.active & bit or t_dms - self._last_dms[i] > GAP_DMS:
                    self._since_dms[i] = t_dms
                self.active |= bit
                self._last_dms[i] = t_dms
                # A slip is over as soon as it has happened.
                lasting = bit == SLIPPED or t_dms - self._since_dms[i] >= ON_DMS
                if lasting and not self.reported & bit:
                    self.reported |= bit
                    self._told_dms[i] = t_dms
                    if self._reports[i] < MOST_DOUBLINGS:
                        self._reports[i] += 1
                if self.reported & bit and t_dms - self._told_dms[i] < GONE_DMS:
                    self.disturbed_dms = t_dms
            elif self.active & bit:
                quiet = t_dms - self._last_dms[i]
                if not self.reported & bit:
                    if quiet > GAP_DMS:
                        self.active &= ~bit
                elif quiet >= OFF_DMS << (self._reports[i] - 1):
                    self.reported &= ~bit
                    self.active &= ~bit
        return 1 if self.reported != before else 0
