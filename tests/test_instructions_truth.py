"""What generators of conversations say about poses, measured anew on the poses: a thousand conversations a task."""

import re
from collections import defaultdict

import pytest
import torch
from instruction_banks import small_bank

from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis
from chatpose.corpus.instructions.adjusting import ADJUSTERS
from chatpose.corpus.instructions.bank import HEADING_BINS
from chatpose.corpus.instructions.chance import chance_of
from chatpose.corpus.instructions.change import EditPose, change_request
from chatpose.corpus.instructions.messages import ImagePart, PlanPart, PosePart, TextPart, ToolCall, ToolResult
from chatpose.corpus.instructions.mixture import TASKS
from chatpose.corpus.instructions.parts import PARTS, joint_indices
from chatpose.corpus.instructions.told import Changed, Differs, Holds, More, Named, Reads, Turned
from chatpose.corpus.instructions.tools import tool
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.grammar import measures_by_name, parse
from chatpose.posecodes.lexicon import lexicon
from chatpose.posecodes.posecode import Condition, Posecode

DRAWS = 1000
HAIR = 2e-3
"""Degrees (or 2 mm) that two ways to batch the same sums may differ by."""


class Truth:
    """Measures the poses of a bank by itself, whatever the bank says of them."""

    def __init__(self, bank):
        self.bank = bank
        self.poses = Pose.from_rotations(torch.from_numpy(bank.rotations[:].copy()))
        self.describer = Describer()
        self.points, self.gaps = self.describer.measure(self.poses)
        self._margins, self._values = {}, {}

    def margins(self, lines):
        """Measures statements that weren't measured yet, all at once."""
        new = [line for line in dict.fromkeys(lines) if line not in self._margins]
        if new:
            statements = [parse(line) for line in new]
            codes = tuple(dict.fromkeys(one.code for one in statements))
            found = extract(self.points, codes, self.gaps).margins
            column = {code: number for number, code in enumerate(codes)}
            for line, one in zip(new, statements, strict=True):
                self._margins[line] = found[:, column[one.code]] * (-1 if one.negated else 1)

    def margin(self, row, line):
        return float(self._margins[line][row])

    def value(self, row, measure):
        if measure not in self._values:
            code = Posecode("", measure, "range", ((Condition(measures_by_name()[measure], -1e9, 1e9),),))
            self._values[measure] = extract(self.points, (code,), self.gaps).values[:, 0]
        return float(self._values[measure][row])


@pytest.fixture(scope="module")
def truth():
    return Truth(small_bank())


@pytest.fixture(scope="module")
def told(truth):
    """Conversations by task."""
    return {
        name: [task.tell(truth.bank, chance_of(11, number)) for number in range(DRAWS)] for name, task in TASKS.items()
    }


def texts(told, role="assistant"):
    return "\n".join(
        part.text
        for message in told.conversation.messages
        if message.role == role
        for part in message.parts
        if isinstance(part, TextPart)
    )


@pytest.mark.parametrize("task", list(TASKS))
def test_what_is_said_holds(truth, told, task):
    truth.margins(claim.line for one in told[task] for claim in one.claims if isinstance(claim, Holds))
    wrong, seen = [], 0
    for one in told[task]:
        for claim in one.claims:
            if isinstance(claim, Holds):
                margin = truth.margin(claim.row, claim.line)
                if not (margin >= -HAIR if claim.holds else margin < 0):
                    wrong.append((claim, margin))
                seen += 1
    assert not wrong[:3], len(wrong)
    assert seen > DRAWS / 3 or task in ("no pose", "contradiction", "impossible")


@pytest.mark.parametrize("task", list(TASKS))
def test_numbers_comparisons_and_names(truth, told, task):
    for one in told[task]:
        said = texts(one) + texts(one, "user")
        for claim in one.claims:
            if isinstance(claim, Reads):
                value = truth.value(claim.row, claim.measure) * (100 if claim.unit == "cm" else 1)
                assert abs(value - claim.value) <= claim.within + HAIR, claim
                assert re.search(rf"(?<!\d){abs(claim.value):g}(?!\d)", said), claim
            elif isinstance(claim, More):
                gap = truth.value(claim.row, claim.measure)
                gap -= truth.value(claim.other_row, claim.other)
                assert gap >= claim.least - HAIR, claim
            elif isinstance(claim, Named):
                entry = truth.bank.head.entries[claim.entry]
                claims = entry.mirrored_claims if truth.bank.mirrored[claim.row] else entry.claims
                truth.margins(claims)
                assert all(truth.margin(claim.row, line) >= -HAIR for line in claims), claim


def test_differences_are_told_as_they_are(truth, told):
    claims = [(one, claim) for several in told.values() for one in several for claim in one.claims]
    claims = [(one, claim) for one, claim in claims if isinstance(claim, Differs)]
    assert len(claims) > 300
    pairs = list(dict.fromkeys((claim.before, claim.after) for _, claim in claims))
    first, second = (truth.poses[torch.tensor(rows)] for rows in zip(*pairs, strict=True))
    known = [truth.describer.compare_all(first, second, seed) for seed in (0, 1)]
    texts_of = {pair: {both[place].text for both in known} for place, pair in enumerate(pairs)}
    for one, claim in claims:
        assert claim.text in texts_of[claim.before, claim.after]
        assert claim.text in texts(one)


