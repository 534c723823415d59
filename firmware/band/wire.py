"""What the chain says, field by field: the one table that the band and the host tools share.

Pure: no hardware, no time. Each record is a list of integers; (name, divisor, decimals, unit)
tells the host how to print a field. Bluetooth packets are packed from the same records.
"""

# Record tags on the replay pipe: tag byte, field count byte, then little-endian int32.
TAG_STRIDE = 1
TAG_BURST = 2
TAG_WARNING = 3
TAG_TREND = 4
TAG_SPECTRUM = 5
TAG_END = 6
TAG_PROGRESS = 7
TAG_EVENT = 8

STRIDE = (
    ("stride", 1, 0, ""),
    ("t_ic_s", 10_000, 4, "s"),
    ("t_to_s", 10_000, 4, "s"),
    ("contact_ms", 10, 1, "ms"),
    ("flight_ms", 10, 1, "ms"),
    ("stride_ms", 10, 1, "ms"),
    ("cadence_spm", 10, 1, "steps/min"),
    ("kvert_kn_m", 1000, 3, "kN/m"),
    ("kleg_kn_m", 1000, 3, "kN/m"),
    ("fmax_n", 1, 0, "N"),
    ("tib_peak_g", 1000, 3, "g"),
    ("pushoff_dps", 10, 1, "deg/s"),
    ("onset_ms", 10, 1, "ms"),
    ("offset_ms", 10, 1, "ms"),
    ("lag_ms", 10, 1, "ms"),
    ("rms_uv", 10, 1, "uV"),
    ("mnf_hz", 100, 2, "Hz"),
    ("mdf_hz", 100, 2, "Hz"),
    ("finsm5", 0, 0, "Hz^-6"),  # divisor 0: base-2 logarithm in Q8
    ("valid", 1, 0, ""),
    ("degraded", 1, 0, ""),
)
# What rides on a stride record behind the columns of strides.csv: inputs of the fatigue model.
STRIDE_EXTRA = (
    ("gait", 1, 0, ""),  # 0 standing, 1 walking, 2 running
    ("faults", 1, 0, ""),  # bits of FAULTS
    ("tilt_deg", 10, 1, "deg"),  # stance force against the long axis, sagittal; + leans forward
    ("speed_m_s", 1000, 3, "m/s"),
    ("temp_c", 100, 2, "degC"),
)
BURST = (
    ("channel", 1, 0, ""),
    ("t_on_s", 10_000, 4, "s"),
    ("t_off_s", 10_000, 4, "s"),
    ("rms_uv", 10, 1, "uV"),
    ("mnf_hz", 100, 2, "Hz"),
    ("mdf_hz", 100, 2, "Hz"),
)
# A gait event as soon as it is known: `told_s` is the time of the newest sample it took.
EVENT = (
    ("kind", 1, 0, ""),  # of EVENT_KINDS
    ("t_s", 10_000, 4, "s"),
    ("told_s", 10_000, 4, "s"),
)
EVENT_KINDS = ("IC", "TO")  # initial contact in any gait, toe-off in running
WARNING = (
    ("t_s", 10_000, 4, "s"),
    ("level", 1, 0, ""),
    ("attribution", 1, 0, ""),
    ("confidence_pct", 1, 0, "%"),
    ("reasons", 1, 0, ""),
    ("faults", 1, 0, ""),
)

# Features of the fatigue model, each with its domain. Same units as in STRIDE.
FEATURES = (
    ("contact_ms", "A"),
    ("kvert_kn_m", "A"),
    ("fmax_n", "A"),
    ("onset_ms", "B"),
    ("lag_ms", "B"),
    ("onset_sd_ms", "B"),
    ("rms_uv", "C"),
    ("mnf_hz", "D"),
    ("finsm5", "D"),
    ("tib_peak_g", "E"),
    ("pushoff_dps", "E"),
)
DOMAINS = ("A", "B", "C", "D", "E")
PHASES = ("warm-up", "baseline", "watching", "suspended")
# One row per block of 25 valid strides: head, a score per domain (z, Q8), then for every
# feature its median, what baseline and covariates predict, the spread (all in the
# feature's own unit) and z (Q8).
TREND_HEAD = ("t_s", "phase", "strides", "level", "confidence_pct")
TREND_PER_FEATURE = ("median", "expected", "spread", "z")
# One averaged EMG power spectrum: head, then 129 bins of 1000/256 Hz, relative power.
SPECTRUM_HEAD = ("channel", "t_s", "strides", "exponent")  # power = bin * 2**exponent
SPECTRUM_BINS = 129

LEVELS = ("insufficient", "fresh", "watch", "heavy", "very heavy")
ATTRIBUTIONS = ("none", "peripheral", "central-type", "pace", "terrain", "sensor")

