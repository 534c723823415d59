"""What the Bluetooth stack tells: noted in slots and flags, for the loop to work off.

The stack's callback may come between any two steps of the loop, and an exception that left it
would silence it for good: what it raises is kept here, and counted.
"""

from time import ticks_ms

from micropython import const

from band.unit.links import LINKS, Links

_CENTRAL_CONNECT = const(1)
_CENTRAL_DISCONNECT = const(2)
_GATTS_WRITE = const(3)
_GATTS_READ_REQUEST = const(4)
_GATTS_INDICATE_DONE = const(20)
_MTU_EXCHANGED = const(21)
_ENCRYPTION_UPDATE = const(28)
_GET_SECRET = const(29)
_SET_SECRET = const(30)

_INSUFFICIENT_AUTHENTICATION = const(0x05)  # ATT error code
_UNLIKELY_ERROR = const(0x0E)  # ATT error code
_KEY_BYTES = const(16)


class Callback:
    """Keeps the table of links, and judges who is trusted, may read, may write, may pair."""

    def __init__(self, ble, bonds):
        self._ble = ble
        self.bonds = bonds
        self.links = Links()
        self._control = -1  # handles: the one that may be written ...
        self._info = -1  # ... and those that strangers may read
        self._battery = -1
        self.pairing = False  # a central may pair just now
        self.changed = False  # a link came or went
        self.surplus = [-1] * LINKS  # connections there was no room for
        self.errors = 0  # exceptions kept, and refusals of the stack
        self.last_error = None
        self.rejected = 0  # writes refused: rights, length, range, rate
        self.refused_links = 0

    def expose(self, services):
        """The attributes are registered: what may be written, what anyone may read."""
        self._control = services.control
        self._info = services.info
        self._battery = services.battery

    def keep(self, error):
        """Count an exception, and keep it for whoever wants to see it."""
        self.errors += 1
        self.last_error = error

    def on_event(self, event, data):
        """What the stack calls."""
        try:
            return self._note(event, data)
        except Exception as error:
            self.keep(error)
            # Whatever it was, nobody gets a value or a right by it.
            return _UNLIKELY_ERROR if event == _GATTS_READ_REQUEST else None

    def _note(self, event, data):
        if event == _GATTS_WRITE:
            self._note_write(data[0], data[1])
        elif event == _GATTS_READ_REQUEST:
            return self._judge_read(data[0], data[1])
        elif event == _GATTS_INDICATE_DONE:
            link = self.links.find(data[0])
            if link:
                link.unconfirmed = 0
                link.expel = link.expel or data[2] != 0
        elif event == _CENTRAL_CONNECT:
            self._note_connect(data[0], data[1], data[2])
        elif event == _CENTRAL_DISCONNECT:
            self._note_disconnect(data[0])
        elif event == _MTU_EXCHANGED:
            link = self.links.find(data[0])
            if link:
                link.mtu = data[1]
        elif event == _ENCRYPTION_UPDATE:
            self._note_encryption(data[0], data[1], data[3], data[4])
        elif event == _GET_SECRET:
            key = data[2]
            return self.bonds.get(data[0], data[1], None if key is None else bytes(key))
        elif event == _SET_SECRET:
            return self._judge_secret(data[0], bytes(data[1]), data[2])
        return None

    def _note_connect(self, conn, address_type, address):
        self.changed = True
        link = self.links.free()
        if link:
            link.open(conn, address_type, address)
            self.bonds.show(link.key)  # whoever hid it is gone
            return
        self.refused_links += 1
        for i in range(LINKS):
            if self.surplus[i] < 0:
                self.surplus[i] = conn
                return

    def _note_disconnect(self, conn):
        self.changed = True
        link = self.links.find(conn)
        if link:
            self.bonds.show(link.key)
            link.close()

    def _note_encryption(self, conn, encrypted, bonded, key_bytes):
        """Trust a link with the key of an earlier bond, or of one made while pairing is open."""
        link = self.links.find(conn)
        if link is None:
            return
        known = self.bonds.was_restored(link.key)
        link.encrypted = bool(encrypted)
        link.trusted = bool(
            encrypted and bonded and key_bytes == _KEY_BYTES and (known or self.pairing)
        )
        if not link.trusted:
            link.expel = True

    def _note_write(self, conn, handle):
        link = self.links.find(conn)
        request = self._ble.gatts_read(handle)
        if link is None or not link.trusted or handle != self._control:
            self.rejected += 1
        elif link.request is not None or not link.may_ask(ticks_ms()):
            self.rejected += 1
            link.busy_opcode = request[0] if request else 0
        else:
            link.request = request

    def _judge_read(self, conn, handle):
        """0, or the ATT error that refuses the read."""
        if handle == self._info or handle == self._battery:
            return 0
        link = self.links.find(conn)
        return 0 if link and link.trusted else _INSUFFICIENT_AUTHENTICATION

    def _judge_secret(self, kind, key, value):
        """Whether the stack may keep or forget a secret: only while pairing is open."""
        if value is None:
            if self.pairing:
                return self.bonds.delete(kind, key)
            return self.bonds.hide(kind, key)
        return self.pairing and self.bonds.set(kind, key, bytes(value))
