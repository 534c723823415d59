"""Tables in parts: a folder, or any fsspec URL, with one Parquet file per table and task.

    STORE/strides/<key>~<stamp>.parquet     the rows of one task, with its `key` as first column
    STORE/_done/<key>~<stamp>.<n>.json      written last: the n parts it vouches for are read
    STORE/failures/<key>~<stamp>.parquet    instead, when the task could not be done

So a run that is killed at any moment leaves a valid store, on file systems and object stores
alike. The stamp stands for what a task was made from; another stamp is another result.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from host_tools.errors import CalfbandError

FAILURES = "failures"
_DONE = "_done"
_LONGEST = 120  # characters of a key in a file name
_KEY = b"calfband.key"


@dataclass(frozen=True)
class _Part:
    """One file of the store: `table` is its folder, `name` the key as written in file names.

    In the folder `_done`, `vouches` is how many parts belong to the result.
    """

    table: str
    name: str
    stamp: str
    path: str
    vouches: int = 0


class Store:
    """The parts below one folder. Raises CalfbandError where it cannot be read or written."""

    def __init__(self, where: str | Path) -> None:
        self.where = str(where)
        with _told(self.where, "cannot be used as a store"):
            self.fs, root = fsspec.core.url_to_fs(self.where)
        self.root = root.rstrip("/")
        self._parts: dict[str, list[_Part]] = {}
        self._scan()

    def _scan(self) -> None:
        with _told(self.where, "cannot be read"):
            self.fs.invalidate_cache()
            paths = self.fs.find(self.root) if self.fs.exists(self.root) else []
        for path in paths:
            folder, _, file = path[len(self.root) + 1 :].rpartition("/")
            name, _, end = file.rpartition("~")
            stamp, *count, kind = end.split(".")
            if not name or name.startswith(".") or kind not in ("parquet", "json"):
                continue
            vouches = int(count[0]) if count and count[0].isdecimal() else 0
            part = _Part(folder, name, stamp, path, vouches)
            self._parts.setdefault(name, []).append(part)

    def is_done(self, key: str, stamp: str) -> bool:
        """Whether the whole result is here; a part that was taken away makes it undone."""
        mine = [part for part in self._parts.get(_name(key), ()) if part.stamp == stamp]
        words = [part for part in mine if part.table == _DONE]
        return bool(words) and len(mine) == len(words) + words[0].vouches

    def commit(self, key: str, stamp: str, parts: Mapping[str, bytes]) -> None:
        """Put the Parquet files {table: bytes} of one task in the place of all it had before."""
        name = _name(key)
        before = self._parts.pop(name, [])
        made = [self._write(table, name, stamp, data) for table, data in parts.items()]
        kept = {part.path for part in made}
        if FAILURES not in parts:
            # The old word goes before the new one comes: never two results for one key.
            self._remove(p for p in before if p.table == _DONE)
            word = json.dumps({"key": key, "stamp": stamp, "tables": sorted(parts)})
            made.append(self._write(_DONE, name, stamp, word.encode(), len(parts)))
            self._remove(p for p in before if p.table != _DONE and p.path not in kept)
        else:
            self._remove(p for p in before if p.path not in kept)
        self._parts[name] = made

    def table(self, table: str, keys: Iterable[str] | None = None) -> pa.Table:
        """All rows of a table, sorted by key; of `keys` only, when given.

        Rows of one key stay in their order. Without any part: no rows, the column `key` alone.
        """
        wanted = None if keys is None else {_name(key) for key in keys}
        paths = [
            part.path
            for name, parts in self._parts.items()
            if wanted is None or name in wanted
            for part in parts
            if part.table == table and self._vouched(part, parts)
        ]
        with _told(self.where, "cannot be read"):
            found = self.fs.cat(paths, on_error="raise") if paths else {}
            if isinstance(found, bytes):
                found = {paths[0]: found}
            parts = [pq.read_table(io.BytesIO(data)) for data in found.values()]
        if not parts:
            return pa.table({"key": pa.array([], pa.string())})
        parts.sort(key=lambda part: (part.schema.metadata or {})[_KEY])
        return pa.concat_tables(
            [part.replace_schema_metadata() for part in parts], promote_options="permissive"
        )

    @staticmethod
    def _vouched(part: _Part, siblings: list[_Part]) -> bool:
        if part.table == FAILURES:
            return True
        return any(p.table == _DONE and p.stamp == part.stamp for p in siblings)

    def _write(self, table: str, name: str, stamp: str, data: bytes, vouches: int = 0) -> _Part:
        kind = f"{vouches}.json" if table == _DONE else "parquet"
        path = f"{self.root}/{table}/{name}~{stamp}.{kind}"
        write_whole(self.fs, path, data)
        return _Part(table, name, stamp, path, vouches)

    def _remove(self, parts: Iterable[_Part]) -> None:
        for part in parts:
            with _told(self.where, "cannot be written"):
                if self.fs.exists(part.path):
                    self.fs.rm_file(part.path)


def write_whole(fs: fsspec.AbstractFileSystem, path: str, data: bytes) -> None:
    """Write a file so that no reader ever sees a part of it. Raises CalfbandError."""
    with _told(path, "cannot be written"):
        folder, _, file = path.rpartition("/")
        fs.makedirs(folder, exist_ok=True)
        if not isinstance(fs, LocalFileSystem):
            fs.pipe_file(path, data)  # object stores show a file when it is whole
            return
        beside = Path(folder) / f".{file}.{os.getpid()}"
        try:
            beside.write_bytes(data)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


def read_table(store: str | Path, name: str, keys: Iterable[str] | None = None) -> pa.Table:
    """One table of a store, sorted by key and the same whatever scheduler filled it."""
    return Store(store).table(name, keys)


def as_table(rows: pa.Table | Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table; columns in the order of their first appearance, missing cells null."""
    if isinstance(rows, pa.Table):
        return rows
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


def encoded(table: pa.Table, key: str) -> bytes:
    """A Parquet file of the table with `key` as its first column."""
    if "key" in table.column_names:
        table = table.drop_columns("key")
    keys = pa.array([key] * len(table), pa.string())
    table = table.add_column(0, "key", keys).replace_schema_metadata({_KEY: key})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _name(key: str) -> str:
    """A key as part of a file name, unlike any other key's."""
    name = quote(key, safe=" ()+,=@").replace("~", "%7E")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > _LONGEST:
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        name = f"{name[: _LONGEST - 17]}+{digest}"
    return name


@contextlib.contextmanager
def _told(where: str, what: str) -> Iterator[None]:
    """Turns the many errors of file systems into one sentence."""
    try:
        yield
    except CalfbandError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise CalfbandError(f"{where}: {what} ({reason}).") from error
