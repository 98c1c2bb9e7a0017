"""How a server ends."""

import argparse
import asyncio
import gc
import os
import signal
import threading
import urllib.request
from contextlib import suppress

import pytest
from aiohttp import web

from dnne_ros.web.application import Part
from dnne_ros.web.serving import serve

pytestmark = pytest.mark.slow


def test_it_ends_without_a_word_about_what_it_was_answering(capfd, caplog, monkeypatch):
    monkeypatch.setattr("dnne_ros.runtime.discovery.choose_reach", lambda *_: None)

    async def never(_):
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(20):  # as one that closes a socket
                await asyncio.sleep(0)

    def make_parts(context, loop):
        return [Part("slow", [web.get("/", never)])]

    def ask():
        while "open " not in (said := capfd.readouterr().out):
            pass
        address = said.partition("open ")[2].split()[0]
        with suppress(OSError), urllib.request.urlopen(address) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
            urllib.request.urlopen(urllib.request.Request(
                address.partition("?")[0], headers={"Cookie": cookie}))

    asking = threading.Thread(target=ask)
    asking.start()
    options = argparse.Namespace(host="127.0.0.1", port=0, view=False, ros_args=[])
    assert serve(options, make_parts) == 130
    asking.join()
    gc.collect()
    assert capfd.readouterr().err == "" and caplog.text == ""
