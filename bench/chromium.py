"""A headless Chromium of Debian, driven by selenium; every one begins with an empty profile."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = "chromium and chromedriver are not installed: sh packaging/chromium.sh"
IS_HERE = PROGRAM is not None and DRIVER is not None
PHONE, DESKTOP = (390, 844), (1280, 900)
WITHIN_S = 20.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)

_ANOTHER = "return window.left !== true && document.readyState === 'complete'"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched:
    """One file that the browser fetched: what it is and the bytes that came over the wire."""

    url: str
    bytes: int


class Page:
    """One tab."""

    def __init__(self, driver: webdriver.Chrome, size: tuple[int, int]) -> None:
        self.driver, self._size = driver, size

    def open(self, url: str) -> None:
        self.driver.get(url)

    def all(self, css: str) -> list[WebElement]:
        return list(self.driver.find_elements(By.CSS_SELECTOR, css))

    def tap(self, css: str) -> None:
        """Tap what is there, as soon as it is."""
        self.until(lambda: self._tapped(css), f"{css} to tap")

    def _tapped(self, css: str) -> bool:
        self.driver.find_element(By.CSS_SELECTOR, css).click()
        return True

    def follow(self, css: str) -> None:
        """Tap what leads to another page, and wait for that one: the old one stays for a while,
        and what is tapped or typed there meanwhile is lost.
        """
        self.driver.execute_script("window.left = true")
        self.tap(css)
        self.until(lambda: self.driver.execute_script(_ANOTHER), f"another page after {css}")

    def fill(self, css: str, text: str) -> None:
        """Type this in the place of what is there, as soon as the field is; it must stay."""
        self.until(lambda: self._filled(css, text), f"{css} to type {text!r} in")

    def _filled(self, css: str, text: str) -> bool:
        field = self.driver.find_element(By.CSS_SELECTOR, css)
        field.clear()
        field.send_keys(text)
        return bool(field.get_attribute("value") == text)

    @property
    def text(self) -> str:
        """What a person reads, folded or not drawn excepted."""
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def until(
        self,
        what: Callable[[], T],
        told: str,
        within_s: float = WITHIN_S,
        every_s: float = 0.1,
    ) -> T:
        """Wait until it is so; what it was. A piece may be put in anew while we look."""
        quiet = (WebDriverException, StaleElementReferenceException)
        waits = WebDriverWait(self.driver, within_s, every_s, ignored_exceptions=quiet)
        return waits.until(lambda _: what(), f"waited for {told}")

    def reads(self, *words: str, within_s: float = WITHIN_S) -> None:
        """Wait until the page says all of these."""
        self.until(lambda: all(word in self.text for word in words), f"{words}", within_s)

    def log_in(self, base: str, code: str) -> None:
        self.open(f"{base}/login")
        self.fill("#code", code)
        self.follow("main button")
        self.until(lambda: "/login" not in self.driver.current_url, "the page after the login")

    def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        width, height = self._size
        height = max(height, int(self.driver.execute_script(
            "return document.documentElement.scrollHeight")))  # fmt: skip
        self.device(width, height)
        found = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(found["data"]))
        self.device(*self._size)

    def device(self, width: int, height: int) -> None:
        """The size of the screen."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def _log(self, name: str) -> list[Any]:
        driver: Any = self.driver  # the library says nothing of its types here
        return list(driver.get_log(name))

    def complaints(self) -> list[str]:
        """What the browser itself found wrong: refused styles and scripts, errors, lost files."""
        return [entry["message"] for entry in self._log("browser")]

    def fetched(self) -> list[Fetched]:
        """Everything that was asked of anybody since the last look, in order."""
        urls: dict[str, str] = {}
        sizes: dict[str, int] = {}
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            it = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                url = str(it["request"]["url"])
                if urlsplit(url).scheme in ("http", "https", "ws", "wss"):  # not its own pages
                    urls[it["requestId"]] = url
            elif message["method"] == "Network.responseReceived":
                sizes[it["requestId"]] = int(it["response"]["encodedDataLength"])
            elif message["method"] == "Network.dataReceived":  # of a stream, which never ends
                sizes[it["requestId"]] = sizes.get(it["requestId"], 0) + int(
                    it["encodedDataLength"]
                )
            elif message["method"] == "Network.loadingFinished":
                sizes[it["requestId"]] = int(it["encodedDataLength"])
        return [Fetched(url, sizes.get(number, 0)) for number, url in urls.items()]

    def hosts(self) -> set[str]:
        """Every host that anything was asked of since the last look."""
        return {urlsplit(one.url).netloc for one in self.fetched()}


@contextmanager
def chromium(
    size: tuple[int, int] = PHONE, language: str = "zh-CN", scripts: bool = True
) -> Iterator[Page]:
    """A browser with nothing in it. `scripts` False blocks them, as a careful household does."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        options = Options()
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--lang={language}"):
            options.add_argument(flag)
        options.binary_location = str(PROGRAM)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        logs: dict[str, Any] = {"browser": "ALL", "performance": "ALL"}
        options.set_capability("goog:loggingPrefs", logs)
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        try:
            page = Page(driver, size)
            page.device(*size)
            blocked = {"value": not scripts}
            driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", blocked)
            yield page
        finally:
            driver.quit()
