"""The chain's sink of the scripts here: records as replay_chain.py writes them, strides counted."""

from record_stream import RecordStream

from band import wire


class Records(RecordStream):
    def __init__(self, stream, out_bytes=16_384):
        super().__init__(stream, out_bytes)
        self.strides = 0

    def event(self, record):
        self.put(wire.TAG_EVENT, record)

    def stride(self, record):
        self.strides += 1
        self.put(wire.TAG_STRIDE, record)

    def burst(self, record):
        self.put(wire.TAG_BURST, record)

    def warning(self, record):
        self.put(wire.TAG_WARNING, record)

    def trend(self, record):
        self.put(wire.TAG_TREND, record)

    def spectrum(self, record):
        self.put(wire.TAG_SPECTRUM, record)
