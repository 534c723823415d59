"""LittleFS images: made reproducibly, and read where they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from littlefs import LittleFS, LittleFSError
from littlefs.context import UserContext

from host_tools.errors import FlashTooSmallError
from host_tools.image.partitions import BLOCK

_NO_ENTRY = -2
ReadFlash = Callable[[int, int], bytes]  # (offset in the partition, bytes)


def build_image(files: dict[str, bytes], size: int) -> bytes:
    """A whole partition with these files, by path: the same bytes whenever it is built.

    In order of their names and without time stamps; what is unused is erased flash (FF).
    Raises FlashTooSmallError.
    """
    try:
        disk = LittleFS(block_size=BLOCK, block_count=size // BLOCK)
        made: set[str] = set()
        for path in sorted(files):
            folder = path.rpartition("/")[0]
            if folder and folder not in made:
                disk.makedirs(folder, exist_ok=True)
                made.add(folder)
            with disk.open(path, "wb") as file:
                file.write(files[path])
        return bytes(disk.context.buffer)
    except LittleFSError as error:
        total = sum(map(len, files.values()))
        raise FlashTooSmallError(
            f"{total} bytes of files do not fit into a partition of {size} bytes: {error}."
        ) from error


class _Reader(UserContext):
    """Blocks from wherever `read` takes them, each once; nothing is ever written."""

    def __init__(self, read: ReadFlash):
        super().__init__(0)
        self._fetch = read
        self._blocks: dict[int, bytes] = {}
        self.failed: Exception | None = None

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytearray:
        if block not in self._blocks:
            try:
                self._blocks[block] = self._fetch(block * BLOCK, BLOCK)
            except Exception as error:
                # LittleFS swallows it: what was read so far must not pass for all there is.
                self.failed = error
                return bytearray(size)
        return bytearray(self._blocks[block][off : off + size])

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        return -30  # EROFS

    def erase(self, cfg: Any, block: int) -> int:
        return -30

    def sync(self, cfg: Any) -> int:
        return 0


class FilesOnFlash:
    """The files of a unit, read block by block from its flash; none of it need run.

    What `read` raises is raised by every method. Raises ValueError without a file system.
    """

    def __init__(self, read: ReadFlash, size: int):
        self._reader = _Reader(read)
        with self._honest():
            try:
                self._disk = LittleFS(
                    context=self._reader, block_size=BLOCK, block_count=size // BLOCK
                )
            except LittleFSError as error:
                raise ValueError(str(error)) from error

    @contextmanager
    def _honest(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._reader.failed:
                raise self._reader.failed

    @property
    def used_bytes(self) -> int:
        """In whole blocks, as the unit counts them."""
        with self._honest():
            return self._disk.used_block_count * BLOCK

    def sizes(self, folder: str = "/") -> dict[str, int]:
        """Bytes of every file below a folder; {} without the folder."""
        with self._honest():
            return dict(self._walk(folder.rstrip("/")))

    def _walk(self, folder: str) -> Iterator[tuple[str, int]]:
        try:
            entries = list(self._disk.scandir(folder or "/"))
        except LittleFSError as error:
            if error.code != _NO_ENTRY:
                raise ValueError(str(error)) from error
            return
        for item in entries:
            path = f"{folder}/{item.name}"
            if item.type == 2:  # a folder
                yield from self._walk(path)
            else:
                yield path, item.size

    def read(self, path: str) -> bytes:
        """Raises ValueError when the file system is damaged there."""
        with self._honest():
            try:
                with self._disk.open(path, "rb") as file:
                    return file.read()
            except LittleFSError as error:
                raise ValueError(f"{path}: {error}") from error
