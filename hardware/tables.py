"""The tables of the notes, in Markdown, from the computed figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hardware import budget, hazards, values
from hardware.analog import leads, noise, overload, response
from hardware.values import FACTS, Fact


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns but the first are aligned to the right where their head begins with '>'."""
    lines = ["| " + " | ".join(h.removeprefix(">") for h in head) + " |"]
    lines.append("| " + " | ".join("--:" if h.startswith(">") else "---" for h in head) + " |")
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _met(good: bool) -> str:
    return "yes" if good else "**no**"


def requirements() -> list[tuple[str, float, float, str, bool]]:
    """What, computed, limit, how it is written, met."""
    shorted = noise.total_uv()
    impedance = leads.input_ohm(leads.MAINS_HZ) / 1e6
    worst = overload.corners()[1]
    calf = overload.most_offset_mv(worst, overload.CALF_EMG_MV)
    full = overload.most_offset_mv(worst, response.full_scale_mv())
    step = response.lsb_uv()
    return [
        ("noise in 20–450 Hz, input shorted, at most", shorted, values.MOST_NOISE_UV,
         "{:.2f} µV rms", shorted <= values.MOST_NOISE_UV),
        ("input impedance at 50 Hz, at least", impedance, values.LEAST_INPUT_OHM / 1e6,
         "{:.0f} MΩ", impedance >= values.LEAST_INPUT_OHM / 1e6),
        ("common-mode rejection at 50 Hz, equal contacts, at least", leads.cmrr_db(),
         values.LEAST_CMRR_DB, "{:.1f} dB", leads.cmrr_db() >= values.LEAST_CMRR_DB),
        (f"electrode offset under a calf's EMG ({overload.CALF_EMG_MV:.0f} mV peak), at least",
         calf, values.OFFSET_MV, "±{:.1f} mV", calf >= values.OFFSET_MV),
        (f"electrode offset under a signal of full scale ({response.full_scale_mv():.2f} mV)",
         full, values.OFFSET_MV, "±{:.1f} mV", full >= values.OFFSET_MV),
        ("resistance in series with each electrode, at least", values.LEAD_OHM / 1e3,
         values.LEAST_LEAD_OHM / 1e3, "{:.1f} kΩ", values.LEAD_OHM >= values.LEAST_LEAD_OHM),
        ("one step of the samples", step, values.LSB_UV, "{:.3f} µV",
         abs(step / values.LSB_UV - 1) < 1e-3),
    ]  # fmt: skip


def verdict() -> str:
    rows = [
        (what, form.format(found), form.format(limit), _met(met))
        for what, found, limit, form, met in requirements()
    ]
    return table(("requirement", ">computed", ">limit", "met"), rows)


def noise_table() -> str:
    rows = [(name, f"{uv:.2f}") for name, uv in noise.sources_uv().items()]
    rows.append(("**all, input shorted**", f"**{noise.total_uv():.2f}**"))
    for name, ohm in noise.CONTACTS_OHM.items():
        rows.append((f"with contacts of {ohm / 1e3:.0f} kΩ ({name})", f"{noise.total_uv(ohm):.2f}"))
    return table(("source", ">µV rms"), rows)


def delay_table() -> str:
    converter, decimator = response.linear_delay_us()
    rows = [
        ("converter's linear-phase filter, 17.1 frames", f"{converter / 1000:.3f}", "yes"),
        ("the firmware's decimator, 57 frames", f"{decimator / 1000:.3f}", "yes"),
        (
            "coupling capacitor and the converter's 2 Hz high-pass, over the EMG's spectrum",
            f"{response.emg_delay_us() / 1000:.3f}",
            "no",
        ),
    ]
    return table(("part", ">ms", "subtracted by the firmware"), rows)


def mains_table() -> str:
    rows = [
        (
            "equal" if not ohm else f"{ohm / 1e3:.0f} kΩ",
            f"{leads.cmrr_db(ohm):.1f}",
            f"{leads.mains_uv(ohm):.1f}",
        )
        for ohm in leads.UNEQUAL_OHM
    ]
    return table(("contacts differ by", ">rejection, dB", ">mains in the signal, µV rms"), rows)


def motion_table() -> str:
    rates = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
    rows = [("mV peak", *(f"{overload.most_motion_mv(f):.0f}" for f in rates))]
    return table(("motion at", *(f">{f:g} Hz" for f in rates)), rows)


