"""Items → clauses: who (parts with sides), what is said of them, in relation to what.

Ellipsis is filled in here: a clause without subject speaks of the one before, a side without its noun of the same
part, a list of parts shares what follows or precedes it.
"""

from collections.abc import Sequence
from dataclasses import replace

from chatpose.posecodes.parsing.clause import Clause
from chatpose.posecodes.parsing.items import Item, Side
from chatpose.posecodes.parsing.similes import without_similes
from chatpose.posecodes.parsing.terms import terms

_PERSONAL = frozenset({"lean", "twisted", "tiptoe", "bow", "arched", "slouched"})
"""Said of the person, not of the part spoken of before, when no part is named."""
_TOWARDS = {"facing": "towards", "round": "around"}
"""Said of a part by itself and in relation to another: "palms facing the thighs", "arms round the knees"."""
_CLASPED = frozenset({"hand", "finger", "palm", "thumb", "arm"})
_ADJECTIVES = frozenset({"raised", "bent", "straight"})
_BOUNDS = {"under": "at most", "below": "at most", "over": "at least", "above": "at least", "beyond": "at least"}
_COMPARING = frozenset({"above", "below", "front", "behind"})
_JOINTS = frozenset({"knee", "elbow", "hip"})
_ALIKE = frozenset({"too", "likewise", "same", "also", "ditto", "similarly", "so"})
"""Words for what holds of one more part: "and so are the thighs"."""
_LENGTHS = frozenset({"mm", "cm", "in", "ft", "m"})
_ALMOST = frozenset({"nearly", "almost"})
_TOOLS = frozenset({"hand", "arm", "foot", "finger", "palm", "thumb", "elbow", "knee", "toe", "heel", "forearm"})
"""Parts with which something is done: "touch the left knee with the right elbow"."""
_TRUNK = frozenset({"torso", "back", "head", "chest", "foot", "heel"})


def _is_other(one: Item, other: Item) -> bool:
    """Whether two parts are the left and the right one."""
    same = (one.value == other.value or other.bare) and not (one.plural or other.plural)
    return same and {one.side, other.side} in ({"left", "right"}, {"one", "other"})


def clauses_of(items: Sequence[Item]) -> list[Clause]:
    """The clauses of one text."""
    return _Reader(without_similes(items)).read()


