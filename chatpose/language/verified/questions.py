"""Questions about one pose, answered from its geometry: yes or no, which side, how much, where, what.

    >>> answer_question("Is the left knee bent?", pose, describer).text               # doctest: +SKIP
    'Yes, the inner angle at the left knee is 92° (180° is straight), so it is bent by 88°.'

Conventions: an *angle* at elbow, knee or hip is the inner one (180° straight), *how much it is bent* is 180° less that;
how far an arm is raised is the angle between trunk and upper arm; distances are between joints, heights above the
floor under the body's lowest skin. The answer starts with the plain answer, then says what was measured. What is
nearly equal is said to be, and still decided.
"""

import re

from chatpose.atlas.naming import Namer
from chatpose.body.pose import Pose
from chatpose.language.verified.question_answer import Answered
from chatpose.language.verified.question_facts import PoseFacts
from chatpose.language.verified.question_readers import ABOUT_MORE, NOT_IN_POSE, NOT_READ, READERS
from chatpose.language.verified.question_sides import told_apart
from chatpose.language.verified.question_text import plain_question, split_questions
from chatpose.language.verified.question_yes_no import (
    Answering,
    ReadsSentences,
)
from chatpose.posecodes.describe import Describer

_TAG = re.compile(
    r"\s*,\s*(?:right|correct|is(?: not)? (?:it|that so|they)|are(?: not)? they|yes|no|true(?: or "
    r"not)?|does(?: not)? it|do(?: not)? they)\s*(?:it|they)?$"
)


class QuestionAnswerer:
    """Answers questions about poses of one body; parser and names are loaded when first needed.

    Args:
        describer: measures and describes.
        parser: reads statements that the tables here don't know; the shipped one when absent.
        namer: knows what poses are called; that of the shipped atlas when absent.
    """

    def __init__(self, describer: Describer, parser: ReadsSentences | None = None, namer: Namer | None = None) -> None:
        self.describer = describer
        self._parser = parser
        self._namer = namer

    def answer(self, question: str, pose: Pose) -> Answered:
        """Answers one question, or several in one text.

        Args:
            question: free English.
            pose: one, of the describer's body.

        Raises:
            InvalidPoseError: a batch, or numbers that are no pose.
        """
        facts = PoseFacts(pose, self.describer)
        asked = split_questions(question)
        if not asked:
            return Answered(question, "There is no question in this.")
        answers = [self._one(one, facts) for one in asked]
        if len(answers) == 1:
            return answers[0]
        first = next((one for one in answers if one.understood), answers[0])
        text = "\n".join(f"{number}) {one.text}" for number, one in enumerate(answers, 1))
        certain = all(one.certain for one in answers)
        return Answered(question, text, first.value, first.unit, first.measure, first.measured, certain)

    def _one(self, question: str, facts: PoseFacts) -> Answered:
        text = plain_question(question)
        text = told_apart(_TAG.sub("", text), facts)
        using = Answering(facts, self._sentences)
        for reader in READERS:
            if (answer := reader(self.namer, question, text, using)) is not None:
                return answer
        if ABOUT_MORE.search(text):
            return Answered(question, NOT_IN_POSE)
        return Answered(question, NOT_READ, certain=False)

    def _sentences(self) -> ReadsSentences | None:
        if self._parser is None:
            from chatpose.posecodes.parsing.parser import SentenceParser

            self._parser = SentenceParser()
        return self._parser

    def namer(self) -> Namer:
        """The one that is given, or the shipped atlas's."""
        if self._namer is None:
            self._namer = Namer(describer=self.describer)
        return self._namer


def answer_question(question: str, pose: Pose, describer: Describer) -> Answered:
    """Answers one question; for many, keep a `QuestionAnswerer`."""
    return QuestionAnswerer(describer).answer(question, pose)
