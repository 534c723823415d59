"""Why the unit started anew: by its watchdog, or after an exception, kept across the restart."""

import io
import sys

from micropython import const

from band.unit.lines import read_lines, write_lines

MANY = const(3)  # so many failures one after the other: safe mode
_MOST_TEXT = const(2000)


class _Text(io.IOBase):
    """What print_exception writes, cut to what a file of a few blocks holds."""

    def __init__(self):
        self.text = ""

    def write(self, piece):
        piece = piece if isinstance(piece, str) else bytes(piece).decode()
        self.text = (self.text + piece)[:_MOST_TEXT]
        return len(piece)


class Restarts:
    """Nothing raises: without flash there is only less to tell."""

    def __init__(self, folder):
        self._path = folder + "/restarts.txt"
        self._error_path = folder + "/last_error.txt"
        self.watchdog = 0  # times, ever
        self.error = 0
        self.in_a_row = 0  # without a minute of running well in between
        self.after_error = False  # the one before this start
        try:
            for name, value in read_lines(self._path):
                if name == "watchdog":
                    self.watchdog = value
                elif name == "error":
                    self.error = value
                elif name == "in_a_row":
                    self.in_a_row = value
                elif name == "after_error":
                    self.after_error = value == 1
        except ValueError:
            pass

    def started(self, by_watchdog):
        """Called at boot."""
        if by_watchdog:
            self.watchdog += 1
            self.in_a_row += 1
        if by_watchdog or self.after_error:
            self._save(False)

    def failed(self, error):
        """Called with the exception that ended the program, before the restart."""
        self.error += 1
        self.in_a_row += 1
        told = _Text()
        try:
            sys.print_exception(error, told)  # type: ignore[arg-type]
            with open(self._error_path, "w") as file:
                file.write(told.text)
        except OSError:
            pass
        self._save(True)

    def ran_well(self):
        if self.in_a_row:
            self.in_a_row = 0
            self._save(False)

    def last_error(self):
        """Text of the last exception; empty without one."""
        try:
            with open(self._error_path) as file:
                return file.read()
        except OSError:
            return ""

    def _save(self, after_error):
        lines = [
            ("watchdog", self.watchdog),
            ("error", self.error),
            ("in_a_row", self.in_a_row),
            ("after_error", 1 if after_error else 0),
        ]
        try:
            write_lines(self._path, lines)
        except OSError:
            pass
