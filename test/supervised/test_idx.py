import gzip

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from dnne_ros.supervised.idx import parse_idx, read_idx


def idx(array):
    """Return the bytes of an idx file."""
    header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=0, min_side=0, max_side=5)))
def test_reads_what_was_written(array):
    found = parse_idx(idx(array))
    assert found.dtype == np.uint8 and np.array_equal(found, array)


@given(st.binary(max_size=40) | st.builds(lambda rest: b"\0\0\x08" + rest, st.binary(max_size=40)))
def test_other_bytes_are_refused_in_words(data):
    try:
        array = parse_idx(data)
    except ValueError as error:
        assert "found" in str(error)
    else:
        assert idx(array) == data


@pytest.mark.parametrize("data, message", [
    (b"", "an empty file"), (b"\x1f\x8b\x08\0", "1f 8b 08 00"),
    (b"\0\0\x08\x03\0\0", "ends within its header: expected 16 bytes, found 6"),
    (b"\0\0\x08\x01\0\0\0\x05abc", "expected 13 bytes for an array of 5, found 11"),
    (b"\0\0\x08\x01\0\0\0\x01abc", "expected 9 bytes"),
    (b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "4294967295×4294967295")])
def test_says_what_is_wrong(data, message):
    with pytest.raises(ValueError, match=message.replace("×", ".")):
        parse_idx(data)


def test_packed_and_plain_files(tmp_path):
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    (tmp_path / "a").write_bytes(idx(array))
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx(array)))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(idx(array))[:-12])
    (tmp_path / "no.gz").write_bytes(b"not packed")
    assert np.array_equal(read_idx(tmp_path / "a"), read_idx(tmp_path / "a.gz"))
    for name in ("cut.gz", "no.gz"):
        with pytest.raises(ValueError, match="damaged gzip data"):
            read_idx(tmp_path / name)
