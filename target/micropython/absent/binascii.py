"""In place of MicroPython's `binascii`; sums are asked of no data here."""


def crc32(data, value=0):
    return 0


def hexlify(data):
    return b"%08x" % int.from_bytes(data, "big")
