"""A page in a process of its own, and visitors who speak to it as a browser does; for load_page and abuse_page."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

STARTS_WITHIN = 300.0
ANSWERS_WITHIN = 300.0
API = "gradio_api"
_CHAT, _FILE = 1, 4
"""Places of the chat and of the file among what an event of the chat changes."""


class PageProcess:
    """A page that was started for the measurement.

    Args:
        log: where its output goes.
        options: further words for `chatpose chat`.
    """

    def __init__(self, log: Path, options: tuple[str, ...] = ()) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        words = ["-m", "chatpose", "chat", "--no-browser", "--port", str(self.port), *options]
        self._log = log.open("ab")
        self.process = subprocess.Popen([sys.executable, *words], stdout=self._log, stderr=self._log)
        self._wait()

    def _wait(self) -> None:
        start = time.monotonic()
        while time.monotonic() - start < STARTS_WITHIN:
            if self.process.poll() is not None:
                raise SystemExit(f"the page ended with {self.process.returncode}; see {self._log.name}")
            try:
                if httpx.get(self.url, timeout=30).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.5)
        raise SystemExit("the page didn't start")

    @property
    def rss_mb(self) -> float:
        """Memory of the process and of those that it started, now."""
        return sum(_rss_mb(pid) for pid in [self.process.pid, *_children(self.process.pid)])

    def kill(self) -> None:
        """As an out-of-memory killer does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._log.close()

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def __enter__(self) -> "PageProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()


class Layout:
    """Which event of the page has which number; read once, shared by all visitors.

    Args:
        url: of the page.
    """

    def __init__(self, url: str) -> None:
        config = httpx.get(f"{url}/config", timeout=60).json()
        ids = {(one["props"] or {}).get("elem_id"): one["id"] for one in config["components"]}
        self.events = {
            (target, event): dependency["id"]
            for dependency in config["dependencies"]
            for target, event in dependency["targets"]
        }
        self.chat = ids["cp-chat"]


class PageVisit:
    """One visitor with a session of its own, as a browser tab has.

    Args:
        url: of the page.
        layout: of it.
    """

    def __init__(self, url: str, layout: Layout) -> None:
        self.url, self.layout = url, layout
        self.session = secrets.token_hex(8)
        self.http = httpx.Client(timeout=ANSWERS_WITHIN)
        self._open = threading.Event()
        self._beat = threading.Thread(target=self._heartbeat, daemon=True)
        self._beat.start()

    def _heartbeat(self) -> None:
        """While this stands, the server keeps the visit."""
        try:
            with httpx.stream("GET", f"{self.url}/{API}/heartbeat/{self.session}", timeout=None) as stream:
                for _ in stream.iter_raw():
                    if self._open.is_set():
                        return
        except httpx.HTTPError:
            return

    def upload(self, name: str, content: bytes) -> str:
        """Uploads a file; the path that the server gives it."""
        found = self.http.post(f"{self.url}/{API}/upload", files={"files": (name, content)})
        found.raise_for_status()
        return found.json()[0]

    def ask(self, text: str, files: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
        """A message; `files` are (path on the server, name). What the chat shows then."""
        sent = [{"path": path, "name": name} for path, name in files]
        return self.event("ask", {"text": text, "files": sent})[_CHAT]

    def saved(self) -> dict[str, Any]:
        """The whole conversation, by the button that saves it."""
        file = self.event("act", {"do": "save"})[_FILE]
        found = self.http.get(f"{self.url}/{API}/file={file['path']}")
        found.raise_for_status()
        return found.json()

    def event(self, name: str, asked: Any) -> list[Any]:
        """An event of the chat: the last value of everything that it changes.

        Raises:
            RuntimeError: the server says that it failed.
        """
        function = self.layout.events[self.layout.chat, name]
        body = {"data": [None], "event_data": asked, "fn_index": function, "session_hash": self.session,
                "trigger_id": self.layout.chat}  # fmt: skip
        joined = self.http.post(f"{self.url}/{API}/queue/join", json=body)
        joined.raise_for_status()
        event = joined.json()["event_id"]
        where = f"{self.url}/{API}/queue/data?session_hash={self.session}"
        with self.http.stream("GET", where) as stream:
            for line in stream.iter_lines():
                if not line.startswith("data:"):
                    continue
                message = json.loads(line[5:])
                if message.get("event_id") == event and message["msg"] == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(str(message["output"])[:300])
                    return message["output"]["data"]
        raise RuntimeError("the stream ended without an answer")

    def close(self) -> None:
        """As closing the tab."""
        self._open.set()
        self.http.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _rss_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(one) for one in text.split()]
