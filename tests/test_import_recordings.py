"""Real recordings by other groups, written as text and imported again."""

from __future__ import annotations

import numpy as np
import pyedflib
import pytest
from import_files import imported, write_text

from host_tools.recording import read_recording

pytestmark = pytest.mark.recordings
SHANK = ("run-shank-acc-01", "run-shank-acc-03", "walk-shank-acc-01", "walk-shank-acc-02")
MAP = """
[acc]
columns = ["x", "y", "z"]
unit = "m/s^2"
file = "acc.csv"
[acc.time]
column = "t"
[[truth]]
kind = "force"
column = "force"
file = "force.csv"
on_n = 60
off_n = 60
[truth.time]
column = "t"
"""


@pytest.mark.parametrize("name", SHANK)
def test_contacts_from_real_force_are_those_that_came_with_the_recording(
    recordings, tmp_path, name
):
    path = recordings / f"{name}.edf"
    original = read_recording(path)
    with pyedflib.EdfReader(str(path)) as edf:
        at = edf.getSignalLabels().index("GRF V")
        force, rate = edf.readSignal(at), edf.getSampleFrequency(at)
    acc = [original.channels[f"ACC {axis}"] for axis in "XYZ"]
    t = np.arange(len(acc[0].physical)) / float(acc[0].rate_hz)
    values = [channel.physical * 9.80665 for channel in acc]
    write_text(tmp_path / "acc.csv", {"t": t, **dict(zip("xyz", values, strict=True))})
    write_text(tmp_path / "force.csv", {"t": np.arange(len(force)) / rate, "force": force})
    (tmp_path / "my.toml").write_text(MAP)
    files = [tmp_path / "acc.csv", tmp_path / "force.csv"]
    recording, report = imported(str(tmp_path / "my.toml"), files)
    for channel in acc:
        error = recording.channels[channel.label].physical - channel.physical
        assert np.abs(error).max() < 0.0006
    for text in ("IC", "TO"):
        wanted = np.array([a.t_s for a in original.annotations if a.text == text])
        found = np.array([a.t_s for a in recording.annotations if a.text == text])
        assert len(wanted) <= len(found) <= len(wanted) + 1
        assert np.abs(found[None, :] - wanted[:, None]).min(axis=1).max() < 0.0003
    if name.startswith("run"):  # these sensors end at 8 g
        assert any("sit at the sensor's limit" in warning for warning in report.warnings)
