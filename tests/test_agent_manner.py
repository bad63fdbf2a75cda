"""How people talk: follow-ups, slips, moods, names, anger, lists; the classes of what was once misread."""

import pytest
import torch
from agent_fakes import fake_agent, fake_parts
from test_agent_intent import JOINTS, STATES

from chatpose.agent import saved
from chatpose.agent.intent import AskReader
from chatpose.agent.intent_manner import MOODS, mood_change
from chatpose.agent.intent_words import spelled
from chatpose.agent.items import PoseItem
from chatpose.agent.sayings import SAYINGS
from chatpose.agent.state import ConversationState
from chatpose.agent.truth import TruthChecker
from chatpose.body.pose import Pose
from chatpose.language.verified.editor import Editor
from chatpose.posecodes.instructions.reader import InstructionReader


@pytest.fixture(scope="module")
def parts():
    return fake_parts()


@pytest.fixture(scope="module")
def reader(parts) -> AskReader:
    return AskReader(parts)


def asked(reader, where, text):
    return [(ask.tool or ask.kind, dict(ask.arguments)) for ask in reader.read(text, STATES[where])]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("her rigth arm shoud be hihger", "her right arm should be higher"),
        ("whats the diference betwen them", "what's the difference between them"),
        ("teh lefft elbw", "the left elbow"),
        ("call it 'teh lefft'", "call it 'teh lefft'"),
        ("look at @rigth.png", "look at @rigth.png"),
        ("an expert in starch, seconds later", "an expert in starch, seconds later"),
        ("mirroring, compared, describes, pictures", "mirroring, compared, describes, pictures"),
    ],
)
def test_slips_are_put_right_and_other_words_stay(text, right):
    assert spelled(text) == right


