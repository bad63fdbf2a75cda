"""How posecodes are put into words: tables only, read by `lexicon`.

A wording completes "<subject> is …". `{x}` is the other part with its article, `{s}` and `{o}` the body's side that
the code speaks of and the other one, `{d}` the determiner of the caption (their, the, his, her). `noun|…` puts
another noun in the subject's place. Only words that say no more than the code's thresholds belong here. Left and
right appear as sides only, so that a mirrored caption is the caption with both exchanged.
"""

Wordings = tuple[str, ...]

BENDS: dict[str, Wordings] = {
    "fully bent": ("fully bent", "tightly folded", "completely bent"),
    "sharply bent": ("sharply bent", "bent well past a right angle", "strongly bent"),
    "right angle": ("bent at about a right angle", "bent at roughly a right angle", "at about a right angle"),
    "half bent": ("half bent", "moderately bent", "bent about halfway"),
    "slightly bent": ("slightly bent", "a little bent", "bent a little"),
    "straight": ("straight", "extended", "held straight"),
}

HIP_BENDS: dict[str, Wordings] = {
    "folded": ("folded tightly", "closed tightly", "sharply folded"),
    "right angle": ("bent at about a right angle", "bent at roughly a right angle", "at about a right angle"),
    "half open": ("partly bent", "bent part of the way", "somewhat bent"),
    "straight": ("straight", "opened straight", "extended"),
}

ARM_RAISES: dict[str, Wordings] = {
    "at the side": ("upper arm|close along the side", "upper arm|held against the side", "upper arm|down by the side"),
    "raised a little": ("raised a little from the side", "held a little away from the side", "slightly raised"),
    "raised level": ("raised at about a right angle to the torso", "held out at about a right angle to the torso",
                     "lifted to about a right angle with the torso"),
    "raised high": ("raised high", "lifted high", "raised high past the shoulder"),
    "raised overhead": ("raised overhead", "stretched past the head", "lifted up alongside the head"),
}  # fmt: skip

PAIR_DISTANCES: dict[str, Wordings] = {
    "close together": ("close together", "near each other", "held close together"),
    "shoulder width apart": ("about shoulder width apart", "roughly shoulder width apart",
                             "about as far apart as the shoulders"),
    "spread": ("spread apart", "well apart", "more than shoulder width apart"),
    "wide apart": ("wide apart", "far apart", "spread far apart"),
    "level and shoulder width apart": ("level and about shoulder width apart",
                                       "at the same height and about shoulder width apart",
                                       "level and roughly shoulder width apart"),
}  # fmt: skip

RELATIONS: dict[str, Wordings] = {
    "near": ("close to {x}", "near {x}", "next to {x}"),
    "above": ("above {x}", "higher than {x}", "up above {x}"),
    "below": ("below {x}", "lower than {x}", "down below {x}"),
    "in front of": ("in front of {x}", "ahead of {x}", "further forward than {x}"),
    "behind": ("behind {x}", "further back than {x}", "to the rear of {x}"),
    "beyond": ("reaching beyond {x}", "stretched past {x}", "extended beyond {x}"),
    "to the {o} of": ("to the {o} of {x}", "over to the {o} of {x}", "on the {o} of {x}"),
    "far to the {s} of": ("far to the {s} of {x}", "far out to the {s} of {x}", "well to the {s} of {x}"),
    "level beside": ("level beside {x}", "in line sideways with {x}", "straight across from {x}"),
    "vertically in line with": ("vertically in line with {x}", "straight above or below {x}",
                                "in one vertical line with {x}"),
    "in line front to back with": ("in line front to back with {x}", "straight in front of or behind {x}",
                                   "in one line front to back with {x}"),
    "touching": ("touching {x}", "in contact with {x}", "resting against {x}"),
}  # fmt: skip

TOUCHING_EACH_OTHER: Wordings = ("touching each other", "in contact with each other", "pressed together")

