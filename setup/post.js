// The job's end, also of one that has failed or was cancelled: record the job, deliver what still waits, show the steps.
// Nothing here fails a job, unless CI_REPORTER_STRICT asks for it.
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const { annotate, input } = require("./common.js");

const { env } = process;

/** Call ci-reporter; its exit code and what it wrote to stdout. */
function call(...args) {
  const [program, ...rest] = JSON.parse(env.STATE_command);
  const changed = { ...env, CI_REPORTER_CI_SUMMARY: "false" }; // the table of all steps has the job's line, too
  const done = spawnSync(program, [...rest, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], env: changed });
  if (done.error) annotate("warning", `${args[0]}: ${done.error.message}`);
  return done;
}

/** How the job has gone. GitHub evaluates the input anew at the job's end; act, Gitea and Forgejo do not: there the
 * recorded steps have to tell. */
function status() {
  if (!env.ACT && !env.GITEA_ACTIONS && !env.FORGEJO_ACTIONS) return input("job-status");
  const steps = call("summary", "--json").stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return steps.map((each) => each.result).findLast((each) => each !== "success") ?? "success";
}

function main() {
  const codes = [];
  if (input("record-job") !== "false") codes.push(call("collect", "--result", status(), "--started", env.STATE_began).status);
  codes.push(call("flush").status);
  if (input("summary") !== "false" && env.GITHUB_STEP_SUMMARY) {
    fs.appendFileSync(env.GITHUB_STEP_SUMMARY, `\`\`\`\n${call("summary").stdout}\n\`\`\`\n`);
  }
  if (codes.includes(70)) process.exitCode = 1; // --strict
}

if (env.STATE_command) main();