@pytest.mark.parametrize(
    ("where", "text", "found"),
    [
        ("one", "no, the other hand on the hip", [("edit", "the other hand on the hip")]),
        ("one", "her right arm shoud be higher", [("edit", "her right arm should be higher")]),
        ("one", "look, she should bend more", [("edit", "she should bend more")]),
        ("one", "look up", [("edit", "look up")]),
        ("one", "this sucks, the left arm should be higher", [("edit", "the left arm should be higher")]),
        ("one", "lol nice. make it funnier", [("edit", "funnier")]),
        ("one", "bow pose", [("generate", "bow pose")]),
        ("one", "a bit more", [("nothing to go on with", None)]),
        ("one", "that's too much", [("nothing to go on with", None)]),
        ("one", "keep that one, name it 'guard'", [("keep", None), ("rename", "guard")]),
        ("one", "call this one the thinker", [("rename", "the thinker")]),
        ("one", "rename pose 1 to slash", [("rename", "slash")]),
        ("one", "save it as 'my pose'", [("rename", "my pose")]),
        ("one", "save it as png", [("export", "png")]),
        ("one", "name this pose", [("name", None)]),
        ("three", "delete pose 3", [("remove", None)]),
        ("one", "start over", [("clear", None)]),
        ("three", "show me both", [("describe", None)]),
        ("one", "show me something similar", [("search", None)]),
        ("one", "what else is similar?", [("search", None)]),
        ("one", "what else is similar to eagle pose?", [("search", "eagle pose")]),
        ("nothing", "show me triangle pose and tree pose", [("generate", "triangle pose"), ("generate", "tree pose")]),
        ("nothing", "a squat and a lunge", [("generate", "a squat"), ("generate", "a lunge")]),
        ("nothing", "standing and waving", [("generate", "standing and waving")]),
        ("nothing", "idle and walk poses for a zombie",
         [("generate", "idle pose for a zombie"), ("generate", "walk pose for a zombie")]),
        ("one", "what would I need to change to get to downward dog?",
         [("generate", "downward dog"), ("compare", None)]),
        ("nothing", "compare a squat with a lunge",
         [("generate", "a squat"), ("generate", "a lunge"), ("compare", None)]),
        ("found", "the first one looks right. describe it", [("choose", None), ("describe", None)]),
        ("one", "what is the angle of the left elbow and the right shoulder?",
         [("ask", "what is the angle of the left elbow?"), ("ask", "what is the angle of the right shoulder?")]),
        ("asked", "no, the feet", [("ask", "how far apart are the feet?")]),
        ("three", "which one is harder?", [("beyond", None)]),
        ("one", "what muscles does this stretch?", [("beyond", None)]),
        ("one", "what is this pose good for?", [("beyond", None)]),
        ("one", "why?", [("how so", None)]),
        ("one", "why not?", [("how so", None)]),
        ("one", "how tall is he?", [("shape", None)]),
        ("one", "make him taller", [("shape", None)]),
        ("one", "are you an AI?", [("who", None)]),
        ("one", "this is useless, you idiot", [("rude", None)]),
        ("nothing", "a dumb waiter", [("generate", "a dumb waiter")]),
        ("one", "no", [("not so", None)]),
        ("one", "that's not what I meant", [("not so", None)]),
        ("one", "yes", [("okay", None)]),
        ("one", "thx bro", [("thanks", None)]),
        ("one", "what is this?", [("name", None)]),
        ("nothing", "what is this?", [("help", None)]),
        ("nothing", "hi there, I'm drawing a comic", [("introduced", None)]),
        ("nothing", "Good evening, I teach yoga for seniors", [("introduced", None)]),
        ("nothing", "I'm an animator and I need a tree pose", [("generate", "a tree pose")]),
        ("one", "is this safe for bad knees?", [("beyond", None)]),
        ("one", "could she sit up straighter?", [("edit", "sit up straighter")]),
        ("one", "is the left knee bent more?", [("ask", "is the left knee bent more?")]),
        ("one", "undo undo", [("undo", None), ("undo", None)]),
        ("one", "no wait redo", [("redo", None)]),
        ("one", "find similar ones but with the arms up", [("search", None)]),
        ("three", "60% towards pose 1", [("blend", None)]),
        ("three", "export everything", [("export", "npz")]),
        ("one", "export as fbx", [("no such format", None)]),
        ("one", "save it as fbx", [("no such format", None)]),
        ("one", "I want him to look at the viewer", [("edit", "look at the viewer")]),
        ("one", "show me 3 more like this", [("search", None)]),
        ("one", "ok that's enough", [("okay", None)]),
        ("one", "that is not a twist", [("not so", None)]),
        ("one", "give me something easier", [("beyond", None)]),
    ],
)  # fmt: skip
def test_what_people_say(reader, where, text, found):
    got = []
    for name, arguments in asked(reader, where, text):
        words = [arguments[key] for key in ("instruction", "prompt", "question", "name", "query", "format")
                 if key in arguments]  # fmt: skip
        got.append((name, words[0] if words else None))
    assert got == found


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("what's the difference between 1 and 3?", "number 1", "number 3"),
        ("blend title 1 and pose 2 half and half", "pose 1", "pose 2"),
        ("mix 2 and pose 3, 30%", "number 2", "pose 3"),
    ],
)
def test_two_poses_by_number_or_title(reader, text, first, second):
    ((_, arguments),) = asked(reader, "three", text)
    assert (arguments["first"], arguments["second"]) == (first, second)


def test_a_name_that_the_person_gave_is_known_from_then_on(tmp_path):
    agent = fake_agent(tmp_path)
    state = agent.turn(agent.turn(ConversationState(), "tree pose").state, "warrior two").state
    result = agent.turn(state, "keep that one, name it 'guard'")
    assert result.state.current_pose.title == "guard"
    assert agent.turn(result.state, "undo").state.current_pose.title == "warrior 2"
    again = saved.loads(saved.dumps(result.state).encode())
    assert again.current_pose.title == "guard"
    state = agent.turn(again, "show me pose 1").state
    assert agent.turn(state, "show me guard").state.current == 2
    blended = agent.turn(state, "blend 1 and guard, 30%")
    assert blended.tools[-1].arguments == {"first": "number 1", "second": "pose 2", "share": 0.3}
    assert "guard" in agent.turn(state, "which poses do we have?").reply


def test_people_of_the_conversation_are_known_by_what_they_were_called(reader):
    made = [PoseItem(number, words, Pose.identity(), JOINTS, "generated", prompt=words)
            for number, words in ((1, "a hero, kneeling"), (2, "the villain: a man laughing"))]  # fmt: skip
    state = ConversationState().add_poses(made)

    def first(text):
        ask = reader.read(text, state)[0]
        return ask.tool, dict(ask.arguments)

    assert first("make the villain lean back more") == ("edit", {"pose": "pose 2", "instruction": "lean back more"})
    compared = ("compare", {"first": "pose 2", "second": "pose 1"})
    assert first("how do I get from the villain to the hero?") == compared
    assert first("raise the left arm")[1]["pose"] == "it"


