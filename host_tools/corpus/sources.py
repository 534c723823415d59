"""Which recordings are meant, and a recording of anywhere as a file on this computer."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from host_tools.errors import CalfbandError

SUFFIX = ".edf"
# What file systems call the things that change with a file's content.
_IDENTITY = ("size", "mtime", "LastModified", "last_modified", "ETag", "etag", "CRC", "date_time")


@dataclass(frozen=True)
class Source:
    """One recording: its name in tables, where it is, and what changes when its content does."""

    name: str
    url: str
    identity: tuple[str, ...]


def find_recordings(wanted: Sequence[str]) -> list[Source]:
    """The recordings that files, folders, globs and URLs stand for, in order of their names.

    A folder stands for every .edf in it, at any depth. A file found twice counts once.
    Raises CalfbandError when a name leads nowhere or nothing is found at all.
    """
    found: dict[str, Source] = {}
    for argument in wanted:
        for source in _expand(argument):
            found.setdefault(source.url, source)
    if not found:
        raise CalfbandError(
            f"no recording (*{SUFFIX}) in {', '.join(wanted)}; name the files, or a folder that "
            "holds some."
        )
    return sorted(found.values(), key=lambda source: source.name)


def _expand(argument: str) -> Iterator[Source]:
    fs, path, shown, after = _opened(argument)
    with _told(argument):
        if fs.isfile(path):
            paths = [path]
        elif fs.isdir(path):
            paths = _recordings_below(fs, path)
        elif any(c in path for c in "*?["):
            paths = []
            for hit in sorted(fs.glob(path)):
                paths += _recordings_below(fs, hit) if fs.isdir(hit) else [hit]
            paths = [hit for hit in paths if hit.lower().endswith(SUFFIX)]
        else:
            raise CalfbandError(f"{argument}: there is no such file or folder.")
        infos = [fs.info(hit) for hit in paths]
    for hit, info in zip(paths, infos, strict=True):
        identity = tuple(f"{key}={info[key]}" for key in _IDENTITY if info.get(key) is not None)
        if isinstance(fs, LocalFileSystem):
            yield Source(_local_name(hit, shown), hit, identity)
        else:
            url = fs.unstrip_protocol(hit) + after
            yield Source(url, url, identity)


def _opened(argument: str) -> tuple[Any, str, str, str]:
    """File system, path in it, the argument as a local path, and what follows in a chain."""
    head, _, rest = argument.partition("::")
    if rest and "://" not in rest:
        rest = Path(rest).expanduser().absolute().as_uri()
    if "://" not in argument and not rest:
        shown = os.path.normpath(Path(argument).expanduser())
        return LocalFileSystem(), os.path.abspath(shown), shown, ""
    with _told(argument):
        fs, path = fsspec.core.url_to_fs(f"{head}::{rest}" if rest else head)
    return fs, path, path, f"::{rest}" if rest else ""


def _recordings_below(fs: Any, folder: str) -> list[str]:
    return [path for path in sorted(fs.find(folder)) if path.lower().endswith(SUFFIX)]


def _local_name(path: str, shown: str) -> str:
    """The path as the user would write it: relative where the argument was."""
    return path if os.path.isabs(shown) else os.path.relpath(path)


@contextlib.contextmanager
def local_copy(source: Source) -> Iterator[Path]:
    """The recording as a local file: itself, or fetched into a temporary folder.

    Raises CalfbandError when it is not to be seen from here or cannot be fetched.
    """
    if "://" not in source.url:
        path = Path(source.url)
        if not path.exists():
            raise CalfbandError(
                f"{source.name}: not to be seen from {socket.gethostname()}; put recordings where "
                "every worker has them under the same path, or name them by a URL."
            )
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        path = Path(folder) / f"recording{SUFFIX}"
        with (
            _told(source.name),
            fsspec.open(source.url, "rb") as remote,
            path.open("wb") as local,
        ):
            shutil.copyfileobj(remote, local, 1 << 20)  # pyright: ignore
        yield path


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Turns the many errors of file systems into one sentence."""
    try:
        yield
    except CalfbandError:
        raise
    except ImportError as error:
        raise CalfbandError(
            f"{name}: this kind of URL needs another package ({error}); "
            "`pip install 'calfband[remote]'` brings those for https:// and s3://."
        ) from error
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise CalfbandError(f"{name}: cannot be read ({reason}); check the name.") from error
