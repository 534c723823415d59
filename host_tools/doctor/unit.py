"""What the facts of a unit mean: findings, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator

from host_tools.doctor.asking import ABSENT, FAILED, RUNS, SAFE, UnitFacts
from host_tools.doctor.finding import Finding, good, note, of_error, todo
from host_tools.image.base import OLDEST
from host_tools.provision.on_unit import UnitSettings

LEAST_FREE_BYTES = 32 * 1024

_LOOK_AT_BOARD = "Look at the solder joints and supply of that part; replace the unit."
_OF_PART = {
    "accelerometer": "Lay the unit still and run doctor again; else replace the unit.",
    "gyroscope": "Lay the unit still and run doctor again; else replace the unit.",
    "IMU bus": "Look at the four SPI lines and the IMU's supply; replace the unit.",
    "skin sensor": "Look at the I2C lines and the sensor's supply; the band works without it.",
    "battery gauge": "Connect the battery; the gauge is supplied by it.",
    "storage": "Erase old sessions; when it stays, flash the unit whole.",
    "radio": "Flash the unit whole, with a base image that has Bluetooth.",
}
_OF_FAULT = {
    "IMU silent": _OF_PART["IMU bus"],
    "EMG silent": "Look at the converter's supply and the I2S lines; replace the unit.",
    "skin sensor silent": _OF_PART["skin sensor"],
    "gauge silent": _OF_PART["battery gauge"],
    "battery low": "Leave the unit on USB until it is charged.",
    "log full": "Save the sessions and erase them on the unit.",
}
# The rest is told by what is kept on flash, is of the moment, or is as it should be on USB.
_COUNTED = {
    "sensor_errors": _LOOK_AT_BOARD,
    "log_dropped": "Save the sessions and erase them on the unit, or give them more room: log_kb.",
    "radio_errors": "Send this report to the firmware's makers.",
    "heap_grown_bytes": "Send this report to the firmware's makers.",
}


def findings(facts: UnitFacts) -> Iterator[Finding]:
    """Of one unit that could be asked."""
    area = facts.port
    yield from _of_app(facts)
    for step, error in facts.errors.items():
        if not (step == "firmware" and facts.app == ABSENT):
            yield of_error(area, error)
    yield from _of_firmware(facts)
    yield from _of_past(facts)
    yield from _of_counters(facts)
    yield from _of_space(facts)
    yield from _of_battery(facts)
    if facts.settings:
        yield from _of_settings(area, facts.settings)
    yield from _of_self_test(facts)


def _of_app(facts: UnitFacts) -> Iterator[Finding]:
    area = facts.port
    if facts.app == RUNS:
        yield good(area, f"the app runs, for {facts.uptime_s} s")
    elif facts.app == SAFE:
        yield todo(
            area,
            "the unit stays in safe mode: its button is held, or its firmware is damaged.",
            "Let go of the button and run doctor again; else flash it: calfband flash --update.",
        )
    elif facts.app == FAILED:
        yield todo(
            area,
            "the app does not run: it failed at its start, or several times in a row.",
            "See its last error and its files; else flash it whole: calfband flash --base.",
        )
    else:
        yield todo(area, "the unit has no calf-band firmware.", "Flash it: calfband flash --base.")


def _of_firmware(facts: UnitFacts) -> Iterator[Finding]:
    area = facts.port
    if facts.micropython:
        version = ".".join(map(str, facts.micropython))
        if facts.micropython < OLDEST:
            wanted = ".".join(map(str, OLDEST))
            yield todo(
                area,
                f"MicroPython {version} is older than {wanted}.",
                "Flash the unit whole with a newer base image: calfband flash --base.",
            )
        else:
            yield good(area, f"MicroPython {version} on {facts.machine}")
    if not facts.firmware:
        return
    update = f"Run calfband flash --update --port {area}."
    mine, tree = facts.firmware, facts.tree
    name = f"{mine['version']} ({mine['build']})"
    if facts.damaged:
        count, some = len(facts.damaged), ", ".join(facts.damaged[:3])
        yield todo(
            area,
            f"{count} file{'s' if count > 1 else ''} of the firmware read back otherwise than "
            f"written: {some}{' ...' if count > 3 else ''}.",
            "Flash the unit whole: calfband flash --base.",
        )
    if tree and mine["build"] != tree["build"]:
        yield todo(
            area,
            f"firmware {name} is not what this computer has: {tree['version']} ({tree['build']}).",
            update,
        )
    elif tree and not facts.damaged:
        yield good(area, f"firmware {name}, as this computer has it; slot {facts.slot}")


def _of_past(facts: UnitFacts) -> Iterator[Finding]:
    area = facts.port
    times = []
    if facts.watchdog_restarts:
        times.append(f"{facts.watchdog_restarts} × by its watchdog")
    if facts.error_restarts:
        times.append(f"{facts.error_restarts} × after an error")
    last = facts.last_error.strip().splitlines()
    if times or last:
        why = f"; the last error: {last[-1]}" if last else ""
        yield todo(
            area,
            f"the unit has started anew {' and '.join(times) or 'after an error'}{why}.",
            "Send the report of --json to the firmware's makers, then doctor --forget-errors.",
        )
    elif facts.app == RUNS:
        yield good(area, "no crash is on record")


def _of_counters(facts: UnitFacts) -> Iterator[Finding]:
    area = facts.port
    for fault in facts.faults:
        if fault in _OF_FAULT:
            yield todo(area, f"the app tells: {fault}.", _OF_FAULT[fault])
    bad = {name: facts.counters[name] for name in _COUNTED if facts.counters.get(name)}
    for name, count in bad.items():
        error = f" ({facts.radio_error})" if name == "radio_errors" and facts.radio_error else ""
        yield todo(area, f"counted since its start: {name} {count}{error}.", _COUNTED[name])
    if facts.counters and not bad:
        late = facts.counters.get("late_loops", 0)
        yield good(area, f"health counters are clean; {late} late loops")


def _of_space(facts: UnitFacts) -> Iterator[Finding]:
    area = facts.port
    count, kept = len(facts.session_bytes), sum(facts.session_bytes)
    if count:
        yield note(
            area,
            f"{count} session{'s' if count > 1 else ''} ({_kb(kept)}) on the unit that flashing "
            "it whole would erase.",
            "Give calfband flash --save-sessions DIR when you flash it.",
        )
    if not facts.total_bytes:
        return
    room = f"{_kb(facts.free_bytes)} free of {_kb(facts.total_bytes)}"
    log_kb = int(facts.settings.values["unit.log_kb"]) if facts.settings else 0
    if facts.free_bytes < LEAST_FREE_BYTES:
        yield todo(area, f"the flash is nearly full: {room}.", "Save and erase old sessions.")
    elif facts.free_bytes + kept < log_kb * 1024:
        most = (facts.free_bytes + kept) // 1024 // 64 * 64
        yield todo(
            area,
            f"sessions may take {log_kb} KiB, more than there is: {room}.",
            f"Provision the unit with log_kb = {most} or less.",
        )
    else:
        yield good(area, room)


def _of_battery(facts: UnitFacts) -> Iterator[Finding]:
    area = facts.port
    limit = int(facts.settings.values["unit.low_battery_pct"]) if facts.settings else 5
    if facts.charge_pct is None:
        if facts.app == RUNS:
            yield todo(area, "the battery's charge is not known.", _OF_PART["battery gauge"])
    elif facts.charge_pct <= limit:
        yield todo(area, f"battery {facts.charge_pct} %.", _OF_FAULT["battery low"])
    else:
        yield good(area, f"battery {facts.charge_pct} %")


def _of_settings(area: str, unit: UnitSettings) -> Iterator[Finding]:
    anew = "Provision it again: calfband provision UNIT.toml."
    if unit.newer:
        yield todo(
            area,
            "a later firmware wrote the settings; this one cannot read them.",
            "Flash the later firmware, or put them aside: calfband provision --start-over.",
        )
    elif unit.refused:
        yield todo(area, f"settings out of bounds, not used: {', '.join(unit.refused)}.", anew)
    elif unit.lost:
        yield todo(area, "the settings were damaged, and defaults are in force.", anew)
    elif "damaged" in unit.states + unit.runs_states:
        yield note(
            area,
            "one of the two copies of the settings is damaged; the other is in force.",
            "The next change mends it: calfband provision UNIT.toml.",
        )
    elif unit.from_schema == 0:
        yield note(area, "the unit was never provisioned.", "calfband provision UNIT.toml")
    else:
        copy = f"copy {unit.generation}" if unit.generation else "one copy"
        yield good(area, f"settings of {unit.serial}: {copy}, schema {unit.from_schema}")
    if not unit.values.get("cal.day"):
        yield note(area, "the unit is not calibrated.", "calfband calibrate")


def _of_self_test(facts: UnitFacts) -> Iterator[Finding]:
    area = facts.port
    failed = [part for part, result in facts.self_test.items() if result == "failed"]
    failed += [part for part in facts.failures if part not in failed]
    for part in failed:
        yield todo(area, f"self-test: {part} failed.", _OF_PART.get(part, _LOOK_AT_BOARD))
    if facts.self_test and not failed:
        tested = [part for part, result in facts.self_test.items() if result == "good"]
        skipped = len(facts.self_test) - len(tested)
        rest = f"; {skipped} not tested while USB is plugged in" if skipped else ""
        yield good(area, f"self-test: {', '.join(tested)} good{rest}")


def _kb(count: int) -> str:
    return f"{count / 1024:.0f} KiB"
