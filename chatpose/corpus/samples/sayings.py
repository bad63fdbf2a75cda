"""The phrasebook's wordings by the numbers of what they claim: its training part, or the part that is kept for testing.

Never both: a book is of one part, and texts are written from one book.
"""

from functools import cached_property, lru_cache

from chatpose.corpus.instructions.bank import KeptNames
from chatpose.corpus.samples.claims import claim_line, claim_of_line, mirrored_claim
from chatpose.corpus.samples.clauses import Form, form_of
from chatpose.posecodes.phrasebook import NumberSaying, Saying, shipped_phrasebook


class SayingBook:
    """Wordings of one part of the phrasebook, of either side.

    Args:
        for_test: the part that is kept for testing, else the training part.
        kept: names that no text may hold.
    """

    def __init__(self, *, for_test: bool = False, kept: KeptNames | None = None) -> None:
        self.for_test = for_test
        self._kept = kept or KeptNames(())
        self._book = shipped_phrasebook()
        self.single = lru_cache(maxsize=None)(self._single)
        self.of_form = lru_cache(maxsize=None)(self._of_form)

    def _single(self, claim: int) -> tuple[str, ...]:
        """Wordings of one statement or denial; those that don't tell its side are left out."""
        sided = mirrored_claim(claim) != claim
        found = (saying for saying in self._book.wordings(claim_line(claim)) if self._ours(saying))
        return tuple(one.text for one in found if not (sided and one.text == one.mirrored().text))

    def _of_form(self, claim: int, form: Form | None) -> tuple[str, ...]:
        """Wordings of a statement of one form; all where it has none of it, or no form is named."""
        texts = self.single(claim)
        alike = tuple(text for text in texts if form is not None and form_of(text) == form)
        return alike or texts

    def _ours(self, saying: Saying | NumberSaying) -> bool:
        return saying.for_test == self.for_test and not self._kept.found_in(saying.text)

    @cached_property
    def together(self) -> dict[tuple[int, ...], tuple[str, ...]]:
        """Wordings that claim several statements at once, by these in ascending order."""
        found: dict[tuple[int, ...], dict[str, None]] = {}
        for saying in self._book.sayings:
            if len(saying.means) < 2 or not self._ours(saying):
                continue
            claims = [claim_of_line(line) for line in saying.means]
            plain = [claim for claim in claims if claim is not None]
            if len(plain) < len(claims):
                continue
            for one, numbers in ((saying, plain), (saying.mirrored(), [mirrored_claim(claim) for claim in plain])):
                found.setdefault(tuple(sorted(numbers)), {})[one.text] = None
        return {claims: self._telling(claims, tuple(texts)) for claims, texts in found.items()}

    @staticmethod
    def _telling(claims: tuple[int, ...], texts: tuple[str, ...]) -> tuple[str, ...]:
        """Without wordings that name no side, where the statements are of one."""
        if tuple(sorted(map(mirrored_claim, claims))) == claims:
            return texts
        return tuple(text for text in texts if Saying(text, ()).mirrored().text != text)

    @cached_property
    def numbers(self) -> tuple[NumberSaying, ...]:
        """Wordings with a number, of both sides."""
        found = {
            (one.text, one.measure): one
            for saying in self._book.numbers
            if self._ours(saying)
            for one in (saying, saying.mirrored())
        }
        return tuple(one for one in found.values() if _tells_side(one))


def _tells_side(saying: NumberSaying) -> bool:
    other = saying.mirrored()
    return other.text != saying.text or (other.measure == saying.measure and other.factor == saying.factor)
