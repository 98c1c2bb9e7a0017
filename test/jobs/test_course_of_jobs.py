"""What becomes of jobs, without processes: order, dependencies, retries, quotas, dead letters."""

import pytest
from job_stores import Hands, job, order_of

from dnne_ros.errors import InputError
from dnne_ros.jobs.description.needs import Capacity, Needs
from dnne_ros.jobs.description.states import DEAD
from dnne_ros.jobs.store.statistics import statistics
from dnne_ros.jobs.work import orders
from dnne_ros.jobs.work.starting import MOST_LOST


def submit(store, name="note", /, **treatment):
    return store.submit(job(name, **treatment))


def states(store, *numbers):
    return [store.job(number).state for number in numbers]


def test_priorities_come_first_then_the_order_of_submission(store):
    low, first, second = (submit(store, level=8), submit(store), submit(store))
    critical = submit(store, level=0)
    assert order_of(store) == [critical, first, second, low]


def test_users_take_turns_at_equal_priority(store, hands):
    ann = [submit(store, user="ann") for _ in range(4)]
    bob = [submit(store, user="bob") for _ in range(2)]
    assert order_of(store) == [ann[0], bob[0], ann[1], bob[1], ann[2], ann[3]]
    for number in (ann[0], bob[0], ann[1]):
        hands.run(number)
    # Who comes late has not saved up turns: cat begins with the job that is served now.
    cat = submit(store, user="cat")
    assert order_of(store) == [bob[1], ann[2], cat, ann[3]]


def test_each_change_has_its_time_and_reason(store, hands, clock):
    number = submit(store)
    clock.now += 5
    claim = hands.start(number)
    clock.now += 2
    hands.end(claim, figures={"mean_return": 9.0})
    found = store.changes(number)
    assert [change.state for change in found] == ["queued", "running", "succeeded"]
    assert [change.time - found[0].time for change in found] == [0, 5, 7]
    assert [change.reason for change in found] == ["submitted", "start 1, by w1", "exit code 0"]
    assert store.job(number).seconds == 2 and store.job(number).figures == {"mean_return": 9.0}


def test_a_job_comes_after_those_that_it_names(store, hands):
    first, second = submit(store), submit(store)
    last = submit(store, after=(first, second))
    assert store.job(last).reason == f"after jobs {first}, {second}"
    hands.run(first)
    assert states(store, last) == ["waiting"]
    hands.run(second)
    assert states(store, last) == ["queued"]
    # What has succeeded already is not waited for.
    assert states(store, submit(store, after=(first,))) == ["queued"]


def test_what_depended_on_a_failure_is_cancelled_down_the_line(store, hands):
    first = submit(store)
    second = submit(store, after=(first,))
    third = submit(store, after=(second,))
    anyway = submit(store, after_any=(first,))
    hands.run(first, 1)
    assert states(store, first, second, third, anyway) == [
        "failed", "cancelled", "cancelled", "queued"]
    assert store.job(third).reason == f"job {second} is cancelled"


def test_unknown_and_failed_dependencies_are_named_at_once(store, hands):
    failed = submit(store)
    hands.run(failed, 1)
    with pytest.raises(InputError) as caught:
        submit(store, after=(failed, 99))
    assert "there is no job 99" in str(caught.value)
    assert f"job {failed}, which is failed: exit code 1" in str(caught.value)
    assert len(store.jobs()) == 1


def test_a_delayed_job_waits_and_is_queued_when_its_time_comes(store, clock):
    number = submit(store, delay=60)
    assert states(store, number) == ["waiting"]
    assert store.job(number).reason.startswith("until 20")
    clock.now += 61
    assert states(store, number) == ["queued"]


def test_retries_use_up_the_tries_and_then_it_is_dead(store, hands, clock):
    number = submit(store, retries=2, backoff="linear", backoff_base=10.0, retry_lower=2)
    for attempt, level in ((2, 7), (3, 9)):
        found = hands.run(number, 1)
        assert (found.state, found.attempt, found.level) == ("waiting", attempt, level)
        assert f"try {attempt} of 3 in " in found.reason
        clock.now += 60
    found = hands.run(number, 1)
    assert (found.state, found.reason) == (DEAD, "exit code 1 after 3 tries")
    orders.retry(store, [number])
    assert (store.job(number).state, store.job(number).attempt) == ("queued", 1)
    assert hands.run(number).state == "succeeded"


def test_an_immediate_retry_rests_not_at_all(store, hands):
    number = submit(store, retries=1, backoff="immediate")
    assert hands.run(number, 1).state == "queued"


def test_an_error_of_input_is_not_tried_again(store, hands):
    number = submit(store, retries=5)
    found = hands.run(number, 2)
    assert found.state == "failed" and "no retry mends" in found.reason


def test_after_its_last_try_another_job_takes_over_with_what_waited_for_it(store, hands):
    plan_c = job("mark", arguments={"path": "c"}, queue="rescue")
    plan_b = job("mark", arguments={"path": "b"}, escalate=plan_c)
    first = submit(store, retries=1, backoff="immediate", escalate=plan_b)
    waiting = submit(store, after=(first,))
    hands.run(first, 1)
    assert hands.run(first, 1).state == "failed"
    second = store.successor(first)
    assert store.job(first).reason == f"exit code 1 after 2 tries; job {second} takes over"
    hands.run(second, 1)
    third = store.successor(second)
    assert (store.job(third).queue, store.job(third).takes_over) == ("rescue", second)
    assert states(store, waiting) == ["waiting"]
    hands.run(third)
    assert states(store, waiting) == ["queued"]


