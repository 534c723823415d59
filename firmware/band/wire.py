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


def index(table, name):
    """Position of a field in a record table. Raises KeyError for an unknown name."""
    for i, field in enumerate(table):
        if field[0] == name:
            return i
    raise KeyError(name)
