"""Ready-made maps of public sets, each on a small file in the layout documented for it."""

from __future__ import annotations

import numpy as np
from import_files import RNG, acc_g, assert_same, emg_uv, imported, write_mat, write_rda, write_text

from host_tools.importing.convert import jobs_for
from host_tools.importing.map_file import load_map


def step_force(t: np.ndarray, stride_s: float = 0.7, contact_s: float = 0.25) -> np.ndarray:
    phase = np.mod(t, stride_s)
    return np.where(phase < contact_s, 1500 * np.sin(np.pi * phase / contact_s), 0.0)


def test_bach_2022_gives_one_recording_per_trial_with_its_runner(tmp_path):
    rate = 1000 / 7
    t = np.arange(round(14 * rate)) / rate
    acc = acc_g(len(t))
    trials = np.zeros((1, 2), dtype=[(name, object) for name in (
        "Accelerometer", "GroundReactionForce", "SamplingRate", "Condition")])  # fmt: skip
    for i in range(2):
        trials[0, i] = (acc * (i + 1), step_force(t)[:, None], rate, ("walk", "run")[i])
    path = write_mat(tmp_path / "walk+run.mat", {"data": trials})
    (tmp_path / "walk+run_INFO.csv").write_text(
        "Trial,Gender,Weight [kg],Height [cm],Speed [km/h],,\n1,F,69,169,8.5,,\n2,M,80,176,4.5,,\n"
    )
    jobs = jobs_for([path], load_map("bach-2022"), None)
    assert [job.name for job in jobs] == ["walk+run-01", "walk+run-02"]
    recording, report = imported("bach-2022", [path], number=2)
    assert_same(recording, "ACC Y", 2 * acc[:, 1], 0.0006)
    assert recording.channels["ACC X"].rate_hz * 7 == 1000
    assert recording.patient.endswith("sex=M;mass=80kg;height=1.76m;speed=1.25m/s")
    assert report.annotations == {"IC": 20, "TO": 20}
    ic = [a.t_s for a in recording.annotations if a.text == "IC"]
    assert np.allclose(np.mod(np.array(ic) + 0.35, 0.7), 0.35, atol=0.01)


def test_fukuchi_2017_turns_markers_into_what_the_shank_feels_and_finds_the_right_leg(tmp_path):
    rate, seconds = 150.0, 12.0
    t = np.arange(round(rate * seconds)) / rate
    angle = 0.5 * np.sin(2 * np.pi * t / 1.4)  # the shank swings about z, y is up
    turn = np.stack(
        [np.cos(angle), -np.sin(angle), 0 * t, np.sin(angle), np.cos(angle), 0 * t,
         0 * t, 0 * t, 1 + 0 * t], axis=1,
    ).reshape(-1, 3, 3)  # fmt: skip
    places = {
        "Top.Lateral": (30, 100, 50), "Top.Medial": (20, 110, -50),
        "Bottom.Lateral": (25, -100, 45), "Bottom.Medial": (0, -110, -40),
    }  # fmt: skip
    columns = {"Time": t}
    for name, place in places.items():
        track = turn @ np.array(place, dtype=float) + [0, 300, 0] + RNG.normal(0, 0.02, (len(t), 3))
        for axis in range(3):
            columns[f"R.Shank.{name}{'XYZ'[axis]}"] = track[:, axis]
    right = np.mod(t, 1.4) < 0.7
    columns["R.Heel.BottomY"] = np.where(right, 50.0, 100.0)
    columns["L.Heel.BottomY"] = np.where(right, 100.0, 50.0)
    write_text(tmp_path / "RBDS001runT25markers.txt", columns, "\t")
    tf = np.arange(round(300 * seconds)) / 300
    force = {"Time": tf, "Fx": 0 * tf, "Fy": step_force(tf), "Fz": 0 * tf}
    write_text(tmp_path / "RBDS001runT25forces.txt", force, "\t")
    (tmp_path / "RBDSinfo.txt").write_text(
        "Subject\tFileName\tMass\tHeight\tGender\tShoe\tInjury\tLevel\tSurface\tBrand\n"
        "1\tRBDS001static.c3d\t62\t174\tM\tneutral\tnone\telite\ttrack\tX\n"
    )
    files = [tmp_path / "RBDS001runT25markers.txt", tmp_path / "RBDS001runT25forces.txt"]
    recording, report = imported("fukuchi-2017", files)
    spin = np.degrees(0.5 * 2 * np.pi / 1.4 * np.cos(2 * np.pi * t / 1.4))
    inner = slice(150, 1500)
    assert np.abs(recording.channels["GYR Z"].physical[inner] - spin[inner]).max() < 2
    up = recording.channels["ACC Y"].physical[inner]
    assert np.abs(up - np.cos(angle[inner])).max() < 0.15
    assert "sex=M;mass=62kg;height=1.74m;speed=2.5m/s" in recording.patient
    ic = np.array([a.t_s for a in recording.annotations if a.text == "IC"])
    assert report.annotations["IC"] == 9 and np.allclose(np.diff(ic), 1.4, atol=0.01)
    assert any("computed from optical markers" in note for note in report.notes)


