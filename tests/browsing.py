"""A real browser for tests: headless Chromium, what it was asked to load, what it complained of, and who can use it.

It needs two programs and one script that pip cannot give. Where they are missing the tests that use `browser` are
skipped, and say what to type; where `CI` is set they fail.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

ROOT = Path(__file__).parents[1]
AXE = ROOT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
COMMANDS = "apt-get install -y chromium chromium-driver pgbouncer && npm install --prefix .browser axe-core@4"

DESKTOP = (1280, 900)
PHONE = (390, 844)
SIZES = {"desktop": DESKTOP, "phone": PHONE}

_AXE_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
    found => done(found.violations.map(one => [one.impact, one.id, one.nodes.map(node => node.html).slice(0, 3)])),
    error => done([["critical", String(error), []]]),
);
"""


class Browser:
    """One tab of a headless Chromium. `driver` is selenium's own, for all that is not said here.

    What was requested and complained of is kept from one call that asks for it to the next one.
    """

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path | str, fragment: str = "") -> None:
        """Load a file, or a URL, anew."""
        url = page if isinstance(page, str) else page.resolve().as_uri()
        self.driver.get("about:blank")  # or another fragment of the same page would not load it
        self.forget()
        self.driver.get(f"{url}#{fragment}" if fragment else url)

    def reset(self) -> None:
        """Leave the page, and be as for a reader who has a desk and no wishes."""
        self.driver.get("about:blank")
        self.resize(DESKTOP)
        self.prefer(color_scheme="light", reduced_motion="no-preference")

    def forget(self) -> None:
        """Leave behind what was requested and complained of so far."""
        self.driver.get_log("browser")
        self.driver.get_log("performance")

    def resize(self, size: tuple[int, int]) -> None:
        """Give the page the width and the height of a screen, in pixels."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, **features: str) -> None:
        """Ask as a reader would for features of media: `prefer(color_scheme="dark", reduced_motion="reduce")`."""
        asked = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": asked})

    def requests(self) -> list[str]:
        """Give every URL that was asked for, in order, without its fragment: the page itself, and `data:` too."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def complaints(self) -> list[str]:
        """Give all that the console was told, be it an error or a warning."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.driver.get_log("browser")]

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page, and give what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """Give the first element that a CSS selector fits."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """Give the texts, as they are shown, of all elements that a CSS selector fits."""
        return [element.text for element in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def serious_findings(self) -> list[str]:
        """Give what axe finds to keep somebody from using the page as it stands: what is serious, or critical."""
        self.driver.execute_script(AXE.read_text("utf-8"))
        found = self.driver.execute_async_script(_AXE_RUN)
        return [f"{impact}: {rule}: {nodes}" for impact, rule, nodes in found if impact in ("serious", "critical")]

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Save what is seen as PNG or, unless told otherwise, the page down to its end."""
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(shot["data"]))


def _missing() -> str:
    programs = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return ", ".join([*programs, *([] if AXE.exists() else ["axe-core"])])


def _refuse(missing: str) -> NoReturn:
    words = f"the tests in a browser need {missing}: {COMMANDS}"
    if os.environ.get("CI"):
        pytest.fail(words, pytrace=False)
    pytest.skip(words)


@contextmanager
def started() -> Iterator[Browser]:
    """Start a Chromium of its own, as for a reader who has a desk and no wishes, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    with TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True) as profile:
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
            "--force-color-profile=srgb", f"--user-data-dir={profile}",
        ):  # fmt: skip
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # with both paths given, selenium looks for no driver of its own
        service = webdriver.ChromeService(executable_path=str(shutil.which("chromedriver")))
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.set_page_load_timeout(60)
            driver.set_script_timeout(60)
            browser = Browser(driver)
            browser.reset()
            yield browser
        finally:
            driver.quit()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of a process; ask for `browser`."""
    if missing := _missing():
        _refuse(missing)
    with started() as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """Give a browser in which nothing is left of what the test before has set."""
    chromium.reset()
    return chromium
