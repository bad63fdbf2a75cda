"""How people ask for what tools do, and what is said of it."""

from chatpose.corpus.instructions.wording import Wordings

EXACT = Wordings(
    "Measure this pose.",
    "Give me the measured facts.",
    "Check this pose exactly.",
    "What can be measured here?",
    "Facts with numbers, please.",
    "Analyse it.",
)
SEARCH = Wordings(
    "Find {query}",
    "Search the library for {query}",
    "Do you have {query}?",
    "Look for: {query}",
    "Is there a pose for {query}?",
    "Search: {query}",
    "(Find|Get) me poses like this in your library: {query}",
    "What do you have on {query}?",
    "Look up {query}",
    "Anything in the library about {query}?",
    "Browse for {query}",
    "Which stored poses match {query}?",
    "Pull up {query} from the collection",
)
SEARCH_WHERE = Wordings(
    "Find poses where it holds: {what}",
    "Search for poses with {what}",
    "Which poses in the library have {what}?",
    "(Filter|Search) by {what}",
    "Poses with {what}?",
    "Look for poses like this: {what}",
    "All that have {what}",
    "Find examples: {what}",
)
LIKE = Wordings(
    "Find poses like this one.",
    "Anything similar in the library?",
    "What looks like this?",
    "Search for similar poses.",
    "More like this.",
    "Which stored pose is nearest?",
    "Find its relatives.",
    "Have you got something close to this?",
)
FOUND = Wordings(
    "I found {n}:", "Here are the best {n}:", "These fit best:", "The library has these:", "Best matches:", "Found:"
)
NOTHING = Wordings(
    "Nothing in the library fits that. Shall I make one?",
    "I found no such pose. Fewer conditions may help.",
    "No pose there has all of that.",
    "The search came back empty.",
)
NO_SEARCH = Wordings(
    "I can't search a library here, but I can make one.",
    "No library to search at the moment; this is one that I made.",
    "I have no search here. Instead:",
)

FORMATS: dict[str, tuple[str, ...]] = {
    "npz": ("npz", "an npz file", "SMPL parameters", "numpy"),
    "bvh": ("bvh", "BVH", "a BVH file", "motion capture format"),
    "glb": ("glb", "GLB", "a glTF file", "glTF for Blender"),
    "obj": ("obj", "an OBJ mesh", "OBJ", "a mesh"),
    "json": ("json", "JSON", "a JSON file"),
    "png": ("png", "a picture", "an image", "PNG"),
}
EXPORT = Wordings(
    "Save {what} as {format}.",
    "Export {what} as {format}.",
    "Can I have {what} as {format}?",
    "Download {what} as {format}.",
    "Give me {what} as {format}.",
    "Write {what} to a file: {format}.",
    "I need {what} as {format}.",
    "Turn {what} into {format}.",
    "{format} of {what}, please.",
    "Let me take {what} away as {format}.",
)
EXPORTED = Wordings(
    "Saved as {name}.", "Here's the file: {name}.", "{name} is ready.", "Exported: {name}.", "Done, {name}."
)
FAILED = Wordings(
    "That didn't work: {reason}. Shall I try again?",
    "The file couldn't be written: {reason}.",
    "Sorry, the export failed ({reason}).",
)
NO_EXPORT = Wordings(
    "I can't write files here. I can describe the pose or change it.",
    "Saving isn't possible in this conversation, sorry.",
    "There's no export here; anything else about the pose?",
)
UNDONE = Wordings("Undone, it's pose 1 again.", "The change is taken back.", "Back to pose 1.", "Undone.")
BLEND_ASK = Wordings(
    "Blend these, {share} of the second.",
    "Mix them: {share} of pose 2.",
    "A pose between them, {share} of the way to the second.",
    "Interpolate, {share} towards pose 2.",
)
SET = Wordings(
    "set the {joint} to exactly {n} degrees",
    "{joint} exactly {n}°",
    "I need precisely {n}° at the {joint}",
    "put the {joint} at {n} degrees, exactly",
    "{joint} angle = {n}",
    "the {joint} must be at {n}°",
)
GROUND = Wordings(
    "Put it on the floor.",
    "Ground it.",
    "It seems to float; set it on the floor.",
    "Drop it to the floor.",
    "Let it touch the ground.",
    "Place it on the floor.",
)
GROUNDED = Wordings(
    "It stands on the floor now.", "Its lowest point is on the floor now.", "Done, it's on the floor.", "Grounded."
)
