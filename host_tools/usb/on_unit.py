"""Small programs that run on a unit, in its REPL; each prints one literal a line."""

from __future__ import annotations

# % folder
LIST = """
import os
def _walk(folder):
    try:
        entries = list(os.ilistdir(folder or "/"))
    except OSError:
        return
    for entry in entries:
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            _walk(path)
        else:
            print((path, entry[3]))
_walk(%r.rstrip("/"))
"""

# % (paths,)
HASH = """
import hashlib
from binascii import hexlify
_buf = memoryview(bytearray(2048))
for _path in %r:
    try:
        _hash = hashlib.sha256()
        with open(_path, "rb") as _f:
            while True:
                _n = _f.readinto(_buf)
                if not _n:
                    break
                _hash.update(_buf[:_n])
        print((_path, hexlify(_hash.digest()).decode()))
    except OSError:
        print((_path, None))
"""

# % folder
MAKE_FOLDERS = """
import os
_path = ""
for _name in %r.split("/"):
    if _name:
        _path += "/" + _name
        try:
            os.mkdir(_path)
        except OSError:
            pass
"""

# LittleFS may count more blocks as used than there are: then so few are left that none is.
FREE = '(lambda s: s[0] * s[3] if s[3] <= s[2] else 0)(__import__("os").statvfs("/"))'

# boot.py leaves safe_mode behind, if it came to its end; without our boot.py no app runs.
RUNS_APP = """(lambda names: not globals()["safe_mode"] if "safe_mode" in globals()
 else "slot" in names)(__import__("os").listdir("/"))"""

# What boot.py looks for; the memory outlives a reset, but not the power.
SAFE_REQUEST = b"calfband safe mode"
SAFE_RESET = f"import machine\nmachine.RTC().memory({SAFE_REQUEST!r})\nmachine.reset()"
