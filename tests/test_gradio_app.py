"""The page without a browser: sessions, cards, commands for the viewer, endpoints."""

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from conftest import random_rotations

from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis
from chatpose.errors import ChatposeError, MissingFileError, TooLargeError, UnknownNameError, UnwritableFileError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.registry import writable_suffixes
from chatpose.page import actions, cards, session, viewer
from chatpose.page.actions import Page
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


def test_session_takes_reads_and_writes(page, file, clip):
    result = actions.receive(page, None, "A", [str(file)], "")
    assert result.choices == ["walk.json"]
    assert "5 frames" in result.card
    assert [command["do"] for command in result.commands] == ["load"]
    shown = result.session.shown["A"].clip
    assert torch.allclose(shown.pose.local_rotations, clip.pose.local_rotations, atol=1e-5)
    path, line = actions.take_away(page, result.session, "A", ".npz", None)
    assert path is not None
    assert Path(path).name == "walk.npz"
    assert Path(path).is_relative_to(result.session.folder)
    assert "walk.npz" in line
    assert len(load(path)) == 5


@pytest.mark.parametrize("suffix", writable_suffixes())
def test_every_format_can_be_taken_away(page, suffix):
    first = actions.show_example(page, None, "A", page.examples[1])
    state = {"frames": {"A": 7}, "camera": "30.0,10.0,28.0"}
    path, line = actions.take_away(page, first.session, "A", suffix, state)
    assert path is not None, line
    one = holds_one_frame(suffix)
    assert Path(path).name == ("Waving_00007" if one else "Waving") + suffix
    assert Path(path).stat().st_size > 100


def test_sessions_keep_apart_and_clean_up(page, file):
    first = actions.receive(page, None, "A", [str(file)], "").session
    second = actions.show_example(page, None, "A", page.examples[0]).session
    assert first.folder != second.folder
    assert second.shown["A"].title != "walk.json"
    kept = first.dropped["A"][0]
    assert kept.is_file()
    first.close()
    assert not first.folder.exists()
    assert file.is_file(), "the visitor's own copy is not ours to delete"


def test_a_new_drop_replaces_the_old_files(page, file, tmp_path):
    result = actions.receive(page, None, "A", [str(file)], "")
    old = result.session.dropped["A"][0]
    other = tmp_path / "other.json"
    other.write_bytes(file.read_bytes())
    again = actions.receive(page, result.session, "A", [str(other)], "")
    assert again.choices == ["other.json"]
    assert not old.exists()


def test_same_name_from_two_folders(page, file, tmp_path):
    (tmp_path / "more").mkdir()
    twin = tmp_path / "more" / "walk.json"
    twin.write_bytes(file.read_bytes())
    result = actions.receive(page, None, "A", [str(file), str(twin)], "")
    assert sorted(result.choices or []) == ["2 walk.json", "walk.json"]


def test_up_axis_can_be_chosen(page, file):
    result = actions.receive(page, None, "A", [str(file)], "")
    as_read = result.session.shown["A"].clip.pose.global_orient
    again = actions.choose(page, result.session, "A", 0, "z")
    assert again.commands
    turned = again.session.shown["A"].clip.pose.global_orient
    assert not torch.allclose(as_read, turned, atol=0.1)
    actions.choose(page, result.session, "A", 0, "nonsense")
    assert torch.allclose(result.session.shown["A"].clip.pose.global_orient, as_read)


def test_companion_files_are_not_listed(page, file, tmp_path):
    skeleton = tmp_path / "walk.asf"
    skeleton.write_text(":version 1.10")
    result = actions.receive(page, None, "A", [str(file), str(skeleton)], "")
    assert result.choices == ["walk.json"]
    assert (result.session.dropped["A"][0].parent / "walk.asf").is_file()
    alone = actions.receive(page, None, "A", [str(skeleton)], "")
    assert "together with" in alone.card


