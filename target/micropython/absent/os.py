"""In place of MicroPython's `os`: a flash without any file."""

from errno import ENOENT


def mkdir(path):
    raise OSError(ENOENT)


listdir = remove = rename = stat = statvfs = mkdir
