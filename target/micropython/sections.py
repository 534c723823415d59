"""Whose work it is: calls of chosen methods are marked for the counter of instructions.

A wrapped method enters its section, and what it calls belongs to it as far as that is not wrapped
itself. What the wrapping costs goes to no section.
"""

# The stubs do not know this machine.
# pyright: reportMissingImports=false

import sys

from meter import mark

# Marks of the counter, as in target/count.py. A section's own mark enters it.
LEAVE = 0
OVERHEAD = 60
ROUND = 61
STOPPED = 62

# name -> ((module, class, ((method, how many arguments),)),); a section's number is its place,
# from 1 on.
SECTIONS = (
    ("EMG driver", (("band.unit.emg_source", "EmgSource", (("readinto", 2),)),)),
    ("decimation 2 x 8 kHz", (("band.decimate", "Decimator", (("process", 5),)),)),
    ("IMU driver, FIFO unpacking", (("band.unit.imu_source", "ImuSource", (("readinto", 2),)),)),
    ("clocks", (("band.unit.clocks", "Clocks", (("steer", 1),)),)),
    ("EMG: filters, activity", (("band.emg", "EmgChannel", (("process", 4),)),)),
    ("EMG: quality, mains", (("band.emg", "EmgChannel", (("_end_second", 1),)),)),
    ("bursts", (("band.bursts", "BurstDetector", (("handle", 2), ("finish", 1))),)),
    (
        "spectra",
        (
            ("band.spectrum", "SpectrumAverage", (("add", 4), ("frequencies", 1))),
            ("band.spectrum", "StrideSpectrum", (("indices", 1),)),
        ),
    ),
    ("motion, contacts", (("band.gait", "Gait", (("process", 3), ("finish", 1))),)),
    (
        "stride features",
        (
            (
                "band.features",
                "StrideFeatures",
                (("timing", 5), ("muscle", 4), ("second_muscle", 3)),
            ),
        ),
    ),
    (
        "fatigue model, warning",
        (("band.fatigue", "Fatigue", (("take", 2), ("step", 1), ("quiet", 4))),),
    ),
    ("records", (("record_stream", "RecordStream", (("put", 3),)),)),
)

# A wrapper with as many arguments as its method: *args would be a tuple on the locked heap.
_WRAPPER = """
def call({names}):
    mark(OVERHEAD)
    mark(section)
    result = method({names})
    mark(OVERHEAD)
    mark(LEAVE)
    return result
"""


def wrap_all():
    """Wrap every method of SECTIONS; prints a line "section N NAME" for each."""
    for number, (name, targets) in enumerate(SECTIONS, 1):
        print("section", number, name)
        for module, class_name, methods in targets:
            owner = getattr(sys.modules[module], class_name)
            for method, count in methods:
                setattr(owner, method, _wrapped(getattr(owner, method), count, number))


def _wrapped(method, count, section):
    names = ", ".join([f"a{number}" for number in range(count)])
    scope = {"mark": mark, "method": method, "section": section}
    scope["OVERHEAD"] = OVERHEAD
    scope["LEAVE"] = LEAVE
    exec(_WRAPPER.format(names=names), scope)
    return scope["call"]
