"""What can go wrong with a virtual board: `--fault NAME` or `--fault NAME@N`."""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.errors import CalfbandError

FAULTS = {
    "badblock": "one bit of the N-th block that the ROM loader writes does not take",
    "unplug": "unplugged during the N-th block that the ROM loader writes",
    "hang": "no answer any more from the N-th block that the ROM loader writes",
    "mute": "no answer at all, neither from the ROM loader nor from the firmware",
    "cut": "the power goes during the N-th write or erase by the running firmware",
}


@dataclass(frozen=True)
class Fault:
    name: str = ""
    n: int = 1

    def due(self, name: str, count: int) -> bool:
        return self.name == name and (count >= self.n if name == "hang" else count == self.n)


def parse_fault(text: str) -> Fault:
    """Raises CalfbandError with what there is to choose from."""
    name, _, number = text.partition("@")
    if not text:
        return Fault()
    if name not in FAULTS or (number and not number.isdigit()):
        raise CalfbandError(f"--fault {text}: choose one of {', '.join(FAULTS)}, as badblock@40.")
    return Fault(name, int(number or 1))