def test_poses_are_taken_out_and_come_back(tmp_path):
    agent = fake_agent(tmp_path)
    state = agent.turn(ConversationState(), "show me tree pose and warrior two").state
    assert state.now.group == (1, 2), "asked for one by one, they came together"
    one = agent.turn(state, "delete pose 2").state
    assert [item.number for item in one.poses] == [1]
    assert one.current == 1
    none = agent.turn(one, "start over").state
    assert not none.poses
    assert [ask.kind for ask in AskReader(agent.toolbox.parts).read("another one", none)] == ["no pose"]
    back = agent.turn(agent.turn(none, "undo").state, "undo").state
    assert [item.number for item in back.poses] == [1, 2]
    assert agent.turn(none, "warrior two").state.current == 3, "numbers are never given twice"


def test_the_other_arm_does_what_was_meant_and_not_what_was_taken_back(tmp_path, parts):
    body = parts.body
    agent = fake_agent(tmp_path, editor=Editor(body, reader=InstructionReader(body, parts.parser)))
    state = agent.turn(ConversationState(), "warrior two").state
    for line in ("raise the left arm a bit", "that's too much", "the other arm too"):
        before, state = state.current_pose, agent.turn(state, line).state
    hand = 23  # the right one
    assert float(state.current_pose.joints[hand, 1] - before.joints[hand, 1]) > 0.01
    count = len(state.poses)
    assert len(agent.turn(state, "put her on the floor").state.poses) == count, "no copy of what is there already"


def test_which_one_is_nearer_to_what_has_a_name(tmp_path):
    agent = fake_agent(tmp_path)
    state = agent.turn(ConversationState(), "show me warrior two and mountain pose").state
    nearer = agent.turn(state, "which one is nearer to warrior two?").reply
    assert nearer.startswith("Pose 1 is nearest to warrior 2: the joints are 0 mm")
    lower = agent.turn(state, "which one is nearer to the ground?").reply
    assert lower.startswith("Pose 1: the pelvis is")


def test_how_it_came_about_is_told_from_the_beginning(tmp_path):
    agent = fake_agent(tmp_path)
    state = agent.turn(agent.turn(ConversationState(), "tree pose").state, "mirror it").state
    reply = agent.turn(state, "how did you get this?").reply
    assert "made from “tree pose” (pose 1), then mirrored (pose 2)" in reply
    state = agent.turn(state, "blend it with pose 9").state
    assert "It didn't work: " in agent.turn(state, "why not?").reply


def test_yes_takes_up_what_was_offered(tmp_path):
    class Nothing:
        def search(self, query):
            return []

    agent = fake_agent(tmp_path, searcher=Nothing())
    result = agent.turn(ConversationState(), "find tree pose")
    for number in range(12):
        result = agent.turn(ConversationState(), f"find tree pose{'!' * number}")
        if "Shall I make it?" in result.reply or "I can make one instead" in result.reply:
            break
    assert agent.turn(result.state, "yes please").state.current_pose.names[0] == "tree pose"


def test_sayings_say_nothing_about_a_pose(tmp_path, parts):
    agent = fake_agent(tmp_path)
    state = agent.turn(ConversationState(), "warrior two").state
    for number, text in enumerate(("what's the weather today?", "what muscles does this stretch?", "are you an AI?",
                                   "how tall is he?", "tell me a joke", "make her happier")):  # fmt: skip
        result = agent.turn(state, text)
        assert not [step for step in result.tools if step.kind == "truth"], (number, result.reply)
        assert "Measured, " not in result.reply
    checker = TruthChecker(parts)
    told = "The person is sitting on a chair."
    assert checker.contradiction(told, [state.current_pose]) is not None, "the check itself is as strict as before"
    assert all(ways and all(ways) for sentences in SAYINGS.values() for ways in sentences)


def test_what_is_proposed_for_a_mood_is_an_instruction_that_is_read(parts):
    reader = InstructionReader(parts.body, parts.parser)
    for _, change in MOODS:
        plan = reader.read(change, Pose.identity())
        assert plan.changes, change
        assert not plan.unread, (change, plan.unread)
    assert mood_change("a bit happier") == MOODS[0][1]
    assert torch.isfinite(Pose.identity().body_pose).all()
