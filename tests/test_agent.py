"""The loop: scripted models that are good, malformed, looping, dying and lying; events; a long conversation."""

import pytest
from agent_fakes import AtlasGenerator, Scripted, call, entry_pose, fake_agent, fake_parts

from chatpose.agent.agent import MAX_TEXT, Agent
from chatpose.agent.attachments import Attachment
from chatpose.agent.backends.protocol import Backend, BackendError, Call, MalformedMoveError, Say
from chatpose.agent.state import ConversationState
from chatpose.agent.steps import Done, FirstPose, PoseReady, StepEnded, StepStarted, TextPiece
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.errors import TooLargeError

START = ConversationState()


@pytest.fixture
def tree(tmp_path):
    """A conversation with the tree pose on screen."""
    return fake_agent(tmp_path).turn(START, "tree pose").state


def test_a_good_model_calls_a_tool_and_answers(tmp_path):
    model = Scripted(call("generate", prompt="tree pose"), lambda view: Say(view.outcomes[-1][1].text))
    result = fake_agent(tmp_path, model).turn(START, "show me a tree")
    assert isinstance(model, Backend)
    assert [step.name for step in result.tools] == ["generate"]
    assert result.poses[0].names[0] == "tree pose"
    assert result.checks
    assert all(row.holds for row in result.checks)
    assert result.state.turns[-1].poses == (1,)
    row = result.as_json()
    assert {"user", "reply", "poses", "hits", "checks", "tools", "seconds"} <= row.keys()
    assert row["poses"][0]["pose"]["joints"]
    view = model.views[1]
    roles = [message.role for message in view.conversation.messages]
    assert roles == ["system", "user", "assistant", "tool"]
    assert view.items[0].name == "pose 1"
    assert view.items[0].current


def test_what_a_model_calls_wrongly_it_is_told_and_may_do_better(tmp_path):
    model = Scripted(
        call("fly", prompt="x"),
        call("generate", text="tree"),
        call("describe", pose="pose 7"),
        call("generate", prompt="tree pose", count=99),
        call("generate", prompt="tree pose"),
        Say("Here it is."),
    )
    result = fake_agent(tmp_path, model).turn(START, "tree")
    told = [outcome.error for _, outcome in model.views[-1].outcomes]
    assert "fly" in told[0]
    assert "text" in told[1]
    assert "pose 7" in told[2]
    assert "99" in told[3]
    assert told[4] == ""
    assert [step.failed for step in result.tools] == [True, True, True, True, False]
    assert result.reply == "Here it is."


def test_a_model_that_repeats_itself_is_stopped_and_the_tools_speak(tmp_path):
    model = Scripted(call("generate", prompt="tree pose"), call("describe", pose="it"))
    result = fake_agent(tmp_path, model).turn(START, "tree")
    assert any(step.name.endswith("was stopped") for step in result.tools)
    assert len(result.state.poses) == 1
    assert "Here" in result.reply or "pose 1" in result.reply


def test_steps_are_bounded(tmp_path):
    moves = [call("generate", prompt=f"tree pose {number}") for number in range(30)]
    model = Scripted(*moves)
    result = fake_agent(tmp_path, model, max_steps=5).turn(START, "trees")
    assert len(model.views) == 5
    assert len(result.state.poses) == 5
    assert "5 steps" in result.tools[-1].result


def test_a_reply_that_cannot_be_read_is_told_to_the_model(tmp_path):
    broken = MalformedMoveError("no JSON", expected="a call", raw="{{{")
    model = Scripted(broken, Say("Hello there, which pose?"))
    result = fake_agent(tmp_path, model).turn(START, "hi")
    assert "no JSON" in model.views[1].outcomes[0][1].error
    assert result.reply == "Hello there, which pose?"


@pytest.mark.parametrize("error", [BackendError("the server went away"), MalformedMoveError("nothing but noise")])
def test_when_the_model_dies_the_local_one_answers_and_says_so(tmp_path, error):
    result = fake_agent(tmp_path, Scripted(error)).turn(START, "tree pose")
    assert "scripted can't answer" in result.reply
    assert result.poses[0].names[0] == "tree pose"
    assert not result.error
    assert any(step.kind == "model" and step.failed for step in result.tools)


def test_a_bug_in_a_back_end_is_raised_not_hidden(tmp_path):
    with pytest.raises(ZeroDivisionError):
        fake_agent(tmp_path, Scripted(ZeroDivisionError())).turn(START, "tree")


# --- truth ----------------------------------------------------------------------------------------------------------


