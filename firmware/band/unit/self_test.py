"""Every part of the unit once, at boot and when asked: bits of wire.SELF_TESTS that failed."""

import os

from band.chips.lsm6dso32 import ACC_FAILED, GYR_FAILED
from band.wire import SELF_TESTS

_ACCELEROMETER = 1 << SELF_TESTS.index("accelerometer")
_GYROSCOPE = 1 << SELF_TESTS.index("gyroscope")
_IMU_BUS = 1 << SELF_TESTS.index("IMU bus")
_EMG_CONVERTER = 1 << SELF_TESTS.index("EMG converter")
EMG_STREAM = 1 << SELF_TESTS.index("EMG stream")
_SKIN = 1 << SELF_TESTS.index("skin sensor")
_GAUGE = 1 << SELF_TESTS.index("battery gauge")
_STORAGE = 1 << SELF_TESTS.index("storage")
RADIO = 1 << SELF_TESTS.index("radio")


def test_imu(imu):
    """Takes 0.7 s, in which the unit must lie still; leaves the sensors off."""
    try:
        failed = imu.self_test()
    except OSError:
        return _IMU_BUS
    bits = _ACCELEROMETER if failed & ACC_FAILED else 0
    return bits | (_GYROSCOPE if failed & GYR_FAILED else 0)


def test_emg(adc):
    """After the converter has been powered up."""
    try:
        return _EMG_CONVERTER if adc.self_test() else 0
    except OSError:
        return _EMG_CONVERTER


def test_slow(skin, gauge):
    bits = 0
    try:
        bits |= _SKIN if skin.self_test() else 0
    except OSError:
        bits |= _SKIN
    try:
        bits |= _GAUGE if gauge.self_test() else 0
    except OSError:
        bits |= _GAUGE
    return bits


def test_storage(folder):
    """A file that was written can be read."""
    path = folder + "/test"
    try:
        with open(path, "wb") as file:
            file.write(path.encode())
        with open(path, "rb") as file:
            good = file.read() == path.encode()
        os.remove(path)
    except OSError:
        good = False
    return 0 if good else _STORAGE
