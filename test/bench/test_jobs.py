"""The tables of `bench jobs`: what each case has, and what was not measured."""

from dnne_ros.bench.jobs import tables


def test_each_case_is_where_its_figures_belong():
    single, many = tables({
        "jobs": 5, "missing": {"procrastinate": "needs PostgreSQL"}, "medians": {
            "ours": {"accepted_ms": 1.26, "dispatched_ms": 20.0, "overhead_ms": 30.0,
                     "process_ms": 40.0, "next_stage_ms": 9.0},
            "huey": {"accepted_ms": 2.0, "dispatched_ms": 21.0, "overhead_ms": 31.0},
            "ours, 10 queued": {"list_ms": 3.0, "dispatched_ms": 4.0},
            "ours, 10 workers": {"up_s": 0.5, "jobs_per_s": 12.34}}})
    assert single.rows == [
        ("ours", "1.3", "20.0", "30.0", "40.0", "9.0"),
        ("huey", "2.0", "21.0", "31.0", "–", "–"),
        ("procrastinate: needs PostgreSQL", "–", "–", "–", "–", "–")]
    assert many.rows == [("ours, 10 queued", "3.0", "4.0", "–", "–"),
                         ("ours, 10 workers", "–", "–", "0.50 s", "12.3")]
