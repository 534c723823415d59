"""The firmware's own numbers for the model, read from its source: nothing is copied here."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.firmware_tables import units, wire
from target.machines import FIRMWARE, TargetError

_DMA_FRAMES = 256  # DMA_BUF_LEN_IN_I2S_FRAMES of machine_i2s.c
_FRAME_BYTES = 8  # 32-bit stereo
_ATT_MOST = 244


@dataclass(frozen=True)
class Firmware:
    """Times in us, sizes in the buffer's own unit."""

    tick_us: int
    look_us: int  # between two looks at the heap
    dma_us: int  # one DMA buffer of the I2S
    dma_waiting: int  # full buffers that wait while one fills
    buffers_a_read: int
    reads_a_tick: int
    fifo_words: int
    word_bytes: int
    frames_per_s: float
    words_per_s: float
    timestamp_slots: int  # frames from one timestamp of the FIFO to the next
    imu_every_us: int
    skin_every_us: int
    spi_hz: int
    meet_every_us: int
    meet_us: int
    small_slots: int
    bulk_slots: int
    packets_per_s: float
    burst: int
    emg_per_packet: int
    motion_per_packet: int
    batch_strides: int  # of the session log, written together
    input_frames: int  # of the chain
    quantum: int  # EMG samples that it works off at once, and motion frames
    motion_quantum: int
    motion_first: bool  # of the two sources in a tick
    late_us: int
    bin_ends_us: tuple[int, ...]
    watchdog_us: int
    counters: tuple[str, ...]

    @property
    def words_a_frame(self) -> float:
        return self.words_per_s / self.frames_per_s

    @property
    def fifo_us(self) -> float:
        """Time that the motion FIFO holds."""
        return 1e6 * self.fifo_words / self.words_per_s


def constants(module: str, folder: Path = FIRMWARE) -> dict[str, Any]:
    """Names and values of what `module` (as unit/board) assigns at its top, where they are plain.

    Raises TargetError when there is no such file.
    """
    path = folder / "band" / f"{module}.py"
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TargetError(f"{path}: the firmware is not there ({error.strerror}).") from None
    found: dict[str, Any] = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign):
            continue
        try:
            value = eval(
                compile(ast.Expression(node.value), str(path), "eval"),
                {"__builtins__": {}, "const": lambda x: x},
                dict(found),
            )
        except (NameError, TypeError, AttributeError):
            continue  # made of what only runs on the unit
        for target in node.targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = value if isinstance(target, ast.Tuple) else [value]
            for name, one in zip(names, values, strict=True):
                if isinstance(name, ast.Name):
                    found[name.id] = one
    return found


def _outbox_slots(folder: Path) -> dict[str, int]:
    """Slots of the radio's queues by attribute, from the calls that make them."""
    tree = ast.parse((folder / "band/unit/radio.py").read_text(encoding="utf-8"))
    found = {}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id == "Outbox"
            and isinstance(node.targets[0], ast.Attribute)
        ):
            found[node.targets[0].attr] = ast.literal_eval(node.value.args[0])
    return found


def _motion_first(folder: Path) -> bool:
    """Whether a tick of sensors.py empties the motion FIFO before the EMG."""
    tree = ast.parse((folder / "band/unit/sensors.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "_read":
            calls = [one for one in ast.walk(node) if isinstance(one, ast.Attribute)]
            lines = {one.attr: one.lineno for one in calls}
            if "_read_imu" in lines and "_read_emg" in lines:
                return lines["_read_imu"] < lines["_read_emg"]
    raise TargetError("firmware/band/unit/sensors.py: no _read that reads both sources.")


def _wanted(found: dict[str, Any], name: str, module: str) -> Any:
    if name not in found:
        raise TargetError(f"firmware/band/{module}.py has no {name}; the model asks for it.")
    return found[name]


def read_firmware(folder: Path = FIRMWARE) -> Firmware:
    """Raises TargetError naming what the firmware no longer has."""

    def of(module: str, name: str) -> Any:
        return _wanted(constants(module, folder), name, module)

    frame_us = 1_000_000 // of("unit/board", "EMG_WORDS_HZ")
    dma_buffers = of("unit/board", "EMG_IBUF") // (_DMA_FRAMES * _FRAME_BYTES)
    slots = _outbox_slots(folder)
    if sorted(slots) != ["_bulk", "_small"]:
        raise TargetError("firmware/band/unit/radio.py has other queues than _small and _bulk.")
    timestamp_slots = of("chips/lsm6dso32", "TIMESTAMP_SLOTS")
    room = _ATT_MOST - of("unit/raw_stream", "_HEAD")
    stride_bytes = 1 + of("unit/session_log", "_STRIDE_BYTES")
    batch_bytes = of("unit/session_log", "_CHUNK") - of("unit/session_log", "_SPARE")
    return Firmware(
        tick_us=1000 * of("unit/rest", "TICK_MS"),
        look_us=1000 * of("unit/app", "_LOOK_MS"),
        dma_us=_DMA_FRAMES * frame_us,
        dma_waiting=dma_buffers - 1,
        buffers_a_read=of("decimate", "MOST_FRAMES") // _DMA_FRAMES,
        reads_a_tick=of("unit/sensors", "_MOST_READS"),
        fifo_words=of("chips/lsm6dso32", "FIFO_WORDS"),
        word_bytes=of("chips/lsm6dso32", "WORD_BYTES"),
        frames_per_s=units.IMU_RATE_MHZ / 1000,
        words_per_s=units.IMU_RATE_MHZ / 1000 * (2 + 1 / timestamp_slots),
        timestamp_slots=timestamp_slots,
        imu_every_us=1000 * of("unit/sensors", "_IMU_MS"),
        skin_every_us=1000 * of("unit/sensors", "_SKIN_MS"),
        spi_hz=of("unit/board", "_IMU_HZ"),
        meet_every_us=of("unit/emg_source", "_MEET_EVERY_US"),
        meet_us=of("unit/emg_source", "_MEET_US"),
        small_slots=slots["_small"],
        bulk_slots=slots["_bulk"],
        packets_per_s=of("unit/radio", "_PER_MS"),
        burst=of("unit/radio", "_BURST") // 1000,
        emg_per_packet=room // wire.RAW_FRAME_BYTES[0],
        motion_per_packet=room // wire.RAW_FRAME_BYTES[1],
        batch_strides=1 + batch_bytes // stride_bytes,
        input_frames=of("chain", "INPUT_FRAMES"),
        quantum=of("chain", "EMG_QUANTUM"),
        motion_quantum=of("chain", "_IMU_QUANTUM"),
        motion_first=_motion_first(folder),
        late_us=of("unit/lateness", "LATE_US"),
        bin_ends_us=tuple(of("unit/lateness", "BIN_ENDS_US")),
        watchdog_us=1000 * of("unit/board", "_WATCHDOG_MS"),
        counters=tuple(wire.COUNTERS),
    )
