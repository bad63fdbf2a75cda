"""The page in a real browser: pixels of the canvas, not only the DOM. Every request to another host fails the test."""

import base64
import io
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT, random_rotations
from page_visitor import CHROMIUM, Visitor, body_share, changed_share, chromium, needed

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import geodesic_distance
from chatpose.formats import PoseClip, load, save
from chatpose.formats.glb import clip_to_glb
from chatpose.page import viewer as viewer_commands
from chatpose.page.bodies import Bodies
from chatpose.page.examples import load_examples
from chatpose.page.session import Shown

FRAMES = 24
START_SECONDS = 300  # on a busy machine

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real server as people start it."""
    needed(CHROMIUM.is_file(), f"{CHROMIUM}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [sys.executable, "-m", "chatpose", "chat", "--port", str(port), "--no-browser"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT)
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(START_SECONDS * 4):
            if process.poll() is not None:
                pytest.fail(f"the server ended:\n{log.read_text()[-3000:]}")
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.25)
        else:
            pytest.fail(f"no answer after {START_SECONDS} s:\n{log.read_text()[-3000:]}")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def visitor(browser: Any, server: str) -> Iterator[Visitor]:
    someone = Visitor(browser, server)
    yield someone
    someone.close()


@pytest.fixture(scope="module")
def motion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A left arm that rises from hanging to overhead while the rest moves a little."""
    turn = torch.linspace(-1.3, 1.3, FRAMES)
    zero = torch.zeros(FRAMES)
    body_pose = torch.zeros(FRAMES, 23, 3)
    body_pose[:, 15] = torch.stack([zero, zero, turn], dim=-1)
    body_pose[:, 16] = torch.stack([zero, zero, zero + 1.2], dim=-1)
    pose = Pose.from_axis_angle(torch.zeros(FRAMES, 3), body_pose.flatten(1))
    path = tmp_path_factory.mktemp("files") / "arm.npz"
    save(PoseClip(pose, fps=30.0), path)
    return path


def test_first_page_shows_a_body(visitor: Visitor) -> None:
    pixels = visitor.pixels()
    assert 0.04 < body_share(pixels) < 0.5
    body = pixels[pixels[..., 3] > 250]
    assert body[:, :3].std() > 8, "a shaded body has more than one colour"
    columns = np.flatnonzero((pixels[..., 3] > 250).any(0))
    assert abs(columns.mean() / pixels.shape[1] - 0.5) < 0.1, "the body stands in the middle"
    assert visitor.page.locator(".cp-canvas").get_attribute("aria-label")


def test_file_is_shown_and_stepped_through(visitor: Visitor, motion: Path) -> None:
    page = visitor.page
    before = visitor.pixels()
    visitor.attach(motion)
    page.keyboard.press("Enter")
    visitor.wait_shown("a", "arm.npz")
    first = visitor.pixels()
    assert changed_share(before, first) > 0.01
    page.locator(".cp-facts").filter(has_text=f"{FRAMES} frames").wait_for()
    assert page.locator(".cp-remark").count() > 0, "what was assumed on reading"
    assert len(visitor.answer(0).split()) > 5
    visitor.click("One frame on (→)")
    second = visitor.pixels()
    assert page.locator(".cp-count").inner_text().startswith(f"Frame 1 of {FRAMES - 1}")
    assert changed_share(first, second) > 0.0005
    page.locator(".cp-slider").focus()
    page.keyboard.press("ArrowLeft")
    assert changed_share(first, visitor.pixels()) == 0, "a frame looks the same whichever way one comes to it"
    page.keyboard.press("ArrowLeft")
    assert page.locator(".cp-viewer").get_attribute("data-frame") == str(FRAMES - 1)
    assert changed_share(first, visitor.pixels()) > 0.005
    visitor.click("Play (space)")
    page.wait_for_function("document.querySelector('.cp-viewer').dataset.frame === '3'")
    visitor.click("Pause (space)")


def test_turning_zooming_and_views(visitor: Visitor) -> None:
    page = visitor.page
    home = visitor.pixels()
    box = page.locator(".cp-canvas").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 130, middle[1], steps=4)
    page.mouse.up()
    assert changed_share(home, visitor.pixels()) > 0.01, "dragging turns"
    page.locator(".cp-canvas").focus()
    page.keyboard.press("r")
    assert changed_share(home, visitor.pixels()) < 0.001, "R resets"
    page.keyboard.press("ArrowLeft")
    assert changed_share(home, visitor.pixels()) > 0.01, "arrows turn"
    visitor.click("Reset the view (R)")
    small = body_share(visitor.pixels())
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(200)
    assert body_share(visitor.pixels()) > small * 1.1, "the wheel zooms"
    widths = {}
    for name in ("front", "side", "back"):
        visitor.click(f"See the {name}")
        columns = np.flatnonzero((visitor.pixels()[..., 3] > 250).any(0))
        widths[name] = np.ptp(columns)
    assert widths["side"] < widths["front"] * 0.8
    assert widths["back"] == pytest.approx(widths["front"], rel=0.1)


