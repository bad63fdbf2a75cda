"""What is said between turns: about earlier poses, the last change, and taking it back."""

from chatpose.corpus.instructions.wording import Wordings

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
NEXT = Wordings(
    "Good. {Text}",
    "Okay, {text}",
    "Now {text}",
    "Then {text}",
    "And {text}",
    "Next: {text}",
    "Nice. {Text}",
    "Almost: {text}",
    "From here, {text}",
    "Now with it: {text}",
)
BRING = Wordings(
    "Here's a pose to work on.",
    "Let's start from this.",
    "I'd like to change this one.",
    "My pose:",
    "Take this one.",
    "Start with this pose.",
)
CHANGED_ASK = Wordings(
    "What changed?",
    "What exactly did you change?",
    "What's different from the one before?",
    "How does it differ from the last one?",
    "How did you get there?",
    "What moved?",
    "Before and after: what's the difference?",
)
AGAIN = Wordings(
    "Show {what} again.",
    "Back to {what}.",
    "Go back to {what}.",
    "I liked {what} better.",
    "Can I see {what} again?",
    "Let's continue with {what}.",
    "Take {what} instead.",
    "Return to {what}, please.",
    "I want {what} back.",
    "Forget this, use {what}.",
)
AGAIN_TOLD = Wordings(
    "Pose {n} again:", "Back to pose {n}:", "Here's pose {n}:", "Pose {n}:", "We're at pose {n} again."
)
UNDO = Wordings(
    "Undo.",
    "Undo that.",
    "Take that back.",
    "Undo the last change.",
    "No, revert.",
    "Go one step back.",
    "That was worse, undo it.",
    "ctrl+z",
    "Not like that, back.",
    "Cancel that.",
    "Oops, undo please.",
    "Revert the last edit.",
)
BACK = Wordings(
    "As it was before, please.",
    "The version before was better.",
    "Back to how it was.",
    "I prefer it without that change.",
    "One back.",
)
UNDO_TOLD = Wordings(
    "Undone, this is pose {n} again:",
    "Back to pose {n}:",
    "The last change is taken back:",
    "As before (pose {n}):",
    "Undone:",
)
TOO_FAR = Wordings(
    "Show pose {n} again.",
    "Back to pose {n}.",
    "What about pose {n}?",
    "Use pose {n}.",
    "Describe pose {n}.",
    "Go back to number {n}.",
)
THERE_ARE = Wordings(
    "There's no pose {only}: we have {n} {poses} so far.",
    "We only have {n} {poses}; which one do you mean?",
    "I don't have a pose {only}, only {n} so far.",
)
THANKS = Wordings(
    "Thanks!",
    "Perfect, thank you.",
    "Great, that's it.",
    "Good, I'll take it.",
    "That's what I wanted.",
    "Nice, thx",
    "Very good.",
)
THANKS_TOLD = Wordings(
    "You're welcome.", "Glad it fits.", "Any time.", "My pleasure.", "Good. Tell me when you need another."
)
