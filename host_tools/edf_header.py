"""The EDF header, checked before any library opens the file.

A damaged header makes C readers allocate or loop by its numbers, and their messages name no
remedy; so the numbers are checked here against each other and against the size of the file.
Layout: Kemp & Olivan 2003 (EDF+), https://www.edfplus.info/specs/edf.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from host_tools.errors import CalfbandError

FIXED_BYTES = 256
SIGNAL_BYTES = 256
ANNOTATIONS_LABEL = "EDF Annotations"
MAX_SIGNALS = 640
MAX_RECORD_S = 3600
MAX_NUMBER = 1e9  # no physical range in any unit is wider

EXPORT_AGAIN = "export the recording again from the program that made it"


@dataclass(frozen=True)
class SignalHeader:
    """One signal as the header describes it; `physical = digital * gain + offset` in `unit`."""

    label: str
    unit: str
    physical_min: float
    physical_max: float
    digital_min: int
    digital_max: int
    samples_per_record: int

    @property
    def gain(self) -> float:
        return (self.physical_max - self.physical_min) / (self.digital_max - self.digital_min)

    @property
    def offset(self) -> float:
        return self.physical_min - self.gain * self.digital_min


@dataclass(frozen=True)
class EdfHeader:
    """A header whose numbers agree with each other and with the file."""

    patient: str
    recording: str
    n_records: int
    record_s: Fraction
    signals: tuple[SignalHeader, ...]

    @property
    def duration_s(self) -> Fraction:
        return self.n_records * self.record_s

    def rate_hz(self, signal: SignalHeader) -> Fraction:
        """Exact: 100 samples in a 0.7 s record are 1000/7 Hz."""
        return signal.samples_per_record / self.record_s


def read_header(path: Path) -> EdfHeader:
    """Read and check the header of `path`. Raises CalfbandError with one sentence."""
    try:
        with path.open("rb") as file:
            raw = file.read(FIXED_BYTES + MAX_SIGNALS * SIGNAL_BYTES)
            size = file.seek(0, 2)
    except FileNotFoundError:
        raise CalfbandError(f"{path}: there is no such file; check the name.") from None
    except IsADirectoryError:
        raise CalfbandError(
            f"{path}: this is a folder; name the .edf recordings in it instead."
        ) from None
    except OSError as error:
        raise CalfbandError(
            f"{path}: cannot be read ({error.strerror}); check its permissions."
        ) from error
    if size == 0:
        raise CalfbandError(f"{path}: the file is empty; copy the recording again.")
    _check_is_edf(path, raw)
    n_signals = _integer(path, raw[252:256], "number of signals", 1, MAX_SIGNALS)
    header_bytes = FIXED_BYTES + n_signals * SIGNAL_BYTES
    if len(raw) < header_bytes:
        raise CalfbandError(
            f"{path}: cut off inside its EDF header ({size} of {header_bytes} bytes); "
            "copy the recording again."
        )
    _integer(path, raw[184:192], "header size", header_bytes, header_bytes)
    n_records = _integer(path, raw[236:244], "number of data records", -1, 2**31)
    record_s = _record_duration(path, raw[244:252])
    signals = _signals(path, raw[FIXED_BYTES:header_bytes], n_signals)
    if n_records < 1:
        raise CalfbandError(
            f"{path}: the recorder never closed this file or it holds no data (record count "
            f"{n_records}); repair it in EDFbrowser (Tools, Header editor) or record again."
        )
    _check_size(path, size, header_bytes, n_records, signals)
    return EdfHeader(_text(raw[8:88]), _text(raw[88:168]), n_records, record_s, signals)


def _check_is_edf(path: Path, raw: bytes) -> None:
    if raw[:8] == b"\xffBIOSEMI":
        raise CalfbandError(
            f"{path}: this is a 24-bit BDF file; convert it to EDF+ (EDFbrowser, Tools) first."
        )
    if len(raw) < FIXED_BYTES or raw[:8].rstrip() != b"0":
        raise CalfbandError(f"{path}: this is not an EDF recording; calfband reads EDF and EDF+.")
    if raw[192:197] == b"EDF+D":
        raise CalfbandError(
            f"{path}: a discontinuous EDF+D recording; save it as continuous EDF+C, with each "
            "interruption marked by a LOST=EMG or LOST=IMU annotation."
        )


def _text(raw: bytes) -> str:
    return raw.decode("latin-1").replace("\0", " ").strip()


def _damaged(path: Path, what: str, found: str) -> CalfbandError:
    return CalfbandError(
        f"{path}: its EDF header is damaged ({what} reads {found!r}); {EXPORT_AGAIN}."
    )


def _integer(path: Path, raw: bytes, what: str, low: int, high: int) -> int:
    text = _text(raw)
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()) or not low <= int(text) <= high:
        raise _damaged(path, what, text)
    return int(text)


def _number(path: Path, raw: bytes, what: str) -> float:
    text = _text(raw)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= MAX_NUMBER or "_" in text:
        raise _damaged(path, what, text)
    return value


def _record_duration(path: Path, raw: bytes) -> Fraction:
    duration = _number(path, raw, "duration of a data record")
    if not 0 < duration <= MAX_RECORD_S:
        raise _damaged(path, "duration of a data record", _text(raw))
    return Fraction(_text(raw))


def _signals(path: Path, raw: bytes, n: int) -> tuple[SignalHeader, ...]:
    """The per-signal part is stored field by field: all labels, then all transducers, ..."""
    fields: list[list[bytes]] = []
    at = 0
    for width in (16, 80, 8, 8, 8, 8, 8, 80, 8, 32):
        fields.append([raw[at + i * width : at + (i + 1) * width] for i in range(n)])
        at += n * width
    label, _, unit, phys_min, phys_max, dig_min, dig_max, _, samples, _ = fields
    signals = []
    for i in range(n):
        name = _text(label[i])
        signal = SignalHeader(
            label=name,
            unit=_text(unit[i]),
            physical_min=_number(path, phys_min[i], f"physical minimum of {name!r}"),
            physical_max=_number(path, phys_max[i], f"physical maximum of {name!r}"),
            digital_min=_integer(path, dig_min[i], f"digital minimum of {name!r}", -32768, 32767),
            digital_max=_integer(path, dig_max[i], f"digital maximum of {name!r}", -32768, 32767),
            samples_per_record=_integer(path, samples[i], f"samples of {name!r}", 1, 10_000_000),
        )
        if signal.digital_min >= signal.digital_max:
            raise _damaged(path, f"digital range of {name!r}", f"{dig_min[i]!r}…{dig_max[i]!r}")
        if signal.physical_min == signal.physical_max:
            raise _damaged(path, f"physical range of {name!r}", f"{signal.physical_min:g}")
        signals.append(signal)
    return tuple(signals)


def _check_size(
    path: Path, size: int, header_bytes: int, n_records: int, signals: tuple[SignalHeader, ...]
) -> None:
    record_bytes = 2 * sum(s.samples_per_record for s in signals)
    complete, rest = divmod(size - header_bytes, record_bytes)
    if complete < n_records:
        raise CalfbandError(
            f"{path}: cut short: its header promises {n_records} data records and the file holds "
            f"{complete}; copy the recording again or repair it in EDFbrowser."
        )
    if complete > n_records or rest:
        raise CalfbandError(
            f"{path}: {size - header_bytes - n_records * record_bytes} bytes longer than its "
            f"header says; {EXPORT_AGAIN}."
        )
