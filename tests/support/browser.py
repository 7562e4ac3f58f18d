"""Open a page in headless Chromium without a network; record its requests and its messages."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
DRIVER = shutil.which("chromedriver")

_MISSING = not (CHROMIUM and DRIVER)


def needs_browser(test: Any) -> Any:
    """Mark a test or a class of tests that opens a page.

    In CI a missing browser is a failure: a test that is skipped there tests nothing.
    """
    skipped = pytest.mark.skipif(
        _MISSING and not os.environ.get("CI"), reason="needs Chromium and chromedriver"
    )
    return pytest.mark.browser(skipped(test))


_AXE = Path(__file__).parents[1] / "viz/web/assets/node_modules/axe-core/axe.min.js"


def axe_core() -> str:
    """Return axe-core, installed by ``npm ci`` in tests/viz/web/assets; CI must have it."""
    if not _AXE.exists() and not os.environ.get("CI"):
        pytest.skip("needs axe-core: run `npm ci` in tests/viz/web/assets")
    return _AXE.read_text("utf-8")


_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
    # No host is reached except this machine, which may serve a notebook.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


@dataclass
class Browser:
    """A Chromium without a network, which records the requests of its pages."""

    driver: Any

    def open(
        self,
        page: Path,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        state: str = "",
    ) -> None:
        """Open a file at a size, in a colour scheme, with the state of the page in its address."""
        self.driver.get("about:blank")
        self.read_journal()
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        # Without animations, tests see the final state at once.
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, still]})
        self.driver.get(page.as_uri() + state)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """Return the text of the first element that a selector finds."""
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def picture(self, path: Path) -> None:
        """Write a screenshot as a PNG."""
        path.write_bytes(self.driver.get_screenshot_as_png())

    def pdf(self, *, landscape: bool = False) -> bytes:
        """Return the page as it prints on A4."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "landscape": landscape}
        paper["printBackground"] = True
        printed = self.driver.execute_cdp_cmd("Page.printToPDF", paper)
        return base64.b64decode(printed["data"])

    def audit(self, axe: str) -> list[str]:
        """Return the faults that axe-core finds in the page: the rule and the element."""
        # We inject it through the debugger, because the page's policy allows only its own scripts.
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        answer = self.driver.execute_cdp_cmd(
            "Runtime.evaluate",
            {
                "expression": "axe.run(document).then(found => JSON.stringify(found.violations"
                ".flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 160)}`))))",
                "awaitPromise": True,
            },
        )
        found: list[str] = json.loads(answer["result"]["value"])
        return found

    def complaints(self) -> list[str]:
        """Return the console messages since the page was opened: errors, warnings, refusals."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def read_journal(self) -> list[str]:
        """Return the addresses requested since the last call, without those of the browser."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        urls = [params["request"]["url"] for params in sent]
        return [url for url in urls if not url.startswith(("chrome", "data:", "about:"))]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start a Chromium with a fresh profile, and end it."""
    from selenium import webdriver

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM or ""
        for option in (*_OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        service = webdriver.ChromeService(executable_path=DRIVER)
        driver = webdriver.Chrome(options=options, service=service)
        try:
            yield Browser(driver)
        finally:
            driver.quit()