class _Reader:
    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.done: list[Clause] = []
        self.now = Clause()
        self.open_relation: str | None = None
        self.carried: str | None = None  # the relation that the next of a list has, too
        self.thing = False  # the open relation is to something that is no part: "holding a ball"
        self.broken = True  # a conjunction or comma stands just before
        self.noun = ""
        self.with_ = False  # the last break was "with"
        self.strange = 0  # words since the last break that mean nothing
        self.known = False  # whether anything since the last break does
        self.side: Side = "none"  # "left:" stands before
        self.none = False  # "no" stands just before
        self.adjective: Item | None = None
        self.person = False  # "she", "he": what follows is said of the person

    def read(self) -> list[Clause]:
        handlers = {kind: getattr(self, f"_{kind}") for kind in
                    ("and", "stop", "not", "number", "word", "rel", "feature", "part")}  # fmt: skip
        for place, item in enumerate(self.items):
            if item.kind in ("and", "stop"):
                self._settle()
            elif item.kind != "word":
                self.known = True
            handlers[item.kind](place, item)
        self._close()
        return [clause for clause in self.done if clause.subjects or clause.said]

    # what comes

    def _and(self, place: int, item: Item) -> None:
        before, after = (self.items[n].value if 0 <= n < len(self.items) else "" for n in (place - 1, place + 1))
        beyond = self.items[place + 1 :]
        paired = bool(self.now.subjects) and self.now.subjects[-1].plural and before in ("touch", "not touch")
        if item.value == "and" and paired and beyond and beyond[0].kind == "part" and self._predicated(place + 1):
            self._end_relation()  # "the knees are not touching and the feet are apart"
            self._close()
        if item.value == "so" and after in ("is", "are", "do"):
            self._end_relation()
            self._close()
            self.now.words.append("so")
            return
        self.with_ = item.value == "with"
        if item.value in ("with", "while", "but", "whereas", "as", "though", "until", "till"):
            self._end_relation()
            denied = before == "not" and not (self.now.subjects or self.now.said)
            self._close()
            self.now.negated = denied  # "not with arms flung wide"
        self.broken = True

    def _stop(self, place: int, item: Item) -> None:
        self._end_relation()
        if item.value == ":" and self.now.features in (["dir left"], ["dir right"]) and not self.now.subjects:
            self.side = "left" if self.now.features == ["dir left"] else "right"  # "left: hand on hip"
            self.now = Clause()
        if item.value in ".;!?" or (item.value == ":" and self.now.said) or self.now.negated:
            self._close()
        if item.value in ".;!?":
            self.side = "none"
        if item.value == ":" and not self.now.said and self.now.subjects:
            self._heading(place)
        self.broken = True
        self.with_ = False

    def _heading(self, place: int) -> None:
        """What stands before a colon: "left: hand on hip", "arms: left one up"."""
        (first, *_) = self.now.subjects
        if first.bare and first.side in ("left", "right"):
            self.side = first.side
            self.now = Clause()
        elif self._next(place) == "part":
            self._close()

    def _not(self, place: int, item: Item) -> None:
        if (self.broken or item.value in ("without", "except")) and self.now.said:
            self._close()
        self.now.negated = True
        self.none = item.value == "no"
        self.now.cover(item)

    def _number(self, place: int, item: Item) -> None:
        if self.open_relation in ("to", "at", "of", "from", "by"):
            self.now.words.append(self.open_relation)
            self.open_relation = None
        elif self.open_relation in _BOUNDS:
            self.now.features.append(_BOUNDS[self.open_relation])  # "under 80 degrees"
            self.open_relation = None
        self.now.numbers.append(item)
        self.now.cover(item)
        self.broken = False

    def _word(self, place: int, item: Item) -> None:
        word = item.value
        if word not in terms().neutral and word not in _ALIKE:
            self.strange += 1
            self.thing = bool(self.open_relation)
        else:
            self.now.words.append(word)
        if word in ("it", "them") and self.open_relation == "touch" and self._holds_the_subject():
            return
        if word in ("it", "them") and self.open_relation == "not touch":
            self.open_relation, self.now.negated = "touch", True
        if word == "it" and self.open_relation and self.done and "elsewhere" in self.done[-1].features:
            self.now.features.append("elsewhere")  # "back against the wall, a foot on it"
            self.open_relation = None
            return
        if word in ("it", "them") and self.open_relation and self.done:
            objects = [one for _, one in self.done[-1].relations if one] or self.done[-1].subjects
            if word == "them":
                objects = [one for one in (*self.done[-1].subjects, *objects) if one.plural] or objects
            if self.open_relation == "over" and not self.now.subjects and objects[-1:] == self.done[-1].subjects[-1:]:
                self.person = True  # "legs apart, then fold forward over them"
            self.now.relations += [(self.open_relation, one) for one in objects[-1:]]
            self.open_relation = None
            return
        if word == "which" and self.now.said:
            self._end_relation()
            self._close()
            objects = [one for _, one in self.done[-1].relations if one]
            self.now.subjects = objects[-1:]  # "the left foot, which is off the floor"
            self.now.implied = bool(objects)
        if word in ("she", "he") and self.now.said:
            self._close()
        if word in ("she", "he"):
            self.person = True
        begun = self.now.said or (word == "reach" and self.now.subjects)
        if self.broken and begun and (word in ("it", "they") or word in terms().orders):
            self._close()
            self.broken = False

    def _holds_the_subject(self) -> bool:
        """Hands hold what was spoken of: "right foot behind, holding it"."""
        held = [one for one in self.now.subjects if one.value not in terms().arm]
        if not held:
            return False
        self.open_relation = None
        self._close()
        self.now.relations.append(("touch", held[-1]))
        self.now.cover(held[-1])
        return True

    def _rel(self, place: int, item: Item) -> None:
        self._kept_from()
        self._end_relation()
        done = item.value in ("touch", "hold", "reach") and not self.now.subjects and _PERSONAL & set(self.now.features)
        if self.broken and self.now.said and (done or (self.now.subjects and self._then_subject(place))):
            self._close()
        if item.value == "hug" and any(one.value in terms().arm for one in self.now.subjects):
            item = replace(item, value="around")
        if item.value == "hold":
            if not self.now.subjects and self._is_order(place):
                if self.broken and self.now.said:
                    self._close()
                return
            item = replace(item, value="touch")
        if item.value == "touch" and place and self.items[place - 1].value in _ALMOST:
            item = replace(item, value="at")  # "nearly touching"
        if item.value in _COMPARING and place and self.items[place - 1].value == "slightly":
            self.now.small = True
            self.now.features = self.now.features[:-1]
        self.open_relation, self.thing = item.value, False
        self.now.cover(item)
        self.broken = False

    def _is_before(self, place: int, item: Item) -> bool:
        """Whether "in front" has an object without "of": "in front the right leg"."""
        bare = item.value == "forward" and item.last - item.first == 2
        return bare and self._next(place) == "part" and bool(self.now.subjects) and not self._predicated(place + 1)

    def _kept_from(self) -> None:
        """Denied by "keep": "keep the palms from facing up"."""
        if self.open_relation == "from" and not self.now.negated and self.now.words[:1] in (["keep"], ["keeping"]):
            self.open_relation, self.now.negated = None, True

    def _is_order(self, place: int) -> bool:
        """Whether "hold" means to keep so: "hold the arms out"; else it is what hands do: "hold the shin"."""
        after = self.items[place + 1] if place + 1 < len(self.items) else None
        if after and after.value not in terms().arm and self._done_with_hands(place):
            return False
        return bool(after and (after.kind != "part" or self._predicated(place + 1)))

    def _done_with_hands(self, place: int) -> bool:
        """Whether hands are named that do it: "hold the foot behind the back with the left hand"."""
        for at in range(place + 1, len(self.items) - 1):
            if self.items[at].kind == "stop":
                return False
            if self.items[at].value == "with":
                return self.items[at + 1].value in ("hand", "arm") and not self._predicated(at + 1)
        return False

    def _feature(self, place: int, item: Item) -> None:
        if item.value == "in" and item.last - item.first == 1 and self._next(place) in ("part", "word"):
            self._rel(place, replace(item, value="of"))
            return
        if item.value in _TOWARDS and self.now.subjects and not self.broken and self._next(place) == "part":
            self._rel(place, replace(item, value=_TOWARDS[item.value]))
            return
        if item.value == "both sided":
            last = self.now.subjects[-1] if self.now.subjects else None
            if last and last.side in ("none", "one") and last.value in _JOINTS | {"ankle", "wrist", "shoulder"}:
                self.now.subjects[-1] = replace(last, side="both")  # "elbow angle 120° on both sides"
                return
            item = replace(item, value="side")
        if self._is_before(place, item):
            self._rel(place, replace(item, value="front"))
            return
        if item.value == "clasped" and self._next(place) == "part" and self.items[place + 1].value not in _CLASPED:
            self._rel(place, replace(item, value="touch"))  # "clasp the left ankle"
            return
        if self.open_relation and self._next(place) == "part" and self.items[place].value in _ADJECTIVES:
            self.adjective = item  # "the toes of the raised left foot"
            return
        self._kept_from()
        if item.value == "floor" and place and self.items[place - 1].value in _ALMOST:
            item = replace(item, value="near floor")
        self._end_relation()
        tiptoe = not self.now.subjects and "tiptoe" in self.now.features  # "on tiptoe, reaching up with the right arm"
        tiptoe = tiptoe or (item.value == "turned" and "lean" in self.now.features)
        if (
            self.broken
            and self.now.said
            and (self._leads(place) or tiptoe or item.value in ("twisted", "lean", "slouched"))
        ):
            self._close()
        self.now.features += [item.value, *terms().implied.get(item.value, ())]
        self.now.cover(item)
        if not self.now.subjects:
            self.now.led = True
        self.broken = False

    def _part(self, place: int, item: Item) -> None:
        now = self.now
        if item.bare and item.side == "both" and now.subjects and not now.said and not self.open_relation:
            return  # "trunk and leg both level"
        item = self._whole(item)
        on_side = item.bare and item.side in ("left", "right") and self.open_relation == "on"
        if on_side and (self._takes_side(item) or [one.side for one in now.subjects] == [item.side]):
            self.open_relation = None
            return
        if self.adjective and self.open_relation:
            self.done.append(Clause([item], [self.adjective.value], first=self.adjective.first, last=item.last))
        self.adjective = None
        if item.value == "gaze" and now.subjects and not self.open_relation and now.subjects[-1].value != "gaze":
            self._close()
        if self.open_relation:
            self._object(item)
        elif self._is_instrument(place, item):
            return
        else:
            self._spoken_of(place, item)
        self.now.negated = self.now.negated or item.denied
        self.open_relation, self.carried = self.carried, None
        self.now.cover(item)
        self.broken = False

    def _whole(self, item: Item) -> Item:
        """With the noun of the part before, the side of a heading, both sides of "no hand"."""
        sided = (item.value or self.noun) in terms().sided
        if item.bare:
            item = replace(item, value=self.noun)
        if self.side != "none" and item.side == "none" and sided and not self.open_relation:
            item = replace(item, side=self.side)
        if self.none and item.side in ("none", "one") and sided:
            item = replace(item, side="both")
        self.none = False
        return item

    def _object(self, item: Item) -> None:
        """What a relation names, unless it is the subject: "a bend in the knee", "the gap between the hands"."""
        now, relation = self.now, self.open_relation or ""
        measured = bool(now.numbers) or "angle" in now.words or "right angle" in now.features
        if relation == "at" and measured and item.value in _JOINTS and not now.subjects and not now.relations:
            self._subject(item)  # "less than 90 degrees at the elbow"
            return
        if relation in ("of", "between") and not now.subjects and not now.relations:
            now.features += ["apart"] if relation == "between" else []
            self._subject(item)
            return
        now.negated = now.negated or relation == "not touch"
        now.relations.append(("touch" if relation == "not touch" else relation, item))

    def _spoken_of(self, place: int, item: Item) -> None:
        """A subject: of this clause, of a list, or of a new clause."""
        now, gaze = self.now, item.value == "gaze"
        one = item.bare and item.side in ("left", "right") and self.broken and not now.said
        if one and len(now.subjects) == 1 and now.subjects[0].plural:
            now.subjects = [item]  # "the arms, the left one up, the right one down"
            return
        if item.value == "palm" and item.side == "none" and now.subjects and not self.broken and not now.said:
            now.subjects[-1] = replace(now.subjects[-1], value="palm")  # "the right hand is palm up"
            return
        if now.subjects and self.broken and now.said and not gaze and not self._predicated(place):
            self._listed(place, item)
            return
        leading = now.led and not self._predicated(place)
        if now.said and (now.subjects or gaze or (self.broken and not leading)):
            self._close()
        self._subject(item)

    # help

    def _subject(self, item: Item) -> None:
        self.now.subjects.append(item)
        self.noun = item.value

    def _listed(self, place: int, item: Item) -> None:
        """One more of a list: of objects, of what is to be raised, or a subject of which nothing is said."""
        last = self.now.relations[-1] if self.now.relations else None
        if item.bare and last and last[1] and last[1].value != item.value and self._takes_side(item):
            return  # "one arm with the hand on the hip, the left one"
        if (
            last
            and len(self.now.subjects) == 1
            and self._next(place) == "part"
            and _is_other(self.now.subjects[0], item)
        ):
            self._close()
            self._subject(item)
            self.carried = last[0]  # "the right hand on the breast, the left hand the groin"
            return
        if last and last[1] and not self.now.led:
            self.now.relations.append((last[0], item))
        elif self.now.led:
            self._subject(item)
        else:
            self._close()
            self._subject(item)

    def _takes_side(self, item: Item) -> bool:
        """The side of the part spoken of comes after it: "the knee bent on the left"."""
        if len(self.now.subjects) == 1 and self.now.subjects[0].side in ("none", "one"):
            self.now.subjects = [replace(self.now.subjects[0], side=item.side)]
            return True
        return False

    def _is_instrument(self, place: int, item: Item) -> bool:
        """What was said is done with these hands: "hold the shin with both hands"."""
        item = replace(item, value="hand") if item.bare and item.value not in terms().sided else item
        if not (self.with_ and item.value in _TOOLS and self.done) or self._predicated(place):
            return False
        before = self.done[-1]
        if "tiptoe" in before.features:
            return False
        if before.subjects and not before.implied:
            return False
        before.subjects, before.implied = [item], False
        before.cover(item)
        self.noun = item.value
        self.with_ = False
        self.broken = False
        return True

    def _end_relation(self) -> None:
        """A relation that names nothing: "arms behind", "hands in front"."""
        if self.open_relation == "of":
            self.open_relation = None  # "in surrender"
        if self.open_relation:
            self.now.relations.append((self.open_relation, None))
            if self.open_relation == "hug":
                self.now.features.append("hug")
            if self.open_relation in ("touch", "not touch") and not self.thing:
                self.now.features += ["touching", "together"]
                self.now.negated = self.now.negated or self.open_relation == "not touch"
            self.open_relation = None

    def _next(self, place: int) -> str:
        return self.items[place + 1].kind if place + 1 < len(self.items) else ""

    def _leads(self, place: int) -> bool:
        """Whether a feature begins a claim about a part that follows: "bent knees", "raise the left arm"."""
        for item in self.items[place + 1 :]:
            if item.kind == "part" or item.value in ("it", "them"):
                return True
            if item.kind not in ("feature", "word", "number") and item.value != "of":
                return False
        return False

    def _then_subject(self, place: int) -> bool:
        """Whether a relation after a break has an object and belongs to a new claim: "and holding the left foot"."""
        return self.items[place].value in ("touch", "hold", "hug", "reach") and self._next(place) == "part"

    def _predicated(self, place: int) -> bool:
        """Whether something is said of a part before the next break (or of the list that it begins)."""
        listed = False
        for item in self.items[place + 1 :]:
            if item.kind in ("feature", "number", "rel"):
                return not listed
            if item.kind == "and" and item.value == "and":
                listed = True
            elif item.kind == "part" and listed:
                listed = False
            elif item.kind in ("stop", "and", "part"):
                return False
        return False

    def _settle(self) -> None:
        """Strange words count against a clause unless their whole stretch is strange ("chicken style")."""
        self.now.unknown += self.strange if self.known else 0
        self.strange, self.known = 0, False

    def _close(self) -> None:
        self._settle()
        self._end_relation()
        now = self.now
        if now.subjects and not now.said and self.done and self.done[-1].said:
            self._same_as_before(now)
        elif now.numbers and not (now.features or now.relations) and self.done:
            self._as_before(now)
        if now.subjects or now.said:
            if not now.subjects and not self.person and self.done and self._inherits():
                now.subjects = list(self.done[-1].subjects)
                now.implied = True
            self.done.append(now)
            self.person = False
        self.now = Clause(words=now.words if not (now.subjects or now.said) else [])
        self.broken = True

    def _as_before(self, now: Clause) -> None:
        """Only a number is said of the other side: "left arm bent at 45 degrees, the right at 90"."""
        before = self.done[-1]
        length = next((one.value for one in before.numbers if one.value in _LENGTHS), "")
        if length and now.subjects and all(one.last - one.first == 1 for one in now.numbers):
            now.numbers = [replace(one, value=length) for one in now.numbers]  # "the knees 20 cm apart, the feet 40"
            now.features, now.words = list(before.features), [*before.words, *now.words]
            return
        if before.numbers and [one.value for one in before.subjects] == [one.value for one in now.subjects]:
            now.features, now.words = list(before.features), [*before.words, *now.words]

    def _same_as_before(self, now: Clause) -> None:
        """The predicate is left out: "the right arm isn't bent, the left one is"."""
        bare = now.subjects[0].bare and ({"is", "are", "does", "do"} & set(now.words) or now.negated)
        if not bare and not _ALIKE & set(now.words):
            return
        before = self.done[-1]
        now.features = [feature for feature in before.features if feature != "side" or bare]  # "on both sides"
        now.relations, now.numbers = list(before.relations), list(before.numbers)

    def _inherits(self) -> bool:
        before = self.done[-1].subjects
        if any(relation in ("touch", "hug", "reach") for relation, _ in self.now.relations) and not self.now.features:
            return any(item.value in terms().arm for item in before)
        personal = _PERSONAL & set(self.now.features)
        if personal and self.done[-1].negated:
            return False  # "without turning the head, lean to the right"
        return bool(before) and not (personal and not any(item.value in _TRUNK for item in before))
