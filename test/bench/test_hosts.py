"""`dnne-ros bench hosts`: two machines that are none, and what moves between them."""

import json

import pytest

from dnne_ros.bench.virtual_hosts import why_no_virtual_hosts

pytestmark = pytest.mark.skipif(bool(why_no_virtual_hosts()), reason=why_no_virtual_hosts())


@pytest.mark.long
def test_all_cases_are_measured_and_compared(start_command, tmp_path):
    run = start_command("dnne_ros", "bench", "hosts", "--rounds", "1", "--effort", "0.01",
                        "--payloads", "16,64K", "--json", "hosts.json", "--markdown", "hosts.md",
                        folder=tmp_path, cold=True)
    assert run.wait() == 0, run.output
    document = json.loads((tmp_path / "hosts.json").read_text())
    assert document["problems"] == {}
    assert list(document["medians"]) == ["ours", "plain rclpy", "bare DDS"]
    ours = document["medians"]["ours"]
    assert ours["16 B lost"] == ours["64 KiB lost"] == 0 and ours["64 KiB same_values"] == 1
    assert [row["name"] for row in document["ratios"]] == [
        "16 B: ours / plain rclpy", "64 KiB: ours / plain rclpy"]
    assert "| ours |" in (tmp_path / "hosts.md").read_text()