# Bit n of `reasons`.
REASONS = (
    "contact longer",
    "contact shorter",
    "stiffness lower",
    "stiffness higher",
    "peak force lower",
    "onset later",
    "onset earlier",
    "lag longer",
    "lag shorter",
    "timing less steady",
    "EMG amplitude higher",
    "EMG amplitude lower",
    "spectrum lower",
    "spectrum higher",
    "shock higher",
    "push-off weaker",
)
# Bit n of `faults`.
FAULTS = (
    "electrode off ch1",
    "electrode off ch2",
    "mains ch1",
    "mains ch2",
    "EMG clipped ch1",
    "EMG clipped ch2",
    "acceleration clipped",
    "gyroscope lost",
    "accelerometer lost",
    "band slipped",
    "EMG samples lost",
    "IMU samples lost",
)

# --- Bluetooth packets, little-endian, without padding -------------------------------------
# A field of a packet: (name, struct code, step, unknown). A name that stands in STRIDE, WARNING
# or STRIDE_EXTRA is that record's value; the packet carries it divided by `step`, so its LSB is
# `step` of the record's. `unknown` is what travels for a value that is not known or does not fit.
_NO_U16 = 0xFFFF
_NO_I16 = -0x8000

PROTOCOL = 1
UUID_OF = "c41f%04x-8a5e-4b7d-9d03-6e1f2b90a7c5"
SERVICE, INFO, STATUS, STRIDES, CONTROL, RAW, LOG = 1, 2, 3, 4, 5, 6, 7  # into UUID_OF

INFO_PACKET = (
    ("protocol", "B", 1, None),
    ("features", "H", 1, None),  # bits of FEATURE_BITS
    ("emg_hz", "H", 1, None),
    ("imu_hz", "H", 1, None),
    ("emg_lsb_nv", "H", 1, None),
    ("acc_lsb_ug", "H", 1, None),
    ("gyr_lsb_mdps", "H", 1, None),
    ("version_major", "B", 1, None),
    ("version_minor", "B", 1, None),
    ("version_patch", "B", 1, None),
)
FEATURE_BITS = (
    "EMG ch1",
    "EMG ch2",
    "accelerometer",
    "gyroscope",
    "skin temperature",
    "battery gauge",
    "raw streams",
    "session log",
)
STATUS_PACKET = (
    ("seq", "B", 1, None),  # counts the statuses sent, modulo 256
    ("level", "B", 1, None),  # of LEVELS
    ("attribution", "B", 1, None),  # of ATTRIBUTIONS
    ("confidence_pct", "B", 1, None),
    ("phase", "B", 1, None),  # of PHASES
    ("reasons", "H", 1, None),
    ("faults", "H", 1, None),  # the chain's: bits of FAULTS
    ("unit_faults", "H", 1, None),  # bits of UNIT_FAULTS
    ("session_s", "I", 1, None),
    ("strides", "I", 1, None),
    ("state", "B", 1, None),  # of STATES
)
STATES = ("awake", "resting")  # resting: nothing is measured until it is moved or asked
STRIDE_PACKET = (
    ("seq", "B", 1, None),  # counts the strides told, modulo 256: a gap is a dropped packet
    ("flags", "B", 1, None),  # STRIDE_FLAGS
    ("t_ic_s", "I", 1, None),
    ("contact_ms", "H", 1, _NO_U16),
    ("stride_ms", "H", 1, _NO_U16),
    ("kvert_kn_m", "H", 10, _NO_U16),
    ("onset_ms", "h", 1, _NO_I16),
    ("lag_ms", "h", 1, _NO_I16),
    ("rms_uv", "H", 1, _NO_U16),
    ("mnf_hz", "H", 1, _NO_U16),
)
# (name, lowest bit, bits); the gait is 0 standing, 1 walking, 2 running.
STRIDE_FLAGS = (
    ("valid", 0, 1),
    ("degraded", 1, 1),
    ("gait", 2, 2),
    ("contact_known", 4, 1),
    ("kvert_known", 5, 1),
    ("onset_known", 6, 1),
    ("spectrum_known", 7, 1),
)
# Then `count` frames of int16: 2 per EMG frame, 6 per IMU frame, in the units of INFO.
RAW_PACKET = (
    ("seq", "H", 1, None),
    ("kind", "B", 1, None),  # of RAW_KINDS
    ("count", "B", 1, None),
    ("index", "I", 1, None),  # of the first frame since the session began
)
RAW_KINDS = ("EMG", "IMU", "clock")
RAW_FRAME_BYTES = (4, 12, 4)
# The one frame of a clock packet, once a second with either stream: when IMU frame `index` was
# taken, in the time of the EMG samples. A recorder cannot know it: the IMU has its own clock.
RAW_CLOCK = (("t_s", "I", 1, None),)
RAW_MIN_MTU = 100
# Then bytes of the file; no bytes: the end.
LOG_PACKET = (
    ("session", "H", 1, None),
    ("offset", "I", 1, None),
)

