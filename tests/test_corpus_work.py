"""The engine: tasks done once, here or on a real Dask cluster, whatever happens to one of them."""

import math
import os
import pickle
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pyarrow as pa
import pytest
from corpus_squares import Payload, squares
from hypothesis import given
from hypothesis import strategies as st

from host_tools.corpus import executors
from host_tools.corpus import work as engine
from host_tools.corpus.stamp import stamp
from host_tools.corpus.store import Store, encoded
from host_tools.corpus.work import FAILURES, TIMINGS, Outcome, Task, read_table
from host_tools.errors import CalfbandError

run_tasks = partial(engine.run_tasks, sources=("LICENSE",))


def tasks(n: int, log: Path | str = "") -> list[Task]:
    return [Task(f"run {i}", Payload(i, str(log))) for i in range(n)]


def calls(log: Path) -> int:
    return len(list(log.iterdir()))


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log").mkdir()
    return tmp_path / "log"


@pytest.fixture(scope="module")
def cluster():
    local: Any = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    with local as running:
        assert running.scheduler_address.startswith("tcp://")
        yield running


def test_second_run_does_no_work_and_a_changed_payload_only_its_own(tmp_path, log):
    store = tmp_path / "store"
    assert run_tasks(tasks(4, log), squares, store, workers=2) == Outcome(ran=4)
    assert run_tasks(tasks(4, log), squares, store, workers=2) == Outcome(reused=4)
    assert calls(log) == 4
    changed = [*tasks(3, log), Task("run 3", Payload(30, str(log)))]
    assert run_tasks(changed, squares, store, workers=2) == Outcome(ran=1, reused=3)
    assert len(read_table(store, "halves").filter(pa.compute.field("key") == "run 3")) == 30
    assert run_tasks(changed, squares, store, workers=2, fresh=True) == Outcome(ran=4)


def test_other_sources_make_all_results_old(tmp_path, log):
    store = tmp_path / "store"
    run_tasks(tasks(2, log), squares, store, workers=1, sources=("firmware",))
    other = run_tasks(tasks(2, log), squares, store, workers=1, sources=("host_tools/errors.py",))
    assert other == Outcome(ran=2)
    # The older results are gone, not lying beside the new ones.
    assert read_table(store, TIMINGS)["key"].to_pylist() == ["run 0", "run 1"]


def test_interrupted_run_keeps_what_is_done_and_goes_on_from_there(tmp_path, log):
    store = tmp_path / "store"
    seen = []

    def interrupt(done):
        seen.append(done.key)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tasks(tasks(30, log), squares, store, workers=2, on_done=interrupt)
    kept = read_table(store, TIMINGS)["key"].to_pylist()
    assert sorted(seen) == kept
    assert run_tasks(tasks(30, log), squares, store, workers=2) == Outcome(ran=27, reused=3)
    assert read_table(store, TIMINGS).num_rows == 30


