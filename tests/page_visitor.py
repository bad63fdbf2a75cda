"""A visitor of the page in a real browser: pixels of the canvas, not only the DOM; requests to other hosts fail."""

import base64
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


DROP = """([files, part]) => {
  const dataTransfer = new DataTransfer();
  for (const [name, content, type] of files) {
    const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
    dataTransfer.items.add(new File([bytes], name, { type }));
  }
  const screen = document.querySelector(".cp-screen");
  const { left, width, top } = screen.getBoundingClientRect();
  const at = { bubbles: true, cancelable: true, clientX: left + part * width, clientY: top + 99, dataTransfer };
  screen.dispatchEvent(new DragEvent("dragover", at));
  screen.dispatchEvent(new DragEvent("drop", at));
}"""


def needed(present: bool, what: str) -> None:
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"no {what} here")


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser; skips where there is none, never in CI."""
    needed(CHROMIUM.is_file(), f"{CHROMIUM}")
    if not os.environ.get("CI"):
        pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *CAMERA])
        yield started
        started.close()


class Visitor:
    """One visitor with a browser profile of their own, and what went wrong in it."""

    def __init__(
        self, browser: Any, url: str, *, width: int = 1280, height: int = 800, script: str = "", login: Any = ()
    ) -> None:
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        self.context.set_default_timeout(30_000)
        if script:
            self.context.add_init_script(script)
        self.context.route("**/*", lambda route: self._guard(route, url))
        self.page = self.context.new_page()
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.errors.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.goto(url)
        for field, words in zip(("textbox", "password"), login, strict=False):
            self.page.get_by_test_id(field).fill(words)
        if login:
            self.page.get_by_role("button", name="Login").click()
        self.wait_shown("a", "Standing")

    def _guard(self, route: Any, url: str) -> None:
        if route.request.url.startswith((url, "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def wait_shown(self, slot: str, title: str) -> None:
        self.page.wait_for_selector(f'.cp-viewer[data-shown-{slot}="{title}"]')

    def pixels(self) -> np.ndarray:
        """The canvas once it stands still, RGBA; only a body is opaque."""
        from PIL import Image

        url = self.page.evaluate(
            """async () => {
              const { viewer } = document.querySelector(".cp-viewer");
              const frame = () => new Promise(requestAnimationFrame);
              do { await frame(); await frame(); } while (viewer.pending); // sizes are observed after callbacks
              return viewer.shell.canvas.toDataURL("image/png");
            }"""
        )
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA"))

    def attach(self, *files: Any) -> None:
        """Files into the composer; nothing is sent."""
        before = self.page.locator(".cp-chip-file").count()
        self.page.locator(".cp-files").set_input_files(list(files))
        self.page.wait_for_function(
            "count => document.querySelectorAll('.cp-chip-file').length === count", arg=before + len(files)
        )

    def say(self, text: str, *, seconds: float = 120) -> str:
        """Sends a message and waits for the answer; gives its words."""
        count = self.page.locator(".cp-from-chatpose").count()
        self.page.locator(".cp-input").fill(text)
        self.page.locator(".cp-input").press("Enter")
        return self.answer(count, seconds=seconds)

    def answer(self, count: int, *, seconds: float = 120) -> str:
        """The words of the answer that comes after `count` others."""
        self.page.wait_for_function(
            """count => { const all = document.querySelectorAll(".cp-from-chatpose");
            return all.length > count && !all[all.length - 1].hasAttribute("data-working"); }""",
            arg=count,
            timeout=seconds * 1000,
        )
        return self.page.locator(".cp-from-chatpose").last.locator(".cp-text").inner_text()

    def drop(self, slot: str, *files: Any) -> None:
        """Files on the left (a) or right (b) half of the body."""
        contents = []
        for file in files:
            named = file if isinstance(file, dict) else {"name": file.name, "buffer": file.read_bytes(), "mimeType": ""}
            contents.append([named["name"], base64.b64encode(named["buffer"]).decode(), named["mimeType"]])
        self.page.evaluate(DROP, [contents, 0.8 if slot == "b" else 0.2])

    def tab(self, name: str) -> None:
        """Opens a tab under the body."""
        self.page.locator(f"#cp-tab-{name}").click()

    def take_away(self, suffix: str, folder: Path) -> Path:
        """Downloads what is on screen; the tab is open."""
        with self.page.expect_download() as waiting:
            self.page.locator(f'.cp-format[data-suffix="{suffix}"]').click()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    def example(self, title: str) -> None:
        """Takes one of the examples."""
        self.tab("poses")
        self.click(f"Take {title}")
        self.wait_shown("a", title)

    def click(self, name: str, *, within: str = "body") -> None:
        self.page.locator(within).get_by_role("button", name=name, exact=True).click()

    def close(self) -> None:
        self.context.close()
        assert not self.foreign, f"asked another host: {self.foreign}"
        assert not self.errors, self.errors


def body_share(pixels: np.ndarray) -> float:
    return float((pixels[..., 3] > 250).mean())


def changed_share(first: np.ndarray, second: np.ndarray) -> float:
    return float((np.abs(first.astype(int) - second).max(-1) > 24).mean())
