"""The words that chatpose-nano has beside MiniLM's: turns, plans, and every statement as one token.

A plan's lines begin with the line break before them, so that "standing" in what people write stays a word:

    <plan>⏎standing⏎left elbow: right angle⏎</plan>      is 4 tokens
"""

from functools import cache

from chatpose.posecodes.definitions import all_posecodes

SYSTEM, USER, ASSISTANT, END_OF_TURN = "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"
TURN_WORDS = (SYSTEM, USER, ASSISTANT, END_OF_TURN)
BEGIN_PLAN, END_PLAN = "<plan>", "\n</plan>"
MARKS = (*TURN_WORDS, BEGIN_PLAN, END_PLAN)
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('no role ' + message.role) }}"
    "{% endif %}"
    "{{ '<|' + message.role + '|>' + message.content + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)  # fmt: skip
"""The chat template, in Jinja."""


@cache
def own_words() -> tuple[str, ...]:
    """All of them, in the order of their ids: marks, statements, denials."""
    names = [code.name for code in all_posecodes()]
    return (*MARKS, *(f"\n{name}" for name in names), *(f"\nnot: {name}" for name in names))


def claim_place(claim: int) -> int:
    """Place among the own words of a statement's number; `~number` is its denial."""
    count = len(all_posecodes())
    return len(MARKS) + (claim if claim >= 0 else count + ~claim)


def claim_at(place: int) -> int | None:
    """The statement's number of a place among the own words; None for a mark."""
    count = len(all_posecodes())
    place -= len(MARKS)
    if not 0 <= place < 2 * count:
        return None
    return place if place < count else ~(place - count)