def test_two_bodies_are_compared(visitor: Visitor, motion: Path) -> None:
    page = visitor.page
    visitor.drop("b", motion)
    visitor.wait_shown("b", "arm.npz")
    split = visitor.pixels()
    half = split.shape[1] // 2
    assert body_share(split[:, :half]) > 0.02
    assert body_share(split[:, half:]) > 0.02
    left = split[:, :half][split[:, :half, 3] > 250].mean(0)
    right = split[:, half:][split[:, half:, 3] > 250].mean(0)
    assert right[2] - right[0] > left[2] - left[0] + 15, "B is bluer than A"
    visitor.click("Overlay")
    assert changed_share(split, visitor.pixels()) > 0.02
    visitor.tab("compare")
    visitor.click("Remove B")
    page.wait_for_selector('.cp-viewer[data-shown-b=""]')
    assert body_share(visitor.pixels()) > 0.02


def test_downloads_open_again(visitor: Visitor, motion: Path, tmp_path: Path) -> None:
    visitor.drop("a", motion)
    visitor.wait_shown("a", "arm.npz")
    visitor.answer(0)
    visitor.tab("download")
    original = load(motion)
    for suffix, limit_deg in ((".bvh", 0.5), (".npz", 0.01), (".glb", None), (".obj", None)):
        path = visitor.take_away(suffix, tmp_path)
        assert path.name == ("arm_00000.obj" if suffix == ".obj" else f"arm{suffix}")
        if limit_deg is None:
            assert path.read_bytes()[:4] == (b"glTF" if suffix == ".glb" else path.read_bytes()[:4])
            assert path.stat().st_size > 100_000
            continue
        again = load(path)
        assert len(again) == FRAMES
        distance = geodesic_distance(original.pose.local_rotations, again.pose.local_rotations)
        assert torch.rad2deg(distance).max() < limit_deg


def test_bad_files_leave_the_page_alive(visitor: Visitor, motion: Path) -> None:
    page = visitor.page
    before = visitor.pixels()
    bad = (("noise.npz", os.urandom(500)), ("pose.xyz", b"what is this"), ("cut.json", b'{"body_pose": ['))
    for count, (name, content) in enumerate(bad):
        visitor.drop("a", {"name": name, "mimeType": "application/octet-stream", "buffer": content})
        line = visitor.answer(count)
        assert page.locator(".cp-message[data-problem]").count() == count + 1
        assert line
        assert "Traceback" not in line
        assert "/tmp" not in line
    assert changed_share(before, visitor.pixels()) == 0, "what was shown stays"
    visitor.drop("a", motion)
    visitor.wait_shown("a", "arm.npz")


def test_markup_in_a_file_name_is_text(visitor: Visitor, motion: Path) -> None:
    name = "<img src=x onerror=window.broken=1>&lt;b&gt;.npz"
    for count, content in enumerate((motion.read_bytes(), b"bad")):
        visitor.attach({"name": name, "mimeType": "application/octet-stream", "buffer": content})
        visitor.say("<b onclick=window.broken=1>what</b> pose is this?")
        visitor.answer(count)
    log = visitor.page.locator(".cp-log")
    assert "onerror" in log.inner_text()
    assert log.locator(".cp-text img, .cp-text b, .cp-file b, .cp-shot span img").count() == 0
    visitor.tab("checklist")
    assert visitor.page.locator(".cp-about img").count() == 0
    assert visitor.page.evaluate("window.broken") is None


def test_several_files_become_several_poses(visitor: Visitor, motion: Path) -> None:
    pose = Pose.from_rotations(random_rotations(1, 24, max_angle_rad=0.3))
    other = motion.with_name("other.json")
    save(PoseClip(pose), other)
    visitor.attach(motion, other)
    visitor.page.keyboard.press("Enter")
    visitor.answer(0)
    visitor.tab("poses")
    for title in ("arm.npz", "other.json"):
        visitor.page.locator(".cp-tray .cp-shot").filter(has_text=title).click()
        visitor.wait_shown("a", title)