_PREFIXES = ((1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def figure(value: float, unit: str) -> str:
    """A value as engineers write it: 50 nV/√Hz, 20 kΩ, 0.25 %."""
    if not unit:
        return f"{100 * value:g} %"
    if unit not in ("V/√Hz", "A/√Hz", "A", "F", "Ω", "Hz", "V"):
        return f"{value:g} {unit}"
    size, prefix = next(p for p in (*_PREFIXES, (1e-15, "f")) if abs(value) >= 0.9999 * p[0])
    return f"{round(value / size, 6):g} {prefix}{unit}"


def _facts(facts: Iterable[Fact]) -> str:
    rows = [(fact.source, figure(fact.value, fact.unit), fact.seen) for fact in facts]
    return table(("figure and source", ">value", "source read"), rows)


def front_end_facts() -> str:
    return _facts(FACTS.values())


def power_facts() -> str:
    return _facts(budget.FIGURES.values())


def power_table() -> str:
    rows = []
    for mode in budget.modes():
        cells = [mode.name]
        for sleep, slow in ((False, False), (False, True), (True, False), (True, True)):
            current = budget.total_ma(mode, sleep, slow)
            cells.append(f"{current:.0f} mA, {budget.hours(current):.1f} h")
        rows.append(cells)
    rows.append(("charging, off the leg", f"{budget.usb_ma():.0f} mA from USB", "", "", ""))
    for name, current in (
        ("light sleep (the firmware has none)", budget.asleep_ma("light_sleep")),
        ("deep sleep", budget.asleep_ma()),
        ("switched off", budget.switched_off_ma()),
    ):
        rows.append((name, f"{current:.2f} mA, {budget.hours(current) / 24:.0f} d", "", "", ""))
    head = ("mode", ">stock", ">stock, 80 MHz", ">modem sleep", ">modem sleep, 80 MHz")
    return table(head, rows)


def parts_table() -> str:
    shown = [
        budget.parts_ma(budget.mode(name), sleep)
        for name in ("measuring, connected", "resting, advertising")
        for sleep in (False, True)
    ]
    rows = [(name, *(f"{parts[name]:.1f}" for parts in shown)) for name in shown[0]]
    rows.append(("**together**", *(f"**{sum(parts.values()):.1f}**" for parts in shown)))
    head = (">measuring, connected: stock, mA", ">modem sleep", ">resting, advertising: stock",
            ">modem sleep")  # fmt: skip
    return table(("part", *head), rows)


def promise() -> str:
    """The headline sentences of the power note."""
    connected = budget.modes()[0]
    stock, asleep, slow = (
        budget.total_ma(connected, *choice)
        for choice in ((False, False), (True, False), (True, True))
    )
    return (
        f"So a stock build promises {budget.hours(stock):.1f} hours of measuring. With that option "
        "set when MicroPython is built (and the main crystal as the radio's clock), "
        f"{budget.hours(asleep):.1f} hours; with `machine.freq(80_000_000)` besides, "
        f"{budget.hours(slow):.1f} hours, but the chain's worst 32 ms would then take "
        f"{budget.worst_block_ms(80):.0f} ms: the firmware slows its clock at rest only. The worst "
        "on record is an early ESP32 that drew "
        f"{budget.FIGURES['radio_2017'].value:.0f} mA more with Bluetooth on: "
        f"{budget.hours(budget.total_2017_ma()):.1f} hours. An ESP32 of today sleeps by default."
        f"\n\nEight hours, measuring and connected, take {asleep:.0f} mA × 8 h / "
        f"{budget.USABLE:g} = {budget.cell_mah(8, asleep):.0f} mAh at 160 MHz with the modem "
        "asleep."
    )


def hours_words() -> str:
    measuring = budget.modes()[0]
    stock, asleep = (budget.hours(budget.total_ma(measuring, sleep)) for sleep in (False, True))
    return f"{stock:.1f} h measuring on a stock build, {asleep:.1f} h with the radio's modem sleep"


def day_table() -> str:
    rows = []
    for name, rests, sleeps in (
        ("as before: it measures whenever it may", False, False),
        ("it rests, as it now does", True, False),
        (
            f"and sleeps after {budget.SLEEP_MIN / 60:.0f} h alone (`sleep_min`)",
            True,
            True,
        ),
    ):
        cells = [name]
        for modem in (False, True):
            charge = budget.day_mah(modem, rests, sleeps)
            cells.append(f"{charge:.0f} mAh, {budget.days(charge):.1f} d")
        rows.append(cells)
    return table(("a day", ">stock", ">modem sleep"), rows)


def published_table() -> str:
    rows = [(one.what, one.said, one.where) for one in budget.PUBLISHED]
    return table(("what", "mean current or life", "where it is said"), rows)


def hazard_table() -> str:
    rows = [
        (
            hazard.what,
            f"{hazard.current_ua:.3f}" if hazard.current_ua < 0.1 else f"{hazard.current_ua:.1f}",
            f"{hazard.limit_ua:.0f}",
            _met(hazard.met),
        )
        for hazard in hazards.on_battery()
    ]
    return table(("case, on battery", ">µA", ">limit, µA", "met"), rows)


def usb_table() -> str:
    rows = [
        (hazard.what, f"{hazard.current_ua:,.0f}", f"{hazard.limit_ua:.0f}", _met(hazard.met))
        for hazard in hazards.on_usb()
    ]
    return table(("case, charged on the leg", ">µA", ">limit, µA", "met"), rows)
