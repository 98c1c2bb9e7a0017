"""A headless Chromium and an editor's server, for the few tests that need the front end itself."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

from python_path import python_path

CHROMIUM = shutil.which("chromium")
MISSING = next((f"{what} is not installed" for what, there in (
    ("chromium", CHROMIUM), ("playwright", importlib.util.find_spec("playwright")),
    ("comfyui-frontend-package", importlib.util.find_spec("comfyui_frontend_package")),
    ("aiohttp", importlib.util.find_spec("aiohttp"))) if not there), "")
_LOADED_MS = 240_000


@contextmanager
def edited(repository, folder, *words):
    """Serve ``folder`` and give the address that is printed."""
    environment = {**os.environ, "PYTHONPATH": python_path(repository),
                   "XDG_CONFIG_HOME": str(folder / ".config")}
    with subprocess.Popen(
            [sys.executable, "-m", "dnne_ros", "edit", "--folder", str(folder), "--port", "0",
             *words], stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            yield re.fullmatch(r"open (\S+)\n", server.stdout.readline())[1]
        finally:
            server.terminate()


@contextmanager
def opened(address):
    """Give a page with the front end; `page.away` has what left the machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1600, "height": 950})
        page.set_default_timeout(_LOADED_MS)
        page.away = []
        page.on("response", lambda answer: page.away.append(answer.url)
                if not answer.url.startswith(("http://127.0.0.1:", "blob:", "data:")) else None)
        page.goto(address)
        wait_for_editor(page)
        yield page
        browser.close()


def wait_for_editor(page):
    """Wait until drawings can be loaded."""
    page.wait_for_function("window.app?.extensionManager && window.app.graph"
                           " && window.app.canvas?.onDrawForeground"
                           " && !document.querySelector('#splash-loader')")
