"""machine.RTC: its memory outlives a reset, but not the power."""

_memory = [b""]


class RTC:
    def memory(self, data=None):
        if data is None:
            return _memory[0]
        _memory[0] = bytes(data)
