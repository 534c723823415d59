"""`calfband twin`: boot the firmware against virtual chips that a recording feeds."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.athlete import Athlete, athlete_from_patient, read_athlete
from host_tools.band_input import IMU_TOLERANCE, BandInput, band_input
from host_tools.console import Console
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import units
from host_tools.keys import keys
from host_tools.recording import read_recording
from host_tools.virtual.show import Show
from host_tools.virtual.summary import show_report
from host_tools.virtual.unit import RecordReader, command, environment, read_report
from host_tools.virtual.world import MISHAPS, WorldPlan, parse_mishap, write_world

if TYPE_CHECKING:
    from host_tools.virtual.bench.hands import Bench

NAME = "Calf band 0001"  # by the virtual unit's own number
PIECE = 1 << 16
LEAD_MS = 3000  # of standing still before the recording begins
FAST_LEAD_MS = 15_000  # long enough for the band to know its clocks
ENDING_S = 5.0


def twin(
    recording: Annotated[
        Path | None, typer.Argument(help="EDF or EDF+ recording: the band's world.")
    ] = None,
    bench: Annotated[
        bool, typer.Option("--bench", help="No recording: on a virtual bench, for calibration.")
    ] = False,
    errors: Annotated[
        Path | None, typer.Option(help="TOML: what is wrong with the unit on the bench.")
    ] = None,
    pace: Annotated[
        float,
        typer.Option(min=0.1, max=20, help="Of the bench's time, in multiples of this computer's."),
    ] = 1.0,
    fast: Annotated[
        bool, typer.Option("--fast", help="In virtual time, as fast as the computer can.")
    ] = False,
    imu_clock: Annotated[
        float | None,
        typer.Option("--imu-clock", metavar="PCT", help="Error of the IMU's own clock, -4 to 4 %."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME@S+S", help=f"What goes wrong: {', '.join(MISHAPS)}."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=-1, help="Of the processor's lateness in virtual time; -1: never.")
    ] = 1,
    no_radio: Annotated[bool, typer.Option("--no-radio", help="Nobody hears the band.")] = False,
    bluez: Annotated[
        bool, typer.Option("--bluez", help="Also on a private org.bluez, for other programs.")
    ] = False,
    hours: Annotated[
        float | None, typer.Option(help="Play so long; the recording begins again and again.")
    ] = None,
    athlete: Annotated[Path | None, typer.Option(help="TOML, as for replay.")] = None,
    flash: Annotated[
        Path | None,
        typer.Option(help="Folder of the unit's flash; default: one that all twins here share."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the final report only.")] = False,
) -> None:
    """Boot the very firmware on virtual chips fed by a recording; Bluetooth and all."""
    console = Console()
    if bench:
        if recording is not None or fast or fault or hours or imu_clock is not None:
            raise CalfbandError("--bench takes neither a recording nor what is done to one.")
        _on_the_bench(console, errors, pace, seed, flash, None if no_radio else NAME, bluez, quiet)
        return
    if recording is None:
        raise CalfbandError("name a recording to play, or put the unit on a bench with --bench.")
    source, settings, notes = _source(recording, imu_clock, athlete)
    plan = WorldPlan(
        fast=fast,
        seed=None if seed < 0 else seed,
        lead_ms=FAST_LEAD_MS if fast else LEAD_MS,
        play_ms=None if hours is None else round(hours * 3_600_000),
        mishaps=[parse_mishap(text) for text in fault or []],
        settings=settings,
    )
    with _folder(flash) as folder:
        with console.status("preparing the samples"):
            notes += write_world(folder, source, plan)
        if not quiet:
            for note in notes:
                console.print(f"note: {note}", style="dim", highlight=False)
        started = time.perf_counter()
        report = asyncio.run(_twin(console, folder, plan, None if no_radio else NAME, bluez, quiet))
        show_report(console, report, time.perf_counter() - started)


def _source(
    path: Path, imu_clock_pct: float | None, athlete_file: Path | None
) -> tuple[BandInput, list[str], list[str]]:
    imu_hz = None
    if imu_clock_pct is not None:
        error = Fraction(imu_clock_pct).limit_denominator(100_000) / 100
        if abs(error) > IMU_TOLERANCE:
            raise CalfbandError(f"--imu-clock {imu_clock_pct:g}: an IMU is off by 4 % at most.")
        imu_hz = Fraction(round(units.IMU_RATE_MHZ * (1 + error)), 1000)
    recording = read_recording(path)
    athlete = athlete_from_patient(f"{recording.patient} {recording.title}", recording.notes)
    if athlete_file:
        athlete = read_athlete(athlete_file, athlete)
    source = band_input(recording, imu_hz)
    return source, unit_settings(athlete, source), recording.notes + source.notes


def unit_settings(athlete: Athlete, source: BandInput) -> list[str]:
    """What the unit's settings say of its wearer and of the sensors that the recording has."""
    return athlete.settings() + [f"{name}={value}" for name, value in source.present.items()]


