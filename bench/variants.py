"""The firmware's files with another code emitter: native machine code, or plain bytecode.

Only viper knows pointers. In the variants an array stands for its own pointer; the few kernels
that look at an array with another word size than its own get a replacement.
"""

import re
import shutil
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
EMITTERS = ("native", "bytecode")

POINTERS = """
from array import array as _array
def _pointer(x):
    return x
def _halves(x):
    return _array("H", bytes(x))
ptr8 = ptr16 = ptr32 = _pointer
"""
# An int32 array read by halfwords.
READ_BY_HALVES = {("windows.py", "ptr16(axis)")}
# int16 frames copied by words; appended, so that it takes the place of what stands above.
COPIED_BY_WORDS = {
    "ring.py": """
DECORATOR
def _copy_in(head, offset, frames, tail, ring, source, mask, words):
    width = words + words
    room = mask + 1 - head + tail
    if frames > room:
        frames = room
    end = offset + frames * width
    while offset < end:
        i = (head & mask) * width
        stop = i + width
        while i < stop:
            ring[i] = source[offset]
            i += 1
            offset += 1
        head += 1
    return frames

DECORATOR
def _repeat_last(ring, head, mask, words, frames):
    width = words + words
    last = ((head - 1) & mask) * width
    while frames > 0:
        i = (head & mask) * width
        k = 0
        while k < width:
            ring[i + k] = ring[last + k]
            k += 1
        head += 1
        frames -= 1
"""
}


def write_variant(emitter: str, folder: Path) -> Path:
    """Copy the firmware to `folder` with viper replaced; `emitter` is one of EMITTERS."""
    decorator = "@micropython.native\n" if emitter == "native" else ""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(FIRMWARE, folder, ignore=shutil.ignore_patterns("*.json", "__pycache__"))
    for path in folder.rglob("*.py"):
        source = path.read_text()
        if "@micropython.viper\n" not in source:
            continue
        for name, cast in READ_BY_HALVES:
            if path.name == name:
                source = source.replace(cast, cast.replace("ptr16", "_halves"))
        # Bytecode does not know what a pointer in a signature is.
        source = re.sub(r"(\w+): ptr(8|16|32)\b", r"\1", source)
        source = source.replace("@micropython.viper\n", decorator)
        source = source.replace("import micropython\n", "import micropython\n" + POINTERS, 1)
        source += COPIED_BY_WORDS.get(path.name, "").replace("DECORATOR\n", decorator)
        path.write_text(source)
    return folder
