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

# name -> [(module, class, methods)]; a section's number is its place, from 1 on.
SECTIONS = (
    ("EMG driver", (("band.unit.emg_source", "EmgSource", ("readinto",)),)),
    ("decimation 2 x 8 kHz", (("band.decimate", "Decimator", ("process",)),)),
    ("IMU driver, FIFO unpacking", (("band.unit.imu_source", "ImuSource", ("readinto",)),)),
    ("clocks", (("band.unit.clocks", "Clocks", ("steer",)),)),
    ("EMG: filters, activity", (("band.emg", "EmgChannel", ("process",)),)),
    ("EMG: quality, mains", (("band.emg", "EmgChannel", ("_end_second",)),)),
    ("bursts", (("band.bursts", "BurstDetector", ("handle", "finish")),)),
    (
        "spectra",
        (
            ("band.spectrum", "SpectrumAverage", ("add", "frequencies")),
            ("band.spectrum", "StrideSpectrum", ("indices",)),
        ),
    ),
    ("motion, contacts", (("band.gait", "Gait", ("process", "finish")),)),
    (
        "stride features",
        (("band.features", "StrideFeatures", ("timing", "muscle", "second_muscle")),),
    ),
    ("fatigue model, warning", (("band.fatigue", "Fatigue", ("stride", "quiet")),)),
    ("records", (("record_stream", "RecordStream", ("put",)),)),
)


def wrap_all():
    """Wrap every method of SECTIONS; prints a line "section N NAME" for each."""
    for number, (name, targets) in enumerate(SECTIONS, 1):
        print("section", number, name)
        for module, class_name, methods in targets:
            owner = getattr(sys.modules[module], class_name)
            for method in methods:
                setattr(owner, method, _wrapped(getattr(owner, method), number))


def _wrapped(method, section):
    def call(*args):
        mark(OVERHEAD)
        mark(section)
        result = method(*args)
        mark(OVERHEAD)
        mark(LEAVE)
        return result

    return call
