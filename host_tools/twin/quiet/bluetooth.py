"""`bluetooth` for a virtual band without a radio: it starts, and nobody is ever near."""

from micropython import const

FLAG_READ = const(0x0002)
FLAG_WRITE_NO_RESPONSE = const(0x0004)
FLAG_WRITE = const(0x0008)
FLAG_NOTIFY = const(0x0010)
FLAG_INDICATE = const(0x0020)


class UUID(bytes):
    """16 or 128 bits, in little-endian order."""

    def __init__(self, value):
        if isinstance(value, int):
            data = value.to_bytes(2, "little")
        else:
            digits = value.replace("-", "")
            data = bytes(int(digits[i : i + 2], 16) for i in range(30, -2, -2))
        super().__init__(data)  # type: ignore  (MicroPython's bytes take it here)


class BLE:
    """Takes everything; keeps the values that the firmware writes."""

    def __init__(self):
        self._handles = 0

    def active(self, on=None):
        return True

    def config(self, *names, **settings):
        return None

    def irq(self, handler):
        pass

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        pass

    def gap_disconnect(self, conn):
        return False

    def gatts_register_services(self, services):
        handles = []
        for _, characteristics in services:
            first = self._handles
            self._handles += len(characteristics)
            handles.append(tuple(range(first, self._handles)))
        return tuple(handles)

    def gatts_read(self, handle):
        return b""

    def gatts_write(self, handle, data, send_update=False):
        pass

    def gatts_set_buffer(self, handle, size, append=False):
        pass

    def gatts_notify(self, conn, handle, data=None):
        pass

    def gatts_indicate(self, conn, handle, data=None):
        pass
