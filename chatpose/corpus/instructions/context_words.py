"""What people say around a request: what it's for, who they are. It changes nothing about what is asked."""

from random import Random

from chatpose.corpus.instructions.chance import one, yes
from chatpose.corpus.instructions.wording import capital, lowered, sentence

BEFORE: tuple[str, ...] = (
    "I'm drawing a comic.",
    "This is for a yoga flyer.",
    "I teach PE.",
    "I'm new to this.",
    "My daughter asked me this.",
    "I'm a physiotherapist.",
    "I'm animating a short film.",
    "We're building a game character.",
    "I model miniatures.",
    "I write novels and need to see it.",
    "I can't see the screen well.",
    "I'm learning to draw people.",
    "It's for class.",
    "For my anatomy homework.",
    "I'm setting up a mannequin in a shop window.",
    "I'm preparing a photo shoot.",
    "I coach a children's team.",
    "I'm choreographing a piece.",
    "My sculpture needs a pose.",
    "We shoot a video tomorrow.",
    "This is a test.",
    "I'm curious.",
    "I need this for a manual on safe lifting.",
    "It's for a board game card.",
    "I want to practise gesture drawing.",
    "My friend and I disagree.",
    "It's for a stop-motion puppet.",
    "I'm rigging a character.",
    "We make an app for stretching.",
    "I'm labelling data.",
    "Quick check before printing.",
    "I'm writing alt texts for a website.",
    "For a storyboard, frame twelve.",
    "I have two minutes.",
    "Let me try again.",
    "I'm translating a fitness book.",
    "My art teacher wants ten figures.",
    "It's about ergonomics at work.",
    "I've been looking at this for an hour.",
    "I do motion capture clean-up.",
    "I'm preparing an audio description.",
    "For a museum label.",
    "My robot is to copy it.",
    "We're designing a chair.",
    "I'm planning a mural.",
    "It's for the club's newsletter.",
    "I judge gymnastics.",
    "I collect references.",
    "For a tattoo design.",
    "I teach life drawing.",
    "Just between us, I've no idea of anatomy.",
    "I'm blind, so words matter to me.",
)
BEHIND: tuple[str, ...] = (
    "It's for a comic.",
    "I need it for a lesson.",
    "That's for my students.",
    "No hurry.",
    "It's urgent.",
    "Keep it simple.",
    "That's all for now.",
    "I'll draw it afterwards.",
    "I want to be sure.",
    "My boss is waiting.",
    "It's for a poster.",
    "I'll show it to my class.",
    "Then I can go on.",
    "I trust you there.",
    "It's for a friend.",
    "I'm just playing around.",
    "Somebody asked me.",
    "It's part of a series.",
    "I need it for a caption.",
    "That would help a lot.",
)
LEAD: tuple[str, ...] = (
    "For my comic: ",
    "For a lesson: ",
    "My question: ",
    "Question: ",
    "Task: ",
    "Next one: ",
    "Another thing: ",
    "Tell me, ",
    "So, ",
    "Well, ",
    "Hm, ",
    "Alright, ",
    "As a test: ",
    "For the record: ",
    "Once more: ",
    "Now then: ",
)


def in_context(rng: Random, text: str, share: float = 0.16) -> str:
    """A request, in a share of all cases with something said around it."""
    draw = rng.random() / share
    if draw >= 1:
        return text
    if draw < 0.5:
        return f"{one(rng, BEFORE)} {capital(text)}"
    if draw < 0.75:
        return f"{sentence(text) if yes(rng, 0.95) else text} {one(rng, BEHIND)}"
    return one(rng, LEAD) + lowered(text)
