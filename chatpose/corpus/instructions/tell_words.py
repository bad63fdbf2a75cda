"""How people ask for words about poses."""

from chatpose.corpus.instructions.wording import Wordings

DESCRIBE = Wordings(
    (
        "(Describe|Explain|Word|Portray|Summarise) (this pose|the pose|this body|this figure|how this person "
        "is posed)( for me|, please|)(.|)"
    ),
    (
        "(Can|Could|Would) you (describe|explain|tell me about|put into words) (this pose|this figure|this "
        "body|what this body does)?"
    ),
    (
        "(How|In what way) is (this person|this body|the figure|the model|he|she|someone here) "
        "(posed|standing or sitting or whatever|holding the body)?"
    ),
    (
        "(I need|I'd like|Please give me|Write) (a description|some words|a caption|a sentence or two|a few "
        "sentences) (of|about|for) (this pose|this figure|it)(.|)"
    ),
    "(What|How) would you (say|write) (about this pose|if you had to describe this pose)?",
    "(Tell|Show) me in words (what this is|how the body is placed|what is going on with this body)(.|)",
    "(What|Which position) is the body in?",
    "(Look at|Take) this pose( here|). What is it like?",
    "Describe this pose.",
    "(What|Which) pose is this?",
    "What (do|can) you see?",
    "Tell me about this pose.",
    "Put this pose into words.",
    "How would you describe (this|that|the pose|this body)?",
    "What is (the person|this figure|he|she) doing?",
    "Caption this.",
    "(Please|Can you|Could you) describe (it|this|the figure)",
    "Explain the pose to someone who can't see it.",
    "What am I looking at?",
    "Words for this, please.",
    "I can't see well: what's the pose?",
    "How is the body (placed|arranged|posed)?",
    "A caption for this pose?",
    "What does this pose look like?",
    "Say what this body does.",
    "Verbalise this pose.",
    "Alt text for this pose, please.",
    "(Read|Interpret) this pose.",
    "In plain words: what's this?",
    "Give me a description.",
)
DESCRIBE_SHORT = Wordings(
    (
        "(A short|A brief|A one-line|A quick|A compact) (description|caption|summary|account)( of "
        "this pose| of it|, please)(.|)"
    ),
    (
        "(Describe|Summarise|Caption) (this|it|the pose) (in a few words|in one line|very briefly|in fifteen "
        "words or so)(.|)"
    ),
    "(What's|What is) (this|the pose) (in a word or two|in brief|roughly|more or less)?",
    "(Only|Just) (one sentence|a line|the essentials) (about|on) (this|the pose|it), please(.|)",
    "Describe this in one sentence.",
    "(Briefly|In short|Shortly), what pose is this?",
    "One sentence about this pose.",
    "A short caption, please.",
    "TL;DR of this pose?",
    "The gist of the pose?",
    "Sum this pose up.",
    "Quick description?",
    "(Just|Only) the main things about this pose.",
    "What stands out in this pose?",
    "Short alt text.",
    "A line for the label?",
    "In a nutshell?",
    "Keep it short: what's this?",
)
DESCRIBE_FULL = Wordings(
    (
        "(Describe|Explain|Document) (this pose|the pose|this body) (in full|in every detail|as exactly as "
        "you can|part by part|from head to foot)(.|)"
    ),
    (
        "(A detailed|A complete|An exact|A long|A thorough) (description|account|report) (of this pose|of "
        "the pose), (please|with all limbs)(.|)"
    ),
    "(Where|How) is (every limb|each part of the body|everything)? Please be (exact|complete|detailed).",
    (
        "(Tell me|Write down|List) (everything|all) (about this pose|there is to say about this pose|you can "
        "measure here in words)(.|)"
    ),
    "Describe this pose in detail.",
    "Everything you can say about this pose.",
    "A full description, limb by limb.",
    "Be thorough: what's the pose?",
    "Describe every part of the body.",
    "Give me all the details of this pose.",
    "I have to rebuild this on a mannequin, so be precise.",
    "Full report on the pose.",
    "Long description, please.",
    "Head to toe: how is this body posed?",
    "Don't leave anything out.",
    "How exactly is each limb placed?",
    "The complete pose in words.",
)
SPOKEN = Wordings(
    (
        "(Describe|Tell|Say) it (loosely|in your own words|as you would to a friend|like a commentator|the "
        "way people talk)(.|)"
    ),
    "(How|What) would (a friend|an instructor|my grandmother|somebody on the radio) say (this|it)?",
    "Describe it like people talk.",
    "Tell me casually what this is.",
    "In everyday words?",
    "How would a coach call this out?",
    "Describe it the way you'd say it on the phone.",
    "Informally, what's the body doing?",
    "Say it like a friend would.",
    "Call the pose out for me.",
)
NAME = Wordings(
    "(What|How) (do people call|does one call|would you call) (this|this pose|that position)?",
    "(Is|Isn't) (this|that) (some known pose|a pose with a name|something from yoga or sport)?",
    "(Can|Could) you (name|identify|recognise) (this pose|this position|it)?",
    "(I forgot|I don't know|Nobody told me) (what this is called|the name of this pose)(.| - do you?)",
    "What's this pose called?",
    "Does this have a name?",
    "Name this pose.",
    "What do you call this?",
    "Which pose is that, by name?",
    "What's the name of this?",
    "Is there a word for this pose?",
    "Do you know this pose?",
    "Recognise it?",
    "How is this called?",
    "Under which name would I find this?",
    "Is that a known pose?",
    "What is it they call this one?",
    "Tell me the name.",
)
NO_NAME = Wordings(
    "I know no common name for it.",
    "No name that I know fits this.",
    "It isn't one of the poses that I know by name.",
    "There's no common name for that, as far as I know.",
    "None of the names I know fits.",
    "I can't put a name to it.",
)
WORKS_FOR = Wordings(
    "One sees it here: {told}.", "What fits: {told}.", "For that {told}.", "That shows in this: {told}."
)
LINES = Wordings(
    "List what holds, as statements.",
    "Statements, one a line.",
    "Write the facts about this pose as posecodes.",
    "Give me checkable statements.",
    "Facts only, in the statement form.",
    "Which statements hold?",
    "The pose as a list of statements, please.",
    "Machine-readable statements for this?",
    "As a plan: what would this pose be?",
    "Break it down into statements.",
)
HOW_TO = Wordings(
    "(How|In which steps) (do I|does one|would somebody) (get into|do|copy|reach) (this|this pose|it)?",
    "(Give me|Write|I need) (cues|instructions|directions|a checklist) (for this pose|for doing this|for my model)(.|)",
    "How do I get into this pose?",
    "How is this done?",
    "Instruct me step by step.",
    "Cues for this pose?",
    "What would a coach say for this?",
    "How would I copy this?",
    "Tell me how to do it.",
    "Teach me this one.",
    "What do I have to do to look like this?",
    "Instructions for a model, please.",
)
HOW_TO_TOLD = Wordings("Like this:", "These points:", "What matters:", "Check these:", "Point by point:")
BOTH = Wordings(
    "(Describe|Explain|Caption) it, too.",
    "(And|Plus) (a caption|a description|some explanation|a few words)(.|, please.)",
    "(I also need|Give me also|Add) (a sentence about it|it in words|the words for it)(.|)",
    "Show it and describe it.",
    "And describe it in words.",
    "Pose and words, please.",
    "And tell me how it's done.",
    "With a description.",
    "I'd like an explanation with it.",
    "Then say what I see.",
    "(Add|Include) a caption.",
    "Also in words, please.",
)
NAME_TOO = Wordings("Here it is, with words.", "Pose first, then the words.", "Both, then.")

