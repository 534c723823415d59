"""Each peer at its best: its axes, signs and settings are chosen with the truth in hand.

One choice for all recordings of a group (the same rig on several people). That is more than the
firmware gets, which is told nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from host_tools.events_truth import ContactErrors, contact_errors
from tests.accuracy import gait_peers
from tests.accuracy.gait_peers import Events
from tests.accuracy.shank import Shank, axis_choices, single_choices

Choices = Callable[[Shank], list[Events]]  # as many, in the same order, for every recording


def _purcell(shank: Shank) -> list[Events]:
    resultant = np.linalg.norm(shank.acc_g, axis=1)
    return [gait_peers.purcell(*axes, resultant) for axes in axis_choices(shank.acc_g)]


def _mercer(shank: Shank) -> list[Events]:
    axes = single_choices(shank.acc_g)
    return [gait_peers.mercer(axial, maximum) for axial in axes for maximum in (2, 3)]


def _sinclair(shank: Shank) -> list[Events]:
    """With zero at free fall, and at the mean: gravity's share taken out."""
    axes = single_choices(shank.acc_g)
    return [gait_peers.sinclair(x) for axial in axes for x in (axial, axial - axial.mean())]


def _lateral(method: Callable[[np.ndarray], Events]) -> Choices:
    def choices(shank: Shank) -> list[Events]:
        return [] if shank.gyr_dps is None else [method(x) for x in single_choices(shank.gyr_dps)]

    return choices


PEERS: dict[str, Choices] = {
    "Purcell": _purcell,
    "Mercer": _mercer,
    "Sinclair": _sinclair,
    "Aubol & Milner": lambda shank: [gait_peers.aubol_milner(shank.acc_g)],
    "Fadillioglu": _lateral(gait_peers.fadillioglu),
    "Greene–McGrath": _lateral(gait_peers.greene_mcgrath),
    "Greene–McGrath modified": _lateral(gait_peers.greene_mcgrath_modified),
    "Aminian–O'Donovan modified": _lateral(gait_peers.aminian_odonovan),
}


def best_errors(peer: str, group: Sequence[Shank]) -> list[ContactErrors]:
    """A peer's errors on each recording, under the choice that is best for all of them.

    Empty where the recordings lack its sensor.
    """
    by_recording = [
        [contact_errors(shank.ic_s, shank.to_s, e.ic_s, e.to_s) for e in PEERS[peer](shank)]
        for shank in group
    ]
    by_choice = list(zip(*by_recording, strict=True))
    return list(min(by_choice, key=_badness)) if by_choice else []


def _badness(errors: Sequence[ContactErrors]) -> tuple[float, float]:
    """Events missed or invented first, then the error of contact time, or else of contact."""
    ic = np.concatenate([e.ic for e in errors])
    contact = np.concatenate([e.contact for e in errors])
    timed = contact[np.isfinite(contact)]
    lost = sum(e.missed + e.false for e in errors) + (len(ic) - len(timed) if len(timed) else 0)
    of = timed if len(timed) else ic
    return lost, float(np.abs(of).mean()) if len(of) else np.inf
