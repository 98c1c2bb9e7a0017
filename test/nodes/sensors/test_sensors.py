import asyncio
import math
import sys
import threading

import numpy as np
import pytest
import torch
from geometry_msgs.msg import Vector3
from sensor_msgs.msg import Imu
from std_msgs.msg import Header

from dnne_ros.errors import InputError
from dnne_ros.node_api.health import Level
from dnne_ros.nodes.sensors.audio_sensor import AudioSensorNode
from dnne_ros.nodes.sensors.camera_sensor import CameraSensorNode
from dnne_ros.nodes.sensors.imu_sensor import IMUSensorNode
from dnne_ros.toolkit import device_reader


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Try again soon, and do not take a busy machine for a device that hangs."""
    monkeypatch.setattr(device_reader, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(device_reader, "_READ_SECONDS", 600.0)


@pytest.fixture
def sense(drive):
    """Return the context of a sensor that has sent ``count`` values."""
    def call(node, count, then=None, **options):
        async def script(context):
            await context.sends(count)
            if then is not None:
                await then(context)

        return drive(node, script, linked=[], **options)
    return call


def test_made_up_pictures(sense):
    node = CameraSensorNode({"resolution": "32x24", "fps": 1000.0})
    context = sense(node, 4)
    first, second = context.outputs("image")[:2]
    assert first.shape == (24, 32, 3) and first.dtype == torch.uint8
    assert not torch.equal(first, second)
    assert context.outputs("timestamp")[0] == 5.0
    again = sense(CameraSensorNode(node.values), 4).outputs("image")[0]
    other = sense(CameraSensorNode(node.values), 4, seed=1).outputs("image")[0]
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_made_up_turns_and_sounds(sense):
    readings = torch.cat(sense(IMUSensorNode({"sample_rate": 1000.0}), 20).outputs("imu_data"))
    assert readings.shape[1] == 6 and readings.dtype == torch.float32
    assert readings[:, :3].norm(dim=1).mean().item() == pytest.approx(9.81, abs=0.05)
    chunk = sense(AudioSensorNode({"noise": 0.0}), 1).outputs("audio")[0]
    assert chunk.shape == (1, 1024)
    spectrum = torch.fft.rfft(chunk[0]).abs()
    assert spectrum.argmax().item() == round(440 * 1024 / 16000)
    assert 0.5 * math.sin(2 * math.pi * 440 / 16000) == pytest.approx(chunk[0, 1].item())


def test_a_real_imu(sense):
    async def fall_silent(context):
        while context.health.level is Level.OK:
            await context.sends(1)
            await asyncio.sleep(0.005)

    node = IMUSensorNode({"topic": "/imu/data", "timeout": 0.02, "sample_rate": 1000.0})
    node_setup = node.setup

    def setup_and_deliver():
        node_setup()
        node.context.topics.deliver(Imu(linear_acceleration=Vector3(z=9.0),
                                        angular_velocity=Vector3(x=1.0)))
    node.setup = setup_and_deliver
    context = sense(node, 1, then=fall_silent)
    assert context.outputs("imu_data")[0].tolist() == [[0, 0, 9.0, 1.0, 0, 0]]
    assert context.health.message == "no message on /imu/data for 0.02 s"


def test_a_real_imu_in_another_frame(sense):
    node = IMUSensorNode({"topic": "/imu/data", "sample_rate": 1000.0, "frame": "base",
                          "frame_wait": 0.0})
    node_setup = node.setup

    def setup_and_deliver():
        node_setup()
        node.context.frames.put("base", "imu", (1.0, 0.0, 0.0), (0.0, 0.0, 0.5**0.5, 0.5**0.5))
        node.context.topics.deliver(Imu(header=Header(frame_id="imu"),
                                        linear_acceleration=Vector3(x=2.0),
                                        angular_velocity=Vector3(y=1.0)))
    node.setup = setup_and_deliver
    reading, = sense(node, 1).outputs("imu_data")
    assert torch.allclose(reading, torch.tensor([[0.0, 2.0, 0.0, -1.0, 0.0, 0.0]]), atol=1e-6)
    assert IMUSensorNode.validate_parameters({**IMUSensorNode().values, "frame": "base"}) == [
        "widget 'frame': expected a topic, whose messages have a frame, found none"]


class Fickle:
    """A camera that can be unplugged."""

    def __init__(self):
        self.plugged = True
        self.hangs = threading.Event()
        self.hangs.set()
        self.opened = 0

    def open(self):
        if not self.plugged:
            raise OSError("camera 0 cannot be opened")
        self.opened += 1
        return self

    def read(self):
        self.hangs.wait(5)
        if not self.plugged:
            raise OSError("camera 0 gives no pictures any more")
        return np.zeros((2, 2, 3), np.uint8)

    def close(self):
        pass


@pytest.fixture
def fickle(monkeypatch):
    camera = Fickle()
    monkeypatch.setattr(CameraSensorNode, "_open", lambda node: camera.open())
    return camera, CameraSensorNode({"use_real_camera": True, "fps": 1000.0})


def test_an_unplugged_camera_is_tried_again(sense, fickle):
    pytest.importorskip("cv2")
    camera, node = fickle

    async def unplug(context):
        camera.plugged = False
        while context.health.level is Level.OK:
            await asyncio.sleep(0.002)
        assert context.health.level is Level.ERROR
        assert context.health.message.startswith("camera 0 ")
        camera.plugged = True
        sent = len(context.sent)
        await context.sends(sent + 2)

    context = sense(node, 2, then=unplug)
    assert camera.opened == 2
    assert context.health.level is Level.OK and context.health.values["losses"] == 1
    (_, lost), (_, back) = context.log.lines
    assert lost.startswith("camera 0 gives no pictures any more; trying again every")
    assert back.startswith("the device is back after")


def test_a_camera_that_hangs_is_lost_and_found(sense, fickle, monkeypatch):
    pytest.importorskip("cv2")
    camera, node = fickle

    async def hang(context):
        monkeypatch.setattr(device_reader, "_READ_SECONDS", 0.05)
        camera.hangs.clear()
        while context.health.level is Level.OK:
            await asyncio.sleep(0.002)
        camera.hangs.set()
        await context.sends(len(context.sent) + 2)

    assert sense(node, 2, then=hang).health.level is Level.OK


def test_a_camera_that_is_not_there(sense, fickle):
    pytest.importorskip("cv2")
    camera, node = fickle
    camera.plugged = False
    with pytest.raises(InputError, match="device: camera 0 cannot be opened"):
        sense(node, 1)


def test_opencv_reads_and_scales(sense, tmp_path):
    cv2 = pytest.importorskip("cv2")
    file = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), 30.0, (64, 48))
    for _ in range(3):  # blue, which OpenCV has first
        writer.write(np.full((48, 64, 3), (250, 0, 0), np.uint8))
    writer.release()
    context = sense(CameraSensorNode({
        "use_real_camera": True, "device": str(file), "resolution": "32x24", "fps": 1000.0}), 10)
    picture = context.outputs("image")[0]
    assert picture.shape == (24, 32, 3)
    red, green, blue = picture.float().mean((0, 1)).tolist()
    assert blue > 200 > 50 > max(red, green)
    assert any("gives no pictures any more" in line for _, line in context.log.lines)  # its end


def test_no_such_camera(sense):
    pytest.importorskip("cv2")
    with pytest.raises(InputError, match="camera /dev/none cannot be opened; video devices here"):
        sense(CameraSensorNode({"use_real_camera": True, "device": "/dev/none"}), 1)


@pytest.mark.parametrize("module, node, expected", [
    ("cv2", CameraSensorNode({"use_real_camera": True}), "OpenCV is not installed: pip install"),
    ("sounddevice", AudioSensorNode({"use_real_microphone": True}), "PortAudio is not to be had")])
def test_what_must_be_installed_is_said(sense, monkeypatch, module, node, expected):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=expected):
        sense(node, 1)


@pytest.mark.parametrize("resolution", ["640", "640x", "0x10", "640X480", "64x-1"])
def test_sizes_that_are_none(resolution):
    problem, = CameraSensorNode.validate_parameters({"resolution": resolution})
    assert "expected WIDTHxHEIGHT such as 640x480" in problem