@contextmanager
def _folder(flash: Path | None) -> Iterator[Path]:
    """The unit's folder; one twin at a time uses a flash."""
    import fcntl

    if flash is None:
        flash = Path.home() / ".cache" / "calfband" / "twin"
    try:
        flash.mkdir(parents=True, exist_ok=True)
        lock = open(flash / "lock", "w")
    except OSError as error:
        raise CalfbandError(
            f"{flash}: cannot be the unit's flash ({error.strerror}); name another with --flash."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CalfbandError(
                f"{flash}: another twin runs on this flash; end it, or name another with --flash."
            ) from None
        (flash / "report.txt").unlink(missing_ok=True)
        yield flash.resolve()


def _on_the_bench(
    console: Console,
    errors: Path | None,
    pace: float,
    seed: int,
    flash: Path | None,
    name: str | None,
    bluez: bool,
    quiet: bool,
) -> None:
    from host_tools.virtual.bench.errors import Errors, read_errors
    from host_tools.virtual.bench.files import write_bench

    wrong = read_errors(errors) if errors else Errors()
    plan = WorldPlan(fast=False)
    with _folder(flash) as folder:
        with console.status("preparing the bench"):
            write_bench(folder, wrong, round(100 * pace), None if seed < 0 else seed)
        asyncio.run(_twin(console, folder, plan, name, bluez, quiet, on_bench=True))


async def _twin(
    console: Console,
    folder: Path,
    plan: WorldPlan,
    name: str | None,
    bluez: bool,
    quiet: bool,
    on_bench: bool = False,
) -> dict[str, int]:
    from host_tools.virtual.bench.hands import KEYS, Bench

    keyboard = Bench(lambda key: press(key))
    async with _radio(name, bluez, keyboard if on_bench else None) as (socket, words):
        if words and not quiet:
            console.print(words, highlight=False)
        child = await asyncio.create_subprocess_exec(
            *command(folder, "bench_twin.py" if on_bench else "boot_twin.py"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment(socket),
            start_new_session=True,  # Ctrl-C is for us, who end the unit
        )
        stdin, stdout = child.stdin, child.stdout
        assert stdin and stdout
        reader = RecordReader()

        def end() -> None:
            if child.returncode is None:
                child.send_signal(signal.SIGINT)

        def press(key: str) -> None:
            stdin.write(key.encode())

        def on_key(key: str) -> None:
            if key == "q":
                end()
            elif (key in "bB" and not plan.fast) or (on_bench and key in KEYS):
                press(key)

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        try:
            with keys(on_key) as with_keys:
                show = Show(Console(quiet=quiet), plan.fast, with_keys, plan.play_ms or 0, on_bench)
                with show:
                    while piece := await stdout.read(PIECE):
                        for tag, fields in reader.feed(piece):
                            show.record(tag, fields)
                        keyboard.said(reader.console)
                        show.scene = keyboard.scene
            code = await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    return read_report(folder, code, reader.console)


@asynccontextmanager
async def _radio(
    name: str | None, bluez: bool, bench: Bench | None
) -> AsyncIterator[tuple[Path | None, str]]:
    """A socket where the band finds its radio, and what to tell the user; None: no radio."""
    if name is None:
        yield None, ""
        return
    from contextlib import AsyncExitStack

    from host_tools.radio import need_bumble

    need_bumble()
    from bumble.link import LocalLink

    from host_tools.radio.bridge import Bridge
    from host_tools.radio.virtual_air import offered

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="calfband-")))
        link = LocalLink()
        bridge = Bridge(link)
        await bridge.listen(str(folder / "radio"))
        stack.push_async_callback(bridge.close)
        more = {}
        next_step = "live --twin"
        if bench is not None:
            from host_tools.virtual.bench.hands import hands_welcome

            more["bench"] = str(folder / "bench")
            await stack.enter_async_context(hands_welcome(folder / "bench", bench))
            next_step = "calibrate --twin"
        await stack.enter_async_context(offered(link, name, **more))
        words = f'{name} is on the air: in another terminal, "calfband {next_step}"; b to pair'
        if bluez:
            from host_tools.radio.bluez import private_bluez
            from host_tools.radio.virtual_link import central_pairing, virtual_device

            adapter = virtual_device(link, "adapter", "C4:1F:00:00:00:02")
            adapter.pairing_config_factory = central_pairing
            await adapter.power_on()
            address = await stack.enter_async_context(private_bluez(adapter))
            words += f"\nBlueZ: DBUS_SYSTEM_BUS_ADDRESS={address}"
        yield folder / "radio", words
