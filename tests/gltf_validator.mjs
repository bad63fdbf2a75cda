// Runs the Khronos glTF validator over files and prints one JSON object: {path: {errors, warnings, infos, messages}}.
// Use: node gltf_validator.mjs FILE...   (packages: npm ci --prefix tests/js)
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(new URL("./js/package.json", import.meta.url));
const validator = require("gltf-validator");

const reports = {};
for (const path of process.argv.slice(2)) {
  const { issues } = await validator.validateBytes(new Uint8Array(await readFile(path)), { uri: path });
  reports[path] = {
    errors: issues.numErrors,
    warnings: issues.numWarnings,
    infos: issues.numInfos,
    messages: issues.messages.map(({ code, severity, message, pointer }) => ({ code, severity, message, pointer })),
  };
}
console.log(JSON.stringify(reports));
