"""A node's log, whose lines somebody keeps."""

import pytest

pytest.importorskip("rclpy")

from dnne_ros.runtime.node.recorded_logger import RecordedLogger


@pytest.fixture
def log():
    """Return a logger and the lines that it has told."""
    logger, lines = RecordedLogger("recorded_logger_test"), []
    logger.on_logged = lines.append
    return logger, lines


def test_what_is_logged_is_told_with_its_severity(log):
    logger, lines = log
    logger.info("begins")
    logger.warning("smells")
    logger.error("burns")
    logger.debug("nobody wants to know")
    assert lines == ["INFO begins", "WARN smells", "ERROR burns"]


def test_filters_tell_calls_apart_by_where_they_are(log):
    logger, lines = log
    for _ in range(3):
        logger.info("here", once=True)
        logger.info("there", once=True)
        logger.warning("at times", throttle_duration_sec=3600.0)
    assert lines == ["INFO here", "INFO there", "WARN at times"]