def test_bad_file_keeps_what_is_shown_and_names_no_server_path(page, file, tmp_path):
    good = actions.receive(page, None, "A", [str(file)], "")
    for name, content in (("empty.npz", b""), ("noise.npz", bytes(range(256))), ("cut.json", b'{"poses": [')):
        bad = tmp_path / name
        bad.write_bytes(content)
        result = actions.receive(page, good.session, "A", [str(bad)], "")
        assert not result.commands
        assert 'role="alert"' in result.card
        assert str(page.root) not in result.card
        assert "walk.json is still shown" in result.card
        assert result.session.shown["A"].title == "walk.json"


def test_unexpected_faults_are_told_and_logged_without_content(page, file, monkeypatch, caplog):
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret of the visitor")

    monkeypatch.setattr(session, "load", broken)
    result = actions.receive(page, None, "A", [str(file)], "")
    assert "fault of chatpose" in result.card
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text + result.card


def test_limits(page, file, monkeypatch):
    monkeypatch.setattr(session, "MAX_PAGE_FRAMES", 3)
    with pytest.raises(TooLargeError, match="--every"):
        session.read_clip(file)
    someone = page.session(None)
    with pytest.raises(TooLargeError):
        someone.take("A", [file] * (session.MAX_DROPPED_FILES + 1))
    with pytest.raises(MissingFileError):
        someone.read("A", 0)
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


# --- cards -----------------------------------------------------------------------------------------------------------


def test_cards_escape_everything(body, clip):
    nasty = PoseClip(
        clip.pose, layout=MARKUP, gender=MARKUP, notes=(MARKUP, f"{MARKUP}: {MARKUP * 9}"), warnings=(MARKUP,)
    )
    html = cards.clip_card(Shown(MARKUP, nasty), body, about=MARKUP)
    html += cards.problem_card(MARKUP, kept=Shown(MARKUP, nasty)) + cards.saved_line(_existing(MARKUP))
    assert "<img" not in html
    assert "<b>" not in html
    assert html.count("&lt;img") >= 9


def _existing(name: str) -> Any:
    class Named:
        def __init__(self) -> None:
            self.name = name

        def stat(self) -> Any:
            return type("Stat", (), {"st_size": 10})

    return Named()


def test_card_says_what_is_left_out(body, clip):
    long = PoseClip(Pose.identity((1500,)), fps=120.0)
    assert "every 3rd frame is shown" in cards.clip_card(Shown("long", long), body)
    assert "1,500 frames · 120 fps · 12.5 s" in cards.clip_card(Shown("long", long), body)
    foreign = PoseClip(clip.pose.replace(betas=torch.ones(5, 10)), shape_space="smpl")
    assert "betas" in cards.clip_card(Shown("foreign", foreign), body)


# --- the viewer's commands -------------------------------------------------------------------------------------------


def test_load_command(body, clip):
    command = viewer.load("A", Shown("five", clip), body)
    glb = base64.b64decode(command["glb"])
    assert glb[:4] == b"glTF"
    length = struct.unpack("<I", glb[12:16])[0]
    names = {node.get("name") for node in json.loads(glb[20 : 20 + length])["nodes"]}
    assert "left_elbow" in names
    meta = command["meta"]
    assert (meta["title"], meta["frames"], meta["stride"], meta["fps"]) == ("five", 5, 1, 25.0)
    assert 0.5 < meta["height"] < 2.5
    json.dumps(command)


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


def test_commands_name_what_exists():
    assert viewer.highlight("A", ["left_elbow"])["joints"] == ["left_elbow"]
    for make, name in ((viewer.view, "below"), (viewer.layout, "heap"), (lambda n: viewer.highlight("A", [n]), "tail")):
        with pytest.raises(UnknownNameError):
            make(name)
    assert viewer.update()["id"] != viewer.update()["id"]


def test_pictures_for_browsers_without_webgl(page):
    shown = actions.show_example(page, None, "A", page.examples[0])
    commands = actions.draw_pictures(page, shown.session, {"frames": {"A": 0}, "camera": "90,4,28"})["commands"]
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


def test_sessions_end_with_their_files(tmp_path):
    from chatpose.page.layout import close_visit

    someone = Session.start(tmp_path)
    (someone.folder / "pose.json").write_text("{}")
    close_visit(someone)
    close_visit(None)
    assert not someone.folder.exists()
