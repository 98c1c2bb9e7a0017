"""A dashboard's page in Chromium, from within the loop that serves it."""

import contextlib
import importlib.util
import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MISSING = ("needs playwright: pip install playwright"
           if importlib.util.find_spec("playwright") is None
           else "" if CHROMIUM else "needs Chromium: apt install chromium")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", *(f"--{kind}-url=http://127.0.0.1:9" for kind in (
             "gaia", "google-apis", "google-base"))]
LONG = 600_000  # milliseconds: whoever waits for nothing is ended by the patience of tests


@contextlib.asynccontextmanager
async def browsing(proxy="", **options):
    """Give a browser's window, and the list of what its pages complain of."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=QUIET,
            **({"proxy": {"server": proxy, "bypass": "127.0.0.1"}} if proxy else {}))
        try:
            window = await browser.new_context(**options)
            window.set_default_timeout(LONG)
            yield window
        finally:
            await browser.close()


async def open_page(window, visit, complaints, path="/"):
    page = await window.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text)
            if message.type == "error" else None)
    await page.goto(f"{visit.base}{path}?token={visit.token.secret}")
    return page