def test_musclesynergies_text_with_and_without_its_cycles(tmp_path):
    emg = emg_uv(4000)
    for folder in ("emg", "cycles"):
        (tmp_path / folder).mkdir()
    columns = {"time": np.arange(4000) / 1000 + 0.014}
    columns |= {name: emg * (i + 1) for i, name in enumerate(("TA", "GM", "SO"))}
    quoted = {f'"{name}"': values for name, values in columns.items()}
    emg_file = write_text(tmp_path / "emg" / "ID0012_TW_01.txt", quoted, "\t")
    cycles = tmp_path / "cycles" / "ID0012_TW_01.txt"
    cycles.write_text('"V1"\t"V2"\n1.414\t2.074\n2.448\t3.115\n')
    recording, report = imported("musclesynergies", [emg_file, cycles])
    assert_same(recording, "EMG GM", 2 * emg, 0.13)
    marks = [(round(a.t_s, 3), a.text) for a in recording.annotations]
    assert marks[:2] == [(1.4, "TOUCHDOWN"), (2.06, "STANCE_END")]
    assert imported("musclesynergies", [emg_file])[1].annotations == {}


def test_tecchio_2024_reads_the_structures_that_spike2_exports(tmp_path):
    emg = emg_uv(8000)
    channel = {"values": (emg * 1e-3)[:, None], "interval": 0.0005, "length": 8000.0}
    path = write_mat(tmp_path / "PL_0_01.mat", {"EMG_TA": channel, "Torque": channel})
    recording, _ = imported("tecchio-2024", [path])
    assert float(recording.channels["EMG TA"].rate_hz) == 2000
    assert_same(recording, "EMG TA", emg, 0.13)


def test_opensignals_text_takes_names_rate_and_resolution_from_its_json(tmp_path):
    counts = np.rint(32768 + RNG.normal(0, 2000, 3000)).astype(int)
    header = (
        '# OpenSignals Text File Format\n# {"00:07:80:3B:46:61": {"sensor": ["EMG"], "column": '
        '["nSeq", "DI", "CH1"], "sampling rate": 1000, "resolution": [16], "label": ["CH1"]}}\n'
        "# EndOfHeader\n"
    )
    body = "\n".join(f"{k % 65536}\t0\t{count}\t" for k, count in enumerate(counts))
    (tmp_path / "emg.txt").write_text(header + body + "\n")
    recording, _ = imported("opensignals-txt", [tmp_path / "emg.txt"])
    assert_same(recording, "EMG GM", (counts / 65536 - 0.5) * 3000, 0.13)


def test_opensignals_h5_finds_the_device_whatever_its_address(tmp_path):
    import h5py

    counts = np.rint(32768 + RNG.normal(0, 2000, 3000)).astype(np.uint16)
    with h5py.File(tmp_path / "emg.h5", "w") as file:
        device = file.create_group("00:07:80:3B:46:61")
        device.attrs["sampling rate"], device.attrs["resolution"] = 1000, [16]
        device.create_dataset("raw/channel_1", data=counts[:, None])
        device.create_dataset("raw/nSeq", data=np.arange(3000)[:, None])
    recording, _ = imported("opensignals-h5", [tmp_path / "emg.h5"])
    assert_same(recording, "EMG GM", (counts / 65536.0 - 0.5) * 3000, 0.13)


def test_adeptdata_keeps_the_ankle_and_leaves_the_hip(tmp_path):
    acc = acc_g(1000)
    lines = ['"","loc_id","date_time","x","y","z"']
    for place in ("left_hip", "left_ankle"):
        for k in range(1000):
            x, y, z = acc[k] * (1 if place == "left_ankle" else 5)
            lines.append(f'"{len(lines)}","{place}","2018-10-25 17:57:{k // 100:02d}",{x},{y},{z}')
    (tmp_path / "acc_running.csv").write_text("\n".join(lines) + "\n")
    recording, _ = imported("adeptdata", [tmp_path / "acc_running.csv"])
    assert_same(recording, "ACC X", acc[:, 0], 0.0006)
    assert "sex=F;mass=67kg;height=1.8m" in recording.patient


def test_adeptdata_and_musclesynergies_are_read_from_rs_own_files(tmp_path):
    acc, emg = acc_g(1000), emg_uv(4000)
    frame: dict[str, object] = {"loc_id": ([1] * 1000 + [2] * 1000, ["left_hip", "left_ankle"])}
    frame |= {axis: np.concatenate([9 + acc[:, i], acc[:, i]]) for i, axis in enumerate("xyz")}
    path = write_rda(tmp_path / "acc_running.rda", {"acc_running": frame})
    recording, _ = imported("adeptdata", [path])
    assert_same(recording, "ACC Z", acc[:, 2], 0.0006)
    trial = {
        "cycles": {"V1": np.array([1.4, 2.4]), "V2": np.array([2.0, 3.1])},
        "emg": {"time": np.arange(4000) / 1000, "TA": emg, "GM": 2 * emg, "SO": -emg},
    }
    path = write_rda(tmp_path / "RAW_DATA.rda", {"RAW_DATA": {"ID0012_TW_01": trial, "ID9": trial}})
    jobs = jobs_for([path], load_map("musclesynergies-r"), None)
    assert [job.name for job in jobs] == ["RAW_DATA-ID0012_TW_01", "RAW_DATA-ID9"]
    recording, report = imported("musclesynergies-r", [path])
    assert_same(recording, "EMG SO", -emg, 0.13)
    assert report.annotations == {"TOUCHDOWN": 2, "STANCE_END": 2}
