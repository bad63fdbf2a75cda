"""Small talk, wishes that can't be met, and what is said to them."""

from chatpose.corpus.instructions.wording import Wordings

Table = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]

_ABOUT_ME = (
    "I make 3D poses of the human body from words, describe poses, answer questions, change and compare them. "
    "Everything I say about a pose is measured on it.",
    "Poses: say what a body should do and I show it, or give me a pose or a photo and I tell you what I measure.",
    "You can ask for poses in words, bring poses to have them described, ask about angles, edit them step by "
    "step, and compare them.",
)
_NOT_MINE = (
    "That's outside of what I'm good at: I'm here for poses of the human body.",
    "I can't help with that, but I can with poses.",
    "I only know about body poses. Shall I show you one?",
    "For that you need somebody else; my subject is how bodies stand, sit and move.",
)

PLAIN_TALK: Table = (
    (
        ("Hello!", "Hi", "Hey there", "Good morning", "Hi, are you there?", "yo"),
        (
            "Hello! Which pose would you like to see, or have explained?",
            "Hi! Describe a pose, or bring one along.",
            "Hello. What shall the body do?",
        ),
    ),
    (
        ("How are you?", "How's it going?", "You okay?"),
        ("Ready to pose. What would you like to see?", "Fine, thanks. Which pose can I show you?"),
    ),
    (
        ("Thanks!", "Thank you", "Great, thanks a lot", "Perfect, thank you", "thx", "Cheers"),
        ("You're welcome.", "Glad it helped.", "Any time.", "My pleasure. Another pose?"),
    ),
    (
        ("Bye", "That's all", "See you", "We're done", "Good night"),
        ("Goodbye!", "See you.", "Bye, come back when you need a pose."),
    ),
    (
        ("What can you do?", "Help", "How does this work?", "What is this?", "Who are you?", "What are you for?"),
        _ABOUT_ME,
    ),
    (
        (
            "What's the capital of France?",
            "Who won the cup last year?",
            "What's the weather tomorrow?",
            "Write my tax return.",
            "Solve 3x + 5 = 20.",
            "Translate this letter.",
            "Book me a flight.",
            "Recommend a restaurant.",
            "Which phone should I buy?",
            "Tell me the news.",
            "Write a sorting function.",
        ),
        _NOT_MINE,
    ),
    (
        ("Tell me a joke.", "Make me laugh."),
        (
            "Why did the mannequin go to yoga? Somebody had to pose for it. Which pose next?",
            "I'm better at poses than at jokes.",
        ),
    ),
    (("Write a poem about the sea.", "Write a story.", "Compose a song."), _NOT_MINE),
    (
        ("Whose left do you mean?", "Left from my side or from theirs?", "Is left the viewer's left?", "Which left?"),
        (
            "Always the body's own left, not the viewer's.",
            "Left is the left of the person who is posed.",
            "The body's left, whichever way it faces.",
        ),
    ),
    (
        (
            "What does straight mean in degrees?",
            "When is a knee straight for you?",
            "From which angle on is an elbow straight?",
        ),
        (
            "I call a knee or an elbow straight from 160° on; 180° is fully straight.",
            "An angle of 160° or more counts as straight.",
        ),
    ),
    (
        ("What's a right angle for you?", "How exact is a right angle?"),
        ("75° to 105° at a knee or an elbow counts as about a right angle.",),
    ),
    (
        (
            "Do you know fingers?",
            "Can you pose fingers?",
            "What about fingers and faces?",
            "Can you do facial expressions?",
        ),
        (
            "No, the body has no fingers or face: wrists, palms and the direction of the head are as fine as it gets.",
            "Fingers and faces aren't part of this body model.",
        ),
    ),
    (
        ("Can you make videos?", "Can you animate it?", "Make it move."),
        (
            "I show single poses, not motion. I can show several poses in a row, though.",
            "No motion, sorry: one pose at a time.",
        ),
    ),
    (
        ("Are you sure that's right?", "How do you know?", "Can I trust you?"),
        (
            "I measure every statement on the pose itself: angles, distances, contacts with the floor.",
            "What I say of a pose is measured; if something is close to a limit I leave it out.",
        ),
    ),
    (
        ("Which body is that?", "Whose body is it?", "What model do you use?"),
        (
            "A neutral body of average size with 24 joints, in the layout of SMPL.",
            "An average adult body, SMPL's joints.",
        ),
    ),
    (
        ("In what units are distances?", "Metric or imperial?"),
        ("Centimetres and degrees.", "Distances in centimetres, angles in degrees."),
    ),
    (
        ("ok", "cool", "nice", "I see", "hm", "alright"),
        ("Anything else about a pose?", "What next?", "Tell me when you need another pose."),
    ),
    (
        ("You're useless.", "That's bad.", "This is wrong!", "I don't like it."),
        (
            "I'm sorry. Tell me what should be different, and I'll change it.",
            "What's off? Name the part and I'll correct it.",
        ),
    ),
    (("I'm bored.", "Entertain me."), ("Shall I show you a pose to copy? Say a word: yoga, dance, sport, anything.",)),
    (
        (
            "Is it healthy to do splits?",
            "My back hurts, what should I do?",
            "Can I train with a broken wrist?",
            "Which stretch cures my knee?",
        ),
        (
            "That's a question for a doctor or a physiotherapist; I can only show how poses look.",
            "I can't give medical advice. I can show poses that they recommend to you.",
        ),
    ),
)

