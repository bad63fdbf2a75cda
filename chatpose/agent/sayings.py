"""What is said to small talk, and to what isn't understood, isn't there or can't be done: tables of ways to say it.

Each kind has sentences, each sentence ways to say it, of which the turn's seed takes one. `{quoted}` stands for the
person's words. None of them says anything about a pose.
"""

ABILITIES = (
    "I make 3D poses from words, name and describe poses out of files and photos, answer questions by measuring, "
    "change poses step by step, compare and blend them, search a library, and write files (npz, bvh, glb, obj, json, "
    "png)."
)
EXAMPLES = "Try “tree pose, arms overhead”, then “left elbow to 90 degrees”, then “how far apart are the feet?”."
HOW_TO_CHANGE = "“raise the left arm a bit”, “left knee to 90 degrees”, “look to the left”"
HOW_TO_BEGIN = "Name a pose or say what arms and legs do, such as “sitting cross-legged, hands on the knees”."

SAYINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "how are you": (("Ready to pose. What shall the body do?", "Fine, thank you. Which pose can I show you?"),),
    "thanks": (("You're welcome.", "Glad it helped.", "Any time. Shall I change anything?", "My pleasure."),),
    "okay": (("Good. What next?", "Okay. What shall I do next?", "Good. Tell me how to go on."),),
    "bye": (("Goodbye!", "See you.", "Bye, come back when you need a pose."),),
    "help": ((ABILITIES,), (EXAMPLES,)),
    "view": (
        ("The view is yours to turn: drag the body, scroll to zoom. As a PNG I write a picture from the front.",),
    ),
    "who": (
        ("I'm chatpose, a program that poses a 3D body, measures it, and talks about nothing else.",),
        ("I understand English.",),
    ),
    "introduced": (
        ("Nice to meet you.", "Good to know.", "Welcome."),
        ("Which pose do you need first?", "Tell me what the body should do, and I show it."),
    ),
    "no such format": (
        ("I can't write {quoted}.",),
        ("I write npz, bvh, glb, obj, json and png; Blender, Unity and Unreal take glb and bvh.",),
    ),
    "shape": (
        ("I move joints; build, age, clothes and things in the hands aren't mine to change or to tell.",),
        ("What the body does with its arms, legs, back and head is.",),
    ),
    "beyond": (
        (
            "That isn't in the geometry of a pose, and I only say what I can measure.",
            "I can't judge that: I only know how the body is placed.",
        ),
        ("Ask me for an angle, a distance, a height, which side, or what touches what.",),
    ),
    "off topic": (
        (
            "That's outside of what I know; my subject is how bodies stand, sit and move.",
            "I can't help with that, but I can with poses.",
            "I only know about body poses.",
        ),
        ("Shall I show you one?", "Tell me a pose, and I show it."),
    ),
    "address": (("I don't open addresses. Save the photo or the pose file and attach it here, then I look at it.",),),
    "path": (
        ("I don't open files by their path when it is typed into a message. Attach the file instead, then I read it.",),
    ),
    "empty": (("There is nothing in your message yet.",), (EXAMPLES,)),
    "no pose": (
        ("There is no pose here yet that I could look at.",),
        (
            "Describe one, or attach a photo or a pose file.",
            "Tell me which, for example “warrior two”, or attach a file.",
        ),
    ),
    "no photo": (("There is no photo in this conversation yet. Attach one, and I look at who is in it.",),),
    "unread question": (
        ("I can't read {quoted} as a question that I could measure on the pose.",),
        ("I can tell angles, distances, heights, sides and what touches what: “what angle is the left knee at?”.",),
    ),
    "unread edit": (
        ("I can't read {quoted} as a change that I could measure.",),
        (f"Say what a part should do: {HOW_TO_CHANGE}.",),
    ),
    "nothing to go on with": (
        ("{quoted} of what? Nothing has been changed here yet.",),
        ("Say which part, such as “the left arm a bit higher”, and then “more” or “too much” goes on with it.",),
    ),
    "rude": (("I'm sorry that this doesn't go well.", "Sorry. Let me do better.", "I'm sorry about that."),),
    "not so": (("What should be different?", "Tell me what should be different."),),
}
GREETINGS = ("Hello!", "Hi!", "Hello there.")
GREETED_WITH = (
    "Which pose would you like to see?",
    "Tell me what the body should do, or drop in a photo or a pose file.",
    "Describe a pose, or bring one along.",
)
