"""What people call poses of the atlas by who is known for them, where the atlas doesn't: "Christ the Redeemer"."""

from collections.abc import Iterator, Mapping

from chatpose.atlas.compiled import Atlas

_FAMOUS: Mapping[str, tuple[str, ...]] = {
    "t-pose": ("Christ the Redeemer", "the Redeemer statue", "Cristo Redentor", "a scarecrow", "like on the cross",
               "the crucifixion", "a crucifix", "crucified", "Rose on the Titanic", "the Titanic pose"),
    "usain-bolt-lightning": ("Usain Bolt", "the lightning bolt celebration", "lightning bolt pose", "lightning pose"),
    "disco-point": ("Saturday Night Fever", "John Travolta", "Tony Manero", "disco pose", "disco fever"),
    "crane-stance": ("the Karate Kid", "crane kick stance"),
    "easy-pose": ("a meditating monk", "meditating", "in meditation", "meditation pose", "a Buddha statue",
                  "the Buddha", "a yogi", "a guru"),
    "superman-flying": ("Superman in flight", "flying like Superman", "a flying superhero", "Superman"),
    "superhero-landing": ("the hero lands", "Iron Man landing", "three point landing", "a superhero lands"),
    "monkey": ("doing the splits", "the splits", "front splits", "front split", "lengthwise splits"),
    "middle-split": ("side splits", "side split", "middle splits", "box splits"),
    "bridge": ("glute bridge", "hip bridge"),
    "attention": ("a guardsman", "to attention", "a royal guard", "a sentry", "a toy soldier"),
    "hands-up": ("surrendering", "in surrender", "a hold up", "stick em up"),
    "zombie": ("a sleepwalker", "sleepwalking", "Frankenstein's monster", "Frankenstein", "the undead"),
    "arms-akimbo": ("Wonder Woman", "Peter Pan", "the power pose", "a superhero stance"),
    "victory-arms": ("Rocky", "Rocky Balboa", "a winner at the finish line"),
    "crossed-forearms-no": ("Wakanda forever", "an X with the forearms", "arms in an X"),
    "prisyadka": ("a Cossack dancer", "Cossack dance", "Cossack dancing", "squat dance"),
    "crouching-fingertips-on-the-floor": ("Spider-Man", "Spiderman"),
    "pointing-forward": ("Uncle Sam",),
    "flexing-biceps": ("a bodybuilder", "a strongman", "double biceps", "Mr Universe", "Popeye"),
    "set-position": ("a sprinter in the blocks", "starting blocks", "sprinter's start", "sprint start"),
    "star-pose": ("a starfish", "five pointed star"),
    "discobolus": ("the discus thrower", "Myron's discus thrower"),
    "vitruvian-man": ("Leonardo's man", "da Vinci's man"),
    "foetal-position": ("fetal position", "curled up like a baby", "curled up in a ball"),
    "spread-eagled": ("spreadeagled", "starfish on the floor", "starfish on the ground", "lying like a starfish",
                      "making an X on the floor"),
    "egyptian-walk": ("walk like an Egyptian", "an Egyptian painting", "a hieroglyph"),
    "moonwalk": ("Michael Jackson",),
    "kneeling-in-prayer": ("praying on the knees", "praying on one's knees"),
    "prayer-hands": ("namaste", "praying hands"),
    "arabesque": ("a ballerina on one leg",),
    "the-thinker": ("a thinker", "thinker statue"),
    "statue-of-liberty": ("Lady Liberty", "Miss Liberty"),
    "single-whip": ("tai chi",),
    "running-toe-off": ("running", "a runner"),
    "driving-a-car": ("driving",),
    "typing-at-a-desk": ("typing",),
    "riding-a-bicycle": ("riding a bike", "on a bike"),
    "tango-lunge": ("tango", "dancing tango", "dancing the tango", "tango dancer"),
    "hitchhiking": ("hitchhiker",),
    "skateboarding": ("skateboarder", "skateboard rider"),
    "sit-up": ("sit-ups", "situps"),
    "shoulder-stand": ("shoulderstand",),
    "pointing-up": ("pointing straight up", "pointing to the sky", "pointing at the ceiling"),
    "half-pigeon": ("pigeon pose",),
}  # fmt: skip
"""Further names by entry; one that the atlas has itself counts first."""


def famous_names(atlas: Atlas) -> Iterator[tuple[str, str]]:
    """Entries that are there, each with a further name."""
    for entry, names in _FAMOUS.items():
        if entry in atlas.places:
            yield from ((entry, name) for name in names)
