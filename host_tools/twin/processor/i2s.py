"""I2S receiver of the virtual ESP32-S3, after ports/esp32/machine_i2s.c."""

import io

import micropython

from chips.wiring import wires

_POLL = 3  # ioctl requests of a stream
_POLL_READ = 1
_EINVAL = 22


class I2S(io.IOBase):
    """A receiver as the ESP32's: DMA buffers of 256 frames, the oldest dropped in silence.

    `readinto` blocks until the buffer is full. After a `poll` of the stream (select, asyncio)
    it returns at once with what whole DMA buffers hold, and after `irq(handler)` it returns
    None and the handler is scheduled once the buffer is full.
    The source gives frames at exactly `rate` of the wires' clock: source.read_frames(buffer,
    start_byte, n) writes n frames, source.skip_frames(n) passes over n that nobody will read.
    Bytes of one 32-bit stereo frame: left then right, little-endian.
    """

    RX = 9
    TX = 10
    MONO = 0
    STEREO = 1
    _FRAME = 8  # bytes of a 32-bit stereo frame
    _DMA_FRAMES = 256  # DMA_BUF_LEN_IN_I2S_FRAMES

    def __init__(self, id, *, sck, ws, sd, mode, bits, format, rate, ibuf):
        if id not in (0, 1):
            raise ValueError("invalid id")
        if mode != self.RX or bits != 32 or format != self.STEREO:
            raise ValueError("the virtual I2S receives 32-bit stereo")
        self._source = wires.i2s_sources.get(id)
        self._rate = rate
        # The DMA fills one of its buffers; the others wait to be read.
        self._most = (ibuf // (self._DMA_FRAMES * self._FRAME) - 1) * self._DMA_FRAMES
        self._start_us = wires.clock.us()
        self._taken = 0  # frames read or dropped since the start
        self._blocking = True
        self._handler = None
        self.dropped = 0  # frames, for tests: the chip does not tell
        if self._source is not None:
            self._source.clock_starts(rate)

    def deinit(self):
        if self._source is not None:
            self._source.clock_stops()
            self._source = None

    def _waiting(self):
        """Frames in full DMA buffers, after dropping what found no room."""
        made = (wires.clock.us() - self._start_us) * self._rate // 1_000_000
        made -= made % self._DMA_FRAMES
        waiting = made - self._taken
        if waiting > self._most:
            # Whole buffers go; of the one being read the rest stays with its reader.
            drop = waiting - self._most
            drop += -drop % self._DMA_FRAMES
            if self._source is not None:
                self._source.skip_frames(drop)
            self._taken += drop
            self.dropped += drop
            waiting -= drop
        return waiting

    def readinto(self, buffer):
        wanted = len(buffer) // self._FRAME
        if self._handler is not None:
            micropython.schedule(self._filled, buffer)
            return None
        waiting = self._waiting()
        if self._blocking:
            while waiting < wanted:
                wires.clock.wait(1000)
                waiting = self._waiting()
        elif waiting < wanted:
            wanted = waiting
        self._take(buffer, wanted)
        return wanted * self._FRAME

    def _take(self, buffer, frames):
        if self._source is None:
            for i in range(frames * self._FRAME):
                buffer[i] = 0
        else:
            self._source.read_frames(buffer, frames)
        self._taken += frames

    def _filled(self, buffer):
        wanted = len(buffer) // self._FRAME
        while self._waiting() < wanted:
            wires.clock.wait(1000)
        self._take(buffer, wanted)
        if self._handler is not None:
            self._handler(self)

    def irq(self, handler):
        self._handler = handler

    def ioctl(self, request, flags):
        if request == _POLL:
            self._blocking = False
            if flags & _POLL_READ and self._waiting():
                return _POLL_READ
            return 0
        return -_EINVAL  # it has no file number, for one

    @staticmethod
    def shift(*, buf, bits, shift):
        raise NotImplementedError("the firmware does not shift samples")
