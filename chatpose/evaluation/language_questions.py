"""Questions about start poses, judged by the folder's own judge."""

from typing import Protocol

from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError
from chatpose.evaluation.language_folder import EvaluationFolder
from chatpose.evaluation.language_methods import Bar
from chatpose.evaluation.language_rows import RIGHT, Row
from chatpose.language.verified.questions import Answered

GUESSES = ("Yes.", "Left.")
"""Answers that are given to everything, to compare with."""


class Answers(Protocol):
    """What answers questions; `QuestionAnswerer` does."""

    def answer(self, question: str, pose: Pose) -> Answered:
        """One question about one pose."""
        ...


def question_rows(folder: EvaluationFolder, answerer: Answers, bar: Bar) -> list[Row]:
    """By kind and in all, beside answers that look at nothing."""
    asked, starts = folder.questions(), folder.starts()
    answers, unread = [], 0
    for text, one in zip(bar([one.text for one in asked], "answers"), asked, strict=True):
        found = _guarded(answerer, text, starts[one.start])
        unread += found is None or not found.understood
        answers.append("" if found is None else found.text)
    rows = []
    for kind in (*dict.fromkeys(one.kind for one in asked), ""):
        places = [place for place, one in enumerate(asked) if kind in ("", one.kind)]
        some = [asked[place] for place in places]
        what = f"questions, {kind}" if kind else "questions"
        given = {"answers": [answers[place] for place in places]}
        given |= {f"always “{guess}”": [guess] * len(some) for guess in GUESSES if not kind}
        for name, row in given.items():
            right = folder.judge_questions(some, row)
            note = f"{unread} not understood" if name == "answers" and not kind and unread else ""
            rows.append(Row(what, name, len(some), {RIGHT: 100 * right / len(some) if some else float("nan")}, note))
    return rows


def _guarded(answerer: Answers, text: str, pose: Pose) -> Answered | None:
    try:
        return answerer.answer(text, pose)
    except ChatposeError:
        return None
    except Exception:  # a question that fails counts as wrong and doesn't stop the run
        return None