def test_a_false_statement_does_not_leave_the_agent(tmp_path, tree):
    model = Scripted(Say("The person stands on the left leg. Both arms are hanging down. Anything else?"))
    result = fake_agent(tmp_path, model).turn(tree, "tell me about it")
    assert "stands on the left leg" in result.reply
    assert "arms are hanging down." not in result.reply
    assert "Measured" in result.reply
    taken = [step for step in result.tools if step.kind == "truth"]
    assert taken[0].arguments["sentence"] == "Both arms are hanging down."
    assert "°" in taken[0].result


def test_a_false_number_and_a_false_name_are_taken_out(tmp_path, tree):
    model = Scripted(Say("The left knee is bent at 90 degrees. This is the lotus pose. That's all."))
    result = fake_agent(tmp_path, model).turn(tree, "what is it?")
    assert "90 degrees" not in result.reply
    assert "This is the lotus pose" not in result.reply
    assert "That's all." in result.reply
    assert sum(step.kind == "truth" for step in result.tools) == 2


def test_true_statements_questions_and_offers_stay(tmp_path, tree):
    text = "The arms are raised overhead. This is the tree pose. Shall I lower both arms? I can bend the left knee."
    result = fake_agent(tmp_path, Scripted(Say(text))).turn(tree, "and?")
    assert result.reply == text
    assert not any(step.kind == "truth" for step in result.tools)


def test_a_sentence_is_measured_on_the_pose_that_it_names(tmp_path, tree):
    agent = fake_agent(tmp_path)
    both = agent.turn(tree, "mountain").state
    assert both.current == 2
    model = Scripted(Say("In pose 1 the person stands on the left leg. In pose 2 the person stands on the left leg."))
    result = fake_agent(tmp_path, model).turn(both, "and now?")
    assert "In pose 1 the person stands on the left leg." in result.reply
    assert "In pose 2 the person stands on the left leg." not in result.reply


def test_false_sentences_are_held_back_while_the_text_streams(tmp_path, tree):
    pieces = ["The person sta", "nds on the left leg. Both arms ", "are hanging down. ", "Nice, isn't it?"]
    model = Scripted(Say("".join(pieces)), pieces=pieces)
    seen = []
    result = fake_agent(tmp_path, model).turn(tree, "tell me", on_event=seen.append)
    streamed = "".join(event.text for event in seen if isinstance(event, TextPiece))
    assert streamed == result.reply
    assert "hanging down." not in streamed
    assert streamed.startswith("The person stands on the left leg.")


def test_poses_that_a_model_writes_are_measured_and_repaired(tmp_path):
    said = Say("Here is one.", poses=(entry_pose("mountain"),), plan=("left elbow: right angle", "nonsense: x"))
    result = fake_agent(tmp_path, Scripted(said)).turn(START, "left elbow at a right angle")
    item = result.poses[0]
    assert item.source == "model"
    assert [row.statement for row in item.checks] == ["left elbow: right angle"]
    assert item.checks[0].holds
    assert item.checks[0].measured


# --- events, stopping, limits ---------------------------------------------------------------------------------------


def test_events_tell_what_happens_in_order(tmp_path):
    seen = []
    result = fake_agent(tmp_path).turn(START, "tree pose", on_event=seen.append)
    kinds = [type(event) for event in seen]
    assert kinds[:4] == [StepStarted, FirstPose, PoseReady, StepEnded]
    assert kinds[-1] is Done
    assert "tree pose" in seen[0].told
    assert "".join(event.text for event in seen if isinstance(event, TextPiece)) == result.reply
    assert seen[-1].result is result


def test_stopping_keeps_what_there_is(tmp_path):
    stop = []
    agent = fake_agent(tmp_path)
    result = agent.turn(
        START,
        "find a tree pose, raise the left arm and give it to me as BVH",
        on_event=lambda event: stop.append(1) if isinstance(event, StepEnded) else None,
        cancelled=lambda: bool(stop),
    )
    assert result.cancelled
    assert [step.name for step in result.tools] == ["search"]
    assert result.reply.endswith("Stopped.")
    assert result.state.turns[-1].user.startswith("find")


def test_too_much_is_refused(tmp_path):
    agent = fake_agent(tmp_path)
    with pytest.raises(TooLargeError):
        agent.turn(START, "a" * (MAX_TEXT + 1))
    with pytest.raises(TooLargeError):
        agent.turn(START, "x", [Attachment("a.npz", b"x")] * 11)


