"""One stride's record from its contacts and bursts: wire.STRIDE and wire.STRIDE_EXTRA."""

from micropython import const

from band import gait as gait_module
from band import motion, wire
from band.arrays import words
from band.stiffness import SpringMass
from band.units import DMS_PER_EMG, DMS_PER_S, GYR_LSB_MDPS, UNKNOWN

FIELDS = wire.STRIDE + wire.STRIDE_EXTRA
STRIDE = wire.index(FIELDS, "stride")
T_IC = wire.index(FIELDS, "t_ic_s")
T_TO = wire.index(FIELDS, "t_to_s")
CONTACT = wire.index(FIELDS, "contact_ms")
FLIGHT = wire.index(FIELDS, "flight_ms")
STRIDE_TIME = wire.index(FIELDS, "stride_ms")
CADENCE = wire.index(FIELDS, "cadence_spm")
KVERT = wire.index(FIELDS, "kvert_kn_m")
KLEG = wire.index(FIELDS, "kleg_kn_m")
FMAX = wire.index(FIELDS, "fmax_n")
TIB_PEAK = wire.index(FIELDS, "tib_peak_g")
PUSHOFF = wire.index(FIELDS, "pushoff_dps")
ONSET = wire.index(FIELDS, "onset_ms")
OFFSET = wire.index(FIELDS, "offset_ms")
LAG = wire.index(FIELDS, "lag_ms")
RMS = wire.index(FIELDS, "rms_uv")
MNF = wire.index(FIELDS, "mnf_hz")
MDF = wire.index(FIELDS, "mdf_hz")
FINSM5 = wire.index(FIELDS, "finsm5")
VALID = wire.index(FIELDS, "valid")
DEGRADED = wire.index(FIELDS, "degraded")
GAIT = wire.index(FIELDS, "gait")
FAULTS = wire.index(FIELDS, "faults")
TILT = wire.index(FIELDS, "tilt_deg")
SPEED = wire.index(FIELDS, "speed_m_s")
TEMP = wire.index(FIELDS, "temp_c")

ONSET_EARLIEST_DMS = const(2500)  # before contact; the calf switches on 60-120 ms before
ONSET_LATEST_DMS = const(1200)
SPECTRUM_BEFORE_DMS = const(500)  # the window locked to contact starts 50 ms before it
SPECTRUM_LENGTH = const(256)


class StrideFeatures:
    """Fills `record` (array 'i') for a stride that Gait has closed."""

    def __init__(self, settings):
        self.record = words(len(FIELDS), UNKNOWN)
        self.speed_mm_s = settings.speed_mm_s
        self.temp_cc = UNKNOWN
        self.strides = 0
        self.valid = 0
        self._spring = SpringMass(settings.mass_g, settings.height_mm)

    def timing(self, gait, timebase, faults, whole):
        """Everything the IMU knows. `whole` is false for the last, still open stride."""
        rec = self.record
        contacts = gait.contacts
        for k in range(len(rec)):
            rec[k] = UNKNOWN
        self.strides += 1
        t_ic = timebase.at_dms(gait.ic_f16)
        rec[STRIDE] = self.strides
        rec[T_IC] = t_ic
        rec[GAIT] = gait.state
        rec[FAULTS] = faults
        rec[TILT] = contacts.tilt_ddeg
        rec[SPEED] = self.speed_mm_s if self.speed_mm_s else UNKNOWN
        rec[TEMP] = self.temp_cc
        rec[DEGRADED] = 1 if gait.degraded else 0
        rec[VALID] = 0
        if contacts.peak:
            rec[TIB_PEAK] = contacts.peak * 1000 // motion.MAGNITUDE_PER_G
        if contacts.to_f16 >= 0:
            t_to = timebase.at_dms(contacts.to_f16)
            rec[T_TO] = t_to
            rec[CONTACT] = t_to - t_ic
        if contacts.push_f16 >= 0:
            rec[PUSHOFF] = contacts.pushoff_lsb * GYR_LSB_MDPS // 100
        if not whole:
            return
        stride_dms = timebase.at_dms(gait.next_ic_f16) - t_ic
        rec[STRIDE_TIME] = stride_dms
        if stride_dms > 0:
            rec[CADENCE] = 120 * 10 * DMS_PER_S // stride_dms
        if contacts.to_f16 < 0:
            return
        contact_dms = rec[CONTACT]
        rec[FLIGHT] = (stride_dms >> 1) - contact_dms
        self._spring.stride(contact_dms, stride_dms, self.speed_mm_s)
        rec[KVERT] = self._spring.kvert_n_m
        rec[KLEG] = self._spring.kleg_n_m
        rec[FMAX] = self._spring.fmax_n
        if gait.state == gait_module.RUNNING and gait.regular:
            rec[VALID] = 1
            self.valid += 1

    def muscle(self, emg, spectrum, push_dms):
        """Add what channel 1 did in this stride; push_dms: time of the push-off's peak."""
        rec = self.record
        t_ic = rec[T_IC]
        burst = emg.bursts.find(t_ic - ONSET_EARLIEST_DMS, t_ic + ONSET_LATEST_DMS)
        if burst >= 0:
            rec[ONSET] = emg.bursts.on_dms(burst) - t_ic
            off = emg.bursts.off_dms(burst)
            if off != UNKNOWN:
                rec[OFFSET] = off - t_ic
                rec[RMS] = emg.bursts.rms_duv(burst)
                if push_dms != UNKNOWN:
                    rec[LAG] = push_dms - emg.bursts.centroid_dms(burst)
        if rec[VALID]:
            start = (t_ic - SPECTRUM_BEFORE_DMS) // DMS_PER_EMG
            spectrum.add(emg.ring, emg.mask, start)
            spectrum.indices()
            rec[MNF] = spectrum.mnf_chz
            rec[MDF] = spectrum.mdf_chz
            rec[FINSM5] = spectrum.finsm5_l2q8

    def second_muscle(self, emg, spectrum):
        """Channel 2 has no columns; its average spectrum, of every fourth stride, is reported."""
        if self.record[VALID] and self.strides & 3 == 0:
            start = (self.record[T_IC] - SPECTRUM_BEFORE_DMS) // DMS_PER_EMG
            spectrum.add(emg.ring, emg.mask, start)
