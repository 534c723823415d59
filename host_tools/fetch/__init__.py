"""The sessions that a band kept on its flash: fetched over Bluetooth, decoded, tidied up.

command -> visit (one band) -> transfer -> store (folders, resuming) -> session_file -> tables
"""
