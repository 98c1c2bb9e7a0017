import numpy as np
import pytest
from sensor_msgs.msg import PointCloud2, PointField

from dnne_ros.messages.sensors.converter import Options
from dnne_ros.messages.sensors.table import CONVERTERS

CLOUDS = CONVERTERS["sensor_msgs/msg/PointCloud2"]
DTYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8")
NAN = float("nan")


def cloud(points, fields, *, step=None, rows=1, row_padding=0, order="<"):
    """Return a message whose points are tuples of ``fields``: (name, type, offset)."""
    kind = np.dtype({"names": [name for name, _, _ in fields],
                     "formats": [order + type for _, type, _ in fields],
                     "offsets": [offset for _, _, offset in fields],
                     "itemsize": step or max(offset + np.dtype(type).itemsize
                                             for _, type, offset in fields)})
    table = np.array(points, kind).reshape(rows, -1)
    data = b"".join(row.tobytes() + bytes(row_padding) for row in table)
    return PointCloud2(
        height=rows, width=table.shape[1], point_step=kind.itemsize, data=data,
        row_step=table.shape[1] * kind.itemsize + row_padding, is_bigendian=order == ">",
        fields=[PointField(name=name, offset=offset, count=1, datatype=1 + DTYPES.index(type))
                for name, type, offset in fields])


def read(message, wanted=("points",), **options):
    found = CLOUDS.reader(Options(**options), wanted)(message)
    return found[wanted[0]] if len(wanted) == 1 else found


def xyz(type="f4", size=4):
    return [(name, type, place * size) for place, name in enumerate("xyz")]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("type", DTYPES)
def test_every_datatype_in_both_byte_orders(type, order):
    size = np.dtype(type).itemsize
    points = read(cloud([(1, 2, 3), (4, 5, 6)], xyz(type, size), order=order))
    assert points.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert points.dtype == np.dtype(type) and points.dtype.isnative


@pytest.mark.parametrize("step, offsets", [
    (12, (0, 4, 8)), (16, (0, 4, 8)), (32, (4, 8, 12)), (22, (0, 4, 8)), (15, (3, 7, 11)),
    (24, (0, 8, 16)), (12, (8, 4, 0))])
def test_points_wherever_they_lie(step, offsets):
    """Padded, unaligned, apart from each other or in another order."""
    fields = [(name, "f4", offset) for name, offset in zip("xyz", offsets, strict=True)]
    message = cloud([(1, 2, 3), (4, 5, 6)], fields, step=step)
    assert read(message).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert read(message, fields=("z", "x")).tolist() == [[3, 1], [6, 4]]


def test_fields_of_several_types_and_numbers():
    message = cloud([(1, 2, 3, 7)], [*xyz(), ("ring", "u2", 12)])
    assert read(message, fields=()).tolist() == [[1, 2, 3, 7]]
    assert read(message, fields=("ring",)).dtype == np.uint16
    message.fields = [PointField(name="position", offset=0, datatype=7, count=3)]
    assert read(message, fields=("position",)).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("padding", [0, 4, 7])
def test_an_organised_cloud_keeps_its_rows(padding):
    message = cloud([(1, 2, 3), (4, 5, 6), (7, 8, 9), (0, 0, 0)], xyz(), rows=2,
                    row_padding=padding)
    assert read(message).tolist() == [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [0, 0, 0]]]
    assert read(message, organised=False).shape == (4, 3)


@pytest.mark.parametrize("rows, step", [(1, 12), (1, 22), (2, 16), (2, 13)])
def test_points_that_are_none(rows, step):
    message = cloud([(1, 2, 3), (NAN, 2, 3), (4, float("inf"), 6), (7, 8, 9)], xyz(), step=step,
                    rows=rows)
    assert read(message, invalid="drop").tolist() == [[1, 2, 3], [7, 8, 9]]
    assert read(message, invalid="zero", organised=False).tolist() == [
        [1, 2, 3], [0, 2, 3], [4, 0, 6], [7, 8, 9]]
    assert np.isnan(read(message, organised=False)[1, 0])
    with pytest.raises(ValueError, match="2 of 12 points' numbers are no valid numbers"):
        read(message, invalid="refuse")


@pytest.mark.parametrize("type, order, name", [
    ("u4", "<", "rgb"), ("u4", ">", "rgb"), ("u4", "<", "rgba")])
def test_colours_stay_with_their_points(type, order, name):
    message = cloud([(1, 2, 3, 0x00102030), (NAN, 5, 6, 0xFF405060), (7, 8, 9, 0x00708090)],
                    [*xyz(), (name, type, 16)], order=order)
    found = read(message, ("points", "colors"))
    assert found["colors"].tolist() == [[16, 32, 48], [64, 80, 96], [112, 128, 144]]
    found = read(message, ("points", "colors"), invalid="drop")
    assert found["colors"].tolist() == [[16, 32, 48], [112, 128, 144]]
    assert read(message, ("colors",), invalid="drop").shape == (2, 3)


def test_an_empty_cloud():
    assert read(PointCloud2(height=1, fields=cloud([(1, 2, 3)], xyz()).fields,
                            point_step=12)).shape == (0, 3)


@pytest.mark.parametrize("change, expected", [
    ({"data": bytes(23)}, "a cloud of 1×2 points of 12 bytes needs 24 bytes, found 23"),
    ({"point_step": 11}, "field z is outside of its point of 11 bytes"),
    ({"fields": []}, "no field x, y, z; the cloud has none"),
    ({"fields": [PointField(name=name, datatype=9, count=1) for name in "xyz"]},
     "field x has the datatype 9; expected 1 to 8"),
    ({"fields": [PointField(name=name, datatype=7, count=2**32 - 1) for name in "xyz"]},
     "field x is outside of its point of 12 bytes"),
])
def test_clouds_that_are_none(change, expected):
    message = cloud([(1, 2, 3), (4, 5, 6)], xyz())
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(ValueError, match=expected):
        read(message)


def test_colours_that_are_not_there():
    with pytest.raises(ValueError, match="no field rgb or rgba; the cloud has x, y, z"):
        read(cloud([(1, 2, 3)], xyz()), ("colors",))


def write(fields=("x", "y", "z"), **values):
    message = PointCloud2()
    CLOUDS.writer(Options(fields=fields), values)(message, values)
    return message


@pytest.mark.parametrize("type", ["f4", "f8", "u2"])
@pytest.mark.parametrize("shape", [(5, 3), (2, 5, 3), (0, 3)])
def test_what_is_written_is_read(type, shape):
    points = np.arange(np.prod(shape)).reshape(shape).astype(type)
    colors = np.arange(points.size, dtype=np.uint8).reshape(shape)
    message = write(points=points, colors=colors)
    found = read(message, ("points", "colors"))
    np.testing.assert_array_equal(found["points"], points)
    np.testing.assert_array_equal(found["colors"], colors)
    assert message.is_dense and message.row_step == message.width * message.point_step


@pytest.mark.parametrize("values, expected", [
    ({"points": np.zeros((2, 2), np.float32)}, r"points: expected \(n, 3\) or"),
    ({"points": np.zeros(3, np.float32)}, r"found \(3,\)"),
    ({"points": np.zeros((2, 3), np.int64)}, "no field of a cloud holds int64"),
    ({"points": np.zeros((2, 3), np.float32), "colors": np.zeros((1, 3), np.uint8)},
     "colors: expected uint8 red, green and blue of 2 points"),
])
def test_what_no_cloud_can_be_made_of(values, expected):
    with pytest.raises(ValueError, match=expected):
        write(**values)
