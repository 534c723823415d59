"""The files on flash, mounted anew so that LittleFS works in one piece of a tenth of a second.

As MicroPython mounts it, it looks for free blocks among 256 at a time and reads 128 bytes at once:
it then reads more than 20 000 times for a batch of the session log, and the sensors wait for two
seconds. On flash nothing is different: files written under one mount are read under the other.
"""

import vfs
from micropython import const

READSIZE = const(512)  # LittleFS takes four times as much for each of three caches
_BLOCK_COUNT = const(4)  # of a block device's ioctl
_OFF_ON = const(64)  # blocks; a bit each, in pieces of 8 bytes


def lookahead(blocks):
    """Bytes in which each block has a bit: one search finds all that are free."""
    return (blocks + _OFF_ON - 1) // _OFF_ON * 8


def remount(folder="/"):
    """Where MicroPython has mounted LittleFS on an ESP32; else it stays as it is."""
    try:
        from flashbdev import bdev  # type: ignore[import-not-found]
    except ImportError:
        return
    try:
        files = vfs.VfsLfs2(
            bdev, readsize=READSIZE, lookahead=lookahead(bdev.ioctl(_BLOCK_COUNT, 0))
        )
    except OSError:
        return  # another file system
    vfs.umount(folder)
    vfs.mount(files, folder)
