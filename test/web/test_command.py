"""`dnne-ros dashboard` as a process, and what bad input gets."""

import re
import socket

import pytest

from dnne_ros.cli.main import main
from dnne_ros.errors import InputError
from dnne_ros.web import options

pytestmark = pytest.mark.slow


def test_it_says_where_it_is_serves_and_ends_with_ctrl_c(start_command, tmp_path):
    import urllib.error
    import urllib.request

    command = start_command("dnne_ros", "dashboard", "--port", "0", "--view", folder=tmp_path,
                            environment={"HOME": str(tmp_path)}, separate=True)
    command.until(lambda: "open http://127.0.0.1:" in command.output)
    address = command.output.split()[1]
    with urllib.request.urlopen(address) as answer:
        assert b"refresh" in answer.read() and "HttpOnly" in answer.headers["Set-Cookie"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(address.partition("?")[0])
    port = int(re.search(r":(\d+)/", address)[1])
    with socket.create_connection(("127.0.0.1", port)) as rubbish:
        rubbish.sendall(b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n")
        assert b" 400 " in rubbish.recv(100)  # and nothing of it in the terminal
    command.interrupt()
    command.wait()
    assert (command.returncode, command.errors) == (130, "")


def test_a_taken_port_and_a_wrong_one_are_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert main(["dashboard", "--port", port]) == 2
        assert f"--port {port} is taken; leave it out" in capsys.readouterr().err
    for wrong in ("70000", "-1", "x", "8e3", "٣"):
        with pytest.raises(SystemExit) as ended:
            main(["dashboard", f"--port={wrong}"])
        assert ended.value.code == 2 and "expected a port from 0" in capsys.readouterr().err


def test_without_aiohttp_the_command_that_installs_it_is_said(monkeypatch):
    monkeypatch.setattr(options.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'dnne_ros\[web\]'") as told:
        options.check_installed()
    assert told.value.exit_code == 2
