"""What is asked of a synthetic run: who runs, how fast and where, what goes wrong and when."""

import math
import re
from dataclasses import dataclass, field

from numpy.random import Generator

from host_tools.synth.athlete import Athlete
from host_tools.synth.fatigue_course import FatigueCourse
from host_tools.synth.seeds import stream

MAX_MINUTES = 240  # a run is made in memory: about 13 MB for each minute
GAITS = ("stand", "walk", "run")

_OFF = ("flat", "mains", "rail")
# kind on the command line -> (name in FAULT=<name>, modes (the first is the default),
# meaning of its number, default number, lowest, highest)
FAULT_KINDS: dict[str, tuple[str, tuple[str, ...], str, float, float, float]] = {
    "electrode-off-1": ("electrode off ch1", _OFF, "% of the gain when back", 100, 10, 400),
    "electrode-off-2": ("electrode off ch2", _OFF, "% of the gain when back", 100, 10, 400),
    "mains-1": ("mains ch1", (), "uV peak", 150, 1, 4000),
    "mains-2": ("mains ch2", (), "uV peak", 150, 1, 4000),
    "emg-clip-1": ("EMG clipped ch1", (), "uV left below the rail", 150, 0, 4000),
    "emg-clip-2": ("EMG clipped ch2", (), "uV left below the rail", 150, 0, 4000),
    "acc-clip": ("acceleration clipped", (), "g", 8, 1, 31),
    "gyro-lost": ("gyroscope lost", ("zero", "stuck"), "", 0, 0, 0),
    "acc-lost": ("accelerometer lost", ("zero", "stuck"), "", 0, 0, 0),
    "band-slip": ("band slipped", (), "deg", 15, 1, 90),
    "emg-lost": ("EMG samples lost", (), "", 0, 0, 0),
    "imu-lost": ("IMU samples lost", (), "", 0, 0, 0),
}
_FAULT_TEXT = re.compile(
    r"(?P<kind>[a-z0-9-]+)@(?P<start>\d+(?:\.\d+)?)(?P<minutes>m?)"
    r"(?:\+(?P<duration>\d+(?:\.\d+)?))?(?::(?P<detail>[a-z0-9.]+))?"
)


@dataclass(frozen=True)
class Segment:
    """A stretch of one gait, speed (m/s; ignored when standing) and grade (%, + uphill)."""

    gait: str
    duration_s: float
    speed_m_s: float = 3.0
    grade_pct: float = 0.0

    def __post_init__(self) -> None:
        if self.gait not in GAITS:
            raise ValueError(f"gait '{self.gait}' is not one of {', '.join(GAITS)}.")
        if not (math.isfinite(self.duration_s) and self.duration_s > 0):
            raise ValueError(f"a segment lasts {self.duration_s} s; give more than 0.")
        low, high = (0.5, 2.2) if self.gait == "walk" else (1.8, 6.5)
        if self.gait != "stand" and not low <= self.speed_m_s <= high:
            raise ValueError(
                f"{self.gait}ning at {self.speed_m_s} m/s is outside {low}-{high} m/s."
                if self.gait == "run"
                else f"walking at {self.speed_m_s} m/s is outside {low}-{high} m/s."
            )
        if not -15 <= self.grade_pct <= 15:
            raise ValueError(f"grade {self.grade_pct} % is outside -15...15 %.")


@dataclass(frozen=True)
class Fault:
    """One fault. `duration_s` None: until the end of the recording."""

    kind: str
    start_s: float
    duration_s: float | None = None
    mode: str = ""
    value: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"fault '{self.kind}' is not one of {', '.join(FAULT_KINDS)}.")
        _, modes, meaning, _, low, high = FAULT_KINDS[self.kind]
        if self.mode and self.mode not in modes:
            allowed = f"one of {', '.join(modes)}" if modes else "allowed for it"
            raise ValueError(f"fault {self.kind}: '{self.mode}' is not {allowed}.")
        if self.value is not None and not (meaning and low <= self.value <= high):
            takes = f"takes {low:g}-{high:g} {meaning}" if meaning else "takes no number"
            raise ValueError(f"fault {self.kind} {takes}, not {self.value:g}.")
        if not self.start_s >= 0 or (self.duration_s is not None and not self.duration_s > 0):
            raise ValueError(f"fault {self.kind}: start at 0 s or later and last more than 0 s.")

    @property
    def name(self) -> str:
        """As in the firmware's table of faults, hence as in `FAULT=<name>`."""
        return FAULT_KINDS[self.kind][0]

    @property
    def amount(self) -> float:
        return FAULT_KINDS[self.kind][3] if self.value is None else self.value

    @property
    def how(self) -> str:
        modes = FAULT_KINDS[self.kind][1]
        return self.mode or (modes[0] if modes else "")


