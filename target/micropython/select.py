"""As much of `select` as the EMG source asks for: its one question is always answered yes."""

POLLIN = 1


class poll:  # noqa: N801 - its name in MicroPython
    def register(self, stream, events):
        pass

    def poll(self, timeout_ms):
        pass
