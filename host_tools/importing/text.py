"""CSV, TSV and their relatives: delimiters, decimal commas, preambles, rows of units."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.importing.map import Reader
from host_tools.importing.sources import Source
from host_tools.importing.text_table import TextTable

LOOK_AHEAD = 40  # lines between the names and the data, at most
SEARCH_LINES = 3000  # where a header is looked for
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\Z")
_SEP_LINE = re.compile(rb'"?sep=(.)"?\s*\Z')


def open_text(path: Path, reader: Reader) -> Source:
    """Read a text table. Raises CalfbandError."""
    lines, encoding = _lines(path, reader)
    delimiter = reader.delimiter
    preamble: list[str] = []
    sep = _SEP_LINE.match(lines[0]) if lines else None
    if sep:
        delimiter = delimiter or sep[1].decode("latin-1")
        # Blanked, not dropped: rows are counted as the user sees them.
        lines[0] = b""
    comment = reader.comment.encode() if reader.comment else None
    if comment:
        preamble = [line.decode(encoding, "replace") for line in lines if line.startswith(comment)]
        lines = [b"" if line.startswith(comment) else line for line in lines]
    if delimiter is None:
        delimiter = _found_delimiter(lines, encoding)
    header_at = _header_at(path, reader, lines, encoding, delimiter)
    data_at = _data_at(path, lines, encoding, delimiter, header_at)
    under = [_cells(line, encoding, delimiter) for line in lines[header_at + 1 : data_at]]
    preamble += [line.decode(encoding, "replace") for line in lines[: max(header_at, 0)]]
    groups = None
    if reader.group_row:
        groups = _cells(lines[reader.group_row - 1], encoding, delimiter)
    first = _cells(lines[data_at], encoding, delimiter)
    stated = _stated_names(reader, preamble)
    if stated:
        names = _names(stated, None)
    elif header_at >= 0:
        names = _names(_cells(lines[header_at], encoding, delimiter), groups)
    else:
        names = [str(i + 1) for i in range(len(first))]
    if header_at >= 0 and delimiter == "," and len(first) >= 2 * len(names) - 1 > 1:
        raise CalfbandError(
            f"{path}: its rows have {len(first)} cells under {len(names)} names: numbers with a "
            "decimal comma between commas; export it with a decimal point or with semicolons."
        )
    names += [f"(column {i + 1})" for i in range(len(names), len(first))]
    decimal = reader.decimal or _found_decimal(first, delimiter)
    table = TextTable(path, lines, data_at, delimiter, decimal, encoding, names)
    units = {n: u for i, n in enumerate(names) for u in _unit_cells(under, i)}
    rates = {n: r for i, n in enumerate(names) for r in _rate_cells(under, i)}
    columns = {name: (lambda i=i: table.column(i)) for i, name in enumerate(names)}
    hint = ", or check the delimiter and the header row" if len(names) < 3 else ""
    return Source(path, columns, "\n".join(preamble), units, rates, hint, table.place)


def _lines(path: Path, reader: Reader) -> tuple[list[bytes], str]:
    """Lines without their ends, and the encoding. Text in UTF-16 becomes UTF-8."""
    raw = path.read_bytes()
    encoding = reader.encoding
    try:
        if encoding is None and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            encoding = "utf-16"
        if encoding and not encoding.lower().startswith(("utf-8", "latin", "ascii", "cp125")):
            raw, encoding = raw.decode(encoding).encode(), "utf-8"
    except (LookupError, UnicodeError):
        raise CalfbandError(
            f"{path}: is not text in {encoding}; name its encoding in the map ([reader] encoding)."
        ) from None
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if encoding is None:
        try:
            raw[:1_000_000].decode("utf-8")
            encoding = "utf-8"
        except UnicodeDecodeError as error:
            encoding = "utf-8" if error.start > 999_990 else "latin-1"
    if b"\0" in raw[:4096]:
        raise CalfbandError(
            f"{path}: is no text file; set [reader] format in the map "
            "(parquet, matlab, hdf5, c3d or r)."
        )
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise CalfbandError(f"{path}: holds no lines; export it again.")
    return lines, encoding


def _cells(line: bytes, encoding: str, delimiter: str) -> list[str]:
    text = line.decode(encoding, "replace")
    if delimiter == " ":
        return text.replace('"', "").split()
    if '"' not in text:
        return [cell.strip() for cell in text.split(delimiter)]
    import csv

    return [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter[:1]))]


def _numeric(cells: list[str]) -> bool:
    """Data: of the cells that hold anything, at least half are numbers."""
    filled = [cell for cell in cells if cell]
    numbers = sum(bool(_NUMBER.match(cell)) or cell.casefold() == "nan" for cell in filled)
    return bool(filled) and 2 * numbers >= len(filled)


def _found_delimiter(lines: list[bytes], encoding: str) -> str:
    """The one that cuts the lines from the middle into the most equal numbers of cells."""
    middle = len(lines) // 2
    sample = [line for line in lines[middle : middle + 20] if line.strip()] or lines[:1]
    for delimiter in ("\t", ";", ",", " "):
        counts = [len(_cells(line, encoding, delimiter)) for line in sample]
        if min(counts) > 1 and max(counts) == min(counts):
            return delimiter
    return ","


def _found_decimal(cells: list[str], delimiter: str) -> str:
    commas = any("," in cell and _NUMBER.match(cell) for cell in cells)
    return "," if delimiter != "," and commas else "."


def _header_at(
    path: Path, reader: Reader, lines: list[bytes], encoding: str, delimiter: str
) -> int:
    """Index of the line with the names; -1 when there is none."""
    if reader.header_row is not None:
        if reader.header_row > len(lines):
            raise CalfbandError(
                f"{path}: has {len(lines)} lines and no header row {reader.header_row}; "
                "export it again or mend the map."
            )
        return reader.header_row - 1
    if reader.header_contains:
        wanted = "".join(reader.header_contains.split()).casefold()
        for i, line in enumerate(lines[:SEARCH_LINES]):
            if wanted in "".join(line.decode(encoding, "replace").split()).casefold():
                return i
        raise CalfbandError(
            f"{path}: no line holds {reader.header_contains!r}, which heads the table in this "
            "format; check that the map fits the file."
        )
    for i, line in enumerate(lines[:SEARCH_LINES]):
        cells = _cells(line, encoding, delimiter)
        if not _numeric(cells):
            continue
        # A line such as "Rate,1000" in a preamble is no data: the next ones are cut otherwise.
        next_ones = [_cells(after, encoding, delimiter) for after in lines[i + 1 : i + 4]]
        if any(after and len(after) != len(cells) or not _numeric(after) for after in next_ones):
            continue
        # The names are the topmost of the lines above the data that are cut like the data.
        at = i
        while at > 0 and abs(len(_cells(lines[at - 1], encoding, delimiter)) - len(cells)) <= 1:
            at -= 1
            if not lines[at].strip():
                at += 1
                break
        above = _cells(lines[i - 1], encoding, delimiter) if i else []
        if at == i and len(above) > 1 and not _numeric(above) and len(cells) >= 2 * len(above) - 1:
            return i - 1  # names over twice as many cells: refused with its reason
        return at if at < i else -1
    raise CalfbandError(
        f"{path}: no line of numbers was found; check the delimiter and the decimal sign in the "
        "map ([reader] delimiter, decimal)."
    )


def _data_at(path: Path, lines: list[bytes], encoding: str, delimiter: str, header_at: int) -> int:
    for i in range(header_at + 1, min(header_at + 1 + LOOK_AHEAD, len(lines))):
        if _numeric(_cells(lines[i], encoding, delimiter)):
            return i
    raise CalfbandError(
        f"{path}: no line of numbers follows the names of the columns; check the header row and "
        "the delimiter in the map, or export the file again."
    )


def _names(cells: list[str], groups: list[str] | None) -> list[str]:
    """Names, made unique; under a row of sensors each is `sensor | channel`."""
    names: list[str] = []
    sensor = ""
    for i, cell in enumerate(cells):
        name = cell or f"(column {i + 1})"
        if groups is not None:
            sensor = (groups[i] if i < len(groups) else "") or sensor
            name = f"{sensor} | {name}"
        count = 1
        while name in names:
            count += 1
            name = f"{name.split('#')[0]}#{count}"
        names.append(name)
    return names


def read_rows(path: Path) -> Source:
    """A table of texts, such as a list of participants: names in the first line, all else rows."""
    lines, encoding = _lines(path, Reader())
    delimiter = max(("\t", ";", ","), key=lambda d: len(_cells(lines[0], encoding, d)))
    names = _names(_cells(lines[0], encoding, delimiter), None)
    rows = [_cells(line, encoding, delimiter) for line in lines[1:]]

    def column(i: int) -> np.ndarray:
        return np.array([row[i] if i < len(row) else "" for row in rows], dtype=object)

    return Source(path, {name: (lambda i=i: column(i)) for i, name in enumerate(names)})


def _stated_names(reader: Reader, preamble: list[str]) -> list[str]:
    found = re.search(reader.names_from, "\n".join(preamble)) if reader.names_from else None
    return re.findall(r'"([^"]*)"', found[1]) if found else []


def _unit_cells(under: list[list[str]], column: int) -> list[str]:
    from host_tools.importing.units import KINDS, spelled

    known = {unit for _, units in KINDS.values() for unit in units}
    cells = [row[column] for row in under if column < len(row) and row[column]]
    return [cell for cell in cells if spelled(cell) in known or "yyyy" in cell.lower()][:1]


def _rate_cells(under: list[list[str]], column: int) -> list[float]:
    found = []
    for row in under:
        rate = re.match(r"([\d.,]+)\s*Hz\Z", row[column]) if column < len(row) else None
        if rate:
            found.append(float(rate[1].replace(",", ".")))
    return found[:1]
