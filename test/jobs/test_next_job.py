"""How a worker comes to its next job: by a bell, or with the end of the one before."""

import threading

from job_stores import job
from waiting import until

from dnne_ros.jobs.store.bells import MOST_RINGS, Bell, ring
from dnne_ros.jobs.store.engine import EngineWorker
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.store.submitting import add_job
from dnne_ros.jobs.work import orders
from dnne_ros.jobs.work.ending import Outcome, finish
from dnne_ros.jobs.work.starting import start_job, take_next

PATIENCE = 600.0


def following(store, hands, claim=None, queue="default"):
    """End a job, if there is one; returns the claim that comes next, and the void tickets."""
    with store.turn() as books:
        if claim is not None:
            finish(books, claim.job, claim.start, Outcome(0, "exit code 0"))
        return take_next(books, queue, hands.worker, hands.host, hands.capacity)


def test_each_ring_wakes_one_of_those_who_wait_and_none_who_is_busy(tmp_path):
    ring(tmp_path, "a queue/x")  # nobody listens, which is no error
    bells = [Bell(tmp_path, "a queue/x") for _ in range(3)]
    bells[2].busy = True
    woken = []
    waiting = [threading.Thread(target=lambda bell=bell: woken.append((bell.wait(PATIENCE), bell)))
               for bell in bells]
    for each in waiting:
        each.start()
    ring(tmp_path, "a queue/x", 2)
    for each in waiting[:2]:
        each.join()
    assert {bell for _, bell in woken} == set(bells[:2])
    bells[2].wake()
    waiting[2].join()
    bells[2].busy = False
    ring(tmp_path, "a queue/x")
    bells[2].wait(PATIENCE)  # who rings while nobody waits is heard later
    bells[2].wake()
    bells[2].wait(PATIENCE)  # deaf to the bell, as it has just rung, but not to this
    for _ in range(2 * MOST_RINGS):
        ring(tmp_path, "a queue/x")  # as when ten thousand jobs come
    with (tmp_path / "bells" / "a%20queue%2Fx").open("rb", buffering=0) as pipe:
        assert len(pipe.read(9 * MOST_RINGS)) == MOST_RINGS


def test_what_is_queued_rings_once_it_is_on_the_disk(store):
    bell = Bell(store.folder, "default")
    with store.turn() as books:
        number = add_job(books, job(user="ann"))
        add_job(books, job(user="ann", delay=60))
        assert books.rings == []
    bell.wait(PATIENCE)
    assert store.job(number).state == "queued" and books.rings == ["default"]


def test_a_bell_ends_the_pause_of_the_engine(new_store):
    class LongPause(Bell):
        def wait(self, seconds):
            super().wait(PATIENCE)  # as if the engine looked by itself every ten minutes

    handed = []
    with JobStore(new_store) as store:
        store.engine.add_queue("default")
        engine = EngineWorker(store.url, store.database, "w1",
                              {"default": LongPause(new_store, "default")}, handed.append)
        try:
            numbers = []
            for _ in range(2):
                numbers.append(store.submit(job()))
                until(lambda: len(handed) == len(numbers))
        finally:
            engine.stop()
    assert handed == [f"dnne_ros-{number}.1" for number in numbers]


def test_the_job_behind_the_one_that_ends_is_begun_with_it(store, hands):
    first = store.submit(job())
    second = store.submit(job(after=(first,)))
    claim, void = following(store, hands, hands.start(first))
    assert (claim.job, void) == (second, [])  # the engine has never had a ticket of it
    assert [each.state for each in store.jobs()] == ["succeeded", "running"]
    assert following(store, hands, claim) == (None, [])


def test_the_next_one_is_the_first_by_priority_turn_and_time(store, hands, clock):
    last, low, later = (store.submit(job(user="ann", **each)) for each in (
        {}, {"level": 8}, {"level": 0, "delay": 60}))
    first = store.submit(job(user="ann", level=2))
    other = store.submit(job(user="ann", queue="other"))
    claim, void = following(store, hands)
    assert claim.job == first and void == [f"dnne_ros-{first}.1"]
    clock.now += 61
    order = []
    while claim is not None:
        claim, _ = following(store, hands, claim)
        order.append(claim and claim.job)
    assert order == [later, last, low, None] and store.job(other).state == "queued"
    assert hands.start(other) is not None


def test_a_void_ticket_of_a_job_that_was_taken_up_starts_nothing(store, hands):
    number = store.submit(job())
    claim, void = following(store, hands)
    with store.turn() as books:
        assert start_job(books, void[0], "w2", hands.host, hands.capacity) is None
    assert hands.end(claim) and store.job(number).starts == 1


def test_a_paused_queue_and_a_quota_have_no_next(store, hands):
    store.submit(job(user="ann"))
    orders.set_paused(store, "default", True)
    assert following(store, hands) == (None, [])
    orders.set_paused(store, "default", False)
    orders.set_quota(store, "ann", 1)
    claim, _ = following(store, hands)
    held, bob = store.submit(job(user="ann")), store.submit(job(user="bob", level=8))
    found, void = following(store, hands)
    assert found.job == bob and len(void) == 2
    assert store.job(held).reason == "the quota of ann: 1 at once"
    hands.end(claim)  # what it waited for is free, and it gets a ticket again
    assert store.job(held).state == "queued" and hands.start(held) is not None
