"""How people ask about several poses."""

from chatpose.corpus.instructions.wording import Wordings

DIFFERENCE = Wordings(
    "What's the difference?",
    "How do I get from the first to the second?",
    "What changes from the first pose to the second?",
    "What has to move to get from one to the other?",
    "Instructions from the first to the second, please.",
    "What differs?",
    "Compare these two.",
    "Spot the differences.",
    "How must the first one change to become the second?",
    "I'm in the first pose and want the second. What do I do?",
    "Correct the first so that it becomes the second.",
    "What would a coach say to get from the first to the second?",
    "Before and after: what changed?",
    "Explain the change.",
    "(List|Tell me) the differences.",
    "Step by step from one to two?",
    "The way from the first to the second?",
    "What did the person do between these two?",
    "My pose, then the teacher's. What should I correct?",
)
REVERSE = Wordings(
    "How do I get from pose 2 to pose 1?",
    "And the way back, from the second to the first?",
    "What changes from pose 2 to pose 1?",
    "How does one undo the second to be in the first again?",
    "Instructions from pose 2 back to pose 1, please.",
    "From the second to the first: what moves?",
)
TOLD_DIFFERENCE = Wordings("", "", "", "Like this:", "These changes:", "What changes:", "To get there:")
MIRRORED_ASK = Wordings(
    "What's the relation between these?",
    "What's the difference?",
    "How are these two related?",
    "Compare them.",
    "What changed?",
    "Is the second one new?",
)
MIRRORED = Wordings(
    "The second is the mirror image of the first.",
    "They're mirror images: left and right are exchanged.",
    "The same pose with left and right exchanged.",
    "Pose 2 is pose 1 mirrored.",
    "Left and right have changed places, nothing else.",
)
SAME_ASK = Wordings(
    "What's the difference?",
    "Are these the same?",
    "What changed?",
    "Compare these two.",
    "Any difference?",
    "Is there a difference between them?",
    "Spot the differences.",
)
ALIKE = Wordings(
    "There is none, the two poses are the same.",
    "They're the same pose.",
    "Nothing differs.",
    "No difference: it's the same pose twice.",
    "None at all, they are identical.",
)
MORE_OF_TWO = Wordings(
    "In which of the two is {what}?",
    "Which pose has {what}?",
    "{what}: pose 1 or pose 2?",
    "Which one has {what}?",
    "Where is {what}, in the first or the second?",
    "Of these two, which has {what}?",
    "Compare: which has {what}?",
)
MORE_OF_THREE = Wordings(
    "In which of the three is {what} than in the others?",
    "Which of the three has {what} than the others?",
    "Of all three, where is {what} than in the rest?",
    "{what} than in the other two: which pose?",
)
NO_CLEAR = Wordings(
    "There's hardly a difference.", "About the same in both.", "Neither, clearly.", "They're nearly equal there."
)
WHICH_POSE = Wordings(
    "Which of them is {what}?",
    "Who is {what}?",
    "Which pose shows someone {what}?",
    "Is anybody {what}?",
    "Where is somebody {what}?",
    "Which ones are {what}?",
)
WHERE = Wordings(
    "Which is the one {what}?",
    "In which pose is it so: {told}?",
    "Find the one {what}.",
    "Which ones are {what}?",
    "Which of these is the one {what}?",
    "Anyone {what}?",
)
ONLY = Wordings("{Poses}.", "That's {poses}.", "Only {poses}.", "It's {poses}.", "{Poses}, not the rest.")
NEITHER = Wordings("None of them.", "None.", "No, none of these.", "None of the poses does.", "I see none.")
