"""The pin map: which signal sits on which GPIO, for both processors. Tables only.

The one source of it: board.py and boot.py build from it, hardware/ checks the netlist and the
documents against it. Sources: data sheets ESP32-S3-WROOM-1 (table 3) and ESP32-WROOM-32E
(table 3), ESP-IDF's GPIO summaries, ports/esp32/machine_hw_spi.c.

ESP32-S3 without PSRAM: 0, 3, 45 and 46 are read at reset, 19 and 20 are USB, 26 to 32 the
flash, 43 and 44 the console. The IMU sits on the pins that SPI2 reaches without the GPIO matrix.
ESP32: 0, 2, 5, 12 and 15 are read at reset, 6 to 11 are the flash, 1 and 3 the console; 34 to
39 are inputs without a pull; 16 and 17 are left to modules with PSRAM. SPI3 reaches 18, 19
and 23 without the matrix; its select, 5, is read at reset, so that another pin does it.
"""

PINS = {
    "esp32s3": {
        "button": 4,  # to ground, pulled up; not the module's boot button
        "i2s_sck": 5,
        "i2s_ws": 6,
        "i2s_sd": 7,
        "i2c_sda": 8,
        "i2c_scl": 9,
        "imu_cs": 10,
        "imu_mosi": 11,
        "imu_sck": 12,
        "imu_miso": 13,
        "motor": 14,
        "usb": 16,  # high while USB supplies 5 V, through a divider
        "emg_shdnz": 18,  # low: front end without supply, as it is until we run
        "led": 21,
    },
    "esp32": {
        "button": 27,
        "i2s_sck": 26,
        "i2s_ws": 25,
        "i2s_sd": 14,
        "i2c_sda": 21,
        "i2c_scl": 22,
        "imu_cs": 13,
        "imu_mosi": 23,
        "imu_sck": 18,
        "imu_miso": 19,
        "motor": 32,
        "usb": 34,
        "emg_shdnz": 33,
        "led": 4,
    },
}

# As machine.SPI, machine.I2C and machine.I2S number them: SPI2 is 1, SPI3 is 2.
BUSES = {
    "esp32s3": {"spi": 1, "i2c": 0, "i2s": 0},
    "esp32": {"spi": 2, "i2c": 0, "i2s": 0},
}


def chip_of(machine_text):
    """The key of PINS for sys.implementation._machine: "Generic ESP32 module with ESP32".

    The ESP32-S3 is "ESP32S3" to MicroPython up to 1.28, "ESP32-S3" from 1.29 on.
    A text without any ESP32 is the host's: the virtual unit is an ESP32-S3. Raises ValueError
    for a processor that has no pin map, as the ESP32-C3.
    """
    processor = machine_text.split(" with ")[-1].upper()
    if processor.replace("-", "").startswith("ESP32S3"):
        return "esp32s3"
    if processor in ("ESP32", "ESP32-UNICORE"):
        return "esp32"
    if "ESP32" in machine_text.upper():
        raise ValueError("no pin map for this processor: " + machine_text)
    return "esp32s3"