def test_two_with_one_key_are_one_until_it_has_ended(store, hands):
    first = submit(store, dedupe="nightly")
    assert submit(store, dedupe="nightly") == first
    assert submit(store, dedupe="other") != first
    hands.run(first)
    assert submit(store, dedupe="nightly") != first


def test_gpus_are_booked_and_what_waits_goes_on_when_one_is_free(store, hands):
    numbers = [submit(store, needs=Needs(gpu=1)) for _ in range(3)]
    claims = [hands.start(number) for number in numbers]
    assert [claim and list(claim.granted.gpus) for claim in claims] == [["0"], ["1"], None]
    assert store.job(numbers[2]).reason == "needs gpu=1; others have them"
    hands.end(claims[0], 1)
    assert store.job(numbers[2]).state == "queued"
    assert list(hands.start(numbers[2]).granted.gpus) == ["0"]


def test_a_machine_that_is_too_small_leaves_the_job_to_another(store, hands):
    number = submit(store, needs=Needs(cpus=16))
    assert hands.start(number) is None
    assert store.job(number).reason == "needs cpus=16, and there are 4 on this machine"
    large = Hands(store, Capacity((), tuple(range(32)), 0), host="there", worker="w2")
    other = submit(store)
    large.run(other)  # each end is a chance for what waits
    assert len(large.start(number).granted.cpus) == 16


def test_a_user_with_a_quota_has_no_more_running(store, hands):
    orders.set_quota(store, "ann", 1)
    first, second = submit(store, user="ann"), submit(store, user="ann")
    bob = submit(store, user="bob")
    claim = hands.start(first)
    assert hands.start(second) is None and hands.start(bob) is not None
    assert store.job(second).reason == "the quota of ann: 1 at once"
    hands.end(claim)
    assert hands.start(second) is not None


def test_a_late_word_of_an_earlier_start_counts_for_nothing(store, hands):
    number = submit(store)
    old = hands.start(number)
    new = Hands(store, worker="w2").start(number)  # the first worker is gone
    assert (old.start, new.start) == (1, 2)
    assert "whose worker is gone" in store.changes(number)[-1].reason
    assert not hands.end(old, 1)
    assert hands.end(new) and store.job(number).state == "succeeded"
    assert not hands.end(new)
    assert [change.state for change in store.changes(number)].count("succeeded") == 1


def test_a_job_that_takes_every_worker_with_it_is_dead_in_the_end(store, hands):
    number = submit(store, retries=3)
    assert all(hands.start(number) for _ in range(MOST_LOST))
    assert hands.start(number) is None
    assert (store.job(number).state, store.job(number).reason) == (
        DEAD, "100 workers have died with it")


def test_a_job_that_is_given_back_has_lost_no_try(store, hands):
    number = submit(store, retries=0)
    hands.end(hands.start(number), 130, given_back=True)
    assert (store.job(number).state, store.job(number).attempt) == ("queued", 1)


def test_cancelling_names_all_that_cannot_be_and_changes_nothing_then(store, hands):
    queued, done = submit(store), submit(store)
    hands.run(done)
    with pytest.raises(InputError) as caught:
        orders.cancel(store, [queued, done, 77])
    assert f"job {done} is succeeded already" in str(caught.value)
    assert "there is no job 77" in str(caught.value) and states(store, queued) == ["queued"]
    assert orders.cancel(store, [queued]) == [] and states(store, queued) == ["cancelled"]
    assert order_of(store) == []
    assert hands.start(queued) is None


def test_dead_letters_are_dropped_and_old_jobs_forgotten(store, hands, clock):
    dead = submit(store, retries=1, backoff="immediate")
    hands.run(dead, 1)
    hands.run(dead, 1)
    done, waiting = submit(store), submit(store)
    hands.run(done)
    with pytest.raises(InputError, match="is succeeded, not dead"):
        orders.drop_dead(store, [done])
    orders.drop_dead(store, [dead])
    clock.now += 100
    assert orders.collect_garbage(store, 200) == []
    assert orders.collect_garbage(store, 50) == [done]
    assert [each.id for each in store.jobs()] == [waiting]


def test_statistics_count_by_hand(store, hands, clock):
    for code in (0, 0, 1):
        claim = hands.start(submit(store, queue="a"))
        clock.now += 4
        hands.end(claim, code)
    retried = submit(store, retries=1, backoff="immediate", queue="b")
    hands.run(retried, 1)
    found = statistics(store)
    assert {key: found[key] for key in ("pending", "running", "processed", "failed", "retries",
                                        "total_s", "mean_s", "per_minute")} == {
        "pending": 1, "running": 0, "processed": 3, "failed": 1, "retries": 1,
        "total_s": 12.0, "mean_s": 4.0, "per_minute": 3}
    assert found["success_rate"] == pytest.approx(2 / 3)
    assert (found["queue"]["a"]["processed"], found["queue"]["b"]["pending"]) == (3, 1)


def test_a_rerun_is_the_same_job_with_nothing_to_wait_for(store, hands):
    first = submit(store)
    second = submit(store, after_any=(first,), retries=4, delay=5)
    again = orders.rerun(store, second)
    assert states(store, again) == ["queued"]
    assert (store.spec(again).retries, store.spec(again).task) == (4, store.spec(second).task)
