"""Putting up with errors, but not for ever."""

import pytest

from dnne_ros.toolkit.error_limit import ErrorLimit, SafeDefault


def test_errors_pass_until_too_many_come_in_a_row():
    told = []
    limit = ErrorLimit(2, on=(OSError,), on_error=told.append)
    for number in range(2):
        with limit:
            raise OSError(number)
        assert limit.in_a_row == number + 1 and isinstance(limit.last, OSError)
    with limit:
        pass
    assert limit.in_a_row == 0 and limit.last is None
    with pytest.raises(OSError, match="4"):
        for number in range(2, 10):
            with limit:
                raise OSError(number)
    assert limit.total == 5 and len(told) == 4


def test_other_errors_are_raised_at_once():
    limit = ErrorLimit(5, on=(OSError,))
    with pytest.raises(ValueError), limit:
        raise ValueError("a bug")
    assert limit.total == 0


def test_a_safe_value_in_place_of_an_error(run_async):
    answers = [1, OSError("lost"), 2, OSError("lost"), OSError("lost")]

    async def read(scale):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return scale * answer

    safe = SafeDefault(-1, ErrorLimit(1))

    async def main():
        assert [await safe(read, scale=10) for _ in range(4)] == [10, -1, 20, -1]
        with pytest.raises(OSError):
            await safe(read, scale=10)

    run_async(main())
