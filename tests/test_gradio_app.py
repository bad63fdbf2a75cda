"""The page without a browser: sessions, commands for the viewer, endpoints."""

import base64
import gc
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from conftest import random_rotations
from test_glb import tube_body

from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, quaternion_to_matrix
from chatpose.errors import ChatposeError, MissingFileError, TooLargeError, UnwritableFileError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.registry import writable_suffixes
from chatpose.page import actions, session, viewer, wording
from chatpose.page import bodies as bodies_module
from chatpose.page.actions import Page
from chatpose.page.bodies import Bodies
from chatpose.page.examples import load_examples
from chatpose.page.session import Session, Shown, file_stem, holds_one_frame
from chatpose.posecodes.describe import Describer

MARKUP = "<img src=x onerror=alert(1)>&lt;b&gt;"


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


@pytest.fixture
def page(body: BodyModel) -> Iterator[Page]:
    with TemporaryDirectory() as root:
        describer = Describer(body)
        yield Page(body, load_examples(), Path(root), describer, Namer(describer=describer))


@pytest.fixture
def clip() -> PoseClip:
    return PoseClip(Pose.from_rotations(random_rotations(5, 24, max_angle_rad=0.4)), fps=25.0)


@pytest.fixture
def file(tmp_path: Path, clip: PoseClip) -> Path:
    path = tmp_path / "walk.json"
    save(clip, path)
    return path


# --- examples --------------------------------------------------------------------------------------------------------


def test_examples_are_poses_that_stand_on_the_floor(body):
    examples = load_examples()
    assert len(examples) >= 4
    assert len({example.key for example in examples}) == len(examples)
    assert examples[0].key == "stand"
    for example in examples:
        lowest = body(example.shown.clip.pose[:1]).vertices[..., 1].min()
        assert abs(float(lowest)) < 0.01, example.key
        assert not example.shown.clip.warnings


def test_first_example_is_no_t_pose(body):
    joints = body.joints(load_examples()[0].shown.clip.pose)[0]
    assert joints[20, 1] < joints[16, 1] - 0.3, "the wrist hangs below the shoulder"


# --- sessions --------------------------------------------------------------------------------------------------------


def opened(tmp_path: Path, title: str, clip: PoseClip) -> Session:
    someone = Session.start(tmp_path)
    someone.shown["A"] = Shown(title, clip)
    return someone


def test_session_takes_reads_and_writes(body, file, clip, tmp_path):
    read = session.read_clip(file)
    assert torch.allclose(read.pose.local_rotations, clip.pose.local_rotations, atol=1e-5)
    someone = opened(tmp_path, "walk.json", read)
    path = someone.export("A", ".npz", body)
    assert path.name == "walk.npz"
    assert path.is_relative_to(someone.folder)
    assert len(load(path)) == 5


@pytest.mark.parametrize("suffix", writable_suffixes())
def test_every_format_can_be_taken_away(body, suffix, tmp_path):
    waving = load_examples()[1].shown
    someone = opened(tmp_path, waving.title, waving.clip)
    state = {"frames": {"A": 7}, "camera": "30.0,10.0,28.0"}
    frame, camera = actions.frame_and_camera(waving, "A", state)
    path = someone.export("A", suffix, body, frame=frame, camera=camera)
    assert path.name == ("Waving_00007" if holds_one_frame(suffix) else "Waving") + suffix
    assert path.stat().st_size > 100


def test_sessions_keep_apart_and_clean_up(body, clip, tmp_path):
    first, second = (opened(tmp_path, "walk.json", clip) for _ in range(2))
    kept = first.export("A", ".npz", body)
    other = second.export("A", ".npz", body)
    assert first.folder != second.folder
    first.close()
    assert not kept.exists()
    assert other.is_file()


