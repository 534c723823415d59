"""Calls of kernels in a file, with what they were given and what they left.

Per call: u8 n, module.function; u8 number of arguments; per argument u8 kind and
    0  an integer: i64         1  a buffer: u32 n, its bytes before and after
    2  the same buffer as argument u8
then the result: u8 whether there is one, i64. Little-endian.
"""

from struct import pack, unpack

INTEGER, BUFFER, SAME = 0, 1, 2


def write_call(file, name, arguments, before, result):
    """before: of each argument its bytes before the call, or None for an integer."""
    file.write(pack("<B", len(name)) + name.encode() + pack("<B", len(arguments)))
    for i in range(len(arguments)):
        argument = arguments[i]
        if before[i] is None:
            file.write(pack("<Bq", INTEGER, argument))
            continue
        first = first_like(arguments, i)
        if first < i:
            file.write(pack("<BB", SAME, first))
        else:
            after = bytes(memoryview(argument))
            file.write(pack("<BI", BUFFER, len(after)) + before[i] + after)
    if result is None:
        file.write(pack("<Bq", 0, 0))
    else:
        file.write(pack("<Bq", 1, result))


def first_like(arguments, i):
    """Index of the first argument that is the same buffer as argument i."""
    k = 0
    while arguments[k] is not arguments[i]:
        k += 1
    return k


def read_call(file):
    """(name, arguments, after, result); buffers are bytearrays, equal ones the same. None: end."""
    n = file.read(1)
    if not n:
        return None
    name = file.read(n[0]).decode()
    arguments = []
    after = []
    for _ in range(file.read(1)[0]):
        kind = file.read(1)[0]
        if kind == INTEGER:
            arguments.append(unpack("<q", file.read(8))[0])
            after.append(None)
        elif kind == SAME:
            first = file.read(1)[0]
            arguments.append(arguments[first])
            after.append(after[first])
        else:
            n = unpack("<I", file.read(4))[0]
            arguments.append(bytearray(file.read(n)))
            after.append(file.read(n))
    there, result = unpack("<Bq", file.read(9))
    return name, arguments, after, result if there else None
