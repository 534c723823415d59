"""What is played with: the buffers that fill, the phone, events, and what was found."""

from __future__ import annotations

from dataclasses import dataclass, field

FIFO, DMA, INTERRUPT, INPUT = "motion FIFO", "EMG DMA", "EMG interrupt", "chain input"
SMALL, BULK, WATCHDOG = "packet queue", "raw queue", "watchdog"
BUFFERS = (FIFO, DMA, INTERRUPT, INPUT, SMALL, BULK, WATCHDOG)
UNITS = ("words", "buffers", "buffers", "samples", "packets", "packets", "s")
COLLECTION, LOG = "collection", "log: "  # names of events, the second their begin


@dataclass(frozen=True, order=True)
class Event:
    """Work beside the usual, in the first tick at or after `at_us`, when the sensors have been
    read: pieces of (us, whether flash is erased).
    """

    at_us: float
    name: str = field(compare=False)
    pieces: tuple[tuple[float, bool], ...] = field(compare=False)

    @property
    def us(self) -> float:
        return sum(us for us, _ in self.pieces)


@dataclass
class Phone:
    """interval_us 0: nobody is connected."""

    interval_us: int = 30_000
    raw: bool = False
    strides_per_s: float = 1.36  # two packets each


@dataclass
class Fill:
    """The fullest a buffer was, when, why; and what it lost: us of samples, packets.

    An interrupt of the I2S tells one DMA buffer: what fell due before, while it was kept away, is
    never read. The chain's input loses nothing: what finds it full is worked off before its turn.
    """

    capacity: float
    most: float = 0
    at_us: float = 0
    why: str = ""
    overruns: int = 0
    lost: float = 0
    first_us: float = -1
    first_why: str = ""

    def fill(self, most: float, at_us: float, why: str) -> None:
        self.most, self.at_us, self.why = most, at_us, why

    def overrun(self, at_us: float, lost: float, why: str) -> None:
        if self.overruns == 0:
            self.first_us, self.first_why = at_us, why
        self.overruns += 1
        self.lost += lost


@dataclass
class Played:
    """fills: of BUFFERS. bins, latest, late_loops: as band/unit/lateness.py counts."""

    us: float
    fills: dict[str, Fill]
    bins: list[int]
    latest_us: float = 0
    late_loops: int = 0
    longest_loop_us: float = 0
    collections: int = 0
    longest_collection_us: float = 0
    longest_write_us: float = 0  # of the log
    ticks: int = 0
    trace: list[tuple[float, float, float, float]] = field(default_factory=list)  # us, fills

    def overrun(self) -> list[str]:
        """Buffers that lost something, by the time of the first loss."""
        lost = [name for name, fill in self.fills.items() if fill.overruns]
        return sorted(lost, key=lambda name: self.fills[name].first_us)
