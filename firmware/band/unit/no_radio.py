"""Stands in for a Radio that did not start: the band goes on by light, motor and log."""


class NoRadio:
    """What the app asks of a Radio; nobody listens."""

    connected = 0
    pairing = False
    dropped = 0
    most_waiting = 0
    rejected = 0
    errors = 0
    raw_streams = 0
    log_room = -1
    bonds_lost = False

    def start(self):
        pass

    def step(self, ticks_ms):
        pass

    def status(self, fields):
        pass

    def stride(self, record):
        pass

    def raw(self, kind, index, samples, n):
        pass

    def raw_clock(self, index, t_dms):
        pass

    def log(self, session, offset, data, n):
        pass

    def battery(self, pct):
        pass

    def rest(self, resting, ticks_ms):
        pass

    def stop(self):
        pass

    def open_pairing(self, ticks_ms):
        pass

    def forget_bonds(self):
        pass
