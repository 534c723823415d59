"""The chain from 1 kHz samples on, for a unit whose memory does not hold the drivers beside it.

    micropython samples_band.py SETTINGS RECORDS < samples

stdin: for each round of 32 ms u16 frames, 32 EMG samples of both channels and the IMU's frames.
"""

# The stubs know neither this machine's modules nor its standard input.
# pyright: reportMissingImports=false

import sys
from array import array

import sections
from meter import mark
from micropython import heap_lock, heap_unlock

from band.chain import Chain

_SAMPLES = 32
_FRAMES = 27


class SampleBand:
    """As Band of whole_band.py. stream.samples(emg, imu) fills both; frames, or 0 at the end."""

    def __init__(self, settings, stream, records):
        self._stream = stream
        self.chain = Chain(settings, records)
        self._emg = array("H", bytes(2 * 2 * _SAMPLES))
        self._imu = array("H", bytes(2 * 6 * _FRAMES))

    def start(self):
        """There are no clocks to wait for."""

    def run(self, rounds):
        done = 0
        while done < rounds:
            frames = self._stream.samples(self._emg, self._imu)
            if not frames:
                break
            mark(sections.ROUND)
            heap_lock()  # as the unit feeds it
            try:
                self.chain.emg(self._emg, 0, _SAMPLES)
                self.chain.imu(self._imu, 0, frames)
            finally:
                heap_unlock()
            mark(sections.LEAVE)
            done += 1
        return done


class Samples:
    """Of standard input."""

    def samples(self, emg, imu):
        head = sys.stdin.buffer.read(2)
        if not head:
            return 0
        frames = head[0] | head[1] << 8
        sys.stdin.buffer.readinto(emg)
        sys.stdin.buffer.readinto(memoryview(imu)[: 6 * frames])
        return frames


def main():
    from chain_records import Records
    from whole_band import read_settings

    with open(sys.argv[2], "wb") as file:
        records = Records(file)
        band = SampleBand(read_settings(sys.argv[1]), Samples(), records)
        band.run(1 << 29)
        band.chain.finish()
        records.flush()


if __name__ == "__main__":
    main()