def test_unexpected_faults_are_told_and_logged_without_content(caplog):
    def broken() -> None:
        raise RuntimeError("secret of the visitor")

    result, told = actions.attempt(Path(), broken)
    assert result is None
    assert "fault of chatpose" in told
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text + told


def test_errors_name_files_and_no_folder_of_the_server(tmp_path):
    for name, content in (("empty.npz", b""), ("noise.npz", bytes(range(256))), ("cut.json", b'{"poses": [')):
        bad = tmp_path / name
        bad.write_bytes(content)
        result, told = actions.attempt(tmp_path, lambda bad=bad: session.read_clip(bad))
        assert result is None
        assert name in told
        assert str(tmp_path) not in told


def test_limits(page, file, monkeypatch):
    monkeypatch.setattr(session, "MAX_PAGE_FRAMES", 3)
    with pytest.raises(TooLargeError, match="--every"):
        session.read_clip(file)
    someone = Session.start(page.root)
    with pytest.raises(MissingFileError):
        someone.export("B", ".npz", page.body)
    with pytest.raises(UnwritableFileError):
        session.write_clip(load(file), "x", page.root, "/../x", page.body)


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("walk.bvh", "walk"),
        ("a b.openpose.json", "a_b"),
        ("../../etc/passwd", "etc_passwd"),
        (MARKUP, "img_src_x_onerror_alert_1_lt_b_gt"),
        ("姿勢.npz", "姿勢"),
        ("???.npz", "pose"),
        ("x" * 300, "x" * 60),
        ("CON", "CON_"),
    ],
)
def test_file_stem(title, stem):
    assert file_stem(title) == stem


# --- what the browser says is not trusted -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    [None, [], {}, {"frames": 3}, {"frames": {"A": "x"}, "camera": 5}, {"frames": {"A": -4}, "camera": "nan,1,1"},
     {"frames": {"A": 10**9}, "camera": "1,2"}, {"frames": {"A": True}, "camera": "1e999,0,0"}],
)  # fmt: skip
def test_any_state_gives_a_frame_and_a_camera(clip, state):
    frame, camera = actions.frame_and_camera(Shown("x", clip), "A", state)
    assert 0 <= frame < 5
    assert camera == "front"


def test_camera_counts_the_heading_that_the_viewer_took_away(clip):
    turned = clip.with_pose(
        Pose.identity((5,)).replace(global_orient=about_axis("y", torch.full((5,), torch.pi / 2)))
    )  # faces its old left, +x
    state = {"frames": {"A": 2}, "camera": "10.0,5.0,28.0"}
    assert actions.frame_and_camera(Shown("x", turned), "A", state) == (2, "100.0,5.0,28.0")


# --- words -----------------------------------------------------------------------------------------------------------


def test_facts_and_what_is_left_out(body, clip):
    long = PoseClip(Pose.identity((1500,)), fps=120.0)
    assert wording.facts(long).startswith("1,500 frames · 120 fps · 12.5 s")
    assert "every 3rd frame is shown" in wording.shown_notes(long, body)[0]
    foreign = PoseClip(clip.pose.replace(betas=torch.ones(5, 10)), shape_space="smpl")
    assert any("betas" in note for note in wording.shown_notes(foreign, body))
    assert wording.shown_notes(clip, body) == []


# --- the viewer's commands -------------------------------------------------------------------------------------------


def test_load_command(body, clip):
    bodies = Bodies(body)
    command = viewer.load("A", Shown("five", clip), bodies)
    mesh = bodies.content(command["mesh"])
    assert mesh is not None
    assert mesh[:4] == b"glTF"
    length = struct.unpack("<I", mesh[12:16])[0]
    names = {node.get("name") for node in json.loads(mesh[20 : 20 + length])["nodes"]}
    assert "left_elbow" in names
    numbers = np.frombuffer(base64.b64decode(command["motion"]), "<f4").reshape(5, 99)
    turned = quaternion_to_matrix(torch.tensor(numbers[:, 3:].reshape(5, 24, 4)[..., [3, 0, 1, 2]]))
    assert torch.allclose(turned, clip.pose.local_rotations, atol=1e-5)
    assert torch.allclose(torch.tensor(numbers[:, :3]), body.joints(clip.pose)[:, 0], atol=1e-5)
    meta = command["meta"]
    assert (meta["title"], meta["frames"], meta["stride"], meta["fps"]) == ("five", 5, 1, 25.0)
    assert 0.5 < meta["height"] < 2.5
    assert len(json.dumps(command)) < 4000, "the mesh isn't sent again"