def test_photos_are_looked_at(visitor: Visitor, pose_models: Path, shared_data: Path) -> None:
    page = visitor.page
    skier = shared_data / "photos" / "coco_000000000785.jpg"
    visitor.attach(skier)
    visitor.say("What pose is this?")
    visitor.wait_shown("a", f"person 1 of {skier.name}")
    assert 0.02 < body_share(visitor.pixels()) < 0.5
    assert page.locator(".cp-file img").evaluate("image => image.naturalWidth > 100")
    visitor.click("See the body in its photo")
    assert page.locator(".cp-photo-view").evaluate("image => image.naturalWidth > 100")
    visitor.click("See the body in 3D")
    visitor.tab("photo")
    pictures = page.locator(".cp-seen img")
    assert pictures.count() == 2
    assert all(pictures.nth(at).evaluate("image => image.naturalWidth > 100") for at in range(2))
    page.locator(".cp-facts").filter(has_text="Confidence").wait_for()
    visitor.attach({"name": "nobody.png", "mimeType": "image/png", "buffer": _png(np.full((90, 120, 3), 99))})
    assert "nobody" in visitor.say("Who is this?")
    visitor.attach({"name": "paper.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.4"})
    assert "PDF" in visitor.say("And here?")


def test_a_photo_is_pasted(visitor: Visitor, pose_models: Path, shared_data: Path) -> None:
    content = base64.b64encode((shared_data / "photos" / "skimage_astronaut.png").read_bytes()).decode()
    visitor.page.evaluate(
        """(content) => {
          const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        content,
    )
    visitor.page.get_by_role("button", name="Remove pasted.png").wait_for()
    visitor.page.keyboard.press("Enter")
    visitor.wait_shown("a", "person 1 of pasted.png")
    visitor.page.locator("#cp-tab-photo").wait_for()
    visitor.tab("photo")
    visitor.page.locator(".cp-remark").filter(has_text="both legs").wait_for()
    assert visitor.page.locator(".cp-legend").is_visible()
    visitor.example("Sitting")
    visitor.page.locator("#cp-tab-photo").wait_for(state="hidden")
    assert not visitor.page.locator(".cp-legend").is_visible()


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def test_viewer_is_driven_by_code(visitor: Visitor) -> None:
    viewer = "document.querySelector('.cp-viewer').viewer"
    before = visitor.pixels()
    visitor.page.evaluate(f"{viewer}.highlight('A', ['left_elbow', 'left_wrist'])")
    marked = visitor.pixels()
    assert 0.001 < changed_share(before, marked) < 0.05
    visitor.page.evaluate(f"{viewer}.highlight('A', [])")
    assert changed_share(before, visitor.pixels()) == 0
    assert visitor.page.evaluate(f"{viewer}.state()")["frames"] == {"A": 0}


VERTICES = """({ step }) => {
  const { viewer } = document.querySelector(".cp-viewer");
  const { model, meshes: [mesh] } = viewer.slots.A;
  viewer.stage.scene.updateMatrixWorld(true);
  const found = [];
  for (let vertex = 0; vertex < mesh.geometry.attributes.position.count; vertex += step) {
    const at = mesh.getVertexPosition(vertex, model.position.clone());
    found.push(model.worldToLocal(mesh.localToWorld(at)).toArray());
  }
  return found;
}"""
SHOW = """async ([command, whole]) => {
  const { viewer } = document.querySelector(".cp-viewer");
  const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer;
  const mesh = new URL(`chatpose-ui/bodies/${command.mesh}.glb`, document.baseURI).href;
  if (whole) await viewer.load("A", bytes(whole), command.meta);
  else await viewer.move("A", mesh, new Float32Array(bytes(command.motion)), command.meta);
}"""


def test_the_mesh_is_sent_once_and_stands_as_the_server_has_it(visitor: Visitor) -> None:
    page, body = visitor.page, BodyModel.open()
    fetched: list[str] = []
    page.on("request", lambda request: ".glb" in request.url and fetched.append(request.url))
    bodies = Bodies(body)
    poses = [one.pose for one in load_examples()[2::3]]
    poses += [Pose.from_rotations(random_rotations(1, 24, max_angle_rad=2.5, seed=seed))[0] for seed in range(2)]
    poses = [pose.replace(transl=torch.tensor([0.3, 1.0, -0.2])) for pose in poses]
    for number, pose in enumerate(poses):
        clip = PoseClip(stack_poses([pose]))
        command = viewer_commands.load("A", Shown(f"pose {number}", clip), bodies)
        page.evaluate(SHOW, [command, None])
        seen = np.array(page.evaluate(VERTICES, {"step": 7}))
        wanted = body(clip.pose).vertices[0, ::7].numpy()
        assert np.linalg.norm(seen - wanted, axis=1).max() < 0.0005, number
        moved = visitor.pixels()
        page.evaluate(SHOW, [command, base64.b64encode(clip_to_glb(clip, body)).decode()])
        assert changed_share(moved, visitor.pixels()) < 0.001, "the picture is that of a whole GLB"
    assert len(set(fetched)) <= 1
    assert page.evaluate("document.querySelector('.cp-viewer').viewer.meshes.size") == 1


def test_visitors_do_not_see_each_other(browser: Any, server: str, visitor: Visitor, motion: Path) -> None:
    visitor.drop("a", motion)
    visitor.wait_shown("a", "arm.npz")
    other = Visitor(browser, server)
    assert "arm.npz" not in other.page.content()
    other.close()


def test_phone_width_and_dark(browser: Any, server: str) -> None:
    phone = Visitor(browser, server, width=390, height=844)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    inside = phone.page.locator(".cp-composer, .cp-screen, .cp-log, .cp-bar")
    assert all(inside.nth(at).bounding_box()["width"] <= 390 for at in range(4))
    foot = phone.page.locator(".cp-composer").bounding_box()
    assert foot["y"] + foot["height"] <= 844, "the input is in reach"
    size = phone.page.locator(".cp-canvas").bounding_box()
    phone.tab("checklist")
    assert phone.page.locator(".cp-canvas").bounding_box() == size, "the body doesn't jump when the tab changes"
    assert not phone.page.locator(".cp-log").is_visible()
    assert phone.page.locator(".cp-input").is_visible()
    phone.tab("talk")
    assert phone.page.locator(".cp-log").is_visible()
    assert phone.page.locator(".cp-name-a span").evaluate("name => name.scrollWidth <= name.clientWidth"), "not cut"
    strip = phone.page.locator(".cp-tabs")
    assert strip.get_attribute("data-more") == "end", "it fades where it goes on"
    light = phone.pixels()
    assert body_share(light) > 0.08
    right = size["x"] + np.flatnonzero((light[..., 3] > 250).any(0)).max() / light.shape[1] * size["width"]
    assert right < phone.page.locator(".cp-views").bounding_box()["x"], "nothing lies over the body"
    phone.tab("download")
    assert strip.get_attribute("data-more") == "start"
    phone.tab("talk")
    phone.click("Light / dark")
    assert changed_share(light, phone.pixels()) > 0.01
    phone.close()


def test_without_webgl_the_server_draws(browser: Any, server: str) -> None:
    script = """const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      return kind.startsWith("webgl") ? null : real.call(this, kind, ...rest);
    };"""
    someone = Visitor(browser, server, script=script)
    picture = someone.page.locator(".cp-picture").first
    picture.wait_for()
    source = picture.get_attribute("src")
    assert source.startswith("data:image/png")
    assert "no 3D" in someone.page.locator(".cp-hint").inner_text()
    someone.click("See the side")
    someone.page.wait_for_function("source => document.querySelector('.cp-picture').src !== source", arg=source)
    someone.errors = [error for error in someone.errors if "WebGL" not in error]  # three.js says so itself
    someone.close()


def test_pose_is_described_and_statements_light_up(visitor: Visitor) -> None:
    page = visitor.page
    visitor.example("Sitting")
    visitor.tab("checklist")
    assert len(page.locator(".cp-about .cp-description").inner_text().split()) > 15
    row = page.locator(".cp-statements li[data-joints*=left_]").first
    assert any(unit in row.inner_text() for unit in ("°", "cm", "%"))
    page.mouse.move(5, 5)
    before = visitor.pixels()
    row.hover()
    lit = visitor.pixels()
    assert changed_share(before, lit) > 0.002
    page.mouse.move(5, 5)
    assert changed_share(before, visitor.pixels()) < 0.0005
    row.focus()
    assert changed_share(before, visitor.pixels()) > 0.002


def test_description_follows_the_frame_and_the_way_from_a_to_b_is_told(visitor: Visitor) -> None:
    page = visitor.page
    visitor.example("Squat")
    visitor.tab("checklist")
    told = ".cp-about .cp-description"
    page.wait_for_function(f"document.querySelector('{told}')?.innerText.length > 40")
    first = page.locator(told).inner_text()
    assert "squat" in page.locator(".cp-about").inner_text().lower()
    assert page.locator(".cp-viewer").get_attribute("data-frame") == "30", "the most telling frame"
    page.evaluate("document.querySelector('.cp-viewer').viewer.setFrame(0)")
    page.wait_for_function(f"was => document.querySelector('{told}').innerText !== was", arg=first)
    visitor.tab("compare")
    visitor.click("Compare with Waving")
    visitor.wait_shown("b", "Waving")
    page.wait_for_function("document.querySelector('.cp-way .cp-description')?.innerText.split(' ').length > 5")
    visitor.click("Remove B")
    page.wait_for_selector(".cp-way", state="detached")