EACH: dict[str, Wordings] = {
    "hand to the {o} of {o} hand": ("crossed past the other", "on the far side of the other",
                                    "crossed over past the other"),
    "hand to the {o} of {s} shoulder": ("brought inward past the shoulder on the same side",
                                        "well inside the shoulder on the same side",
                                        "on the inner side of the shoulder on the same side"),
    "hand to the {o} of {o} shoulder": ("brought across past the opposite shoulder", "beyond the opposite shoulder",
                                        "on the outer side of the opposite shoulder"),
    "hand far to the {s} of {s} shoulder": ("far out to its own side", "well out to its own side",
                                            "stretched out wide to its own side"),
    "foot to the {o} of {o} foot": ("crossed past the other", "on the far side of the other",
                                    "crossed over past the other"),
    "foot to the {o} of {s} hip": ("brought inward past the hip on the same side",
                                   "well inside the hip on the same side",
                                   "on the inner side of the hip on the same side"),
    "knee to the {o} of {o} knee": ("crossed past the other", "on the far side of the other",
                                    "crossed over past the other"),
}  # fmt: skip
"""Both sides at once where left and right are part of what is said; other relations use `SAME` and `OPPOSITE`."""

SAME, OPPOSITE = "the {part} on the same side", "the opposite {part}"

DIRECTIONS: dict[str, Wordings] = {
    "horizontal": ("horizontal", "parallel to the floor", "held horizontally"),
    "vertical": ("vertical", "in a vertical line", "straight up and down"),
    "pointing up": ("pointing up", "pointing upward", "directed upward"),
    "pointing down": ("pointing down", "pointing downward", "directed downward"),
    "head downward": ("tipped head downward", "inclined with the head down", "turned head down"),
}

STRAIGHT_DIRECTIONS: dict[str, Wordings] = {
    "pointing up": ("pointing straight up", "directed straight up", "pointing vertically upward"),
    "pointing down": ("pointing straight down", "directed straight down", "pointing vertically downward"),
}
"""Vertical and pointing up or down in one: each claims both codes."""

GROUND: dict[str, Wordings] = {
    "on ground": ("on the floor", "resting on the floor", "down on the ground"),
    "off ground": ("off the floor", "lifted off the floor", "raised off the ground"),
    "on tiptoe": ("on tiptoe", "up on the toes", "resting on the toes"),
}

INCLINES: dict[str, Wordings] = {
    "leaning forward": ("leaning far forward", "bent far forward", "inclined far forward"),
    "leaning slightly forward": ("leaning slightly forward", "tipped somewhat forward", "inclined a little forward"),
    "leaning slightly backward": ("leaning slightly backward", "tipped somewhat backward",
                                  "inclined a little backward"),
    "leaning backward": ("leaning far backward", "bent far backward", "inclined far backward"),
    "leaning to the {s}": ("leaning to the {s}", "bent to the {s}", "inclined to the {s}"),
    "leaning slightly to the {s}": ("leaning slightly to the {s}", "tipped somewhat to the {s}",
                                    "inclined a little to the {s}"),
    "twisted to the {s}": ("twisted to the {s}", "turned to the {s} from the waist", "rotated to the {s}"),
    "twisted slightly to the {s}": ("twisted slightly to the {s}", "turned a little to the {s} from the waist",
                                    "rotated somewhat to the {s}"),
    "facing up": ("facing up", "turned up", "facing upward"),
    "facing down": ("facing down", "turned down", "facing downward"),
    "arched": ("arched", "arched backward", "curved backward"),
    "rounded": ("rounded", "rounded forward", "curved forward"),
}  # fmt: skip

HEAD: dict[str, Wordings] = {
    "turned to the {s}": ("turned to the {s}", "rotated to the {s}", "facing to the {s}"),
    "turned slightly to the {s}": ("turned slightly to the {s}", "turned a little to the {s}",
                                   "rotated slightly to the {s}"),
    "over the {s} shoulder": ("directed over the {s} shoulder", "head|turned far to the {s}",
                              "head|looking over the {s} shoulder"),
    "tilted to the {s}": ("tilted to the {s}", "tipped to the {s}", "tilted towards the {s} shoulder"),
    "bowed": ("bowed", "bent forward", "lowered towards the chest"),
    "tipped back": ("tipped back", "tilted back", "bent back"),
    "straight ahead": ("facing the same way as the chest", "in line with the chest", "turned straight ahead"),
    "up": ("directed upward", "face|turned upward", "angled upward"),
    "down": ("directed downward", "face|turned downward", "angled downward"),
    "level": ("level", "horizontal", "directed level"),
}  # fmt: skip

