"""What the virtual unit's pins are soldered to, and the faults of its wires.

The stand-in `machine` asks the one `wires` below which chip answers. Whoever builds a virtual
unit attaches chips, gives it a clock and works its switches:

    from chips.wiring import wires
    wires.power_up()                           # on the stand-in's time.clock
    time.clock.moved = wires.tick              # timers and watchdog see time pass
    wires.spi(1, cs=10, chip=imu)              # chip.select(level), .write(buf), .readinto(buf, w)
    wires.i2c(0, 0x4E, adc)                    # chip.write(buf), .readinto(buf); NACK by False
    wires.i2s(0, adc)                          # chip.read_frames(buf, frames), .skip_frames(n)
    wires.pin(0).drive(0)                      # the world pulls a pin low; None lets it go
"""

import time

_ASLEEP_US = 10_000
_DEEPSLEEP_RESET = 4  # of machine


class Reset(SystemExit):
    """The processor starts anew; whoever booted the unit catches it and boots again."""

    def __init__(self, cause):
        super().__init__()
        self.cause = cause


def _nobody(level):
    """Takes a pin's edges while no handler is set."""


class Net:
    """One wire at a pin: driven by the world, by the processor, or only by a pull."""

    def __init__(self):
        self.driven: int | None = None  # by the world: None, 0, 1
        self.output: int | None = None  # by the processor: None, 0, 1
        self.pull: int | None = None  # of the processor: None, 0, 1
        self.resistor = 0  # what the wire falls to when nothing drives it
        self.on_change = []  # called with the level the processor drives
        self.irq = _nobody  # machine.Pin's handler, called after an edge by the world
        self.duty_u16 = 0  # of a PWM on this pin; 0 without
        self.analog_uv = 0  # what an ADC on this pin sees

    def level(self):
        if self.output is not None:
            return self.output
        if self.driven is not None:
            return self.driven
        return self.resistor if self.pull is None else self.pull

    def drive(self, level):
        """The world drives the pin to 0 or 1, or lets it go with None."""
        before = self.level()
        self.driven = level
        after = self.level()
        if after != before:
            self.irq(after)

    def put(self, level):
        """The processor drives the pin to 0 or 1, or lets it go with None."""
        self.output = level
        for listener in self.on_change:
            listener(level)


class I2cDevice:
    """A chip on an I2C bus and the faults of its connection."""

    def __init__(self, address, chip):
        self.address = address
        self.chip = chip
        self.spare = 0  # so many transactions pass before the faults begin
        self.nacks = 0  # so many are not acknowledged; -1: all
        self.timeouts = 0  # during so many the device holds the clock low; -1: all


class Wires:
    """Everything outside the processor."""

    def __init__(self):
        self.power_up()

    def power_up(self, clock=None):
        """Forget all chips and faults. clock: us() that never wraps, wait(us)."""
        self.clock = clock or time.clock  # type: ignore  (of the stand-in)
        self.pins = {}
        self.spi_chips = {}  # bus -> [(chip select Net, chip)]
        self.i2c_devices = {}  # bus -> [I2cDevice]
        self.i2s_sources = {}  # port -> source
        self.spi_stuck = {}  # bus -> None, 0x00 or 0xFF: what every byte reads as
        self.unique_id = b"\x30\xae\xa4\x00\x00\x01"
        self.reset_cause = 1  # machine.PWRON_RESET
        self.forget_processor()

    def forget_processor(self):
        """What a reset of the processor does: its outputs float, its timers stop."""
        self.timers = []  # and the watchdog: anything with tick(us)
        self.cpu_hz = 160_000_000
        self.wakers = []  # (Net, level) that end deep sleep
        for net in self.pins.values():
            net.output = None
            net.pull = None
            net.irq = _nobody
            net.duty_u16 = 0

    def pin(self, number):
        net = self.pins.get(number)
        if net is None:
            net = self.pins[number] = Net()
        return net

    def spi(self, bus, cs, chip):
        """chip answers on the bus while pin number cs is low."""
        net = self.pin(cs)
        net.resistor = 1
        net.on_change.append(chip.select)
        self.spi_chips.setdefault(bus, []).append((net, chip))
        self.spi_stuck.setdefault(bus, None)

    def i2c(self, bus, address, chip):
        """Attach a chip; the I2cDevice returned takes the faults: device.nacks = 3."""
        device = I2cDevice(address, chip)
        self.i2c_devices.setdefault(bus, []).append(device)
        return device

    def i2s(self, port, source):
        self.i2s_sources[port] = source

    def tick(self):
        """Let timers and the watchdog see the time; whoever moves virtual time calls it."""
        now = self.clock.us()
        for timer in self.timers:
            timer.tick(now)

    def deep_sleep(self):
        """The processor is off until a waker has its level; it then starts anew.

        What the processor drove floats: those who listen see the level that the board gives.
        """
        wakers = self.wakers
        self.forget_processor()
        for net in self.pins.values():
            for listener in net.on_change:
                listener(net.level())
        while not any([net.level() == level for net, level in wakers]):
            self.clock.wait(_ASLEEP_US)
        self.reset(_DEEPSLEEP_RESET)

    def reset(self, cause):
        self.reset_cause = cause
        self.forget_processor()
        raise Reset(cause)


wires = Wires()
