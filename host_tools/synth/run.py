"""Put a synthetic run together: signals as the band would record them, and the truth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from host_tools.synth.athlete import Athlete, draw_athlete
from host_tools.synth.emg import RATE_HZ as EMG_RATE_HZ
from host_tools.synth.emg import EmgSignals, contract
from host_tools.synth.fatigue_course import FatigueCourse, draw_course
from host_tools.synth.faults import spoil_emg, spoil_imu
from host_tools.synth.imu import feel
from host_tools.synth.plan import RunPlan
from host_tools.synth.seeds import stream
from host_tools.synth.strides import STAND, Conditions, Strides, conditions, lay_out

EMG_LSB_UV = 0.25
ACC_LSB_G = 0.000976
GYR_LSB_DPS = 0.07
TEMP_LSB_C = 0.01
SPEED_LSB_M_S = 0.001


@dataclass(frozen=True, order=True)
class TruthEvent:
    """An annotation: onset and duration in s (-1: an instant), text."""

    onset_s: float
    duration_s: float
    text: str


@dataclass(frozen=True)
class Channel:
    """One signal as recorded: int16 samples, value = sample * lsb."""

    label: str
    unit: str
    rate_hz: int
    lsb: float
    samples: np.ndarray

    def values(self) -> np.ndarray:
        return self.samples * self.lsb


@dataclass(frozen=True)
class SyntheticRun:
    """A run, its truth and what it was made from."""

    plan: RunPlan
    athlete: Athlete
    course: FatigueCourse
    strides: Strides
    channels: tuple[Channel, ...]
    truth: tuple[TruthEvent, ...]

    def __getitem__(self, label: str) -> Channel:
        for channel in self.channels:
            if channel.label == label:
                return channel
        raise KeyError(label)

    def times(self, text: str) -> np.ndarray:
        """Onsets (s) of every truth event with this text."""
        return np.array([event.onset_s for event in self.truth if event.text == text])


def synthesize(plan: RunPlan, progress: Callable[[str], None] | None = None) -> SyntheticRun:
    """Make the run of a plan; `progress` is told each step's name before it starts.

    Raises ValueError for an athlete or a course out of range.
    """
    tell = progress or (lambda step: None)
    seed = plan.seed if plan.athlete_seed is None else plan.athlete_seed
    athlete = plan.athlete or draw_athlete(seed)
    course = plan.course or draw_course(stream(seed, "course"))
    tell("strides")
    now = conditions(plan, athlete, course)
    strides = lay_out(plan, athlete, course, now)
    channels: list[Channel] = []
    emg = EmgSignals(np.zeros((0, 0)), ())
    if plan.emg_channels:
        tell("EMG")
        emg = contract(plan, athlete, course, strides)
        spoil_emg(plan, emg.uv)
        for label, uv in zip(("EMG GM", "EMG SO"), emg.uv, strict=False):
            channels.append(_channel(label, "uV", EMG_RATE_HZ, EMG_LSB_UV, uv))
    if plan.with_acc or plan.with_gyro:
        tell("IMU")
        imu = feel(plan, athlete, course, strides)
        spoil_imu(plan, imu.acc_g, imu.gyr_dps)
        sensors = (
            (plan.with_acc, "ACC", "g", ACC_LSB_G, imu.acc_g),
            (plan.with_gyro, "GYR", "deg/s", GYR_LSB_DPS, imu.gyr_dps),
        )
        for present, label, unit, lsb, xyz in sensors:
            for axis in range(3 * present):
                name = f"{label} {'XYZ'[axis]}"
                channels.append(_channel(name, unit, plan.imu_rate_hz, lsb, xyz[:, axis]))
    channels += _slow_channels(plan, athlete, now)
    tell("truth")
    truth = tuple(sorted(_truth(plan, course, strides, emg)))
    return SyntheticRun(plan, athlete, course, strides, tuple(channels), truth)


def _channel(label: str, unit: str, rate_hz: int, lsb: float, values: np.ndarray) -> Channel:
    samples = np.clip(np.rint(values / lsb), -32768, 32767).astype(np.int16)
    return Channel(label, unit, rate_hz, lsb, samples)


def _slow_channels(plan: RunPlan, athlete: Athlete, now: Conditions) -> list[Channel]:
    t_s = np.arange(plan.duration_s, dtype=float)
    rng = plan.rng("slow")
    skin = athlete.skin_c(t_s) + 0.02 * rng.standard_normal(len(t_s))
    speed = np.interp(t_s, now.t_s, now.speed_m_s)
    speed = np.maximum(speed * (1 + 0.005 * rng.standard_normal(len(t_s))), 0)
    channels = []
    if plan.with_temp:
        channels.append(_channel("TEMP SKIN", "degC", 1, TEMP_LSB_C, skin))
    if plan.with_speed:
        channels.append(_channel("SPEED", "m/s", 1, SPEED_LSB_M_S, speed))
    return channels


def _truth(
    plan: RunPlan, course: FatigueCourse, strides: Strides, emg: EmgSignals
) -> list[TruthEvent]:
    end_s = float(plan.duration_s)
    moving = strides.gait != STAND
    series = [("IC", strides.ic_s[moving]), ("TO", strides.to_s[moving])]
    if emg.bursts:
        series += [("EMG_ON", emg.bursts[0].on_s), ("EMG_OFF", emg.bursts[0].off_s)]
    events = [
        TruthEvent(round(float(t), 4), -1.0, text)
        for text, times in series
        for t in times
        if 0 <= round(float(t), 4) < end_s
    ]
    minutes = np.arange(0, end_s, 60.0)
    for t, level in zip(minutes, course.level(minutes), strict=True):
        events.append(TruthEvent(float(t), -1.0, f"FATIGUE={level:.2f}"))
    for fault in plan.faults:
        stop = end_s if fault.duration_s is None else fault.start_s + fault.duration_s
        if fault.start_s >= end_s:
            continue
        lasts = round(min(stop, end_s) - fault.start_s, 4)
        events.append(TruthEvent(fault.start_s, lasts, f"FAULT={fault.name}"))
        if fault.kind in ("emg-lost", "imu-lost"):
            lost = "LOST=" + fault.kind[:3].upper()
            events.append(TruthEvent(fault.start_s, lasts, lost))
    return events
