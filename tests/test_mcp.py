"""MCP through the official client: every tool, handles, numbers, files, errors; over stdio, HTTP and in the process."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from agent_fakes import AtlasGenerator, entry_pose, fake_parts
from conftest import ROOT

from chatpose.agent.toolbox import Toolbox
from chatpose.body.model import BodyModel
from chatpose.body.pose import stack_poses
from chatpose.errors import ChatposeError, MissingFileError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.pose_json import pose_to_json
from chatpose.mcp_folders import AllowedFolders, OutFolder
from chatpose.mcp_session import MAX_CONVERSATIONS, Conversation, Conversations, ToolRunner
from chatpose.mcp_tools import MCP_TOOLS, POSE_OBJECT, offered

mcp = pytest.importorskip("mcp")
NAMES = ["generate", "edit", "describe", "name", "question", "compare", "search", "export"]


def numbers(name: str = "tree") -> dict[str, Any]:
    pose = entry_pose(name)
    return pose_to_json(pose, BodyModel.open().joints(pose))


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return Toolbox(fake_parts())


def stdio(*arguments: str | Path, module: tuple[str, ...] = ("tests/mcp_stdio_fake.py",)) -> Any:
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]), "OMP_NUM_THREADS": "1"}
    return mcp.StdioServerParameters(
        command=sys.executable, args=[*module, *map(str, arguments)], env=environment, cwd=ROOT
    )


def talk(server: Any, act: Callable[[Any], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with mcp.Client(server, read_timeout_seconds=120, **options) as client:
            await act(client)

    asyncio.run(run())


def in_process(runner: ToolRunner, conversations: Conversations | None = None) -> Any:
    from chatpose.mcp_server import Calls, build_server

    return build_server(Calls(lambda: runner, conversations), files=bool(runner.allowed))


# --- tables ----------------------------------------------------------------------------------------------------------


def test_tools_have_sound_schemas():
    import jsonschema

    assert [one.name for one in offered(files=False)] == NAMES
    for one in MCP_TOOLS.values():
        schema = one.schema(conversations=True)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False
        assert all("description" in about for about in schema["properties"].values()), one.name
    jsonschema.validate(numbers(), POSE_OBJECT)


def test_a_pose_argument_is_a_handle_or_numbers():
    import jsonschema

    schema = MCP_TOOLS["edit"].schema(conversations=False)
    for pose in ("pose 2", numbers()):
        jsonschema.validate({"pose": pose, "instruction": "raise the left arm"}, schema)
    for pose in (3, {"joints": []}, None):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"pose": pose, "instruction": "raise the left arm"}, schema)


# --- over stdio ------------------------------------------------------------------------------------------------------


def test_every_tool_over_stdio(tmp_path):
    async def act(client):
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == NAMES
        assert len(json.dumps([tool.model_dump() for tool in tools], default=str)) < 20_000, "models pay for each word"

        async def call(name, **arguments):
            found = await client.call_tool(name, arguments)
            assert not found.is_error, found.content[0].text
            return found

        made = await call("generate", prompt="tree pose, arms overhead", count=2, numbers=True)
        row = made.structured_content["poses"][0]
        assert row["handle"] == "pose 1"
        assert row["checks"]
        assert all({"statement", "holds", "measured"} <= check.keys() for check in row["checks"])
        assert len(row["pose"]["body_pose"]) == 69
        assert "pose 2" in made.content[0].text
        edited = await call("edit", pose="pose 1", instruction="bend the left elbow to 90 degrees")
        assert edited.structured_content["poses"][0]["handle"] == "pose 3"
        assert "pose" not in edited.structured_content["poses"][0]
        assert (await call("describe", pose="it", style="full")).structured_content["result"]["statements"]
        named = await call("name", pose=row["pose"])
        assert named.structured_content["result"]["names"][0]["name"] == "tree pose"
        told = await call("question", pose="pose 3", question="What angle is the left elbow at?")
        assert told.structured_content["result"]["unit"] == "°"
        assert told.structured_content["result"]["value"] == pytest.approx(90, abs=6)
        way = await call("compare", first="pose 1", second="pose 3")
        assert way.structured_content["result"]["differences"]
        hits = (await call("search", query="warrior", count=2)).structured_content["hits"]
        assert [hit["handle"] for hit in hits] == ["result 1", "result 2"]
        assert (await call("describe", pose="result 2")).structured_content["text"]
        alike = await call("search", like=row["pose"], count=1)
        assert alike.structured_content["hits"][0]["distance_mm"] == 10.0
        given = await call("export", pose="pose 3", format="bvh")
        resource = given.content[1].resource
        (tmp_path / "out.bvh").write_bytes(base64.b64decode(resource.blob))
        assert len(load(tmp_path / "out.bvh")) == 1
        assert resource.mime_type == "text/plain"
        for name, arguments in (("generate", {}), ("edit", {"pose": "pose 9", "instruction": "sit"}), ("no_tool", {})):
            assert (await client.call_tool(name, arguments)).is_error
        await call("name", pose="pose 1")

    talk(stdio(), act)


def test_errors_are_tool_errors(tmp_path, toolbox):
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    bad: list[tuple[str, dict[str, Any], str]] = [
        ("generate", {}, "without prompt"),
        ("generate", {"prompt": "x" * 5000}, "at most 2,000"),
        ("generate", {"prompt": "tree pose", "count": 10**6}, "1 to 20"),
        ("generate", {"prompt": "qwertz"}, "understood"),
        ("generate", {"prompt": "tree pose", "seed": "one"}, "whole number"),
        ("edit", {"pose": "pose 9", "instruction": "raise the left arm"}, "pose 9"),
        ("question", {"pose": "it", "question": 7}, "Question: question is 7"),
        ("describe", {"pose": str(secret)}, "don't know which"),
        ("describe", {"pose": f"file://{secret}"}, "don't know which"),
        ("describe", {"pose": "http://127.0.0.1:1/pose.json"}, "don't know which"),
        ("describe", {"pose": numbers() | {"body_pose": [0.0] * 9}}, "shape"),
        ("describe", {"pose": numbers() | {"body_pose": ["a"] * 69}}, "body_pose"),
        ("describe", {"pose": {"joints": []}}, "without rotations"),
        ("describe", {"pose": numbers() | {"betas": [0.0] * 20_000}}, "at most"),
        ("describe", {"pose": "{" + '"a":[' * 9000}, "sound JSON"),
        ("describe", {"pose": "{" * 70_000}, "at most"),
        ("describe", {"pose": "it", "path": "/etc/passwd"}, "path"),
        ("export", {"pose": "it", "format": "../../etc/cron.d/x"}, "expected npz"),
        ("open_file", {"path": str(secret)}, "Unknown tool"),
        ("no_such_tool", {}, "Unknown tool"),
    ]

    async def act(client):
        for name, arguments, told in bad:
            found = await client.call_tool(name, arguments)
            assert found.is_error, (name, arguments)
            assert told.lower() in found.content[0].text.lower(), found.content[0].text
            assert len(found.content[0].text) < 500
        assert not (await client.call_tool("generate", {"prompt": "tree pose"})).is_error

    talk(in_process(ToolRunner(lambda: toolbox)), act)


def test_only_allowed_folders_are_read_and_written(tmp_path):
    inside, outside, out = tmp_path / "in", tmp_path / "outside", tmp_path / "out"
    for folder in (inside / "more", outside):
        folder.mkdir(parents=True)
    clip = PoseClip(stack_poses([entry_pose("tree")]))
    save(clip, inside / "more" / "tree.npz")
    save(clip, outside / "mine.npz")
    (inside / "link.npz").symlink_to(outside / "mine.npz")
    (inside / "door").symlink_to(outside)
    (inside / "pipe.npz").touch()
    (inside / "pipe.npz").unlink()
    os.mkfifo(inside / "pipe.npz")

    async def act(client):
        assert "open_file" in [tool.name for tool in (await client.list_tools()).tools]
        for path in ("more/tree.npz", str(inside / "more" / "tree.npz")):
            found = await client.call_tool("open_file", {"path": path})
            assert not found.is_error, found.content[0].text
        for path in (
            "../outside/mine.npz", str(outside / "mine.npz"), "link.npz", "door/mine.npz", "pipe.npz", "more", "",
            "/etc/passwd", "~/x", "a\0b", "x" * 2000,
        ):  # fmt: skip
            found = await client.call_tool("open_file", {"path": path})
            assert found.is_error, path
            assert "no such file" in found.content[0].text.lower(), path
            assert str(outside) not in found.content[0].text
        for _ in range(2):
            found = await client.call_tool("export", {"pose": "pose 1", "format": "npz"})
            assert [one.type for one in found.content] == ["text"]
            path = Path(found.structured_content["files"][0]["path"])
            assert path.parent == out
            assert len(load(path)) == 1

    talk(stdio(inside, out), act)
    assert len(list(out.iterdir())) == 2, "nothing was written over"


def test_the_command_itself(tmp_path):
    """`chatpose mcp` with the shipped body; nothing but the protocol is on its standard output."""
    pose = numbers()

    async def act(client):
        assert [tool.name for tool in (await client.list_tools()).tools] == [*NAMES, "open_file"]
        told = await client.call_tool("describe", {"pose": pose, "style": "short"})
        assert "left leg" in told.content[0].text

    talk(stdio("mcp", "--allow", tmp_path, module=("-m", "chatpose")), act)


def test_the_command_says_what_is_wrong(capsys, tmp_path):
    from chatpose.cli.main import main

    assert main(["mcp", "--allow", str(tmp_path / "none")]) == 2
    assert "no folder" in capsys.readouterr().err


def test_without_the_package(monkeypatch, capsys, toolbox):
    """The page works without; the command says what to install."""
    from chatpose.cli.main import main
    from chatpose.mcp_server import http_endpoint

    monkeypatch.setitem(sys.modules, "mcp", None)
    assert http_endpoint(ToolRunner(lambda: toolbox), host="127.0.0.1") is None
    assert main(["mcp"]) == 2
    assert "chatpose[mcp]" in capsys.readouterr().err


# --- docs/mcp.md -----------------------------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    fence = "`" * 3
    text = (ROOT / "docs" / "mcp.md").read_text()
    return re.findall(rf"^{fence}{language}\n(.*?)^{fence}", text, re.DOTALL | re.MULTILINE)


def test_python_of_the_docs(tmp_path):
    """The `chatpose` on the path is one with stand-ins."""
    program = tmp_path / "chatpose"
    start = f'PYTHONPATH="{ROOT}:{ROOT}/tests" exec "{sys.executable}" "{ROOT}/tests/mcp_stdio_fake.py"'
    program.write_text(f"#!/bin/sh\n{start}\n")
    program.chmod(0o755)
    (source,) = blocks("python")
    (tmp_path / "example.py").write_text(source)
    paths = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, tmp_path / "example.py"], env=os.environ | paths, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "tree pose" in done.stdout
    assert float(done.stdout.split()[-1]) == pytest.approx(90, abs=6)


def test_configuration_and_options_of_the_docs():
    from chatpose.cli.main import build_parser

    (text,) = blocks("json")
    about = json.loads(text)["mcpServers"]["chatpose"]
    assert about["command"] == "chatpose"
    build_parser().parse_args(about["args"])
    told = (ROOT / "docs" / "mcp.md").read_text()
    for option in ("--allow", "--out", "--body"):
        assert f"`{option} " in told
    for tool in MCP_TOOLS.values():
        (row,) = re.findall(rf"^\| `{tool.name}` \| (.*?) \|", told, re.MULTILINE)
        named = [name for name in re.findall(r"`(\w+)`", row)]
        assert sorted(named) == sorted(tool.schema(conversations=False)["properties"]), tool.name


# --- folders ---------------------------------------------------------------------------------------------------------


def test_nothing_is_written_over_or_through_links(tmp_path):
    out = OutFolder.of(tmp_path / "out")
    victim = tmp_path / "victim"
    (out.root / "a.npz").symlink_to(victim)
    assert out.write("a.npz", b"1").name == "a_2.npz"
    assert out.write("a.npz", b"2").name == "a_3.npz"
    assert out.write("../../a.npz", b"3").parent == out.root
    assert not victim.exists()


def test_allowed_folders_are_there(tmp_path):
    with pytest.raises(MissingFileError):
        AllowedFolders.of([tmp_path / "none"])
    assert not AllowedFolders.of([])


# --- conversations of several clients --------------------------------------------------------------------------------


def test_conversations_keep_apart(toolbox):
    runner = ToolRunner(lambda: toolbox, name_conversations=True)
    conversations = Conversations()

    async def act(client):
        first = (await client.call_tool("generate", {"prompt": "tree pose"})).structured_content
        second = (await client.call_tool("generate", {"prompt": "warrior 3"})).structured_content
        assert first["conversation"] != second["conversation"]
        assert {one["poses"][0]["handle"] for one in (first, second)} == {"pose 1"}
        for made, name in ((first, "tree"), (second, "warrior")):
            told = await client.call_tool("name", {"pose": "pose 1", "conversation": made["conversation"]})
            assert name in told.content[0].text
        for token in ("x" * 24, "../..", 7):
            lost = await client.call_tool("name", {"pose": "pose 1", "conversation": token})
            assert lost.is_error
        assert (await client.call_tool("name", {"pose": "pose 1"})).is_error, "without its token nothing is known"

    talk(in_process(runner, conversations), act)


def test_conversations_are_bounded():
    conversations = Conversations(most=3)
    tokens = [conversations.open(None).token for _ in range(5)]
    assert len(conversations) == 3
    assert len(set(tokens)) == 5
    with pytest.raises(MissingFileError):
        conversations.open(tokens[0])
    assert conversations.open(tokens[4]).token == tokens[4]
    idle = Conversations(idle_seconds=-1.0)
    first = idle.open(None)
    idle.open(None)
    with pytest.raises(MissingFileError):
        idle.open(first.token)
    assert MAX_CONVERSATIONS <= 100


def test_a_fault_is_told_and_nothing_of_it_leaks(toolbox):
    class Broken(AtlasGenerator):
        def generate(self, text, **options):
            raise RuntimeError("/home/somebody/secret")

    runner = ToolRunner(lambda: Toolbox(fake_parts(generator=Broken())))
    answer = runner.call("generate", {"prompt": "tree pose"}, Conversation())
    assert answer.failed
    assert "fault of chatpose" in answer.text
    assert "secret" not in answer.text


def test_given_poses_get_one_handle(toolbox):
    runner, conversation = ToolRunner(lambda: toolbox), Conversation()
    for pose in (numbers(), numbers(), json.dumps(numbers())):
        assert not runner.call("describe", {"pose": pose, "style": "short"}, conversation).failed
    assert len(conversation.state.poses) == 1


# --- over HTTP -------------------------------------------------------------------------------------------------------


@pytest.fixture
def serve(toolbox):
    """Serves an endpoint on a free port; gives its address."""
    import threading

    import uvicorn
    from starlette.applications import Starlette

    from chatpose.mcp_server import HttpEndpoint

    started = []

    def start(**options) -> str:
        endpoint = HttpEndpoint(ToolRunner(lambda: toolbox), **options)
        app = Starlette(routes=[endpoint.route()], lifespan=endpoint.lifespan)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
        started.append((server, thread))
        port = server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/mcp"

    yield start
    for server, thread in started:
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_http_goes_on_with_a_token(serve, mode):
    async def act(client):
        assert [tool.name for tool in (await client.list_tools()).tools] == NAMES
        made = (await client.call_tool("generate", {"prompt": "tree pose"})).structured_content
        told = await client.call_tool("describe", {"pose": "pose 1", "conversation": made["conversation"]})
        assert not told.is_error
        assert f"conversation: {made['conversation']}" in told.content[0].text

    talk(serve(), act, mode=mode)


def test_http_refuses_strangers(serve):
    import httpx

    url = serve(auth=("ann", "secret"))
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"accept": "application/json, text/event-stream"}
    assert httpx.post(url, json=ask, headers=accept).status_code == 401
    assert httpx.post(url, json=ask, headers=accept, auth=("ann", "wrong")).status_code == 401
    assert httpx.post(url, json=ask, headers=accept, auth=("ann", "secret")).status_code == 200
    assert httpx.post(url, content=b"x" * (3 * 2**20), headers=accept, auth=("ann", "secret")).status_code == 413
    for header in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
        found = httpx.post(url, json=ask, headers=accept | header, auth=("ann", "secret"))
        assert found.status_code in (403, 421), header


def test_http_serves_no_folder(toolbox, tmp_path):
    from chatpose.mcp_server import HttpEndpoint

    for runner in (
        ToolRunner(lambda: toolbox, allowed=AllowedFolders.of([tmp_path])),
        ToolRunner(lambda: toolbox, out=OutFolder.of(tmp_path)),
    ):
        with pytest.raises(ChatposeError):
            HttpEndpoint(runner)
