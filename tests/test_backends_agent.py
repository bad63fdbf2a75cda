"""Whole turns with a model on a server: tools do the geometry, lies stay behind, a server that fails stops nobody."""

import io
import json

import pytest
from backend_views import pose
from chat_server import ScriptedServer, calls, dies, event, status, words

from chatpose.agent.agent import Agent, TurnResult
from chatpose.agent.backends.choice import BackendChoice, ChoiceError, open_backend
from chatpose.agent.backends.nano import NanoBackend
from chatpose.agent.backends.openai_exchange import Limits
from chatpose.agent.backends.openai_server import OpenAIBackend
from chatpose.agent.saved import load, save
from chatpose.agent.state import ConversationState
from chatpose.agent.steps import TextPiece
from chatpose.agent.toolbox import Toolbox
from chatpose.cli.main import build_parser, main

MIRROR = calls(("mirror", '{"pose": "it"}'))
KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def toolbox(tmp_path_factory) -> Toolbox:
    return Toolbox(folder=tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def standing(toolbox) -> ConversationState:
    return toolbox.adopt((pose(),), (), ConversationState(), "a person in the rest pose").state


def turn(toolbox, state, server: ScriptedServer, text: str = "mirror it", **options) -> TurnResult:
    backend = OpenAIBackend(server.url, "tiny", limits=Limits(retry_s=0.05), **options)
    return Agent(toolbox, backend).turn(state, text)


def test_a_turn_with_a_tool(toolbox, standing):
    pieces: list[str] = []
    with ScriptedServer(MIRROR, words("Left and right are exchanged. Anything else?")) as server:
        agent = Agent(toolbox, OpenAIBackend(server.url, "tiny"))
        result = agent.turn(
            standing, "mirror it", on_event=lambda one: pieces.append(one.text) if isinstance(one, TextPiece) else None
        )
    assert result.reply == "Left and right are exchanged. Anything else?"
    assert "".join(pieces) == result.reply
    assert [(step.name, step.failed) for step in result.tools] == [("mirror", False)]
    assert [item.source for item in result.poses] == ["mirrored"]
    assert len(server.chats) == 2


def test_a_lie_stays_behind(toolbox, standing):
    with ScriptedServer(words("The left knee is bent at a right angle. Shall I change it?")) as server:
        result = turn(toolbox, standing, server, "what about the knee?")
    assert "is bent at a right angle" not in result.reply
    assert "Shall I change it?" in result.reply
    assert any(step.kind == "truth" for step in result.tools)


@pytest.mark.parametrize(
    "answer", [status(401), status(500), event("{oops"), dies("I "), calls(("fly", "{}")), words("")], ids=range(6)
)
def test_a_server_that_fails_stops_nobody(toolbox, standing, answer):
    with ScriptedServer(answer) as server:
        result = turn(toolbox, standing, server)
    assert "can't answer right now" in result.reply
    assert "standing" in result.reply
    assert [item.source for item in result.poses] == ["mirrored"]
    assert result.state.pose(1) is standing.pose(1)
    assert len(result.state.turns) == len(standing.turns) + 1
    assert any(step.kind == "model" and step.failed for step in result.tools)


def test_what_was_done_before_the_server_died_is_not_done_twice(toolbox, standing):
    with ScriptedServer(calls(("describe", '{"pose": "it"}')), MIRROR, dies("It ")) as server:
        result = turn(toolbox, standing, server)
    assert [step.name for step in result.tools if step.kind == "tool"] == ["describe", "mirror"]
    assert [item.number for item in result.state.poses] == [1, 2]
    assert result.reply.startswith("tiny at")  # nothing of the sentence that broke off
    assert "standing" in result.reply


def test_a_model_that_repeats_itself_is_stopped(toolbox, standing):
    with ScriptedServer(calls(("describe", '{"pose": "pose 1"}'))) as server:
        result = turn(toolbox, standing, server, "describe it")
        assert len(server.chats) <= 4
    assert result.reply


def test_poses_that_a_model_writes_are_measured(toolbox):
    from chatpose.language.markup import block_ids, write_block
    from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
    from chatpose.pose_tokenizer.vocabulary import PoseVocabulary

    poses = PoseTokenizer.load()
    vocabulary = PoseVocabulary(poses.config, poses.codebook_fingerprint, 0)
    ids = block_ids(poses.encode(pose(), "coarse"), vocabulary, poses.config.level("coarse").by_part())
    text = f"<plan>\nleft knee: straight\n</plan>\n{write_block(ids, vocabulary)}\nHere it is."
    with ScriptedServer(words(text, size=200)) as server:
        result = turn(toolbox, ConversationState(), server, "a person who stands")
    assert result.poses[0].source == "model"
    assert [(row.statement, row.holds) for row in result.checks] == [("left knee: straight", True)]
    assert result.reply.endswith("Here it is.")


def test_the_key_is_in_no_conversation(toolbox, standing, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_KEY", KEY)
    with ScriptedServer(MIRROR, status(401, f"wrong key: {KEY}")) as server:
        result = turn(toolbox, standing, server, key_variable="MY_KEY")
    save(result.state, tmp_path / "it.json")
    assert KEY not in (tmp_path / "it.json").read_text()
    assert KEY not in json.dumps(result.as_json())
    assert "wrong key: [key]" in result.reply
    assert len(load(tmp_path / "it.json").poses) == 2


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_choices(tmp_path):
    assert BackendChoice.read("nano") == BackendChoice("nano")
    assert BackendChoice.read("hf:org/base,runs/adapter") == BackendChoice("hf", "org/base", "runs/adapter")
    assert BackendChoice.read("openai:http://localhost:8000/v1") == BackendChoice("openai", "http://localhost:8000/v1")
    odd = tmp_path / "a,b"
    odd.mkdir()
    assert BackendChoice.read(f"hf:{odd}") == BackendChoice("hf", str(odd))
    assert BackendChoice.read("hf:org/base").takes_hub
    assert not BackendChoice.read(f"hf:{odd}").takes_hub
    assert not BackendChoice.read("nano").takes_hub
    for wrong in ("", "gpt", "nano:", "hf:", "openai:", "http://localhost:8000"):
        with pytest.raises(ChoiceError, match="nano, hf:PATH"):
            BackendChoice.read(wrong)


def test_options_belong_to_their_back_end():
    assert isinstance(open_backend(), NanoBackend)
    with pytest.raises(ChoiceError, match="--model"):
        open_backend("nano", model="x")
    with pytest.raises(ChoiceError, match="--send-photos"):
        open_backend("nano", send_photos=True)
    backend = open_backend("openai:http://localhost:1", model="x", send_photos=True)
    assert isinstance(backend, OpenAIBackend)
    assert backend.name == "x at localhost:1"


def test_the_terminal_talks_to_a_server(monkeypatch, capsys):
    with ScriptedServer(words("Hello! Which pose shall it be?")) as server:
        monkeypatch.setattr("sys.stdin", io.StringIO("hi\n"))
        assert main(["talk", "--json", "--backend", f"openai:{server.url}"]) == 0
        assert json.loads(capsys.readouterr().out)["reply"] == "Hello! Which pose shall it be?"
        assert server.chats[0].body["model"] == "tiny"


def test_the_commands_say_what_is_wrong(capsys):
    assert main(["talk", "--backend", "gpt"]) == 2
    assert "expected nano, hf:PATH[,ADAPTER] or openai:URL" in capsys.readouterr().err
    assert main(["talk", "--backend", "openai:file:///etc/passwd"]) == 2
    assert "expected http://HOST:PORT/v1" in capsys.readouterr().err
    assert main(["talk", "--backend", "hf:/nowhere/at/all"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    options = build_parser().parse_args(["chat", "--backend", "openai:http://localhost:1", "--model", "x"])
    assert (options.backend, options.model, options.send_photos) == ("openai:http://localhost:1", "x", False)
