"""The centrals connected just now: what the callback knows of each, and what each is owed."""

from time import ticks_diff, ticks_ms

from micropython import const

LINKS = const(3)
_DEFAULT_MTU = const(23)
_ANSWER_BYTES = const(244)  # MTU 247 less the head of an indication
_BURST = const(8)  # requests at once
_REFILL_MS = const(125)  # then 8 a second


class Link:
    """One connection. The callback fills it; the loop works it off. `conn` -1: free."""

    def __init__(self):
        self.answer = bytearray(_ANSWER_BYTES)
        self.conn = -1
        self.key = b""
        self._clear()

    def _clear(self):
        self.encrypted = False
        self.trusted = False  # encrypted with the key of a bond that the band accepted
        self.expel = False
        self.mtu = _DEFAULT_MTU
        self.streams = 0  # raw streams it asked for, the parameter of RAW_START
        self.reads_log = False
        self.request = None  # bytes of the request to work off
        self.answer_bytes = 0  # of `answer`, waiting to be indicated
        self.busy_opcode = -1  # of a request to be told off
        self.status_due = False
        self.unconfirmed = 0  # handle of the indication on its way
        self.indicated_ms = 0
        self._tokens = _BURST
        self._token_ms = 0

    def open(self, conn, address_type, address):
        """A central connected: `address` most significant byte first, as the stack tells it."""
        self._clear()
        self._token_ms = ticks_ms()
        # The stack's own form of an address, under which it keeps the secrets of a peer.
        self.key = bytes([address_type]) + bytes(reversed(bytes(address)))
        self.conn = conn

    def close(self):
        """The central is gone."""
        self.conn = -1
        self._clear()

    def may_ask(self, now):
        """Take one request from this link's allowance; False when it has used it up."""
        refill = ticks_diff(now, self._token_ms) // _REFILL_MS
        if refill > 0:
            self._tokens = min(_BURST, self._tokens + refill)
            self._token_ms = now
        if self._tokens == 0:
            return False
        self._tokens -= 1
        return True


class Links:
    """The table of connections."""

    def __init__(self):
        self.all = [Link() for _ in range(LINKS)]

    def find(self, conn):
        """The link of a connection, or None."""
        for i in range(LINKS):
            if self.all[i].conn == conn:
                return self.all[i]
        return None

    def free(self):
        """A free entry, or None."""
        return self.find(-1)

    def count(self):
        """Connections there are, trusted or not."""
        n = 0
        for i in range(LINKS):
            if self.all[i].conn >= 0:
                n += 1
        return n

    def trusted(self):
        """Bit i: link i may be told what the band measures."""
        mask = 0
        for i in range(LINKS):
            if self.all[i].conn >= 0 and self.all[i].trusted:
                mask |= 1 << i
        return mask

    def streams(self, kind):
        """Bit i: link i asked for the raw stream of that kind; 2: for uncorrected ones."""
        mask = 0
        for i in range(LINKS):
            link = self.all[i]
            if link.conn >= 0 and link.trusted and link.streams >> kind & 1:
                mask |= 1 << i
        return mask

    def reading_log(self):
        """Number of the link that reads a log, or -1."""
        for i in range(LINKS):
            if self.all[i].trusted and self.all[i].reads_log:
                return i
        return -1

    def smallest_mtu(self, mask):
        """The MTU that all links of the mask can take."""
        mtu = 1 << 16
        for i in range(LINKS):
            if mask >> i & 1 and self.all[i].mtu < mtu:
                mtu = self.all[i].mtu
        return mtu
