"""Sample rings: one writer, one reader, a sample index that never restarts, losses counted."""

import micropython

from band.arrays import halfwords


@micropython.viper
def _copy_in(
    head: int, offset: int, frames: int, tail: int, ring, source, mask: int, words: int
) -> int:
    """Copy as many of `frames` frames of `words` 32-bit words as fit; returns how many.

    offset counts halfwords of the source.
    """
    room = mask + 1 - head + tail
    if frames > room:
        frames = room
    # Both become addresses: the first two arguments are in registers.
    offset = int(ptr32(source)) + (offset << 1)
    start = int(ptr32(ring))
    head = start + 4 * (head & mask) * words
    stop = head + 4 * frames * words
    behind = stop - start - 4 * (mask + 1) * words
    if behind > 0:
        stop -= behind
    while True:
        fours = head + ((stop - head) & -16)
        while head != fours:
            ptr32(head)[0] = ptr32(offset)[0]
            ptr32(head)[1] = ptr32(offset)[1]
            ptr32(head)[2] = ptr32(offset)[2]
            ptr32(head)[3] = ptr32(offset)[3]
            head += 16
            offset += 16
        while head != stop:
            ptr32(head)[0] = ptr32(offset)[0]
            head += 4
            offset += 4
        if behind <= 0:
            return frames
        head = start
        stop = start + behind
        behind = 0


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
        self.data = halfwords(frames * width)
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
