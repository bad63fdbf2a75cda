// Things to begin with, and things to go on with. `pick` opens the list of files first.

export const PROMPTS = [
  { sign: "person", name: "Make a pose", text: "Someone drawing a bow, left knee on the floor" },
  { sign: "photo", name: "Read a photo", text: "What pose is this?", pick: true },
  { sign: "edit", name: "Make and change", text: "Make a tree pose, then raise the left arm straight up" },
  { sign: "search", name: "Search the library", text: "Find poses of someone kicking high" },
  { sign: "ask", name: "Ask about a pose", text: "Show me a deep squat. What angle are the knees at?" },
  { sign: "file", name: "Get a file", text: "Make warrior two and give it to me as BVH" },
];

export const NEXT = {
  empty: ["What can you do?", "Surprise me"],
  pose: ["What pose is this?", "Mirror it", "Raise the left arm", "Bend the right knee more", "Find poses like this", "Describe it"],
};
