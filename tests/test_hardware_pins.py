"""One pin map: firmware, netlist, pages and breadboard agree, and each check can fail."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hardware import pages
from hardware.board.pin_map import BUSES, PINS, READ_AT_RESET, WHAT, table
from hardware.board.unit import build
from hardware.breadboard import wiring
from hardware.breadboard.boards import FEATHER
from tests.conftest import ROOT, MicroPython

HARDWARE = ROOT / "hardware"


def told(text: str) -> dict[str, dict[str, int]]:
    """The pin map as a reader finds it in the table of pins.md."""
    found: dict[str, dict[str, int]] = {"esp32s3": {}, "esp32": {}}
    for row in re.findall(
        r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", text, re.MULTILINE
    ):
        found["esp32s3"][row[0]] = int(row[1])
        found["esp32"][row[0]] = int(row[3])
    return found


def test_the_hardware_reads_another_map_than_the_firmware(run_micropython: MicroPython):
    done = run_micropython(
        "import json; from band.unit.pins import BUSES, PINS; print(json.dumps([PINS, BUSES]))"
    )
    assert json.loads(done.stdout) == [PINS, BUSES]


def test_the_page_tells_other_pins():
    text = (HARDWARE / "pins.md").read_text(encoding="utf-8")
    assert told(text) == PINS
    for gpio in READ_AT_RESET["esp32"] | READ_AT_RESET["esp32s3"]:
        assert re.search(rf"\b{gpio}\b", text)
    wrong = text.replace("| `motor` | 14 |", "| `motor` | 15 |")
    assert told(wrong) != PINS


def test_the_page_tells_other_module_pins():
    for chip, column in (("esp32s3", 2), ("esp32", 4)):
        module = build(chip).parts["U5"]
        for signal in PINS[chip]:
            (row,) = [line for line in table().splitlines() if line.startswith(f"| `{signal}`")]
            number = row.strip("| ").split(" | ")[column]
            assert module.nets[number] == signal.upper(), (chip, signal)


def test_a_signal_is_not_explained():
    assert WHAT.keys() == PINS["esp32s3"].keys() == PINS["esp32"].keys()


@pytest.mark.parametrize("page", pages.TABLES)
def test_a_page_is_older_than_the_circuit(page: str):
    assert (HARDWARE / page).read_text(encoding="utf-8") == pages.renewed(page), (
        "python -m hardware --pages"
    )


def test_a_page_that_lost_its_table_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "pins.md").write_text("# no table")
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="0 places"):
        pages.renewed("pins.md")


def test_the_breadboard_is_wired_otherwise():
    assert wiring.problems() == []
    for wire in wiring.wires():
        if wire.one[0] == "feather" and wire.net in PINS["esp32"]:
            assert FEATHER[wire.one[1]] == PINS["esp32"][wire.net]


def test_the_check_of_the_breadboard_is_blind(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(wiring.SIGNALS, "led", (("human", "button"),))
    assert any("human button carries" in problem for problem in wiring.problems())
    monkeypatch.setitem(wiring.SIGNALS, "led", (("human", "eye"),))
    assert "human has no pin eye." in wiring.problems()
    monkeypatch.delitem(wiring.SIGNALS, "led")
    assert any(problem.startswith("led is in the pin map") for problem in wiring.problems())
    with pytest.raises(KeyError):
        monkeypatch.setitem(PINS["esp32"], "button", 35)
        wiring.label("button")
