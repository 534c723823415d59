"""In place of MicroPython's `bluetooth`: a stack that nobody connects to."""

# pyright: reportMissingImports=false

from anything import Anything, nothing

FLAG_READ = FLAG_WRITE = FLAG_NOTIFY = FLAG_INDICATE = FLAG_WRITE_NO_RESPONSE = 0


def UUID(value):  # noqa: N802 - its name in MicroPython
    return bytes(16)


class BLE(Anything):
    def gatts_register_services(self, services):
        return tuple(tuple(range(len(characteristics))) for _, characteristics in services)

    gatts_write = gatts_set_buffer = nothing
