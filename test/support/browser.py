"""A headless Chromium and an editor's server, for the few tests that need the front end itself."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

from elsewhere import Elsewhere
from python_path import python_path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MISSING = next((f"{what} is not installed" for what, there in (
    ("chromium", CHROMIUM), ("playwright", importlib.util.find_spec("playwright")),
    ("comfyui-frontend-package", importlib.util.find_spec("comfyui_frontend_package")),
    ("aiohttp", importlib.util.find_spec("aiohttp"))) if not there), "")
# A browser asks its maker for this and that, whatever the page.  Those services get an address of
# this machine where nobody listens, so whatever a proxy sees was asked for by a page.
_SERVICES = ("apps-gallery-update", "autofill-server", "gaia", "gcm-checkin", "gcm-mcs",
             "gcm-registration", "google-apis", "google-base", "google", "variations-server")
QUIET = ("--no-sandbox", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-domain-reliability", "--disable-extensions",
         "--disable-sync", "--component-updater=url-source=http://127.0.0.1:9/",
         "--gcm-mcs-endpoint=http://127.0.0.1:9",
         *(f"--{service}-url=http://127.0.0.1:9" for service in _SERVICES))
LOADED_MS = 240_000
"""Milliseconds: whoever waits for nothing is ended by the time limit of tests."""
# The ids of the nodes that the front end shows as lit.
LIT = ("Object.keys(document.querySelector('#vue-app').__vue_app__.config.globalProperties"
       ".$pinia.state.value.execution.nodeProgressStates)")
# A script: all states of runs that a page is told, however quickly they go by, as seen[number].
KEEP_STATES = """window.seen = {};
const waiting = setInterval(() => {
  if (!window.dnneRosLive) return;
  clearInterval(waiting);
  dnneRosLive.onChange(() => {
    const { run } = dnneRosLive;
    if (run && seen[run.number]?.at(-1) !== run.state) (seen[run.number] ??= []).push(run.state);
  });
}, 1);"""


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
def browsing():
    """Give a browser; its ``away`` has what its pages have asked other machines for."""
    from playwright.sync_api import sync_playwright

    with Elsewhere() as away, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=QUIET,
            proxy={"server": away.url, "bypass": "127.0.0.1"})
        browser.away = away.requests
        yield browser
        browser.close()


def new_page(browser, address, script=""):
    """Return a page with the front end, in a window without cookies; ``script`` runs first."""
    page = browser.new_page(viewport={"width": 1600, "height": 950})
    page.set_default_timeout(LOADED_MS)
    page.add_init_script(script)
    page.goto(address)
    wait_for_editor(page)
    return page


@contextmanager
def opened(address):
    """Give a page with the front end; `page.away` has what left the machine."""
    with browsing() as browser:
        page = new_page(browser, address)
        page.away = browser.away
        yield page


def wait_for_editor(page):
    """Wait until drawings can be loaded."""
    page.wait_for_function("window.app?.extensionManager && window.app.graph"
                           " && window.app.canvas?.onDrawForeground"
                           " && !document.querySelector('#splash-loader')"
                           " && window.dnneRosLive")
