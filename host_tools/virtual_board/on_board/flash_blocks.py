"""The flash file as MicroPython's block device, with a power cut at the n-th write."""

import os

_BLOCK = 4096


class FlashBlocks:
    """4096-byte blocks of a file, from `offset`. cut_at: the power goes during the n-th write
    or erase (0: never), which is then half done."""

    def __init__(self, path, offset, size, cut_at=0):
        self._file = open(path, "r+b")
        self._offset = offset
        self._blocks = size // _BLOCK
        self._writes = 0
        self._cut_at = cut_at

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(self._offset + block * _BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._put(self._offset + block * _BLOCK + offset, buffer)

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return _BLOCK
        if op == 6:
            self._put(self._offset + arg * _BLOCK, b"\xff" * _BLOCK)
        return 0

    def _put(self, at, data):
        self._writes += 1
        if self._writes == self._cut_at:
            data = bytes(data)[: len(data) // 2]
        self._file.seek(at)
        self._file.write(data)
        self._file.flush()
        if self._writes == self._cut_at:
            # An exception could still be caught on its way out, as by the end of a `with`.
            os.system("kill -9 $PPID")


HARD_RESET = 129  # exit codes of the interpreter, which the board's host side understands
SOFT_RESET = 128