@pytest.mark.parametrize("task", list(TASKS))
def test_plans_stand_before_poses_that_fulfil_them(truth, told, task):
    plans = [
        (plan, one)
        for one in told[task]
        for message in one.conversation.messages
        for plan in message.parts
        if isinstance(plan, PlanPart)
    ]
    truth.margins(line for plan, _ in plans for line in plan.statements)
    for one in told[task]:
        for message in one.conversation.messages:
            for plan, pose in zip(message.parts, message.parts[1:], strict=False):
                if not isinstance(plan, PlanPart):
                    continue
                assert isinstance(pose, PosePart)
                row, _ = truth.bank.find(pose.pose)
                # Two rows may have the same body; the one that the claims speak of is meant.
                rows = {claim.row for claim in one.claims if isinstance(claim, Holds)} | {row}
                assert any(all(truth.margin(r, line) >= -HAIR for line in plan.statements) for r in rows)
                assert len(set(plan.statements)) == len(plan.statements) > 0


def test_every_new_pose_of_the_assistant_has_a_plan(told):
    turned = 0
    for several in told.values():
        for one in several:
            turned += sum(isinstance(claim, Turned) for claim in one.claims)
            for message in one.conversation.messages:
                if message.role == "assistant" and any(isinstance(part, PosePart) for part in message.parts):
                    kinds = [type(part) for part in message.parts]
                    if not any(isinstance(claim, Turned) for claim in one.claims):
                        assert PlanPart in kinds or one.conversation.task in NO_PLAN
    assert turned


NO_PLAN = ("photo", "several poses", "talk", "text to pose", "pose with words")
"""Tasks in which a pose that nothing clear can be said of may come without a plan."""


def test_poses_without_a_plan_are_rare(told):
    for name in NO_PLAN:
        poses = without = 0
        for one in told[name]:
            for message in one.conversation.messages:
                if message.role == "assistant":
                    count = sum(isinstance(part, PosePart) for part in message.parts)
                    poses += count
                    without += count - sum(isinstance(part, PlanPart) for part in message.parts)
        assert without <= 0.02 * poses, name


def test_edits_change_what_they_say_and_nothing_else(truth, told):
    count = 0
    for one in (*told["edit"], *told["talk"], *told["tools"]):
        for claim in one.claims:
            if isinstance(claim, Changed):
                before, after = (truth.bank.rotations[row] for row in (claim.before, claim.after))
                same = [joint for part in PARTS if part not in claim.parts for joint in joint_indices(part)]
                if claim.parts:
                    assert (before[same] == after[same]).all()
                for part in claim.parts if "root" not in claim.parts else ():
                    assert (before[joint_indices(part)] != after[joint_indices(part)]).any(), (claim, part)
                count += 1
    assert count > DRAWS


def test_edited_parts_are_the_parts_that_are_written(truth, told):
    for one in told["edit"]:
        (changed,) = [claim for claim in one.claims if isinstance(claim, Changed)] or [None]
        pose = next(part for part in one.conversation.messages[-1].parts if isinstance(part, PosePart))
        if changed is None:
            assert pose.parts == ("root",)
            continue
        assert pose.parts == changed.parts
        assert (pose.pose.body_pose.numpy() == truth.bank.rotations[changed.after, 1:]).all()


def test_turns_of_the_whole_body(truth, told):
    claims = [(one, claim) for one in told["edit"] for claim in one.claims if isinstance(claim, Turned)]
    assert len(claims) > 20
    for one, claim in claims:
        first, second = [pose for message in one.conversation.messages for pose in message.poses()]
        turn = 2 * torch.pi * ((claim.after - claim.before) % HEADING_BINS) / HEADING_BINS
        torch.testing.assert_close(second.global_orient, about_axis("y", torch.tensor(turn)) @ first.global_orient)
        assert torch.equal(first.body_pose, second.body_pose)
        asked = texts(one, "user").lower()
        left = 0 < (claim.after - claim.before) % HEADING_BINS < HEADING_BINS // 2
        if "left" in asked or "right" in asked:
            assert ("left" in asked) == left


# --- words, read by rules of this test -------------------------------------------------------------------------------