PHOTO_POSE = Wordings(
    (
        "(Extract|Get|Read|Reconstruct|Take) the (3D |body |)pose (from|in|of) (this|the) "
        "(photo|picture|image|snapshot)(.|)"
    ),
    (
        "(Make|Build|Give me) (a body|a figure|a 3D model|a mannequin) (in|with) the (same pose|pose of this "
        "person|pose you see)(.|)"
    ),
    "(I'd like|I want|I need) (this person's pose|the pose in the picture|that pose) (in 3D|as a body|as a model)(.|)",
    "Get the pose from this photo.",
    "Extract the pose.",
    "Turn this photo into a 3D pose.",
    "Make the body in this picture.",
    "3D pose of this person?",
    "Copy the pose of this photo.",
    "(Rebuild|Recreate) this person's pose.",
    "Estimate the pose.",
    "I need this pose as a body.",
    "Photo to pose, please.",
    "Can you pose a figure like the one in the picture?",
    "Same pose as in this photo.",
    "Pose from image",
)
PHOTO_BOTH = Wordings(
    "(Pose|Show|Rebuild) (this person|the person in the photo) and (describe|explain|caption) (it|what you see)(.|)",
    (
        "(Give me|I need) (the 3D pose|the body) of this (photo|picture) and (a description|a caption|some "
        "words about it)(.|)"
    ),
    "What's the pose in this photo? Show it, too.",
    "Extract the pose and describe it.",
    "Pose and description of this person, please.",
    "Make the pose of the photo and tell me about it.",
    "What is this person doing? I also need the 3D pose.",
    "Rebuild the pose and put it into words.",
    "The pose in the picture, as a body and in words.",
    "Analyse the pose in this image.",
)
PHOTO_WORDS = Wordings(
    "(How|In which pose) is the (person|figure|one) in (this|the) (photo|picture|image)?",
    (
        "(Describe|Explain|Tell me about) (how the person in the picture is posed|the body in this "
        "image|this person's pose)(.|)"
    ),
    "(What|Which) (position|pose|posture) (does the photo show|is seen here|is that in the picture)?",
    "What is the person in the photo doing?",
    "Describe the pose in this picture.",
    "What pose is this?",
    "What pose is the person in?",
    "Tell me about the body in this photo.",
    "Describe the person's pose.",
    "How is this person posed?",
    "Pose in this image?",
)
