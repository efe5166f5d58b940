// What main.js and post.js share: inputs, and the files and lines by which a step talks to the runner.
// Source: github/docs, "Workflow commands for GitHub Actions".
const { createHash } = require("node:crypto");
const fs = require("node:fs");

const { env } = process;

const input = (name) => (env[`INPUT_${name.toUpperCase()}`] ?? "").trim();

/** Show a line on the run's page; `level` is warning or error. */
function annotate(level, text) {
  const escaped = text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  console.log(`::${level} title=ci-reporter::${escaped}`);
}

/** Tell the runner a name and its value, by the file that is called GITHUB_ENV, GITHUB_OUTPUT or GITHUB_STATE. */
function tell(file, name, value) {
  const end = `end-${createHash("sha256").update(value).digest("hex")}`; // no value holds its own digest
  fs.appendFileSync(env[file], `${name}<<${end}\n${value}\n${end}\n`);
}

module.exports = { annotate, input, tell };