def test_a_mesh_is_made_once_a_shape(body, clip, monkeypatch):
    monkeypatch.setattr(bodies_module, "KEPT_SHAPES", 2)
    bodies = Bodies(body)
    shapes = [torch.full((10,), value) for value in (0.0, 0.5, 1.0)]
    first, second = (bodies.address(shape) for shape in shapes[:2])
    assert first != second
    assert bodies.address(shapes[0].double()) == first
    assert Bodies(body).address(shapes[0]) == first, "also after the server began anew"
    bodies.address(shapes[2])
    assert bodies.content(second) is None, "the one that was shown longest ago"
    assert bodies.content(first) is not None
    assert bodies.content("../secret") is None


def test_bodies_with_pose_correctives_are_sent_whole(clip):
    command = viewer.load("A", Shown("five", clip), Bodies(tube_body(posedirs=True)))
    assert base64.b64decode(command["glb"])[:4] == b"glTF"
    assert "mesh" not in command


@pytest.mark.parametrize(("frames", "stride"), [(1, 1), (600, 1), (601, 2), (1800, 3), (100_000, 167)])
def test_stride_keeps_below_the_cap(frames, stride):
    assert viewer.shown_stride(frames) == stride
    assert -(-frames // stride) <= viewer.MAX_SHOWN_FRAMES


def test_extent_of_the_rest_pose(body):
    rest = PoseClip(Pose.identity((1,)))
    extent = viewer.extent(rest, body)
    vertices = body(rest.pose).vertices[0]
    assert extent["floor"] == pytest.approx(float(vertices[:, 1].min()))
    assert extent["height"] == pytest.approx(float(vertices[:, 1].max() - vertices[:, 1].min()))
    assert extent["reach"] == pytest.approx(float(vertices[:, 0].max()), abs=0.05)
    assert extent["heading"] == 0


def test_every_value_is_run():
    assert viewer.update()["id"] != viewer.update()["id"]


def test_pictures_for_browsers_without_webgl(page, clip, tmp_path):
    someone = opened(tmp_path, "walk.json", clip)
    commands = actions.draw_pictures(page, someone, {"frames": {"A": 0}, "camera": "90,4,28"})["commands"]
    assert base64.b64decode(commands[0]["png"]).startswith(b"\x89PNG")


# --- gradio ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(body: BodyModel) -> Iterator[Any]:
    pytest.importorskip("gradio")
    from chatpose.gradio_app import launch

    blocks = launch(body, block=False, quiet=True)
    yield blocks
    blocks.close()


@pytest.fixture(scope="module")
def client(served: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from gradio_client import Client

    return Client(served.local_url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


def test_endpoints(client, file, clip):
    from gradio_client import handle_file

    facts = client.predict(handle_file(file), api_name="/info")
    assert (facts["frames"], facts["fps"]) == (5, 25.0)
    written = client.predict(handle_file(file), ".bvh", 0, api_name="/convert")
    assert Path(written).suffix == ".bvh"
    assert len(load(written)) == 5


def test_endpoints_say_what_is_wrong(client, file, tmp_path):
    from gradio_client import handle_file

    bad = tmp_path / "bad.json"
    bad.write_text("{")
    with pytest.raises(Exception, match=r"bad\.json") as caught:
        client.predict(handle_file(bad), api_name="/info")
    assert "gradio" not in str(caught.value).lower()
    with pytest.raises(Exception, match="unknown suffix"):
        client.predict(handle_file(file), ".exe", 0, api_name="/convert")


def test_only_named_endpoints_are_public(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    files, tools = {"/convert", "/info", "/search", "/similar"}, {"/generate", "/describe", "/estimate", "/edit"}
    assert set(named) == files | tools | {"/compare", "/question", "/export", "/talk"}


def test_files_of_the_server_are_out_of_reach(served):
    import httpx

    secret = Path(__file__).resolve()
    base = f"{served.local_url}gradio_api"
    assert httpx.get(f"{base}/file={secret}").status_code == 403
    assert httpx.get(f"{served.local_url}chatpose-ui/viewer/%2e%2e/%2e%2e/pyproject.toml").status_code == 404
    asked = {"data": [{"path": str(secret), "meta": {"_type": "gradio.FileData"}}]}
    event = httpx.post(f"{base}/call/info", json=asked)
    answer = event.text
    if event.status_code == 200:
        answer += httpx.get(f"{base}/call/info/{event.json()['event_id']}", timeout=20).text
    assert "frames" not in answer
    assert "JSON" not in answer, "the file was opened"
    assert "error" in answer


def test_page_names_no_other_host(served):
    import re
    import urllib.request

    css = urllib.request.urlopen(f"{served.local_url}theme.css").read().decode()
    assert not re.findall(r"url\(['\"]?https?:|@import", css)
    assert not served.config["stylesheets"]
    assert served.config["analytics_enabled"] is False


def test_viewer_is_served_as_javascript(served):
    import urllib.request

    names = ("viewer/viewer.js", "viewer/gradio.js", "viewer/vendor/three.min.js", "finder/finder.js", "chat/chat.js")
    for name in (*names, "panel/panel.js"):
        with urllib.request.urlopen(f"{served.local_url}chatpose-ui/{name}") as answer:
            assert "javascript" in answer.headers["content-type"]


def test_taken_port_is_one_clear_error(served, body):
    from chatpose.gradio_app import launch

    with pytest.raises(ChatposeError, match="--port"):
        launch(body, port=int(served.local_url.rstrip("/").rpartition(":")[2]), block=False, quiet=True)


def test_without_gradios_servers_one_line_says_so(body, monkeypatch, capsys):
    pytest.importorskip("gradio")
    from gradio import networking

    from chatpose.gradio_app import launch

    def nobody(**_: Any) -> str:
        raise RuntimeError("no network")

    monkeypatch.setattr(networking, "setup_tunnel", nobody)
    blocks = launch(body, block=False, share=True)
    told = capsys.readouterr().out.splitlines()
    blocks.close()
    assert told[0].startswith("Asking Gradio's servers")
    assert blocks.local_url in told[1]
    assert "no public link" in told[2]
    assert len(told) == 3, "nothing of gradio's own functions and downloads"


def test_a_mesh_may_be_kept_forever(served, body):
    import httpx

    address = Bodies(body).address(torch.zeros(10))
    answer = httpx.get(f"{served.local_url}chatpose-ui/bodies/{address}.glb")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content[:4] == b"glTF"
    assert httpx.get(f"{served.local_url}chatpose-ui/bodies/no.glb").status_code == 404


def test_sessions_end_with_their_files(tmp_path):
    from chatpose.page.layout import close_visit

    someone = Session.start(tmp_path)
    (someone.folder / "pose.json").write_text("{}")
    close_visit(someone)
    close_visit(None)
    assert not someone.folder.exists()


def test_the_files_of_a_forgotten_session_go_too(tmp_path: Path) -> None:
    """Gradio drops the visit that was quiet for longest without a word when there are too many."""
    someone = Session.start(tmp_path)
    folder = someone.folder
    assert folder.is_dir()
    del someone
    gc.collect()
    assert not folder.exists()
