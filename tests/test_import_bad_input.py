"""Whatever is handed to `calfband import`: an EDF+ that replays, or one sentence and exit 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_files import write_c3d, write_mat, write_mat73, write_parquet, write_rda, write_text

from host_tools.errors import CalfbandError
from host_tools.importing.convert import import_recording, jobs_for
from host_tools.importing.map_file import load_map, with_columns

RATE = 500
N = 2000
RNG = np.random.default_rng(5)
ACC = RNG.normal([0, 1, 0], 0.3, (N, 3))
EMG = RNG.normal(0, 1e-4, N)
SIGNAL = "[acc]\ncolumns = ['x', 'y', 'z']\nunit = 'g'\n"
GOOD = "[time]\ncolumn = 't'\n" + SIGNAL


def columns(n: int = N) -> dict[str, np.ndarray]:
    table = {"t": np.arange(n) / RATE, "emg": EMG[:n]}
    return table | {name: ACC[:n, i] for i, name in enumerate("xyz")}


def refusal(folder: Path, files: list[Path], toml: str, choices: tuple[str, ...] = ()) -> str:
    """The sentence; nothing may be left behind."""
    path = folder / "my.toml"
    path.write_text(toml)
    before = sorted(p.name for p in folder.iterdir())
    with pytest.raises(CalfbandError) as caught:
        found = with_columns(load_map(str(path)), list(choices))
        for job in jobs_for(files, found, None):
            import_recording(job, found, folder / "out.edf", files, {}, False)
    assert sorted(p.name for p in folder.iterdir()) == before
    text = str(caught.value)
    assert "\n" not in text and text[-1] in ".?"
    return text


def csv(folder: Path, **changed) -> Path:
    return write_text(folder / "run.csv", columns() | changed)


def backwards(t: np.ndarray) -> np.ndarray:
    t = t.copy()
    t[700:] -= 0.5
    return t


TABLE: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "wrong delimiter": (
        lambda d: csv(d), "[reader]\ndelimiter = 'semicolon'\nheader_row = 1\n" + GOOD,
        "the delimiter in the map",
    ),
    "missing column": (
        lambda d: csv(d), GOOD.replace("'z'", "'up'"), "no column 'up' (found: 't', 'emg'",
    ),
    "no unit": (lambda d: csv(d), GOOD.replace("unit = 'g'\n", ""), "nothing tells the unit of x"),
    "no rate": (
        lambda d: csv(d), GOOD.replace("[time]\ncolumn = 't'\n", ""), "sampling rate of x; give",
    ),
    "time going backwards": (
        lambda d: csv(d, t=backwards(columns()["t"])), GOOD,
        "time goes backwards in t from 1.398 s to 0.9 s (line 702)",
    ),
    "time that stands still": (lambda d: csv(d, t=np.ones(N)), GOOD, "t never changes"),
    "time that jumps by hours": (
        lambda d: csv(d, t=columns()["t"] + 1e6 * (np.arange(N) > 5)), GOOD,
        "time jumps by 1e+06 s",
    ),
    "text in numbers": (
        lambda d: csv(d, y=np.array([*ACC[:, 1][:-1], "oops"], dtype=object)), GOOD,
        "y holds 'oops' in line 2001",
    ),
    "no number at all": (lambda d: csv(d, x=np.full(N, np.nan)), GOOD, "holds no number at all"),
    "empty file": (lambda d: touched(d / "e.csv", b""), GOOD, "the file is empty"),
    "only blank lines": (lambda d: touched(d / "e.csv", b"\n\n \n"), GOOD, "holds no lines"),
    "only a header": (lambda d: touched(d / "e.csv", b"t,x,y,z\n"), GOOD, "no line of numbers"),
    "binary behind a text ending": (
        lambda d: touched(d / "e.csv", bytes(range(256)) * 20), GOOD, "no text file",
    ),
    "decimal commas between commas": (
        lambda d: touched(d / "d.csv", b"t,x,y,z\n" + b"0,001,1,5,2,5,3,5\n" * 50), GOOD,
        "8 cells under 4 names",
    ),
    "an EDF": (lambda d: touched(d / "a.edf", b"0       X X X"), GOOD, "EDF recording already"),
    "an Excel sheet": (lambda d: touched(d / "a.xlsx", b"PK\x03\x04..."), GOOD, "save the sheet"),
    "compressed text": (lambda d: touched(d / "a.csv", b"\x1f\x8b.."), GOOD, "unpack it first"),
    "no such file": (lambda d: d / "none.csv", GOOD, "no such file"),
    "a folder": (lambda d: d, GOOD, "this is a folder"),
    "unit of something else": (
        lambda d: write_text(d / "a.csv", {"t": columns()["t"], **{
            f"{a} (furlong)": ACC[:, i] for i, a in enumerate("xyz")}}),
        GOOD.replace("'x', 'y', 'z'", "'x*', 'y*', 'z*'").replace("unit = 'g'\n", ""),
        "is in 'furlong', which is no unit of ACC",
    ),
    "ambiguous column": (
        lambda d: csv(d), GOOD.replace("'x'", "'*'"), "fits 5 columns",
    ),
    "absurd values": (
        lambda d: csv(d, x=ACC[:, 0] * 1e12), GOOD, "check its unit in the map",
    ),
    "nothing but a temperature": (
        lambda d: csv(d), "[time]\ncolumn='t'\n[temp]\ncolumn='x'\nunit='degC'\n",
        "the band needs EMG or an accelerometer",
    ),
    "flags that are no flags": (
        lambda d: csv(d), GOOD + "[[truth]]\nkind='flags'\ncolumn='y'\n", "but flags are 0 or 1",
    ),
    "force that never rises": (
        lambda d: csv(d), GOOD + "[[truth]]\nkind='force'\ncolumn='y'\n", "never goes from 30 N",
    ),
    "a sensor too slow for the band": (
        lambda d: write_text(d / "s.csv", columns() | {"t": np.arange(N) / 20.0}), GOOD,
        "cannot be replayed as this map reads it: nothing the band can use",
    ),
}  # fmt: skip


def touched(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", TABLE)
def test_what_cannot_be_interpreted_is_refused_with_its_reason(tmp_path, name):
    make, toml, says = TABLE[name]
    file = make(tmp_path)
    text = refusal(tmp_path, [file], toml)
    assert text.startswith(str(file)) and says in text


MAPS = {
    "unknown unit": (GOOD.replace("'g'", "'furlong'"), "acc.unit is 'furlong'; it must be one of"),
    "unknown key": ("[emg.GM]\ncolum = 'x'\n", "emg.GM.column is missing"),
    "near miss": (GOOD + "[reader]\ndelimeter = ','\n", "did you mean delimiter?"),
    "no signal": ("[time]\nrate_hz = 100\n", "maps no signal"),
    "two axes": (GOOD.replace(", 'z'", ""), "must list 3 columns"),
    "no rotation": (
        GOOD.replace("unit", "matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 2]]\nunit"), "a rotation",
    ),
    "wrong axis": (GOOD.replace("unit", "axes = {x='y', y='-x', z='w'}\nunit"), "z = 'w'"),
    "rate of text": ("[time]\nrate_hz = 'fast'\n" + SIGNAL, "must be a number"),
    "counts without converter": (
        "[emg.GM]\ncolumn = 'emg'\nunit = 'counts'\n", "counts need bits, span_v and gain",
    ),
    "thresholds the wrong way round": (
        GOOD + "[[truth]]\nkind='force'\ncolumn='y'\non_n=20\noff_n=50\n", "above on_n",
    ),
    "no TOML": ("[acc\n", "not valid TOML"),
}  # fmt: skip


@pytest.mark.parametrize("name", MAPS)
def test_slip_in_a_map_is_explained(tmp_path, name):
    toml, says = MAPS[name]
    text = refusal(tmp_path, [csv(tmp_path)], toml)
    assert text.startswith(str(tmp_path / "my.toml")) and says in text


def test_unknown_map_names_those_there_are():
    with pytest.raises(CalfbandError, match="delsys-discover.*shimmer3"):
        load_map("delsis")


def test_accelerometer_and_gyroscope_of_different_lengths_are_refused(tmp_path):
    short = {name: ACC[: N - 600, i] for i, name in enumerate("abc")}
    files = [csv(tmp_path), write_text(tmp_path / "g.csv", short)]
    toml = GOOD + (
        "[gyr]\ncolumns = ['a', 'b', 'c']\nunit = 'deg/s'\nfile = 'g.csv'\n"
        f"[gyr.time]\nrate_hz = {RATE}\n"
    )
    assert "GYR X ends after 2.8 s and ACC X after 4 s" in refusal(tmp_path, files, toml)


def test_axes_of_different_lengths_are_refused(tmp_path):
    path = write_mat(tmp_path / "a.mat", {"x": ACC[:, 0], "y": ACC[:, 1], "z": ACC[:-1, 2]})
    toml = f"[time]\nrate_hz = {RATE}\n" + SIGNAL
    assert "axes of ACC have different lengths" in refusal(tmp_path, [path], toml)


def test_clocks_with_different_zeros_are_refused_with_the_way_out(tmp_path):
    other = {"t2": 1.7e9 + columns()["t"], "emg2": EMG}
    files = [csv(tmp_path), write_text(tmp_path / "e.csv", other, digits=15)]
    emg = "[emg.GM]\ncolumn = 'emg2'\nunit = 'V'\nfile = 'e.csv'\n[emg.GM.time]\ncolumn = 't2'\n"
    assert "from_start = true" in refusal(tmp_path, files, GOOD + emg)
    (tmp_path / "my.toml").write_text(GOOD + emg + "from_start = true\n")
    found = load_map(str(tmp_path / "my.toml"))
    import_recording(jobs_for(files, found, None)[0], found, tmp_path / "out.edf", files, {}, False)
    assert (tmp_path / "out.edf").exists()


WRITERS: dict[str, Callable[[Path], Path]] = {
    ".mat": lambda p: write_mat(p, columns()),
    ".73.mat": lambda p: write_mat73(p, columns()),
    ".parquet": lambda p: write_parquet(p, columns()),
    ".rda": lambda p: write_rda(p, {"run": columns()}),
    ".c3d": lambda p: write_c3d(p, columns(), RATE, ["s", "V", "g", "g", "g"]),
}
IN_FRAME = GOOD.replace("'t'", "'run.t'").replace("'x', 'y', 'z'", "'run.x', 'run.y', 'run.z'")
MANY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def binaries(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("binaries")
    return {end: write(folder / f"run{end}").read_bytes() for end, write in WRITERS.items()}


@pytest.mark.parametrize("ending", WRITERS)
@MANY
@given(st.data())
def test_binary_file_cut_anywhere_or_damaged_is_read_or_refused(tmp_path, binaries, ending, data):
    content = bytearray(binaries[ending])
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 20))):
            content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file = tmp_path / f"x{ending}"
    file.write_bytes(bytes(content))
    (tmp_path / "my.toml").write_text(GOOD if ending != ".rda" else IN_FRAME)
    found = load_map(str(tmp_path / "my.toml"))
    try:
        job = jobs_for([file], found, None)[0]
        import_recording(job, found, tmp_path / "out.edf", [file], {}, True)
    except CalfbandError as error:
        assert "\n" not in str(error) and str(error).endswith(".")


@pytest.mark.parametrize("ending", WRITERS)
def test_half_a_binary_file_is_refused_by_name(tmp_path, binaries, ending):
    file = touched(tmp_path / f"half{ending}", binaries[ending][: len(binaries[ending]) // 2])
    text = refusal(tmp_path, [file], GOOD)
    assert text.startswith(str(file)) and "not a readable" in text


@MANY
@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(tmp_path, text):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "my.toml").write_text(GOOD)
    found = load_map(str(tmp_path / "my.toml"))
    with pytest.raises(CalfbandError):
        job = jobs_for([tmp_path / "x.csv"], found, None)[0]
        import_recording(job, found, tmp_path / "out.edf", [], {}, True)


def test_command_says_one_sentence_and_leaves_a_foreign_recording_alone(calfband, tmp_path):
    file = csv(tmp_path)
    (tmp_path / "my.toml").write_text(GOOD)
    out = touched(tmp_path / "run.edf", b"0       somebody's own recording")
    done = calfband("import", file, "--map", tmp_path / "my.toml")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "run.edf: is there already and was not made by calfband import" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert out.read_bytes().endswith(b"own recording")
    assert calfband("import", file, "--map", tmp_path / "my.toml", "--force").returncode == 0
    # What an import made, the next one may replace.
    assert calfband("import", file, "--map", tmp_path / "my.toml").returncode == 0
