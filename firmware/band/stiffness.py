"""Stride stiffness from contact and flight: the sine-wave model of Morin et al. 2005.

J. Appl. Biomech. 21:167-180. One leg only is measured, so the strides are taken as symmetrical:
flight = stride / 2 - contact.
"""

from micropython import const

from band.fixmath import isqrt, muldiv
from band.units import G_MM_S2, UNKNOWN

LEG_PER_HEIGHT_PCT = const(53)
HALF_PI_G_MM_S2 = const(15_410)  # pi/2 * 9.81 m/s2
LEG_SCALE = const(25)  # lengths under the square root in 0.04 mm: 2.2 m of height fit 30 bits


class SpringMass:
    """`fmax_n`, `kvert_n_m`, `kleg_n_m`: UNKNOWN where mass, height or speed is."""

    def __init__(self, mass_g, height_mm):
        self._mass_g = mass_g
        self._leg_mm = height_mm * LEG_PER_HEIGHT_PCT // 100
        self.fmax_n = UNKNOWN
        self.kvert_n_m = UNKNOWN
        self.kleg_n_m = UNKNOWN

    def stride(self, contact_dms, stride_dms, speed_mm_s):
        """Take one stride; contact < stride / 2 + flight tolerance, both in 0.1 ms."""
        self.fmax_n = UNKNOWN
        self.kvert_n_m = UNKNOWN
        self.kleg_n_m = UNKNOWN
        if self._mass_g == 0 or contact_dms <= 0 or stride_dms <= contact_dms:
            return
        # Fmax / m = g pi/2 (tf/tc + 1) and tf + tc is half the stride.
        peak_mm_s2 = muldiv(HALF_PI_G_MM_S2, stride_dms, 2 * contact_dms)
        # dy = |Fmax tc2 / (m pi2) - g tc2 / 8|, in micrometres
        bend_mm_s2 = muldiv(peak_mm_s2, 1_000_000, 9_869_604) - G_MM_S2 // 8
        drop_um = muldiv(contact_dms * contact_dms, bend_mm_s2, 100_000)
        if drop_um < 0:
            drop_um = -drop_um
        if drop_um < 1000:
            return
        self.fmax_n = muldiv(peak_mm_s2, self._mass_g, 1_000_000)
        self.kvert_n_m = muldiv(peak_mm_s2, self._mass_g, drop_um)
        if self._leg_mm == 0 or speed_mm_s <= 0:
            return
        leg = self._leg_mm * LEG_SCALE
        # half the distance covered during contact
        half = muldiv(speed_mm_s * LEG_SCALE, contact_dms, 20_000)
        if half >= leg or leg > 32767:
            return
        shorter_um = muldiv(leg - isqrt(leg * leg - half * half), 1000, LEG_SCALE) + drop_um
        self.kleg_n_m = muldiv(peak_mm_s2, self._mass_g, shorter_um)
