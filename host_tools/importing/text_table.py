"""The numbers of a text table, read by pyarrow column by column."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from host_tools.importing.sources import MISSING


class TextTable:
    """The numbers below the header, read by pyarrow column by column."""

    def __init__(self, path, lines, data_at, delimiter, decimal, encoding, names):
        self.path: Path = path
        self.data_at: int = data_at
        self.delimiter: str = delimiter
        self.decimal: str = decimal
        self.encoding: str = encoding
        self.names: list[str] = names
        body = lines[data_at:]
        if delimiter == " ":
            body = [b" ".join(line.split()) for line in body]
        self._row_lines = np.flatnonzero([bool(line.strip()) for line in body])
        self._body: list[bytes] = [body[i] for i in self._row_lines]
        self._parsed = None

    def column(self, index: int) -> np.ndarray:
        """float64 where every cell is a number or missing; texts (object) otherwise."""
        import pyarrow.compute as pc

        cells = pc.utf8_trim_whitespace(self._table().column(index))
        lower = pc.utf8_lower(cells)
        missing = pc.is_in(lower, value_set=_missing())
        if self.decimal == ",":
            cells = pc.replace_substring(cells, ",", ".")
        cells = pc.if_else(missing, None, cells)
        try:
            numbers = pc.cast(cells, "float64")
        except Exception:  # pyarrow has a class of its own for each way a text is no number
            return np.array([text or "" for text in cells.to_pylist()], dtype=object)
        return numbers.to_numpy(zero_copy_only=False)

    def place(self, row: int) -> str:
        """The line of the file that a row, counted from 1, was read from."""
        return f"line {self.data_at + int(self._row_lines[row - 1]) + 1}"

    def _table(self):
        if self._parsed is None:
            try:
                self._parsed = self._read(self._body)
            except Exception:  # rows of unequal length: made equal, then once more
                self._parsed = self._read(self._padded())
            self._body = []
        return self._parsed

    def _read(self, body: list[bytes]):
        import pyarrow as pa
        from pyarrow import csv

        ids = [str(i) for i in range(len(self.names))]
        return csv.read_csv(
            io.BytesIO(b"\n".join(body) + b"\n"),
            csv.ReadOptions(column_names=ids, encoding=self.encoding, block_size=1 << 24),
            csv.ParseOptions(delimiter=self.delimiter),
            csv.ConvertOptions(
                column_types={i: pa.string() for i in ids},
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )

    def _padded(self) -> list[bytes]:
        delimiter, width = self.delimiter.encode(), len(self.names)
        padded = []
        for line in self._body:
            cells = line.split(delimiter)[:width]
            padded.append(delimiter.join(cells + [b""] * (width - len(cells))))
        return padded


def _missing():
    import pyarrow as pa

    return pa.array(MISSING)