UP = {
    "arm": r"\b(rais|lift|up\b|higher|take|bring the|move|get the|too low)",
    "leg": r"\b(rais|lift|up\b|higher)",
    "knee": r"\b(bend|flex|fold)",
    "elbow": r"\b(bend|flex|fold|close)",
    "head turn": r"\bleft\b",
    "head tilt": r"\bleft\b",
    "side": r"\bleft\b",
    "twist": r"\bleft\b",
    "feet": r"\b(apart|widen|broaden|wider|spread)\b",
    "hands": r"\b(apart|open|more (room|space))\b",
    "lean": r"\bforward\b",
    "head nod": r"\b(lower|bow|drop|down|forward|sink|hang|to the chest|tip the (head|chin))",
    "crouch": r"\b(sink|go|get|crouch|squat|lower|drop|down|bend)\b",
}
DOWN = {
    "arm": r"\b(lower|drop|down|sink|come|too high)",
    "leg": r"\b(lower|drop|down|too high)",
    "knee": r"\b(straighten|extend|open|unbend|stretch|less bent|some bend out|less bend)",
    "elbow": r"\b(straighten|extend|open|unbend|stretch|less bent|unfold|less bend)",
    "head turn": r"\bright\b",
    "head tilt": r"\bright\b",
    "side": r"\bright\b",
    "twist": r"\bright\b",
    "feet": r"\b(closer|nearer|narrow|narrower)\b",
    "hands": r"\b(closer|nearer|close|less (room|space))\b",
    "lean": r"\b(back|up)\b",
    "head nod": r"\b(raise|lift|back|up|higher)\b",
    "crouch": r"\b(stand|come|rise|raise|lift|higher|up|straighten)\b",
}


def test_relative_requests_say_the_direction_of_the_change(truth):
    bank, seen = truth.bank, defaultdict(set)
    for number in bank.changed["more"].items.tolist():
        change = bank.change(number)
        name, _, side = change.note.partition("|")
        measure = ADJUSTERS[name].measure_of(side)
        upward = (truth.value(change.after, measure) - truth.value(change.before, measure)) * ADJUSTERS[name].grows > 0
        for seed in range(4):
            text, _ = change_request(bank, change, chance_of(seed, number))
            if re.search(r"\d", text) and not re.search(r"more|less|further|by|lean", text):
                continue  # "left knee at 90°" says no direction
            wanted = (UP if upward else DOWN)[name]
            assert re.search(wanted, text.lower()), (text, name, upward)
            if side:
                assert side in text.lower(), text
                assert {"left": "right", "right": "left"}[side] not in text.lower(), text
            seen[name].add(upward)
    assert all(len(both) == 2 for name, both in seen.items() if name != "leg"), seen


def test_words_mean_the_statements_that_they_claim(told):
    """Every clause that a claim points at is one of the wordings of just that statement."""
    means = defaultdict(set)
    for entry in lexicon():
        for wording in entry.alone:
            subjects = [f"the {wording.subject}"] if wording.subject else ["the person", "the figure", "this person"]
            verb = "are" if wording.plural else "is"
            for subject in subjects:
                rest = wording.complement.replace("{d}", "their")
                means[f"{subject} {verb} {rest}"].add((entry.code.name, True))
                means[f"{subject} {verb}n't {rest}"].add((entry.code.name, False))
    read = 0
    for several in told.values():
        for one in several:
            said = (texts(one) + str(results(one))).lower()
            for claim in one.claims:
                if isinstance(claim, Holds) and claim.words:
                    assert claim.words.lower() in said or claim.words in str(results(one)), claim
                    if claim.words in means:
                        assert (claim.line, claim.holds) in means[claim.words], claim
                        read += 1
    assert read > 1000


def results(told):
    return [
        part.content for message in told.conversation.messages for part in message.parts if isinstance(part, ToolResult)
    ]


def test_yes_and_no_agree_with_the_claims(told):
    count = {True: 0, False: 0}
    for one in told["questions"]:
        asked = one.conversation.messages[0].text
        answer = one.conversation.messages[1].text
        if (
            len(one.conversation.messages) > 2
            or "1)" in asked
            or not re.match(r"(Yes|No|Not really)[,.: ](?!clear)", answer)
        ):
            continue
        first = next(claim for claim in one.claims if isinstance(claim, Holds))
        if "floor" in asked or "ground" in asked or "down" in asked or not first.words:
            continue
        assert first.holds == answer.startswith("Yes"), (asked, answer)
        count[answer.startswith("Yes")] += 1
    assert min(count.values()) > 25


@pytest.mark.parametrize("task", list(TASKS))
def test_tools_are_called_as_their_schemas_say(told, task):
    for one in told[task]:
        called = None
        for message in one.conversation.messages:
            for part in message.parts:
                if isinstance(part, ToolCall):
                    assert part.name in one.conversation.tools
                    tool(part.name).check(part.arguments)
                    called = part.name
                elif isinstance(part, ToolResult):
                    assert part.name == called


def test_all_tools_are_called(told):
    called = {
        part.name
        for one in told["tools"]
        for message in one.conversation.messages
        for part in message.parts
        if isinstance(part, ToolCall)
    }
    assert called >= {"describe", "name", "generate", "edit", "compare", "search", "estimate", "mirror", "blend",
                      "set_angle", "ground", "export", "undo"}  # fmt: skip


def test_photos_come_with_the_pose_in_them(truth, told):
    for one in told["photo"]:
        image = next(p for m in one.conversation.messages for p in m.parts if isinstance(p, ImagePart))
        assert image.pixels.ndim == 3
        found = truth.bank.find(image.pose)
        assert found is not None
        poses = [p.pose for m in one.conversation.messages for p in m.parts if isinstance(p, PosePart)]
        assert all(torch.equal(pose.local_rotations, image.pose.local_rotations) for pose in poses)


def test_an_edit_needs_changes():
    assert EditPose().possible(small_bank())
