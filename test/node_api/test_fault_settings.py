"""What nodes can be asked for beside their widgets, as workflows write it."""

from hypothesis import given, strategies as st

from dnne_ros.node_api.fault_settings import (
    FAULT_SETTINGS,
    default_fault_settings,
    fault_options,
    read_fault_options,
    watches,
)


def test_nothing_is_asked_for_unless_it_is():
    assert not watches(default_fault_settings())
    assert read_fault_options({"process": "sim"}, print) == default_fault_settings()
    for name, value in (("deadline.seconds", 0.1), ("deadline.rate_hz", 10.0),
                        ("watchdog.seconds", 1.0), ("errors.policy", "warn"),
                        ("errors.check_finite", True)):
        assert watches({**default_fault_settings(), name: value})


def test_all_that_is_wrong_is_told():
    told = []
    settings = read_fault_options(
        {"deadline": {"seconds": -1, "rate": 3}, "watchdog": 0.5,
         "errors": {"policy": "ignore", "limit": 3}}, told.append)
    assert settings == {**default_fault_settings(), "errors.limit": 3}
    assert told == [
        "properties.dnne_ros.deadline.seconds: expected a number of at least 0.0 (s), found -1.0",
        "properties.dnne_ros.deadline: unknown entry 'rate'; expected seconds, rate_hz, policy",
        "expected properties.dnne_ros.watchdog to be an object with some of seconds, policy, "
        "found 0.5",
        "properties.dnne_ros.errors.policy: expected one of warn, safe_value, restart, stop, "
        "found 'ignore'"]


def values_of(widget):
    if widget.choices:
        return st.sampled_from(widget.choices)
    if widget.kind is bool:
        return st.booleans()
    low, high = widget.minimum, widget.maximum
    return st.integers(low, high) if widget.kind is int else st.floats(low, 1e9)


@given(st.fixed_dictionaries({}, optional={
    name: values_of(widget) for name, widget in FAULT_SETTINGS.items()}))
def test_options_written_are_read_again(chosen):
    settings = {**default_fault_settings(), **chosen}
    told = []
    assert read_fault_options(fault_options(settings), told.append) == settings
    assert not told
