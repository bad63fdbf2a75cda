"""`chatpose talk`: lines in, answers out; attachments, saving, exit codes."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from agent_fakes import entry_pose, fake_parts

from chatpose.agent.agent import Agent
from chatpose.agent.saved import load as load_conversation
from chatpose.agent.toolbox import RUNS, Toolbox
from chatpose.body.pose import stack_poses
from chatpose.cli import talk
from chatpose.cli.main import build_parser, main
from chatpose.errors import ChatposeError
from chatpose.formats import PoseClip, save


@pytest.fixture
def say(monkeypatch, capsys, tmp_path):
    """Runs the command on some lines; gives exit code, output and errors."""

    def agent(options):
        return Agent(Toolbox(fake_parts(), tmp_path if options.out is None else tmp_path / "out"))

    monkeypatch.setattr(talk, "_agent", agent)

    def run(text, *arguments):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        code = main(["talk", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my poses" / "tree.npz"
    path.parent.mkdir()
    save(PoseClip(stack_poses([entry_pose("tree")])), path)
    return path


def test_json_is_one_object_a_turn_and_nothing_else(say):
    code, out, err = say("Hello!\n\ntree pose\n   \nraise the left arm and give it to me as BVH", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert err == ""
    assert [row["user"] for row in rows] == ["Hello!", "tree pose", "raise the left arm and give it to me as BVH"]
    for row in rows:
        assert {"user", "reply", "poses", "hits", "checks", "tools", "seconds"} <= row.keys()
    assert len(rows[1]["poses"][0]["pose"]["joints"]) == 24
    assert [tool["name"] for tool in rows[2]["tools"]] == ["edit", "export"]
    assert rows[2]["files"][0].endswith(".bvh")


def test_people_get_the_reply_the_checklist_and_the_files(say):
    code, out, _ = say("tree pose\nexport it as json\n", "--steps")
    assert code == 0
    assert "✓ standing on the left leg" in out
    assert "→ " in out
    assert "· generate" in out


def test_files_are_attached_with_an_at_sign(say, file):
    code, out, _ = say(f'what pose is this? @"{file}"\n', "--json")
    row = json.loads(out)
    assert code == 0
    assert row["poses"][0]["source"] == "file"
    assert row["poses"][0]["names"][0] == "tree pose"
    assert row["user"].startswith("what pose")


def test_a_bad_file_is_told_and_the_rest_goes_on(say, tmp_path):
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"nonsense")
    code, out, _ = say(f"describe @{tmp_path}/none.npz\n@{bad}\nhello\n", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert "none.npz" in rows[0]["error"]
    assert rows[1]["error"]
    assert rows[1]["reply"]
    assert "error" not in rows[2]


def test_errors_are_one_line_without_json(say, tmp_path):
    code, _, err = say(f"@{tmp_path}/none.npz\n")
    assert code == 2
    assert err.startswith("chatpose: ")
    assert err.count("\n") == 1


def test_a_conversation_is_saved_and_goes_on(say, tmp_path):
    kept = tmp_path / "talk.json"
    say("tree pose\n", "--save", str(kept))
    code, out, _ = say("mirror it\n", "--load", str(kept), "--json")
    row = json.loads(out)
    assert code == 0
    assert row["poses"][0]["name"] == "pose 2"
    assert say("hi\n", "--load", str(tmp_path / "none.json"))[0] == 2
    kept.write_text("[]")
    assert say("hi\n", "--load", str(kept))[0] == 2


def test_an_empty_input_is_no_error(say):
    assert say("\n\n", "--json") == (0, "", "")


@pytest.mark.parametrize(
    ("line", "words", "paths"),
    [
        ("what is @a.npz ?", "what is ?", ["a.npz"]),
        ("@\"a b.npz\" and @'c d.png'", "and", ["a b.npz", "c d.png"]),
        ("mail me@example.org", "mail me@example.org", []),
        ("at @ noon", "at @ noon", []),
        (r"see @a\ b.npz", "see", ["a b.npz"]),
        ("look at @a.npz.", "look at", ["a.npz"]),
        ("@a.npz, @b.bvh!", "", ["a.npz", "b.bvh"]),
        ("plain", "plain", []),
        ("ends with @", "ends with @", []),
    ],
)
def test_lines_are_taken_apart(monkeypatch, tmp_path, line, words, paths):
    monkeypatch.chdir(tmp_path)
    for path in paths:
        (tmp_path / path).write_bytes(b"x")
    text, found = talk.read_line(line)
    assert text == words
    assert [one.name for one in found] == paths


def test_an_open_quote_is_told():
    with pytest.raises(ChatposeError, match="quote"):
        talk.read_line('see @"a b.npz')


def test_help_tells_what_it_is():
    options = build_parser().parse_args(["talk", "--json"])
    assert options.run is talk.run


@pytest.mark.parametrize(
    ("error", "told"), [(MemoryError(), "too large for the memory"), (ZeroDivisionError(), "a fault of chatpose")]
)
def test_a_turn_that_dies_is_told_and_the_conversation_goes_on(say, monkeypatch, tmp_path, error, told):
    kept = tmp_path / "talk.json"

    def dies(*_, **__):
        raise error

    monkeypatch.setitem(RUNS, "blend", dies)
    code, out, _ = say("tree pose\nmirror it\nblend pose 1 and pose 2\nundo\n", "--json", "--save", str(kept))
    rows = [json.loads(line) for line in out.splitlines()]
    assert told in rows[2]["reply"]
    assert rows[3]["poses"][0]["name"] == "pose 1"
    assert (code == 0) == isinstance(error, MemoryError), "an observation, or a fault that the exit code tells"
    assert load_conversation(kept).current == 1
    code, out, _ = say("blend pose 1 and pose 2\n", "--load", str(kept))
    assert "Traceback" not in out


DIES = """
import os, signal, sys
sys.path[:0] = sys.argv[1:3]
from agent_fakes import fake_parts
from chatpose.agent import toolbox
from chatpose.agent.agent import Agent
from chatpose.cli import talk
from chatpose.cli.main import main
toolbox.RUNS["mirror"] = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
talk._agent = lambda options: Agent(toolbox.Toolbox(fake_parts()))
main(["talk", "--json", "--load", sys.argv[3], "--save", sys.argv[3]])
"""


def test_a_process_that_is_killed_in_the_middle_of_a_turn_leaves_the_conversation(say, tmp_path):
    kept = tmp_path / "talk.json"
    say("tree pose\n", "--save", str(kept))
    before = kept.read_bytes()
    tests = Path(__file__).parent
    words = [sys.executable, "-c", DIES, str(tests), str(tests.parent), str(kept)]
    died = subprocess.run(
        words, input="mirror it\nwarrior two\n", text=True, capture_output=True, timeout=120, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    assert died.stdout == ""
    assert kept.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".", "talk.json."))], (
        "nothing half written"
    )
    code, out, _ = say("mirror it\n", "--load", str(kept), "--json")
    assert code == 0
    assert json.loads(out)["poses"][0]["name"] == "pose 2"
