"""The other end of the band's Bluetooth: find it, pair, keep the link, read its packets.

find -> exchange, link -> listener        packets: wire.py's table as Python values
"""
