"""What Prometheus is given, read by its own parser."""

import socket
import urllib.request

import pytest

from dnne_ros.errors import InputError
from dnne_ros.metrics.families import FAMILIES
from dnne_ros.metrics.histogram import Histogram
from dnne_ros.metrics.samples import Samples
from dnne_ros.metrics.serving import Address, check_address, prometheus_metrics, served

parser = pytest.importorskip("prometheus_client.parser",
                             reason="prometheus-client is not installed")
HERE = Address("127.0.0.1", 0)


def one_of_each():
    """Return a figure of each metric, with labels that need care."""
    samples = Samples()
    for base, family in FAMILIES.items():
        value = 3
        if family.kind == "histogram":
            value = Histogram(family.bounds)
            value.add(0.02)
            value.add(99.0)
        samples.put(base, tuple(f'{label} "\\\n→' for label in family.labels), value)
    return samples


def test_every_metric_parses():
    with served(lambda: prometheus_metrics(one_of_each()), HERE) as url, \
            urllib.request.urlopen(url) as answer:
        text = answer.read().decode()
    found = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert list(found) == [f"dnne_ros_{base}" for base in FAMILIES]
    for base, family in FAMILIES.items():
        read = found[f"dnne_ros_{base}"]
        assert (read.type, read.documentation) == (family.kind, family.help)
        for sample in read.samples:
            labels = dict(sample.labels)
            labels.pop("le", None)
            assert labels == {label: f'{label} "\\\n→' for label in family.labels}
        if family.kind == "histogram":
            buckets = {float(s.labels["le"]): s.value for s in read.samples if "le" in s.labels}
            assert list(buckets) == [*family.bounds, float("inf")]
            assert buckets[family.bounds[0]] == 0 and buckets[float("inf")] == 2
            assert [s.value for s in read.samples[-2:]] == [2, 99.02]
        else:
            assert [(s.name, s.value) for s in read.samples] == [(family.name, 3)]


def test_nothing_yet_is_no_metric():
    assert not list(prometheus_metrics(Samples()))


def test_a_port_that_is_taken_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = Address("127.0.0.1", taken.getsockname()[1])
        for use in (lambda: check_address(address), lambda: served(list, address).__enter__()):
            with pytest.raises(InputError, match=f"--metrics {address}: Address already in use"):
                use()
    with pytest.raises(InputError, match=r"--metrics no\.such\.host\.invalid:1: "):
        check_address(Address("no.such.host.invalid", 1))
    check_address(HERE)


@pytest.mark.parametrize("text, expected", [
    ("9464", "127.0.0.1:9464"), ("0.0.0.0:1", "0.0.0.0:1"), ("[::1]:80", "[::1]:80"),
    (":7", "127.0.0.1:7")])
def test_this_machine_alone_unless_told(text, expected):
    assert str(Address.parse(text)) == expected


@pytest.mark.parametrize("text", ["", "x", "1.5", "-1", "65536", "host:", "٣"])
def test_no_address(text):
    with pytest.raises(ValueError, match=r"expected \[HOST:\]PORT, found "):
        Address.parse(text)
