"""What a recording shows while it runs, and what it says at its end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from host_tools.keys import HEAVINESS_HELP
from host_tools.record.recorder import Recorder
from host_tools.record.write import Written
from host_tools.timeline import LEVEL_STYLES


def clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def progress(recorder: Recorder, file_name: str, with_keys: bool) -> Table:
    """A few lines: time, samples, losses, level."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column()
    connected = recorder.state == "connected"
    state = f"{recorder.name}, connected" if connected else recorder.state
    table.add_row(
        Text("● REC" if connected else "○ REC", style="bold red" if connected else "yellow"),
        Text(f"{clock(recorder.seconds)}  {file_name}", style="bold"),
    )
    table.add_row("band", Text(state, style="" if connected else "yellow"))
    received, lost = recorder.streams.received, recorder.streams.lost
    for kind in received:
        text = Text(f"{received[kind]:,} samples")
        if lost[kind]:
            share = lost[kind] / (lost[kind] + received[kind])
            text.append(f", {lost[kind]:,} lost ({100 * share:.2f} %)", style="yellow")
        table.add_row(kind, text)
    if recorder.streams.malformed:
        unread = f"{recorder.streams.malformed:,} raw packets that fit no table"
        table.add_row("unread", Text(unread, style="yellow"))
    strides = f"{recorder.strides:,}"
    if recorder.strides_missed:
        strides += f", {recorder.strides_missed} not told"
    table.add_row("strides", strides)
    status = recorder.status_now
    if status is not None:
        name = Text(status["level_name"], style=LEVEL_STYLES[status["level"] % 5])
        table.add_row("level", name.append(f", {status['confidence_pct']} %", style="dim"))
        faults = status["fault_names"] + status["unit_fault_names"]
        if faults:
            table.add_row("faults", Text(", ".join(faults), style="yellow"))
    if recorder.battery_pct is not None:
        table.add_row("battery", f"{recorder.battery_pct} %")
    if recorder.marks:
        table.add_row("marks", " ".join(map(str, recorder.marks[-20:])))
    ends = "Ctrl-C ends the recording"
    table.add_row("", Text(f"{HEAVINESS_HELP}; {ends}" if with_keys else ends, style="dim"))
    return table


def show(console: Console, written: Written) -> None:
    """The counts of a finished file."""
    lines = [f"{written.path.name}: {clock(written.duration_s)}, {written.strides} strides"]
    for kind, n in written.frames.items():
        lost, own = written.lost[kind], written.lost_in_band[kind]
        line = f"{kind}: {n} samples came, {lost} lost"
        if own:
            line += f", {own} of them in the band itself"
        lines.append(line)
    lines.append(
        f"{written.gaps} gaps marked; out of reach {_times(written.disconnections)}, the band "
        f"started anew {_times(written.restarts)}; heaviness marked {_times(written.marks)}"
    )
    for line in lines:
        console.print(Text(line))
    for note in written.notes:
        console.print(Text(f"note: {note}", style="yellow"))
    console.print(Text(f"→ {written.path}", style="bold"), soft_wrap=True)


def _times(n: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n} times")