def test_workers_told_to_end_by_an_interrupt_finish_their_tidying(tmp_path, log):
    """The pool tells them a second time, and would have them begin the tasks they fetched."""

    def marked(what):
        return sorted(path.name.removeprefix(what) for path in log.glob(f"{what}*"))

    def interrupt():
        give_up_s = time.monotonic() + 30
        while len(marked("begun ")) < 2 and time.monotonic() < give_up_s:
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    slow = [Task(f"slow {i}", Payload(i, str(log), "tidy")) for i in (1, 2, 3)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ThreadPoolExecutor(1) as other, pytest.raises(KeyboardInterrupt):
            other.submit(interrupt)
            run_tasks(slow, squares, tmp_path / "store", workers=2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert marked("begun ") == marked("tidied ") == ["1", "2"]


def test_one_task_that_raises_refuses_or_kills_its_process_stops_no_other(tmp_path):
    hows = ["", "raise", "", "die", "refuse", "", ""]
    work = [Task(f"{i}", Payload(i, how=how)) for i, how in enumerate(hows)]
    outcome = run_tasks(work, squares, tmp_path, workers=2)
    assert outcome.ran == 4
    assert outcome.failed["1"] == "ZeroDivisionError: no root of 1"
    assert "killed or crashed" in outcome.failed["3"]
    assert outcome.failed["4"] == "4: not a number to square; take another."
    failures = read_table(tmp_path, FAILURES).to_pylist()
    assert [row["key"] for row in failures] == ["1", "3", "4"]
    assert "squares" in failures[0]["trace"] and not failures[2]["trace"]
    # What failed is tried again, and once it works the failure is forgotten.
    mended = [Task(f"{i}", Payload(i)) for i in range(7)]
    assert run_tasks(mended, squares, tmp_path, workers=2) == Outcome(ran=3, reused=4)
    assert read_table(tmp_path, FAILURES).num_rows == 0


def test_same_tables_here_and_on_a_dask_cluster_of_processes(tmp_path, cluster):
    work = [*tasks(12), Task("zero", Payload(1, how="raise")), Task("no", Payload(2, how="refuse"))]
    here = run_tasks(work, squares, tmp_path / "here", workers=2)
    there = run_tasks(
        work, squares, tmp_path / "there", scheduler=cluster.scheduler_address, workers=2
    )
    assert here == there
    for name in ("squares", "halves", FAILURES):
        one, other = (read_table(tmp_path / where, name) for where in ("here", "there"))
        assert one.num_rows and one.equals(other)


def test_task_that_kills_dask_workers_becomes_a_failure_and_the_rest_is_done(tmp_path, cluster):
    work = [Task("bad", Payload(1, how="die")), *tasks(4)]
    outcome = run_tasks(work, squares, tmp_path, scheduler=cluster.scheduler_address)
    assert outcome.ran == 4
    assert "killed or crashed" in outcome.failed["bad"]


def test_dask_worker_that_dies_once_its_result_has_come_spoils_no_task(
    tmp_path, cluster, monkeypatch
):
    gather = distributed.Client._gather

    async def gather_then_lose(client, futures, *args, **kwargs):
        found = await gather(client, futures, *args, **kwargs)
        for future in futures:
            future._state.lose()  # as the scheduler tells of a worker that took its data along
        return found

    monkeypatch.setattr(distributed.Client, "_gather", gather_then_lose)
    assert run_tasks(tasks(4), squares, tmp_path, scheduler=cluster.scheduler_address) == Outcome(
        ran=4
    )


def test_results_go_to_any_fsspec_file_system():
    store = "memory://corpus-store"
    assert run_tasks(tasks(3), squares, store, workers=1) == Outcome(ran=3)
    assert run_tasks(tasks(3), squares, store, workers=1) == Outcome(reused=3)
    assert read_table(store, "halves")["h"].to_pylist() == [0.0, 0.0, 0.5]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
def test_scheduler_that_is_not_there_is_told_within_seconds(tmp_path, address):
    started = time.monotonic()
    with pytest.raises(CalfbandError, match="no Dask scheduler answers") as told:
        run_tasks(tasks(1), squares, tmp_path, scheduler=address)
    assert address in str(told.value)
    assert time.monotonic() - started < 12


def test_scheduler_without_workers_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "WORKERS_S", 1)
    local: Any = distributed.LocalCluster(n_workers=0, dashboard_address=":0")
    with (
        local as empty,
        pytest.raises(CalfbandError, match="has no workers"),
    ):
        run_tasks(tasks(1), squares, tmp_path, scheduler=empty.scheduler_address)


def test_workers_with_another_firmware_are_refused(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr("host_tools.corpus.work.sources_version", lambda sources: "another")
    with pytest.raises(CalfbandError, match="another version of the firmware"):
        run_tasks(tasks(1), squares, tmp_path, scheduler=cluster.scheduler_address)


def test_cluster_that_goes_away_leaves_what_was_done(tmp_path):
    running: Any = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0"
    )

    def pull_the_plug(done):
        running.close()

    with pytest.raises(CalfbandError, match="went away"):
        run_tasks(
            tasks(40),
            squares,
            tmp_path,
            scheduler=running.scheduler_address,
            on_done=pull_the_plug,
        )
    assert run_tasks(tasks(40), squares, tmp_path, workers=2).reused >= 1


def test_a_lost_part_makes_its_task_undone_and_an_orphan_part_is_not_read(tmp_path):
    run_tasks(tasks(3), squares, tmp_path, workers=1)
    next((tmp_path / "halves").glob("run 1~*")).unlink()
    next((tmp_path / "_done").glob("run 2~*")).unlink()
    assert set(read_table(tmp_path, TIMINGS)["key"].to_pylist()) == {"run 0", "run 1"}
    assert run_tasks(tasks(3), squares, tmp_path, workers=1) == Outcome(ran=2, reused=1)
    assert read_table(tmp_path, TIMINGS).num_rows == 3


def test_tables_can_be_read_for_some_keys_only(tmp_path):
    run_tasks(tasks(4), squares, tmp_path, workers=1)
    some = Store(tmp_path).table(TIMINGS, ["run 3", "run 1", "run 9"])
    assert some["key"].to_pylist() == ["run 1", "run 3"]


def test_equal_keys_are_refused(tmp_path):
    with pytest.raises(ValueError, match="same key"):
        run_tasks([Task("a", Payload(1)), Task("a", Payload(2))], squares, tmp_path)


def test_store_that_cannot_be_written_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CalfbandError, match="cannot be"):
        run_tasks(tasks(1), squares, tmp_path / "file" / "store", workers=1)


# Lone surrogates cannot be in file names anywhere.
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(st.lists(KEYS, min_size=2, max_size=6, unique=True))
def test_keys_of_any_characters_stay_apart(keys):
    store = Store("memory://any-characters")
    for key in keys:
        store.commit(key, "0123", {"t": encoded(pa.table({"k": [key]}), key)})
    found = Store("memory://any-characters").table("t", keys)
    assert found["k"].to_pylist() == sorted(keys, key=str.encode)
    assert found["key"].to_pylist() == found["k"].to_pylist()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@given(VALUES)
def test_stamp_goes_by_value_in_any_process(value):
    assert stamp(value, squares, "1") == stamp(pickle.loads(pickle.dumps(value)), squares, "1")
    assert stamp(value, squares, "1") != stamp(value, squares, "2")
    assert stamp([value], squares, "1") != stamp(value, squares, "1")


def test_stamp_tells_likes_apart_and_forgets_the_order_of_a_mapping():
    likes = [
        1,
        1.0,
        True,
        "1",
        b"1",
        [1],
        [[1]],
        {1: 1},
        np.float32(1),
        np.ones(1),
        np.ones((1, 1)),
    ]
    likes += [
        math.nan,
        None,
        "",
        [],
        {},
        Payload(1),
        Payload(2),
        Path("1"),
        ["ab", "c"],
        ["a", "bc"],
    ]
    assert len({stamp(value, squares, "1") for value in likes}) == len(likes)
    assert stamp({"a": 1, "b": 2}, squares, "1") == stamp({"b": 2, "a": 1}, squares, "1")
    with pytest.raises(TypeError):
        stamp(object(), squares, "1")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_ctrl_c_that_lands_in_a_destructor_is_forgotten():
    class Trap:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), executors.heeding_ctrl_c() as check:
            trap = Trap()
            del trap  # Python prints what is raised here, and goes on
            check()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
