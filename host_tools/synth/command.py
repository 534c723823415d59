"""`calfband synth`: make a synthetic run with known truth."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from host_tools.console import Console
from host_tools.synth.athlete import draw_athlete
from host_tools.synth.fatigue_course import draw_course
from host_tools.synth.plan import FAULT_KINDS, Fault, RunPlan, Segment, Wear, parse_fault
from host_tools.synth.run import SyntheticRun, synthesize
from host_tools.synth.seeds import stream
from host_tools.synth.segments import SpeedPlan, plan_segments
from host_tools.synth.write import write_edf


class Fatigue(str, Enum):
    none = "none"
    responder = "responder"
    paradoxical = "paradoxical"
    central = "central"


class Side(str, Enum):
    left = "left"
    right = "right"


class FootStrike(str, Enum):
    rearfoot = "rearfoot"
    midfoot = "midfoot"
    forefoot = "forefoot"


_FAULT_HELP = (
    "KIND@START+SECONDS:DETAIL, repeatable; START in s or, as 12m, in minutes; without +SECONDS "
    "to the end. For example electrode-off-1@12m+30:rail. Kinds: " + ", ".join(FAULT_KINDS)
)
_RUN, _BODY, _FATIGUE = "The run", "The athlete", "Fatigue"
_BAND, _FILE = "The band and its faults", "The file"


def synth(
    out: Annotated[Path, typer.Argument(help="EDF+ file to write.", metavar="OUT.edf")],
    minutes: Annotated[float, typer.Option(help="Minutes of running.", rich_help_panel=_RUN)] = 40,
    speed: Annotated[
        str,
        typer.Option(
            help="m/s, or stretches as SPEEDxMINUTES: 3.0x10,3.6x5 (then --minutes is not used).",
            rich_help_panel=_RUN,
        ),
    ] = "3.0",
    speed_plan: Annotated[
        SpeedPlan, typer.Option(help="How a single --speed is run.", rich_help_panel=_RUN)
    ] = SpeedPlan.constant,
    grade: Annotated[
        str,
        typer.Option(
            help="Grade in %, + uphill, or stretches as GRADExMINUTES: 0x20,4x3,-4x3,0x14.",
            rich_help_panel=_RUN,
        ),
    ] = "0",
    standing: Annotated[
        float, typer.Option(help="Seconds of standing before the run.", rich_help_panel=_RUN)
    ] = 0,
    walking: Annotated[
        float, typer.Option(help="Seconds of walking before the run.", rich_help_panel=_RUN)
    ] = 0,
    cool_down: Annotated[
        float, typer.Option(help="Seconds of walking after the run.", rich_help_panel=_RUN)
    ] = 0,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.", rich_help_panel=_RUN)] = 1,
    athlete_seed: Annotated[
        int | None,
        typer.Option(
            help="Draws the athlete and how they tire; default: --seed.", rich_help_panel=_BODY
        ),
    ] = None,
    mass: Annotated[float | None, typer.Option(help="kg", rich_help_panel=_BODY)] = None,
    height: Annotated[float | None, typer.Option(help="m", rich_help_panel=_BODY)] = None,
    side: Annotated[Side | None, typer.Option(rich_help_panel=_BODY)] = None,
    foot_strike: Annotated[FootStrike | None, typer.Option(rich_help_panel=_BODY)] = None,
    cadence: Annotated[
        float | None, typer.Option(help="steps/min at 3 m/s", rich_help_panel=_BODY)
    ] = None,
    shock: Annotated[
        float | None,
        typer.Option(help="Runner and shoe: × the usual peak at landing.", rich_help_panel=_BODY),
    ] = None,
    rms: Annotated[
        float | None, typer.Option(help="EMG of a burst of GM, uV", rich_help_panel=_BODY)
    ] = None,
    mdf: Annotated[
        float | None, typer.Option(help="Median frequency of GM, Hz", rich_help_panel=_BODY)
    ] = None,
    noise: Annotated[
        float | None, typer.Option(help="EMG noise, uV", rich_help_panel=_BODY)
    ] = None,
    fatigue: Annotated[
        Fatigue, typer.Option(help="How the legs tire.", rich_help_panel=_FATIGUE)
    ] = Fatigue.responder,
    fatigue_onset: Annotated[
        float, typer.Option(help="Minute it starts.", rich_help_panel=_FATIGUE)
    ] = 17,
    fatigue_ramp: Annotated[
        float, typer.Option(help="Minutes until it is full.", rich_help_panel=_FATIGUE)
    ] = 12,
    fatigue_depth: Annotated[
        float, typer.Option(help="1 = as published; up to 3.", rich_help_panel=_FATIGUE)
    ] = 1,
    fault: Annotated[
        list[str] | None, typer.Option(help=_FAULT_HELP, rich_help_panel=_BAND)
    ] = None,
    wear_rotation: Annotated[
        float | None,
        typer.Option(
            help="Degrees the band is turned about the tibia; default: drawn.",
            rich_help_panel=_BAND,
        ),
    ] = None,
    wear_tilt: Annotated[
        float | None, typer.Option(help="Degrees, default: drawn.", rich_help_panel=_BAND)
    ] = None,
    upside_down: Annotated[
        bool | None,
        typer.Option("--upside-down/--right-way-up", help="Default: drawn.", rich_help_panel=_BAND),
    ] = None,
    imu_clock: Annotated[
        float, typer.Option(help="Error of the IMU's clock, %", rich_help_panel=_BAND)
    ] = 0,
    mains: Annotated[int, typer.Option(help="50 or 60 Hz", rich_help_panel=_BAND)] = 50,
    emg_channels: Annotated[int, typer.Option(help="0, 1 or 2", rich_help_panel=_FILE)] = 2,
    acc: Annotated[bool, typer.Option(help="Accelerometer", rich_help_panel=_FILE)] = True,
    gyro: Annotated[bool, typer.Option(help="Gyroscope", rich_help_panel=_FILE)] = True,
    temp: Annotated[bool, typer.Option(help="Skin temperature", rich_help_panel=_FILE)] = True,
    with_speed: Annotated[
        bool,
        typer.Option("--speed-channel/--no-speed-channel", help="SPEED", rich_help_panel=_FILE),
    ] = False,
) -> None:
    """Make a SYNTHETIC run with known truth, as an EDF+ recording.

    Not a measurement: every signal is computed. The truth (contacts, bursts, fatigue, faults)
    is in the annotations.
    """
    body: dict[str, object] = {
        "mass_kg": mass,
        "height_m": height,
        "side": side.value if side else None,
        "foot_strike": foot_strike.value if foot_strike else None,
        "cadence_spm": cadence,
        "tib_peak_scale": shock,
        "rms_uv": None if rms is None else (rms, 0.7 * rms),
        "mdf_hz": None if mdf is None else (mdf, 0.93 * mdf),
        "noise_uv": None if noise is None else (noise, noise),
    }
    try:
        segments = plan_segments(minutes, speed, speed_plan, grade, standing, walking, cool_down)
        who = seed if athlete_seed is None else athlete_seed
        if who < 0:
            raise ValueError("a seed is a whole number of 0 or more.")
        plan = RunPlan(
            seed=seed,
            segments=segments,
            athlete=draw_athlete(who, **{k: v for k, v in body.items() if v is not None}),
            course=draw_course(
                stream(who, "course"), fatigue.value, fatigue_onset, fatigue_ramp, fatigue_depth
            ),
            faults=tuple(_faults(fault, segments)),
            wear=Wear(wear_rotation, wear_tilt, upside_down),
            imu_clock_pct=imu_clock,
            mains_hz=mains,
            emg_channels=emg_channels,
            with_acc=acc,
            with_gyro=gyro,
            with_temp=temp,
            with_speed=with_speed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if out.is_dir():
        raise typer.BadParameter(f"{out}: this is a folder; name a file in it.")
    if not out.parent.is_dir():
        raise typer.BadParameter(f"{out}: the folder {out.parent} does not exist; make it first.")
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("strides", total=4 + plan.duration_s)
        run = synthesize(plan, lambda step: bar.update(task, description=step, advance=1))
        bar.update(task, description="writing")
        try:
            count = write_edf(run, out, lambda done, _: bar.update(task, completed=4 + done))
        except OSError as error:
            out.unlink(missing_ok=True)  # half a recording is worse than none
            raise typer.BadParameter(f"{out}: cannot be written ({error}).") from None
    _summary(console, out, run, count)


def _faults(texts: list[str] | None, segments: tuple[Segment, ...]) -> list[Fault]:
    faults = [parse_fault(text) for text in texts or []]
    end_s = sum(segment.duration_s for segment in segments)
    for fault in faults:
        if fault.start_s >= end_s:
            raise ValueError(
                f"fault {fault.kind} starts at {fault.start_s:g} s, after the end ({end_s:g} s)."
            )
    return faults


def _summary(console: Console, out: Path, run: SyntheticRun, count: int) -> None:
    athlete, course = run.athlete, run.course
    console.print(
        f"{out}: SYNTHETIC, {run.plan.duration_s / 60:.1f} min, {len(run.times('IC'))} strides, "
        f"{count} annotations\n"
        f"{athlete.sex}, {athlete.mass_kg:g} kg, {athlete.height_m:g} m, {athlete.side} leg, "
        f"{athlete.foot_strike}; fatigue {course.pattern}",
        highlight=False,
    )
