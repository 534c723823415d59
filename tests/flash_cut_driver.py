"""A unit's interpreter with its flash in RAM: runs the console's code, then cuts its power.

    micropython flash_cut_driver.py IMAGE

Reads commands from stdin, each `LETTER LENGTH` and so many bytes; answers each with LENGTH and
so many bytes. X: run code, answer its output, "\\x04" and its traceback. R: reset. C: JSON list of
[write, share]: boot as if the power had gone when that share of that write was done; answers
[build, version] or what is wrong, for each. S: go back to that point and stay there.
"""

import hashlib
import io
import json
import os
import sys
from binascii import hexlify

import vfs

BLOCK = 4096
writes = []  # (at, bytes) since the start


class Flash:
    """Blocks of an image; what is written is remembered."""

    def __init__(self, image, log):
        self.image = image
        self._log = log

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = memoryview(self.image)[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        self._put(block * BLOCK + offset, bytes(buffer))

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.image) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            self._put(arg * BLOCK, b"\xff" * BLOCK)
        return 0

    def _put(self, at, data):
        if self._log is not None:
            self._log.append((at, data))
        self.image[at : at + len(data)] = data


class Machine:
    """What boot.py takes from the module `machine`."""

    IN = OUT = PULL_UP = 1
    DEEPSLEEP_RESET = 4

    @staticmethod
    def reset_cause():
        return 1  # power came

    class RTC:
        def memory(self, data=None):
            return b""

    class Pin:
        IN = OUT = PULL_UP = 1

        def __init__(self, *args, **kwargs):
            pass

        def __call__(self):
            return 1

    @staticmethod
    def reset():
        pass


def _say(*values):
    """boot.py's words: stdout is for the answers."""
    sys.stderr.write(" ".join([str(value) for value in values]) + "\n")


def boot(image, log):
    """Mount and run boot.py; its names."""
    try:
        vfs.umount("/")
    except OSError:
        pass
    for name in list(sys.modules):
        if name == "band" or name.startswith("band."):
            del sys.modules[name]
    vfs.mount(vfs.VfsLfs2(Flash(image, log)), "/")  # type: ignore
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    names = {"__name__": "__main__", "print": _say}
    with open("/boot.py") as file:
        exec(compile(file.read(), "boot.py", "exec"), names)
    return names


def run(code, names):
    out = []

    def say(*values, end="\n"):
        out.append(" ".join([str(value) for value in values]) + end)

    names["print"] = say
    error = ""
    try:
        exec(code, names)
    except Exception as raised:
        told = io.StringIO()
        sys.print_exception(raised, told)  # type: ignore
        error = told.getvalue()  # type: ignore
    return "".join(out) + "\x04" + error


def what_runs(image):
    """[build, version] after a boot from this flash; a text: what is wrong."""
    try:
        names = boot(image, None)
        if names["safe_mode"]:
            return "safe mode"
        slot = sys.path[0]
        with open(slot + "/manifest.json") as file:
            manifest = json.load(file)
        buffer = memoryview(bytearray(4096))
        for entry in manifest["files"]:
            hashed = hashlib.sha256()
            with open(slot + "/" + entry["path"], "rb") as file:
                while True:
                    n = file.readinto(buffer)
                    if not n:
                        break
                    hashed.update(buffer[:n])
            if hexlify(hashed.digest()).decode() != entry["sha256"]:
                return "mixed: " + slot + "/" + entry["path"]
        with open("/data/settings.a", "rb") as file:
            if file.read() != b"kept":
                return "settings changed"
        from band.version import VERSION

        return [manifest["build"], VERSION]
    except Exception as error:
        return repr(error)


def at_point(first, point, start, state):
    """Flash `state`, which holds the writes before `start`, moved on to a point; and the next."""
    number, share = point
    for at, data in writes[start:number]:
        state[at : at + len(data)] = data
    cut = bytearray(state)
    if number < len(writes):
        at, data = writes[number]
        part = data[: int(len(data) * share)]
        cut[at : at + len(part)] = part
    return cut


def main():
    global writes
    with open(sys.argv[1], "rb") as file:
        first = bytearray(file.read())
    sys.modules["machine"] = Machine  # type: ignore
    live = bytearray(first)
    names = boot(live, writes)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while True:
        head = stdin.readline().split()
        if not head:
            return
        body = stdin.read(int(head[1])) if int(head[1]) else b""
        if head[0] == b"X":
            answer = run(body.decode(), names)
        elif head[0] == b"R":
            names = boot(live, writes)
            answer = ""
        elif head[0] == b"C":
            found, state, start = [], bytearray(first), 0
            for point in json.loads(body):
                found.append(what_runs(at_point(first, point, start, state)))
                start = point[0]
            answer = json.dumps([len(writes), found])
            names = boot(live, writes)
        else:
            live = at_point(first, json.loads(body), 0, bytearray(first))
            names = boot(live, [])
            answer = ""
        data = answer.encode()
        stdout.write(b"%d\n" % len(data))
        stdout.write(data)


main()