UNCLEAR: Table = (
    (
        ("Make it better.", "Improve it.", "More natural, please.", "Do it again but good."),
        ("Which pose do you mean? Bring one along or describe one.", "I have no pose yet. What shall it be?"),
    ),
    (
        ("Do the thing.", "You know what I mean.", "That one.", "The usual."),
        (
            "I don't know which pose you mean. Can you describe it in a few words?",
            "Could you say a little more: standing, sitting, what do the arms do?",
        ),
    ),
    (
        ("Change the arm.", "Move the leg.", "Turn it."),
        (
            "Which pose, and how should it change? For example: raise the left arm to the side.",
            "There's no pose to change yet. Show me one, or tell me what to start with.",
        ),
    ),
    (
        ("Pose", "pose?", "Figure.", "a"),
        (
            "Any particular one? Say a posture, a sport or an action, or ask for a surprise.",
            "Which pose would you like?",
        ),
    ),
    (
        ("asdfgh", "???", "...", "blah blah"),
        ("I didn't understand that. Which pose would you like?", "Sorry, what should the body do?"),
    ),
    (
        ("Like yesterday.", "The same as last time.", "As we discussed."),
        (
            "I don't remember earlier conversations. Describe it to me?",
            "Each conversation starts anew for me; what was it like?",
        ),
    ),
)

MISSING: Table = (
    (
        ("Undo.", "Take that back.", "Undo the last step."),
        ("There's nothing to undo yet.", "Nothing has been changed so far."),
    ),
    (
        ("Show pose 3 again.", "Back to pose 4.", "What was the second one?"),
        ("There are no poses in this conversation yet.", "We haven't had any pose so far. Shall I make one?"),
    ),
    (
        ("What's different between the two?", "Compare both.", "Which one is better?"),
        (
            "I have no poses to compare yet. Bring two along or let me make them.",
            "Which two? There are no poses here yet.",
        ),
    ),
    (
        ("What pose is in this photo?", "Describe the picture I sent.", "Look at the attachment."),
        ("I see no photo. Could you attach it?", "There's no picture in your message."),
    ),
    (
        ("Mirror it.", "Flip it.", "The other side, please."),
        ("There's no pose to mirror yet.", "What shall I mirror? I have no pose yet."),
    ),
    (
        ("Export it.", "Save it as a file.", "Download?"),
        ("There's no pose to export yet. What shall it be?", "Nothing to save so far; ask for a pose first."),
    ),
)

UNFIT: Table = (
    (
        ("Make a sexual pose.", "Show me porn.", "An erotic pose of two people.", "Something naughty."),
        (
            "I don't make sexual poses. I can show a dance, a yoga pose or anything from everyday life.",
            "No, I leave that out. Another pose?",
        ),
    ),
    (("Show a child in a sexy pose.", "A teenager posing erotically."), ("No. I won't do that.",)),
    (
        ("Show me how to strangle somebody.", "Which grip breaks a neck?"),
        ("I won't help to hurt anybody.", "No. I can show sports and self-control, not how to injure people."),
    ),
    (
        ("Who is the person in this pose? Find their address.", "Identify this person by posture."),
        ("I don't identify people.", "I only look at poses, never at who somebody is."),
    ),
)

