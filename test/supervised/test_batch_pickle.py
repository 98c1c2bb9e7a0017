"""CIFAR's pickles are read, and none is run."""

import os
import pickle
import pickletools
import struct
import subprocess
import sys

import numpy as np
import pytest

from dnne_ros.supervised.batch_pickle import DamagedBatch, read_batch

PIXELS = np.arange(8, dtype=np.uint8).reshape(2, 4)
BATCH = {"batch_label": "training batch 1 of 5", "labels": [6, 9], "data": PIXELS,
         "filenames": ["leptodactylus_pentadactylus_s_000004.png", "camion_s_000148.png"]}


def text(word):
    """Return the pickle of a string of Python 2."""
    return b"U" + bytes((len(word),)) + word


def published(pixels, labels):
    """Return a batch byte for byte as the published files are written: by Python 2, protocol 2."""
    rows, columns = pixels.shape
    shape = b"M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"\x86"
    data = b"T" + struct.pack("<i", pixels.size) + pixels.tobytes()
    array = (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b")
             + b"\x87R(K\x01" + shape + b"cnumpy\ndtype\n" + text(b"u1")
             + b"K\x00K\x01\x87R(K\x03" + text(b"|")
             + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + data + b"tb")
    return (b"\x80\x02}(" + text(b"batch_label") + text(b"training batch 1 of 5")
            + text(b"labels") + b"](" + b"".join(b"K" + bytes((label,)) for label in labels) + b"e"
            + text(b"data") + array + text(b"filenames") + b"](" + text(b"a.png") * len(labels)
            + b"eu.")


def test_a_batch_as_it_is_published():
    data = published(PIXELS, [6, 9])
    theirs = pickle.loads(data, encoding="latin1")  # numpy's own reading of the same bytes
    pixels, labels = read_batch(data, 4)
    assert np.array_equal(theirs["data"], PIXELS) and np.array_equal(pixels, PIXELS)
    assert labels == theirs["labels"] == [6, 9] and pixels.dtype == np.uint8


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_batches_that_python_3_writes(protocol):
    pixels, labels = read_batch(pickle.dumps(BATCH, protocol), 4)
    assert np.array_equal(pixels, PIXELS) and labels == [6, 9]


class Calls:
    """Pickled, it is a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("batch", [
    Calls(os.system, "touch ran"), {**BATCH, "more": Calls(os.system, "touch ran")},
    {**BATCH, "data": Calls(eval, "open('ran', 'w')")}, [Calls(subprocess.run, "touch ran")],
    {**BATCH, "more": np.load}, {**BATCH, "more": Calls(np.memmap, "ran", np.uint8, "w+", 0, 1)},
    Calls(print, "ran")])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_hostile_pickle_is_refused_with_one_line_and_runs_nothing(
        batch, protocol, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DamagedBatch) as caught:
        read_batch(pickle.dumps(batch, protocol), 4)
    message = str(caught.value)
    assert "which no batch of pictures holds; nothing was called" in message
    assert "\n" not in message and len(message) < 200
    assert not list(tmp_path.iterdir()) and capfd.readouterr().out == ""


def test_what_a_pickle_does_to_our_own_classes_does_not_stay():
    # BUILD sets attributes of what lies on the stack: here, of the class that stands for bytes.
    bad = b"\x80\x02c_codecs\nencode\nN}U\x09argumentsK\x07s\x86b."
    for _ in range(2):
        with pytest.raises(DamagedBatch):
            read_batch(bad, 4)
    assert read_batch(pickle.dumps(BATCH, 2), 4)[1] == [6, 9]


# A tuple that holds the tuple before twice, sixty times over.
NESTED = b"K\x01K\x02\x86" + b"".join(
    b"q" + bytes((place,)) + b"h" + bytes((place,)) + b"\x86" for place in range(60))


@pytest.mark.parametrize("data", [
    b"", b"\x80", b"not a pickle", b"\x80\x02}.", b"\x80\x02].", b"\x80\x02r\xff\xff\xff\x7f.",
    b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", b"\x80\x02B\xff\xff\xff\x7fx.",
    b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f.", b"\x80\x02\x82\x01.", b"P0\n.",
    b"\x80\x02Q.", b"I" + b"9" * 9999 + b"\n.", NESTED + b".",
    b"}" + NESTED + b"Ns.", b"}(" + NESTED + b"Nu.", b"(" + NESTED + b"Nd.",
    b"\x8f(" + NESTED + b"\x90.",
    b"\x80\x02}(" + text(b"labels") + b"]" + text(b"data") + NESTED + b"u.",
    b"\x80\x02}(" + text(b"labels") + NESTED + text(b"data") + b"Nu.",
    published(PIXELS, [6, 9])[:-30]])
def test_what_is_no_batch_is_refused_at_once_with_one_line(data):
    with pytest.raises(DamagedBatch) as caught:
        read_batch(data, 4)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("changes, expected", [
    ({"data": PIXELS.astype(np.int64)}, "data: expected an array of bytes, row after row"),
    ({"data": np.asfortranarray(PIXELS)}, "data: expected an array of bytes, row after row"),
    ({"data": PIXELS[0]}, "data: expected an array of two axes"),
    ({"data": PIXELS.reshape(4, 2)}, "expected rows of 4 bytes, at least one, found 8 bytes for"),
    ({"data": PIXELS[:0]}, "at least one, found 0 bytes for shape (0, 4)"),
    ({"data": [1]}, "data: expected an array, found a list"),
    ({"data": np.array([object()], dtype=object)}, "which no batch of pictures holds"),
    ({"labels": "abc"}, "labels: expected a list of whole numbers"),
    ({"labels": [1, None]}, "labels: expected a list"), ({"labels": [1, -1]}, "labels: expected"),
    ({"labels": [True, 1]}, "labels: expected"), ({"labels": [2**40, 1]}, "labels: expected")])
def test_batches_of_another_kind_are_named(changes, expected):
    with pytest.raises(DamagedBatch) as caught:
        read_batch(pickle.dumps({**BATCH, **changes}, 4), 4)
    assert expected in str(caught.value)


@pytest.mark.parametrize("name", ["data", "labels"])
def test_a_missing_entry_is_named(name):
    batch = {key: value for key, value in BATCH.items() if key != name}
    with pytest.raises(DamagedBatch, match=f"expected an entry '{name}', found none"):
        read_batch(pickle.dumps(batch), 4)


def test_a_damaged_byte_gives_a_batch_or_one_line():
    whole = published(PIXELS, [6, 9])
    for place in range(len(whole)):
        for value in (0, 0x2e, 0x52, 0x62, 0x81, 0xff):
            data = whole[:place] + bytes((value,)) + whole[place + 1:]
            try:
                pixels, labels = read_batch(data, 4)
            except DamagedBatch as error:
                assert "\n" not in str(error)
            else:
                assert pixels.shape == (2, 4) and all(type(label) is int for label in labels)


def test_nothing_of_numpys_is_called():
    names = {argument for opcode, argument, _ in pickletools.genops(published(PIXELS, [6, 9]))
             if opcode.name == "GLOBAL"}
    assert names == {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
    code = ("import sys, io\n"
            "from dnne_ros.supervised.batch_pickle import _BatchUnpickler\n"
            f"found = _BatchUnpickler(io.BytesIO({published(PIXELS, [6, 9])!r}), "
            "encoding='bytes').load()\n"
            "print({type(found[b'data']).__module__})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "{'dnne_ros.supervised.batch_pickle'}\n", done.stderr
