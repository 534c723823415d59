"""Sample rings: one writer, one reader, a sample index that never restarts, losses counted."""

from array import array

import micropython


@micropython.viper
def _copy_in(ring, head: int, mask: int, words: int, source, offset: int, frames: int):
    """Copy frames of `words` 32-bit words; offset counts words of the source."""
    to = ptr32(ring)
    src = ptr32(source)
    i = (head & mask) * words
    stop = i + frames * words
    wrap = (mask + 1) * words
    end = stop
    if end > wrap:
        end = wrap
    while i < end:
        to[i] = src[offset]
        i += 1
        offset += 1
    i = 0
    end = stop - end
    while i < end:
        to[i] = src[offset]
        i += 1
        offset += 1


@micropython.viper
def _repeat_last(ring, head: int, mask: int, words: int, frames: int):
    to = ptr32(ring)
    last = ((head - 1) & mask) * words
    while frames > 0:
        i = (head & mask) * words
        k = 0
        while k < words:
            to[i + k] = to[last + k]
            k += 1
        head += 1
        frames -= 1


class Ring:
    """`frames` (a power of two) frames of `width` int16 each; width is 2 or 6.

    `head` is the index of the next frame to be written, `tail` of the next to be read; both
    count from the start of the session. A frame stays readable until `frames` newer ones came.
    """

    def __init__(self, frames, width):
        self.data = array("H", bytes(2 * frames * width))
        self.frames = frames
        self.mask = frames - 1
        self._words = width >> 1
        self.head = 0
        self.tail = 0
        self.lost = 0

    @micropython.native
    def room(self):
        """Frames that can be written before unread ones are overwritten."""
        return self.frames - (self.head - self.tail)

    @micropython.native
    def push(self, source, offset, frames):
        """Copy `frames` frames from source[offset:], offset even; what does not fit is lost.

        source: array('H') or another buffer aligned to four bytes.
        """
        fits = self.room()
        if frames > fits:
            self.lost += frames - fits
            frames = fits
        _copy_in(self.data, self.head, self.mask, self._words, source, offset >> 1, frames)
        self.head += frames

    @micropython.native
    def hold(self, frames):
        """Stand in for frames that the source lost: repeat the last one. The caller keeps room."""
        _repeat_last(self.data, self.head, self.mask, self._words, frames)
        self.head += frames
        self.lost += frames