PALMS: dict[str, Wordings] = {
    "facing up": ("facing up", "turned up", "facing upward"),
    "facing down": ("facing down", "turned down", "facing downward"),
    "facing forward": ("facing forward", "turned forward", "turned to the front"),
    "facing backward": ("facing backward", "turned backward", "turned to the rear"),
    "facing inward": ("facing inward", "turned inward", "facing the middle of the body"),
    "facing outward": ("facing outward", "turned outward", "facing away from the middle of the body"),
    "bent inward": ("bent inward", "flexed inward", "curled towards the palm"),
    "bent back": ("bent back", "flexed back", "cocked back"),
}

FEET: dict[str, Wordings] = {
    "pointed": ("pointed", "stretched with pointed toes", "extended with pointed toes"),
    "flexed": ("flexed", "flexed towards the shin", "drawn up at the ankle"),
    "turned out": ("turned out", "turned outward", "pointing outward"),
    "turned in": ("turned in", "turned inward", "pointing inward"),
}

LIMBS: dict[str, Wordings] = {
    "arms crossed": ("crossed", "folded", "crossed in front of the body"),
    "legs crossed": ("crossed", "crossed over each other", "crossed one over the other"),
    "arms raised overhead": ("raised overhead", "lifted over the head", "stretched up over the head"),
    "arms spread to the sides": ("spread to the sides", "stretched out to the sides", "held out wide to the sides"),
    "arms hanging down": ("hanging down", "hanging at the sides", "down by the sides"),
    "arms stretched forward": ("stretched forward", "reaching forward", "held out in front"),
    "hand on hip": ("on the hip ~ on the hips", "resting on the hip ~ resting on the hips",
                    "propped on the hip ~ propped on the hips"),
    "legs straight": ("straight", "extended", "held straight"),
    "legs spread wide": ("spread wide", "wide apart", "spread far apart"),
}  # fmt: skip
"""`one ~ both`: the second form when both sides are spoken of."""

POSTURES: dict[str, Wordings] = {
    "standing": ("standing", "in a standing position", "in a standing pose"),
    "standing on the {s} leg": ("standing on {d} {s} leg", "balancing on {d} {s} leg",
                                "standing only on {d} {s} leg"),
    "lunging with the {s} leg in front": ("lunging with {d} {s} leg in front", "in a lunge with {d} {s} leg in front",
                                          "in a lunge with {d} {s} leg forward"),
    "squatting": ("squatting", "crouching", "in a squat"),
    "sitting as on a chair": ("sitting as if on a chair", "in a sitting position as on a chair",
                              "seated as if on a chair"),
    "sitting on the floor": ("sitting on the floor", "seated on the floor", "sitting on the ground"),
    "sitting cross-legged": ("sitting cross-legged", "seated cross-legged", "sitting with crossed legs"),
    "kneeling": ("kneeling", "kneeling on both knees", "on both knees"),
    "kneeling on the {s} knee": ("kneeling on {d} {s} knee", "down on {d} {s} knee", "resting on {d} {s} knee"),
    "lying on the back": ("lying on {d} back", "lying down on {d} back", "resting on {d} back"),
    "lying on the front": ("lying on {d} front", "lying face down", "lying on {d} stomach"),
    "lying on the {s} side": ("lying on {d} {s} side", "resting on {d} {s} side", "lying down on {d} {s} side"),
    "on all fours": ("on all fours", "on hands and knees", "down on all fours"),
    "in a plank": ("in a plank", "in a plank position", "holding a plank"),
    "upside down": ("upside down", "turned upside down", "head down with the legs up"),
    "bending forward": ("bending forward", "bent over forward", "bending over"),
    "arching backward": ("arching backward", "bending over backward", "arched back"),
    "bending to the {s}": ("bending to the {s}", "bent over to the {s}", "bending sideways to the {s}"),
    "twisting to the {s}": ("twisting to the {s}", "twisted to the {s}", "turning at the waist to the {s}"),
}  # fmt: skip

FINITE = {
    "pointing": ("points", "point"),
    "resting": ("rests", "rest"),
    "reaching": ("reaches", "reach"),
    "facing": ("faces", "face"),
    "leaning": ("leans", "lean"),
    "hanging": ("hangs", "hang"),
    "touching": ("touches", "touch"),
}
"""Participles that may also be said with a verb of their own: "is pointing up", "points up"."""

DETERMINERS = {
    "their": ("The person is", "They are", "This person is", "Someone is"),
    "the": ("The body is", "The figure is", "The person is", "This figure is"),
}
"""The possessive of a caption and who it is then about."""

NO_POSE = "No pose can be made out."
