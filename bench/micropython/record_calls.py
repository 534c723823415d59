"""Writes down every call of a viper kernel that the whole band makes within some rounds of 32 ms.

    micropython record_calls.py FOLDER SETTINGS BEFORE ROUNDS KERNEL... < rounds

ROUNDS: how many, behind the first BEFORE. KERNEL: module.function in band; calls that a kernel
makes of another are part of it. FOLDER gets a file per kernel that was called, in the layout of
target/micropython/calls_file.py.
"""

# The stubs do not know the modules of target/micropython.
# pyright: reportMissingImports=false

import sys

import whole_band
from calls_file import write_call
from whole_band import Band, Records, read_settings


class Recorder:
    """Stands in for one kernel."""

    inside = False  # of any kernel

    def __init__(self, folder, name, kernel):
        self.path = folder + "/" + name
        self.name = name
        self.kernel = kernel
        self.file = None

    def take(self, *arguments):
        if Recorder.inside:
            return self.kernel(*arguments)
        if self.file is None:
            self.file = open(self.path, "wb")
        before = [None if isinstance(a, int) else bytes(memoryview(a)) for a in arguments]
        Recorder.inside = True
        result = self.kernel(*arguments)
        Recorder.inside = False
        write_call(self.file, self.name, arguments, before, result)
        return result


def standing_in(recorder):
    return lambda *arguments: recorder.take(*arguments)


def install(folder, names):
    """Put a recorder in the place of each kernel, wherever it is known; returns them."""
    recorders = []
    for name in names:
        module, _, function = name.rpartition(".")
        kernel = getattr(__import__("band." + module, None, None, (function,)), function)
        recorders.append(Recorder(folder, name, kernel))
        stand_in = standing_in(recorders[-1])
        for other, known in sys.modules.items():
            if other.startswith("band."):
                for attribute in dir(known):
                    if getattr(known, attribute) is kernel:
                        setattr(known, attribute, stand_in)
    return recorders


def main():
    with open("/dev/null", "wb") as nowhere:
        band = Band(read_settings(sys.argv[2]), sys.stdin.buffer, Records(nowhere))
        whole_band.never_lock()  # for the recorders use it
        band.start()
        band.run(int(sys.argv[3]) - 1)
        recorders = install(sys.argv[1], sys.argv[5:])
        band.run(int(sys.argv[4]))
    for recorder in recorders:
        if recorder.file:
            recorder.file.close()


main()
