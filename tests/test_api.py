"""The page's named endpoints through gradio_client, and its MCP endpoint through the official MCP client."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from agent_fakes import AtlasGenerator, entry_pose, fake_agent
from conftest import ROOT
from photo_fakes import StandingPeople
from PIL import Image

from chatpose.agent.saved import DamagedConversationError, dumps, loads
from chatpose.agent.state import ConversationState
from chatpose.body.model import BodyModel
from chatpose.body.pose import stack_poses
from chatpose.errors import ChatposeError, TooLargeError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.pose_json import json_to_pose, pose_to_json
from chatpose.page import programs

ENDPOINTS = {
    "/convert": ["file", "suffix", "frame"],
    "/info": ["file"],
    "/search": ["text", "where", "k"],
    "/similar": ["file", "frame", "where", "k"],
    "/generate": ["text", "count", "seed"],
    "/describe": ["pose", "file", "frame", "style"],
    "/estimate": ["file"],
    "/edit": ["pose", "instruction"],
    "/compare": ["first", "second"],
    "/question": ["pose", "text"],
    "/export": ["pose", "suffix"],
    "/talk": ["text", "files", "conversation"],
}


def numbers(name: str = "tree") -> dict[str, Any]:
    pose = entry_pose(name)
    return pose_to_json(pose, BodyModel.open().joints(pose))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("gradio")
    from chatpose.gradio_app import launch

    agent = fake_agent(tmp_path_factory.mktemp("agent"))
    blocks = launch(BodyModel.open(), block=False, quiet=True, agent=agent, estimator=StandingPeople())
    yield blocks
    blocks.close()


@pytest.fixture(scope="module")
def client(served: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from gradio_client import Client

    return Client(served.local_url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "two people.png"
    Image.new("RGB", (320, 240), "grey").save(path)
    return path


def test_endpoints_are_named_and_typed(client):
    told = client.view_api(return_format="dict")["named_endpoints"]
    assert {name: [one["parameter_name"] for one in told[name]["parameters"]] for name in told} == ENDPOINTS
    types = {one["parameter_name"]: one["python_type"]["type"] for one in told["/generate"]["parameters"]}
    assert types["text"] == "str"
    assert "short" in str(told["/describe"]["parameters"][3])


def test_words_to_pose_to_words(client):
    made = client.predict("tree pose, arms overhead", 2, 0, api_name="/generate")
    assert set(made) >= {"prompt", "plan", "poses", "seconds"}
    assert len(made["poses"]) == 2
    assert all({"statement", "holds", "measured"} <= row.keys() for row in made["poses"][0]["checks"])
    pose = made["poses"][0]["pose"]
    told = client.predict(pose, None, 0, "full", api_name="/describe")
    (person,) = told["people"]
    assert person["names"][0]["name"] == "tree pose"
    assert person["statements"]
    assert person["confidence"] == 1.0


def test_edit_compare_question(client):
    pose = numbers()
    edited = client.predict(pose, "bend the left elbow to 90 degrees", api_name="/edit")
    assert edited["changed_parts"] == ["left arm"]
    assert edited["checks"]
    way = client.predict(pose, edited["pose"], api_name="/compare")
    assert "elbow" in way["instructions"] or "arm" in way["instructions"]
    assert way["differences"]
    told = client.predict(edited["pose"], "What angle is the left elbow at?", api_name="/question")
    assert told["value"] == pytest.approx(90, abs=6)
    assert told["measured"]


def test_files_in_and_out(client, photo, tmp_path):
    from gradio_client import handle_file

    path = tmp_path / "tree.npz"
    save(PoseClip(stack_poses([entry_pose("tree")])), path)
    told = client.predict(None, handle_file(path), 0, "short", api_name="/describe")
    assert told["input"] == "tree.npz"
    assert "left leg" in told["people"][0]["description"]
    seen = client.predict(handle_file(photo), api_name="/estimate")
    assert len(seen["people"]) == 2
    assert 0 < seen["people"][0]["confidence"] <= 1
    assert client.predict(None, handle_file(photo), 0, "plain", api_name="/describe")["people"]
    for suffix in (".npz", "bvh", ".glb", ".png"):
        written = Path(client.predict(numbers(), suffix, api_name="/export"))
        assert written.suffix.endswith(suffix.strip("."))
    back = load(client.predict(numbers(), ".npz", api_name="/export"))
    assert torch.allclose(back.pose.body_pose[0], json_to_pose(numbers()).body_pose, atol=1e-4)


def test_a_conversation_is_kept_by_the_caller(client, photo):
    from gradio_client import handle_file

    first, conversation, _ = client.predict("tree pose", None, None, api_name="/talk")
    assert set(first) >= {"user", "reply", "poses", "hits", "checks", "tools", "seconds"}
    assert first["poses"][0]["name"] == "pose 1"
    other, _, _ = client.predict("what pose is this?", None, None, api_name="/talk")
    assert not other["poses"], "another caller begins anew"
    second, conversation, files = client.predict("mirror it and give it to me as bvh", None, conversation,
                                                 api_name="/talk")  # fmt: skip
    assert second["poses"][0]["name"] == "pose 2"
    assert [Path(file).suffix for file in files] == [".bvh"]
    assert "/" not in second["files"][0]
    _, conversation, _ = client.predict("who is this?", [handle_file(photo)], conversation, api_name="/talk")
    assert len(conversation["photos"]) == 1
    assert len(conversation["turns"]) == 3


def test_what_is_wrong_is_told(client, photo, tmp_path):
    from gradio_client import handle_file

    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"no")
    for name, arguments, told in (
        ("/generate", ("", 1, 0), "no text"),
        ("/generate", ("tree pose", 1000, 0), "1 to 12"),
        ("/generate", ("x" * 3000, 1, 0), "at most 2,000"),
        ("/generate", ("qwertz", 1, 0), "understood"),
        ("/describe", (None, None, 0, "plain"), "nothing to describe"),
        ("/describe", (None, handle_file(bad), 0, "plain"), "bad.npz"),
        ("/estimate", (handle_file(bad),), "no photo"),
        ("/edit", ({"global_orient": [0, 0, 0]}, "raise the left arm"), "body_pose"),
        ("/edit", ("pose 2", "raise the left arm"), "str"),
        ("/edit", (numbers(), "qwertz"), "understood|qwertz"),
        ("/question", (numbers(), ""), "no question"),
        ("/export", (numbers(), ".exe"), "unknown suffix"),
        ("/talk", ("", None, None), "nothing was said"),
        ("/talk", ("hello", None, {"chatpose": "conversation", "version": 99}), "newer"),
        ("/talk", ("hello", None, {"a": 1}), "no saved conversation"),
    ):
        with pytest.raises(Exception, match=told) as caught:
            client.predict(*arguments, api_name=name)
        assert str(tmp_path) not in str(caught.value)
        assert "Traceback" not in str(caught.value)


def test_no_address_is_opened(client, monkeypatch):
    """gradio would fetch an address that stands where an upload is expected."""
    import safehttpx

    asked = []

    async def get(url, *args, **options):
        asked.append(url)
        raise RuntimeError("fetched")

    monkeypatch.setattr(safehttpx, "get", get)
    sent = {"path": "https://example.com/pose.npz", "meta": {"_type": "gradio.FileData"}}
    for name, arguments in (
        ("/info", (sent,)),
        ("/estimate", (sent,)),
        ("/talk", ("look", [sent], None)),
        ("/edit", (sent, "raise the left arm")),
        ("/talk", ("look", None, {"photos": [sent]})),
    ):
        with pytest.raises(Exception, match="opens no addresses"):
            _raw(client, name, arguments)
    assert not asked


def test_no_file_of_the_server_is_read(client, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    sent = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
    for name, arguments in (("/info", (sent,)), ("/estimate", (sent,)), ("/talk", ("look", [sent], None))):
        with pytest.raises(RuntimeError, match="event: error") as caught:
            _raw(client, name, arguments)
        assert "{}" not in str(caught.value)


def _raw(client: Any, name: str, arguments: tuple[Any, ...]) -> Any:
    """A call as anybody could send it, without what gradio_client does to files."""
    import httpx

    base = client.src.rstrip("/") + "/gradio_api/call" + name
    event = httpx.post(base, json={"data": list(arguments)}).json()["event_id"]
    with httpx.stream("GET", f"{base}/{event}", timeout=60) as stream:
        text = "".join(stream.iter_text())
    if "event: error" in text:
        raise RuntimeError(text)
    return json.loads(text.split("data:", 1)[1])


def test_the_page_speaks_mcp(served):
    mcp = pytest.importorskip("mcp")

    async def act() -> None:
        async with mcp.Client(f"{served.local_url}mcp") as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert names == ["generate", "edit", "describe", "name", "question", "compare", "search", "export"]
            made = (await client.call_tool("generate", {"prompt": "tree pose"})).structured_content
            told = await client.call_tool("name", {"pose": "pose 1", "conversation": made["conversation"]})
            assert "tree" in told.content[0].text

    asyncio.run(act())


# --- docs/api.md -----------------------------------------------------------------------------------------------------


def blocks(language: str, served: Any) -> list[str]:
    fence = "`" * 3
    text = (ROOT / "docs" / "api.md").read_text().replace("http://127.0.0.1:7860", served.local_url.rstrip("/"))
    return re.findall(rf"^{fence}{language}\n(.*?)^{fence}", text, re.DOTALL | re.MULTILINE)


def test_python_of_the_docs(served, capsys):
    exec(compile("\n".join(blocks("python", served)), "api.md", "exec"), {})
    told = capsys.readouterr().out
    assert "['left arm']" in told
    assert ".bvh" in told


def test_curl_of_the_docs(served):
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    (lines,) = blocks("bash", served)
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, timeout=120)
    assert "event: complete" in done.stdout
    assert '"plan"' in done.stdout


def test_the_docs_name_every_endpoint():
    told = (ROOT / "docs" / "api.md").read_text()
    for name, inputs in ENDPOINTS.items():
        (row,) = re.findall(rf"^\| `{name}` \| (.*?) \|", told, re.MULTILINE)
        assert [one for one in inputs if f"`{one}`" in row] == inputs, name


# --- without a server ------------------------------------------------------------------------------------------------


def test_limits_are_checked_before_any_work(tmp_path):
    class Desk:
        agent = fake_agent(tmp_path)
        page = None

    desk: Any = Desk()
    with pytest.raises(TooLargeError):
        programs.edit(desk, numbers() | {"betas": [0.0] * 40_000}, "raise the left arm")
    with pytest.raises(ChatposeError, match="whole number"):
        programs.generate(desk, "tree pose", float("nan"), 0)
    generator = desk.agent.toolbox.parts.generator
    assert isinstance(generator, AtlasGenerator)
    assert not generator.asked


@pytest.mark.parametrize("score", ["nan", True, 10**400, 1e300])
def test_a_conversation_holds_numbers(tmp_path, score):
    agent = fake_agent(tmp_path)
    row = json.loads(dumps(agent.turn(ConversationState(), "tree pose").state))
    row["poses"][0]["score"] = score
    with pytest.raises(DamagedConversationError):
        loads(json.dumps(row).encode())
