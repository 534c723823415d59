"""Keys of bonded centrals, as the Bluetooth stack hands them over, kept in one file.

File: "CB1", u8 number of secrets; per secret u8 type, u8 key length, u8 value length, key, value;
CRC-32 of all that. It is written under another name and renamed: a loss of power leaves the old
file or the new one, and a file that does not prove itself by its CRC is not taken.

The stack asks from inside its callback, so nothing here touches the file but `load` and `save`.
"""

import os
from binascii import crc32
from struct import pack, unpack

from micropython import const

_MAGIC = b"CB1"
_PEERS = const(4)
_MAX_VALUE = const(160)  # struct ble_store_value_sec of NimBLE has less than 100 bytes
_OUR_KEY = const(1)  # BLE_STORE_OBJ_TYPE_OUR_SEC: with it a bonded central encrypts again


class Bonds:
    """The secrets in memory. A change marks it `dirty` until `save`."""

    def __init__(self, folder):
        self._path = folder + "/bonds.bin"
        self._new_path = folder + "/bonds.new"
        self._secrets = []  # (type, key, value), oldest first
        self._hidden = []  # keys of peers whose bonds the stack may not see for now
        self._restored = None  # key of the last peer that was handed its long-term key
        self.dirty = False
        self.lost = False  # a file was there and could not be trusted

    def load(self):
        """Read the file; a damaged or missing one leaves no bonds."""
        self._secrets = []
        found = False
        for path in (self._path, self._new_path):
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except OSError:
                continue
            found = True
            secrets = _parse(data)
            if secrets is not None:
                self._secrets = secrets
                return
        self.lost = found

    def save(self):
        """Write the file when something changed. Raises OSError; then it stays dirty."""
        if not self.dirty:
            return
        body = _MAGIC + pack("<B", len(self._secrets))
        for kind, key, value in self._secrets:
            body += pack("<BBB", kind, len(key), len(value)) + key + value
        with open(self._new_path, "wb") as file:
            file.write(body + pack("<I", crc32(body)))
        os.rename(self._new_path, self._path)
        self.dirty = False

    def get(self, kind, index, key):
        """Answer the stack: the secret of `key`, or the `index`-th of a kind; None: no such."""
        for k, name, value in self._secrets:
            if k != kind or name in self._hidden:
                continue
            if key is None:
                if index == 0:
                    return value
                index -= 1
            elif name == key:
                if kind == _OUR_KEY:
                    self._restored = name
                return value
        return None

    def set(self, kind, key, value):
        """Keep a secret; of more than four peers the oldest is forgotten. False: refused."""
        if len(value) > _MAX_VALUE or len(key) > 32:
            return False
        self._remove(kind, key)
        self._secrets.append((kind, key, value))
        while self.peers() > _PEERS:
            self._forget(self._secrets[0][1])
        self._unhide(key)
        self.dirty = True
        return True

    def delete(self, kind, key):
        """Forget one secret. False: there was none."""
        self._restored = None
        if not self._remove(kind, key):
            return False
        self.dirty = True
        return True

    def hide(self, kind, key):
        """As `delete`, to the stack's eyes, until `show`: the bond is kept. False: there is none.

        A stranger who claims a bonded central's address makes the stack delete that bond before
        it pairs anew, and the stack asks again until the bond is gone (ble_sm_chk_repeat_pairing).
        """
        self._restored = None
        if key in self._hidden:
            return False
        for k, name, _ in self._secrets:
            if k == kind and name == key:
                self._hidden.append(key)
                return True
        return False

    def show(self, key):
        """The link of a hidden peer is gone: its bond counts again."""
        self._unhide(key)

    def was_restored(self, key):
        """Whether that peer was handed its long-term key since the last question."""
        restored = self._restored == key
        if restored:
            self._restored = None
        return restored

    def clear(self):
        """Forget all."""
        self._secrets = []
        self._hidden = []
        self._restored = None
        self.dirty = True

    def peers(self):
        """Number of bonded centrals."""
        return len({name for _, name, _ in self._secrets})

    def _remove(self, kind, key):
        for i in range(len(self._secrets)):
            k, name, _ = self._secrets[i]
            if k == kind and name == key:
                self._secrets.pop(i)
                return True
        return False

    def _forget(self, key):
        self._secrets = [secret for secret in self._secrets if secret[1] != key]

    def _unhide(self, key):
        if key in self._hidden:
            self._hidden.remove(key)


def _parse(data):
    """Secrets of a file, or None when it does not prove itself."""
    if len(data) < 8 or data[:3] != _MAGIC:
        return None
    body = data[:-4]
    if unpack("<I", data[-4:])[0] != crc32(body):
        return None
    secrets = []
    at = 4
    for _ in range(body[3]):
        if at + 3 > len(body):
            return None
        kind, keys, values = body[at], body[at + 1], body[at + 2]
        at += 3
        if at + keys + values > len(body):
            return None
        secrets.append((kind, body[at : at + keys], body[at + keys : at + keys + values]))
        at += keys + values
    return secrets
