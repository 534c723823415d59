"""Every scale of the chain, once. Names elsewhere carry the suffixes defined here.

suffix   meaning                                   one LSB
_dms     time, from the start of the session       0.1 ms   (2**30 of them: 29.8 h)
_mg      acceleration                              0.001 g
_ddps    angular rate                              0.1 deg/s
_ddeg    angle                                     0.1 deg
_f16     position in the IMU's samples             1/16 frame, 75 us
_duv     EMG amplitude                             0.1 uV
_chz     frequency                                 0.01 Hz
_cc      temperature                               0.01 degC
_mm_s    speed                                     0.001 m/s
_n, _n_m force, stiffness                          1 N, 1 N/m
_q8      dimensionless, Q8                         1/256
_l2q8    base-2 logarithm, Q8                      1/256 octave

Nothing that leaves a kernel reaches 2**30: small integers have 31 bits on the band.
"""

from micropython import const

# Raw samples: int16, as the sensors deliver them.
EMG_RATE_HZ = const(1000)
EMG_LSB_NV = const(250)  # 0.25 uV
EMG_CHANNELS = const(2)  # 1 gastrocnemius medialis, 2 soleus
IMU_RATE_MHZ = const(833_000)  # millihertz; the real one is told by the source
IMU_AXES = const(6)  # acc x y z, gyr x y z
ACC_LSB_UG = const(976)  # LSM6DSO32 at +-32 g
GYR_LSB_MDPS = const(70)  # LSM6DSO32 at +-2000 deg/s

DMS_PER_MS = const(10)
DMS_PER_S = const(10_000)
DMS_PER_EMG = const(10)  # one EMG sample

G_MM_S2 = const(9810)  # 9.81 m/s2, as in Morin et al. 2005

UNKNOWN = const(-(1 << 29))  # a value that could not be measured
