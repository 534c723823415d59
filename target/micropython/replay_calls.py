"""Repeats recorded calls of kernels on this machine: micropython replay_calls.py CALLS

Prints "differs NAME CALL WHAT" for the first difference of each kernel, then "calls N".
"""

import sys

from calls_file import read_call


def difference(kernel, arguments, after, expected):
    result = kernel(*arguments)
    if result != expected:
        return "returns %s, not %s" % (result, expected)  # noqa: UP031 - small on any build
    for i in range(len(arguments)):
        if after[i] is not None and bytes(arguments[i]) != after[i]:
            at = 0
            while arguments[i][at] == after[i][at]:
                at += 1
            return "byte %d of argument %d is %d, not %d" % (  # noqa: UP031
                at,
                i + 1,
                arguments[i][at],
                after[i][at],
            )
    return None


def main():
    seen = {}
    told = []
    with open(sys.argv[1], "rb") as file:
        while True:
            call = read_call(file)
            if call is None:
                break
            name, arguments, after, expected = call
            seen[name] = seen.get(name, 0) + 1
            if name in told:
                continue
            dot = name.rfind(".")
            module = __import__("band." + name[:dot], None, None, (name[dot + 1 :],))
            said = difference(getattr(module, name[dot + 1 :]), arguments, after, expected)
            if said:
                told.append(name)
                print("differs", name, seen[name], said)
    print("calls", sum(seen.values()))


main()
