"""I2C chips of 16-bit registers, high byte first."""


class WordChip:
    """A pointer byte, then words. The chip gives read_word(register), write_word(...)."""

    STEP = 1  # of the pointer after a word

    def __init__(self):
        self.absent = False  # fault: no acknowledge
        self._pointer = 0

    def write(self, buffer):
        if self.absent:
            return False
        self._pointer = buffer[0]
        for i in range(1, len(buffer) - 1, 2):
            if self.write_word(self._pointer, buffer[i] << 8 | buffer[i + 1]) is False:
                return False
            self._pointer += self.STEP
        return True

    def readinto(self, buffer):
        if self.absent:
            return False
        word = 0
        for i in range(len(buffer)):
            if i & 1:
                buffer[i] = word & 0xFF
                self._pointer += self.STEP
            else:
                word = self.read_word(self._pointer)
                buffer[i] = word >> 8
        return True

    def read_word(self, register) -> int:
        return 0

    def write_word(self, register, value) -> bool:
        return True
