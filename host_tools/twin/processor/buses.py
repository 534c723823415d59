"""SPI and I2C masters of the virtual ESP32-S3; the wires know which chip answers."""

from chips.wiring import wires

_ENODEV = 19  # a device that does not acknowledge
_ETIMEDOUT = 116  # newlib's number, as the ESP32 raises it


class SPI:
    """The bus answers for the chip whose select pin is low; nobody selected reads 0xFF."""

    MSB = 0
    LSB = 1

    def __init__(self, id, baudrate=500_000, *, polarity=0, phase=0, bits=8, firstbit=0, **pins):
        if id not in (1, 2):
            raise ValueError(f"SPI({id}) doesn't exist")
        self.id = id
        self._chips = wires.spi_chips.setdefault(id, [])
        wires.spi_stuck.setdefault(id, None)
        self.init(baudrate, polarity=polarity, phase=phase)

    def init(self, baudrate=500_000, *, polarity=0, phase=0, bits=8, firstbit=0, **pins):
        self.baudrate = baudrate
        self.mode = 2 * polarity + phase

    def deinit(self):
        pass

    def _selected(self):
        for net, chip in self._chips:
            if net.level() == 0:
                if self.mode not in chip.SPI_MODES or self.baudrate > chip.SPI_MAX_HZ:
                    return None
                return chip
        return None

    def write(self, buffer):
        chip = self._selected()
        if chip is not None and wires.spi_stuck[self.id] is None:
            chip.write(buffer)

    def readinto(self, buffer, write=0):
        stuck = wires.spi_stuck[self.id]
        chip = self._selected()
        if stuck is None and chip is not None:
            chip.readinto(buffer, write)
            return
        level = 0xFF if stuck is None else stuck
        for i in range(len(buffer)):
            buffer[i] = level

    def write_readinto(self, write, read):
        """Full duplex; the chip sees the bytes one by one."""
        stuck = wires.spi_stuck[self.id]
        chip = self._selected()
        for i in range(len(read)):
            if stuck is None and chip is not None:
                read[i] = chip.exchange(write[i])
            else:
                read[i] = 0xFF if stuck is None else stuck

    def read(self, n, write=0):
        buffer = bytearray(n)
        self.readinto(buffer, write)
        return bytes(buffer)


class I2C:
    """A device's chip takes the bytes after its address (write) and answers (readinto)."""

    _MOST = 64  # bytes written to a register at once

    def __init__(self, id=0, *, scl=None, sda=None, freq=400_000, timeout=50_000):
        if id not in (0, 1):
            raise ValueError(f"I2C({id}) doesn't exist")
        self._devices = wires.i2c_devices.setdefault(id, [])
        self._pointer = bytearray(1)
        message = memoryview(bytearray(1 + self._MOST))
        self._messages = [message[: 1 + n] for n in range(1 + self._MOST)]
        self.init(scl=scl, sda=sda, freq=freq)

    def init(self, *, scl=None, sda=None, freq=400_000):
        self.freq = freq

    def deinit(self):
        pass

    def _chip(self, address):
        for device in self._devices:
            if device.address == address:
                if device.spare:
                    device.spare -= 1
                elif device.nacks:
                    if device.nacks > 0:
                        device.nacks -= 1
                    raise OSError(_ENODEV)
                elif device.timeouts:
                    if device.timeouts > 0:
                        device.timeouts -= 1
                    raise OSError(_ETIMEDOUT)
                return device.chip
        raise OSError(_ENODEV)

    def scan(self):
        return [device.address for device in self._devices if not device.nacks]

    def writeto(self, address, buffer, stop=True):
        if self._chip(address).write(buffer) is False:
            raise OSError(_ENODEV)
        return len(buffer)

    def readfrom_into(self, address, buffer, stop=True):
        if self._chip(address).readinto(buffer) is False:
            raise OSError(_ENODEV)

    def writeto_mem(self, address, memaddr, buffer, *, addrsize=8):
        message = self._messages[len(buffer)]
        message[0] = memaddr
        for i in range(len(buffer)):
            message[1 + i] = buffer[i]
        self.writeto(address, message)

    def readfrom_mem_into(self, address, memaddr, buffer, *, addrsize=8):
        chip = self._chip(address)
        self._pointer[0] = memaddr
        if chip.write(self._pointer) is False or chip.readinto(buffer) is False:
            raise OSError(_ENODEV)

    def readfrom_mem(self, address, memaddr, nbytes, *, addrsize=8):
        buffer = bytearray(nbytes)
        self.readfrom_mem_into(address, memaddr, buffer)
        return bytes(buffer)


SoftI2C = I2C