def parse_fault(text: str) -> Fault:
    """`KIND@START[m][+SECONDS][:DETAIL]`, e.g. `electrode-off-1@12m+30:rail`, `acc-clip@0:8`.

    Raises ValueError with a sentence for anything else.
    """
    match = _FAULT_TEXT.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"fault '{text}' is not KIND@START[m][+SECONDS][:DETAIL]; "
            "an example is electrode-off-1@12m+30:rail."
        )
    detail = match["detail"] or ""
    number = re.fullmatch(r"\d+(\.\d+)?", detail)
    return Fault(
        kind=match["kind"],
        start_s=float(match["start"]) * (60 if match["minutes"] else 1),
        duration_s=float(match["duration"]) if match["duration"] else None,
        mode="" if number else detail,
        value=float(detail) if number else None,
    )


@dataclass(frozen=True)
class Wear:
    """How the band sits: rotation about the tibia, small tilts, upside down.

    None draws the value from the athlete's seed. With all zero the sensor's axes are the
    shank's: x anterior, y proximal, z right.
    """

    rotation_deg: float | None = None
    tilt_deg: float | None = None
    upside_down: bool | None = None

    def __post_init__(self) -> None:
        if self.rotation_deg is not None and not abs(self.rotation_deg) <= 360:
            raise ValueError(f"rotation {self.rotation_deg} deg is outside -360...360 deg.")
        if self.tilt_deg is not None and not abs(self.tilt_deg) <= 30:
            raise ValueError(f"tilt {self.tilt_deg} deg is outside -30...30 deg.")


@dataclass(frozen=True)
class RunPlan:
    """Everything that decides a synthetic run; equal plans give equal bytes.

    `segments` empty: running at `speed_m_s` for `minutes`. A plan with segments lasts as long
    as they do, `minutes` is then ignored. `athlete`, `course` None: drawn from `athlete_seed`
    (itself `seed` when None).
    """

    seed: int = 1
    athlete_seed: int | None = None
    minutes: float = 40.0
    speed_m_s: float = 3.0
    segments: tuple[Segment, ...] = ()
    athlete: Athlete | None = None
    course: FatigueCourse | None = None
    faults: tuple[Fault, ...] = ()
    wear: Wear = field(default_factory=Wear)
    imu_clock_pct: float = 0.0
    mains_hz: int = 50
    emg_channels: int = 2
    with_acc: bool = True
    with_gyro: bool = True
    with_temp: bool = True
    with_speed: bool = False

    def __post_init__(self) -> None:
        if self.seed < 0 or (self.athlete_seed or 0) < 0:
            raise ValueError("a seed is a whole number of 0 or more.")
        if not self.segments and not 0.05 <= self.minutes <= MAX_MINUTES:
            raise ValueError(f"{self.minutes} minutes is outside 0.05-{MAX_MINUTES}.")
        if not abs(self.imu_clock_pct) <= 3.8:
            raise ValueError(f"IMU clock error {self.imu_clock_pct} % is outside -3.8...3.8 %.")
        if self.mains_hz not in (50, 60):
            raise ValueError(f"mains of {self.mains_hz} Hz: give 50 or 60.")
        if self.emg_channels not in (0, 1, 2):
            raise ValueError(f"{self.emg_channels} EMG channels: give 0, 1 or 2.")
        if not (self.emg_channels or self.with_acc or self.with_gyro):
            raise ValueError("no EMG, no accelerometer and no gyroscope: nothing to record.")
        if self.duration_s > MAX_MINUTES * 60:
            raise ValueError(f"the segments last longer than {MAX_MINUTES} minutes; shorten them.")

    def phases(self) -> tuple[Segment, ...]:
        """The segments run, at least one."""
        return self.segments or (Segment("run", self.minutes * 60, self.speed_m_s),)

    @property
    def duration_s(self) -> int:
        """Whole seconds, as the records of the file."""
        return max(3, round(sum(s.duration_s for s in self.phases())))

    @property
    def imu_rate_hz(self) -> int:
        """Samples in a record of 1 s; 833 for a band whose clock is right."""
        return round(833 * (1 + self.imu_clock_pct / 100))

    def rng(self, part: str) -> Generator:
        """A stream of its own per part: a fault added does not change the stride before it."""
        return stream(self.seed, part)