# A request is its opcode and its parameters, (name, struct code, lowest, highest, also allowed).
# An answer is ANSWER, the opcode, a result and, with success only, data.
ANSWER = 0x80
RESULTS = (
    None,
    "success",
    "unknown opcode",
    "invalid parameter",
    "failed",
    "not permitted",
    "busy",
)
SUCCESS, UNKNOWN_OPCODE, INVALID, FAILED, NOT_PERMITTED, BUSY = 1, 2, 3, 4, 5, 6

START, STOP, MARK, SET_TIME, RAW_START, RAW_STOP, SET_SPEED, BUZZ = 1, 2, 3, 4, 5, 6, 7, 8
LIST_SESSIONS, READ_LOG, ERASE_LOG, SELF_TEST = 9, 10, 11, 12
SET_ATHLETE, COUNT, FORGET = 13, 14, 15
STAGE, KEEP, READ_CALIBRATION, CLEAR_CALIBRATION = 16, 17, 18, 19
UNCORRECTED = 4  # of RAW_START's streams: samples as the sensors give them
REQUESTS = (  # at the position of its opcode
    None,
    (),
    (),
    (("heaviness", "B", 0, 10, None),),
    (("unix_s", "I", 0, None, None),),
    (("streams", "B", 1, 7, None),),  # bit n: RAW_KINDS[n]; UNCORRECTED
    (),
    (("speed_mm_s", "H", 0, 12_000, None),),  # 0 unknown
    (("level", "B", 0, 4, None),),
    (("from_session", "H", 0, None, None),),  # the answer holds what fits; ask on from the next
    (("session", "H", 0, None, None), ("offset", "I", 0, None, None)),
    (("session", "H", 0, None, None),),
    (),
    (
        ("mass_g", "I", 25_000, 250_000, 0),
        ("height_mm", "H", 1_000, 2_500, 0),
        ("side", "B", 0, 1, None),  # 0 right leg, 1 left
    ),
    (("from_counter", "B", 0, None, None),),  # the answer holds what fits; ask on from the next
    (),
    # Row and bounds of CALIBRATION. What is staged is forgotten when the unit restarts.
    (("row", "B", 0, None, None), ("value", "i", -1_000_000, 1_000_000, None)),
    # Keep all that is staged, at once; the CRC-32 is of the whole table as it then is.
    (("crc32", "I", 0, None, None),),
    (("from_row", "B", 0, None, None),),  # the answer holds what fits; ask on from the next
    (),
)
# Data of answers. Of LIST_SESSIONS: rows of SESSION_ROW, ascending, none: no more of them. Of
# COUNT: the values of COUNTERS from the one asked for, u32 each, none: no more of them.
SESSION_ROW = (
    ("session", "H", 1, None),
    ("start_unix_s", "I", 1, None),  # 0: nobody had told the time
    ("bytes", "I", 1, None),
)
CALIBRATION_ROW = (("value", "i", 1, None),)  # of READ_CALIBRATION: what is kept
LOG_HEAD = (("bytes", "I", 1, None), ("crc32", "I", 1, None))  # of READ_LOG: the last chunk's
SELF_TEST_DATA = (("failures", "H", 1, None),)  # bits of SELF_TESTS
SELF_TESTS = (
    "accelerometer",
    "gyroscope",
    "IMU bus",
    "EMG converter",
    "EMG stream",
    "skin sensor",
    "battery gauge",
    "storage",
    "radio",
)

