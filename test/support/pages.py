"""A dashboard's page in Chromium, from within the loop that serves it."""

import contextlib
import importlib.util

from browser import CHROMIUM, LOADED_MS, QUIET

MISSING = ("needs playwright: pip install playwright"
           if importlib.util.find_spec("playwright") is None
           else "" if CHROMIUM else "needs Chromium: apt install chromium")


@contextlib.asynccontextmanager
async def browsing(proxy="", **options):
    """Give a browser's window, and the list of what its pages complain of."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(QUIET),
            **({"proxy": {"server": proxy, "bypass": "127.0.0.1"}} if proxy else {}))
        try:
            window = await browser.new_context(**options)
            window.set_default_timeout(LOADED_MS)
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