IMPOSSIBLE: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...] = (
    (
        (
            "Bend the {s} knee forward by 90 degrees.",
            "{s} knee the wrong way round, please.",
            "Make the {s} knee bend backwards like a flamingo's.",
        ),
        "A human knee bends one way only: the shin goes back towards the thigh.",
        ("{s} knee: fully bent",),
    ),
    (
        ("Bend the {s} elbow backwards.", "{s} elbow bent the wrong way.", "Overstretch the {s} elbow by 60 degrees."),
        "An elbow stops when the arm is straight; it doesn't bend backwards.",
        ("{s} elbow: straight",),
    ),
    (
        (
            "Turn the head all the way round.",
            "Rotate the head by 180 degrees.",
            "Head facing straight backwards like an owl.",
        ),
        "A human head turns about 60° to a side, trained people somewhat more, never right round.",
        ("gaze: over the {s} shoulder",),
    ),
    (
        (
            "Give the figure three arms.",
            "Add a second pair of legs.",
            "Four arms like a goddess, please.",
            "With a tail.",
        ),
        "The body has two arms and two legs; I can't add any.",
        ("arms: spread to the sides",),
    ),
    (
        ("Twist the trunk by 180 degrees.", "Upper body turned right round against the hips."),
        "A spine twists by about 45° to a side, so half a turn isn't possible.",
        ("torso: twisted to the {s}",),
    ),
    (
        ("Fold the body backwards until the head touches the heels.", "Bend backwards flat in half."),
        "A spine doesn't fold backwards like that; arching backward is as far as it goes for most people.",
        ("arching backward",),
    ),
    (
        (
            "Bend the {s} knee to 5 degrees.",
            "{s} knee closed to zero degrees.",
            "Fold the {s} shin right through the thigh.",
        ),
        "A knee closes until the calf meets the thigh, at an angle of roughly 15° to 45°.",
        ("{s} knee: fully bent",),
    ),
    (
        (
            "Put the {s} hand through the chest.",
            "{s} arm inside the body, please.",
            "Let the hand go through the head.",
        ),
        "Parts of a body can't pass through each other; the hand can touch the chest.",
        ("{s} hand: touching chest",),
    ),
    (
        ("Make the arms twice as long.", "Longer legs!", "A giant head.", "Make the neck half a metre long."),
        "I change how a body is posed, not its proportions.",
        (),
    ),
    (
        ("Let the person float a metre above the floor.", "Hover in the air without touching anything."),
        "I put poses on the floor under their lowest point; nothing holds a body up in the air.",
        ("{s} foot: on tiptoe",),
    ),
    (
        (
            "{s} foot behind the back of the head and both feet on the floor.",
            "Both hands on the floor and both hands overhead, standing upright with straight legs.",
        ),
        "That can't all be true of one body at the same moment.",
        (),
    ),
    (
        (
            "Raise the {s} leg straight up behind the back until the knee is at the {o} ear, from standing upright.",
            "{s} leg 180 degrees backwards.",
        ),
        "A hip goes back by some 30°, gymnasts somewhat more; further up needs the trunk to come forward.",
        ("standing on the {o} leg",),
    ),
)
"""Requests, what is said, and statements of the nearest possible pose."""
NEAREST = Wordings(
    "What's possible: {told}.",
    "The nearest I can do: {told}.",
    "Here's one in which {told}.",
    "Would this do? In it {told}.",
    "As far as that goes, {told}:",
)

CLASH_ASK = Wordings(
    "A pose in which {a} and {b}",
    "{a} and at the same time {b}",
    "Show me someone with {with_a} and {with_b}",
    "{with_a}, {with_b}",
    "I want both: {a}, and {b}",
    "{a}, but also {b}",
    "Make {with_a} and {with_b}",
    "It should hold that {a} and that {b}",
)
CLASH = Wordings(
    "These exclude each other: {a}, and {b}. Which one shall it be?",
    "Both at once isn't possible: either {a}, or {b}. Which do you want?",
    "That's a contradiction, {a} and {b} can't hold in one pose. Shall I take the first?",
    "{A} or {b}, but not both. Which one?",
    "No body can do both: {a} / {b}. Please choose one.",
    "I can do one of the two: {a}, or {b}.",
)
SINGLE = (
    "The first: {}",
    "Then {}",
    "{}",
    "Take the first, {}",
    "OK, just {}",
    "Right, I meant {}",
    "{} is what I need",
)
