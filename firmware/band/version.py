"""The firmware's version, told over Bluetooth and written into every summary."""

VERSION = "0.1.0"
