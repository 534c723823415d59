"""Real recordings as other wear, sensors and legs would have given them."""

from pathlib import Path

import pytest

from tests.accuracy import disturbed

CHOSEN = ("turned at random (1)", "tilted by 20° about z", "acceleration 30 % stronger")


@pytest.mark.recordings
def test_contacts_of_disturbed_recordings_are_lost(recordings: Path, tmp_path: Path):
    chosen = [d for d in disturbed.DISTURBANCES if d.name in CHOSEN]
    found = list(disturbed.measure(tmp_path, chosen))
    assert len(found) == len(CHOSEN)
    for one in found:
        for rig, row in one.rigs.items():
            assert (row.errors.missed, row.errors.false) == (0, 0), f"{one.name}: {rig}"
            assert row.stat_ms("contact")[2] < 5, f"{one.name}: {rig}"
        assert not any(walk.running for walk in one.walks), one.name
