"""Writes down what the firmware's kernels are called with, as the chain calls them.

    micropython capture.py CALLS SETTINGS KERNEL... < rounds

KERNEL: module.function of a viper function, in band. First come the calls of extremes.py, then
those of the whole band over the rounds: of each kernel the first ones and some later. Says "KERNEL
EXTREMES CALLS" of each: calls of extremes.py, and of the whole band, kept or not.
"""

import sys

import calls_file
import extremes
import whole_band
from whole_band import Band, Records, read_settings

_EVERY = (0, 1, 2, 3, 5, 8, 13, 40, 120, 400, 1200, 3000)  # calls of the chain that are kept


class Recorder:
    """Stands in for one kernel in every module that has it."""

    def __init__(self, file, name, kernel):
        self.file = file
        self.name = name
        self.kernel = kernel
        self.calls = 0
        self.keep_all = True

    def take(self, *arguments):
        call = self.calls
        self.calls += 1
        if not (self.keep_all or call in _EVERY):
            return self.kernel(*arguments)
        before = [None if isinstance(a, int) else bytes(memoryview(a)) for a in arguments]
        result = self.kernel(*arguments)
        calls_file.write_call(self.file, self.name, arguments, before, result)
        return result


def standing_in(recorder):
    return lambda *arguments: recorder.take(*arguments)


def _is_ours(module):
    return module.startswith("band.")


def install(file, names):
    """Put a recorder in the place of each kernel, wherever it is known."""
    kernels = []
    for name in names:
        dot = name.rfind(".")
        module = __import__("band." + name[:dot], None, None, (name[dot + 1 :],))
        kernels.append(getattr(module, name[dot + 1 :]))
    # dir() asks a module for every name there is.
    known = [(sys.modules[one], dir(sys.modules[one])) for one in sys.modules if _is_ours(one)]
    recorders = []
    for name, kernel in zip(names, kernels):
        recorder = Recorder(file, name, kernel)
        recorders.append(recorder)
        stand_in = standing_in(recorder)
        for module, attributes in known:
            for attribute in attributes:
                if getattr(module, attribute) is kernel:
                    setattr(module, attribute, stand_in)
    return recorders


def main():
    with open(sys.argv[1], "wb") as file:
        recorders = install(file, sys.argv[3:])
        extremes.run()
        extreme_calls = [recorder.calls for recorder in recorders]
        for recorder in recorders:
            recorder.keep_all = False
            recorder.calls = 0
        with open("/dev/null", "wb") as nowhere:
            band = Band(read_settings(sys.argv[2]), sys.stdin.buffer, Records(nowhere))
            whole_band.never_lock()  # for the recorders use it
            band.start()
            band.run(1 << 29)
            band.chain.finish()
    for recorder, extreme in zip(recorders, extreme_calls):
        print(recorder.name, extreme, recorder.calls)


main()