def test_conversations_do_not_mix(tmp_path):
    agent = Agent(fake_agent(tmp_path).toolbox)
    one = agent.turn(START, "tree pose").state
    other = agent.turn(START, "mountain").state
    assert one.poses[0].title != other.poses[0].title
    assert len(START.poses) == 0
    again = agent.turn(one, "mirror it").state
    assert len(one.poses) == 1
    assert len(again.poses) == 2


# --- the default back end over a whole conversation -----------------------------------------------------------------

LINES = (
    ("Hello!", ()),
    ("Show me the tree pose.", ("generate",)),
    ("What pose is this?", ("name",)),
    ("lower the left arm", ("edit",)),
    ("now the other one too", ("edit",)),
    ("Set the left elbow to 90 degrees.", ("edit",)),
    ("what angle is the left elbow at?", ("ask",)),
    ("and the right elbow?", ("ask",)),
    ("undo that", ("undo",)),
    ("redo", ("redo",)),
    ("mirror it", ("mirror",)),
    ("find poses like this", ("search",)),
    ("the second one", ("choose",)),
    ("describe it", ("describe",)),
    ("compare it with pose 1", ("compare",)),
    ("something halfway between pose 1 and pose 2", ("blend",)),
    ("warrior two", ("generate",)),
    ("make it three", ("generate",)),
    ("which of them has the knee lower?", ("ask",)),
    ("set left knee flexion to 45 degrees", ("set_angle",)),
    ("put it on the floor", ("ground",)),
    ("give it to me as BVH", ("export",)),
    ("find a tree pose, raise the left arm and give it to me as npz", ("search", "edit", "export")),
    ("is she standing on one leg?", ("ask",)),
    ("what's the weather like?", ()),
    ("how did you get this?", ()),
    ("which poses do we have?", ()),
    ("thanks!", ()),
)


def test_a_conversation_over_all_abilities(tmp_path):
    agent = fake_agent(tmp_path)
    state = START
    for line, tools in LINES:
        result = agent.turn(state, line)
        state = result.state
        assert tuple(step.name for step in result.tools) == tools, line
        assert not any(step.failed for step in result.tools), (line, result.tools)
        assert result.reply, line
        assert len(result.reply) < 900, line
    assert len(state.turns) == len(LINES)
    assert len({item.number for item in state.poses}) == len(state.poses)


def test_the_same_conversation_gives_the_same_words(tmp_path):
    def replies(agent):
        state, said = START, []
        for line, _ in LINES[:9]:
            result = agent.turn(state, line)
            state = result.state
            said.append(result.reply)
        return said

    assert replies(fake_agent(tmp_path)) == replies(fake_agent(tmp_path))


def test_other_poses_are_drawn_when_asked_again(tmp_path):
    generator = AtlasGenerator()
    agent = fake_agent(tmp_path, generator=generator)
    state = agent.turn(START, "tree pose").state
    agent.turn(state, "another one")
    (_, _, first), (text, _, second) = generator.asked
    assert text == "tree pose"
    assert first != second


def test_the_back_end_that_is_slow_to_open_is_opened_once():
    parts = fake_parts()
    assert parts.answerer is parts.answerer
    assert parts.spotter is parts.spotter
    assert isinstance(Call((ToolCall("undo"),)).calls, tuple)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate"
        ),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
    ],
)
def test_a_request_that_runs_out_of_memory_dies_and_the_conversation_lives(tmp_path, tree, error):
    class Dies(AtlasGenerator):
        def generate(self, text, **options):
            raise error

    agent = fake_agent(tmp_path, generator=Dies())
    result = agent.turn(tree, "warrior two")
    assert "too large for the memory" in result.reply
    assert "is kept" in result.reply
    assert [step.failed for step in result.tools] == [True], "nothing else is tried"
    assert [item.name for item in result.state.poses] == ["pose 1"]
    mirrored = agent.turn(result.state, "mirror it")
    assert mirrored.state.current == 2
    assert len(mirrored.state.turns) == len(tree.turns) + 2
    told = fake_agent(tmp_path, Scripted(call("generate", prompt="x"), Say("That was too much.")), generator=Dies())
    assert told.turn(tree, "warrior two").reply == "That was too much.", "a model is told, and may answer"


def test_bugs_are_raised(tmp_path, tree):
    class Broken(AtlasGenerator):
        def generate(self, text, **options):
            raise RuntimeError("shapes don't match")

    with pytest.raises(RuntimeError, match="shapes"):
        fake_agent(tmp_path, generator=Broken()).turn(tree, "warrior two")