# What calibration finds of a unit and its wearer, kept as settings `cal.name`: name, lowest,
# highest; 0 is not known, nothing to correct. Samples are corrected at the source:
#   acc = (1 + M)(a - bias), M by row and column; rate = (1 + scale)(g - bias);
#   EMG = (1 + gain)(e - offset), and it is `emg_delay_us` later than data sheets say.
_BIAS_UG, _BIAS_MDPS, _OFFSET_NV = 200_000, 20_000, 1_000_000
_PPM, _GAIN_PPM = 100_000, 200_000
CALIBRATION = (
    ("acc_bias_x_ug", -_BIAS_UG, _BIAS_UG),
    ("acc_bias_y_ug", -_BIAS_UG, _BIAS_UG),
    ("acc_bias_z_ug", -_BIAS_UG, _BIAS_UG),
    ("acc_xx_ppm", -_PPM, _PPM),
    ("acc_xy_ppm", -_PPM, _PPM),
    ("acc_xz_ppm", -_PPM, _PPM),
    ("acc_yx_ppm", -_PPM, _PPM),
    ("acc_yy_ppm", -_PPM, _PPM),
    ("acc_yz_ppm", -_PPM, _PPM),
    ("acc_zx_ppm", -_PPM, _PPM),
    ("acc_zy_ppm", -_PPM, _PPM),
    ("acc_zz_ppm", -_PPM, _PPM),
    ("gyr_bias_x_mdps", -_BIAS_MDPS, _BIAS_MDPS),
    ("gyr_bias_y_mdps", -_BIAS_MDPS, _BIAS_MDPS),
    ("gyr_bias_z_mdps", -_BIAS_MDPS, _BIAS_MDPS),
    ("gyr_scale_x_ppm", -_PPM, _PPM),
    ("gyr_scale_y_ppm", -_PPM, _PPM),
    ("gyr_scale_z_ppm", -_PPM, _PPM),
    ("emg1_offset_nv", -_OFFSET_NV, _OFFSET_NV),
    ("emg2_offset_nv", -_OFFSET_NV, _OFFSET_NV),
    ("emg1_gain_ppm", -_GAIN_PPM, _GAIN_PPM),
    ("emg2_gain_ppm", -_GAIN_PPM, _GAIN_PPM),
    ("emg_delay_us", -5_000, 5_000),
    ("day", 0, 65_535),  # of the calibration, since 1 January 1970
    ("mvc1_duv", 0, 81_900),  # the wearer's strongest contraction
    ("mvc2_duv", 0, 81_900),
    ("hop_contact_dms", 0, 10_000),
    ("hop_flight_dms", 0, 10_000),
    ("hop_kvert_n_m", 0, 200_000),
)

# Bit n of `unit_faults`.
UNIT_FAULTS = (
    "IMU silent",
    "EMG silent",
    "skin sensor silent",
    "gauge silent",
    "battery low",
    "USB connected",
    "late loop",
    "EMG overflow",
    "IMU overrun",
    "log full",
    "settings lost",
    "radio queue dropped",
    "self-test failed",
    "restarted by watchdog",
    "restarted after an error",
)
# Since the start of the unit; they stop at 2**30 - 1.
COUNTERS = (
    "emg_lost",
    "imu_lost",
    "strides",
    "valid_strides",
    "warnings",
    "late_loops",
    "longest_loop_us",
    "emg_overflows",
    "imu_overruns",
    "sensor_errors",
    "log_dropped",
    "radio_dropped",  # packets that found the queue full
    "radio_rejected",  # writes refused: length, rights, rate
    "radio_errors",  # exceptions kept inside the callback
    "collections",  # of garbage
    "watchdog_restarts",
    "error_restarts",
    "longest_collection_us",
    "heap_grown_bytes",  # between collections, while nothing was asked of the unit
    "rests",
    "rested_s",
    "latest_loop_us",
    "most_emg_waiting",  # samples; the I2S has room for 480
    "most_imu_waiting",  # words of the FIFO, which holds 512
    "most_packets_waiting",  # in one of the radio's queues
    "longest_write_us",  # of the session log
)

# --- Session files: chunks of u16 n, n bytes of records, u32 CRC-32 of the file up to here ---
# The sums themselves are left out of it.
# A record is its number in this table as u8, then its fields as in a packet.
LOG_START, LOG_STRIDE, LOG_WARNING, LOG_MARK, LOG_FAULTS, LOG_TIME, LOG_END = 1, 2, 3, 4, 5, 6, 7
LOG_RECORDS = (
    None,
    (
        ("session", "H", 1, None),
        ("start_unix_s", "I", 1, None),  # 0: nobody had told the time
        ("start_s", "I", 1, None),  # on the time line of the strides
        ("version_major", "B", 1, None),
        ("version_minor", "B", 1, None),
        ("version_patch", "B", 1, None),
    ),
    STRIDE_PACKET,  # its seq counts the strides of the session
    (
        ("t_s", "I", 1, None),
        ("level", "B", 1, None),
        ("attribution", "B", 1, None),
        ("confidence_pct", "B", 1, None),
        ("reasons", "H", 1, None),
        ("faults", "H", 1, None),
    ),
    (("t_s", "I", 1, None), ("heaviness", "B", 1, None)),
    (("t_s", "I", 1, None), ("faults", "H", 1, None), ("unit_faults", "H", 1, None)),
    (("t_s", "I", 1, None), ("unix_s", "I", 1, None)),  # somebody told the time
    (
        ("t_s", "I", 1, None),
        ("why", "B", 1, None),  # of ENDED_BY
        ("strides", "I", 1, None),
        ("valid_strides", "I", 1, None),
        ("log_dropped", "I", 1, None),  # chunks
    ),
)
ENDED_BY = ("request", "button", "standing still", "battery", "USB", "length", "restart")


def index(table, name):
    """Position of a field in a record table. Raises KeyError for an unknown name."""
    for i, field in enumerate(table):
        if field[0] == name:
            return i
    raise KeyError(name)
