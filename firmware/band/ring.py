"""Sample rings: one writer, one reader, a sample index that never restarts, losses counted."""

from array import array

import micropython


@micropython.viper
def _copy_in(
    head: int, offset: int, frames: int, tail: int, ring, source, mask: int, words: int
) -> int:
    """Copy as many of `frames` frames of `words` 32-bit words as fit; returns how many.

    offset counts halfwords of the source.
    """
    to = ptr32(ring)
    src = ptr32(source)
    room = mask + 1 - head + tail
    if frames > room:
        frames = room
    head = (head & mask) * words
    offset = offset >> 1
    size = (mask + 1) * words
    end = head + frames * words
    rest = 0
    if end > size:
        rest = end - size
        end = size
    while head < end:
        to[head] = src[offset]
        head += 1
        offset += 1
    head = 0
    while head < rest:
        to[head] = src[offset]
        head += 1
        offset += 1
    return frames


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

    def room(self):
        """Frames that can be written before unread ones are overwritten."""
        return self.frames - (self.head - self.tail)

    def push(self, source, offset, frames):
        """Copy up to `frames` frames from source[offset:], offset even; returns how many fitted.

        source: array('H') or another buffer aligned to four bytes.
        """
        head = self.head
        taken = _copy_in(head, offset, frames, self.tail, self.data, source, self.mask, self._words)
        self.head = head + taken
        return taken

    def hold(self, frames):
        """Stand in for frames that the source lost: repeat the last one. The caller keeps room."""
        _repeat_last(self.data, self.head, self.mask, self._words, frames)
        self.head += frames
        self.lost += frames
