"""The Dagster UI in a real browser: `sessiongraph dev` on a home of one's own, and a headless chromium beside it.

Debian's chromium and its driver (`apt-get install chromium chromium-driver`), told where they are, so that nothing is
downloaded; the browser resolves no name and so reaches nothing but this machine.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")
_ROOT = Path(__file__).resolve().parent.parent.parent
_MAIN = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en-US",
    # No name is resolved, so that nothing but this machine is reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_PATIENCE_SECONDS = 180.0


def missing() -> str | None:
    """Which program there is not, in words that say how to get it; None where a browser can be started."""
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"no {' and no '.join(lacking)}: apt-get install chromium chromium-driver" if lacking else None


@contextmanager
def dagster_ui(home: Path) -> Iterator[str]:
    """The address of `sessiongraph dev` on `home`, in this process's environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home.parent.mkdir(parents=True, exist_ok=True)
    settings = {**os.environ, "PYTHONPATH": str(_ROOT), "SESSIONGRAPH_HOME": str(home)}
    settings.pop("DAGSTER_HOME", None)
    command = [sys.executable, "-c", _MAIN, "dev", "--port", str(port)]
    with home.with_name(f"{home.name}-dev.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home.parent, env=settings, stdout=log, stderr=log)
    try:
        until(lambda: _answers(port) or process.poll() is not None, "the UI answers")
        assert process.poll() is None, "`sessiongraph dev` ended by itself."
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def chromium(profile: Path, width: int = 1500, height: int = 1000) -> Iterator["Browser"]:
    """A browser with an empty `profile` and a window of that many pixels."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        browser = Browser(driver)
        browser.size(width, height)
        yield browser
    finally:
        driver.quit()


class Browser:
    """What a person does: look for words, click on them, and wait until they are there."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        self.driver.get(url)

    def size(self, width: int, height: int) -> None:
        """Make the page, which has no frame around it, that many pixels wide and high."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def save(self, image: Path) -> None:
        """What is shown, as PNG."""
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(self.driver.get_screenshot_as_png())

    @property
    def text(self) -> str:
        """All that is shown."""
        return until(lambda: self._try(lambda: self.driver.find_element(By.TAG_NAME, "body").text), "a page")

    def find(self, xpath: str, seconds: float = _PATIENCE_SECONDS) -> WebElement:
        """The first element at `xpath` that is shown, waited for."""
        return until(lambda: self._shown(xpath), f"the page shows {xpath}", seconds)

    def click(self, xpath: str, seconds: float = _PATIENCE_SECONDS) -> None:
        """Click on the first element at `xpath`, as soon as it is there and nothing lies over it."""
        until(lambda: self._clicked(xpath), f"{xpath} can be clicked", seconds)

    def sees(self, *words: str, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until all of `words` are shown."""
        until(lambda: all(word in self.text for word in words), f"the page says {words}", seconds)

    def _shown(self, xpath: str) -> WebElement | None:
        return self._try(
            lambda: next((it for it in self.driver.find_elements(By.XPATH, xpath) if it.is_displayed()), None)
        )

    def _clicked(self, xpath: str) -> bool:
        def click() -> bool:
            element = self._shown(xpath)
            if element is None or not element.is_enabled():
                return False
            element.click()
            return True

        return bool(self._try(click))

    @staticmethod
    def _try(look: Callable[[], T]) -> T | None:
        """None where the page changed under it."""
        try:
            return look()
        except WebDriverException:
            return None


def until(look: Callable[[], T | None], what: str, seconds: float = _PATIENCE_SECONDS) -> T:
    """What `look` gives as soon as that is something. Raises TimeoutError saying `what` did not come."""
    deadline = time.monotonic() + seconds
    while True:
        # What was found may be another page's by the time that it is read.
        with suppress(StaleElementReferenceException):
            if found := look():
                return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"After {seconds:g} s it is not so that {what}.")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
