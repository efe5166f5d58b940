// The job's end, also of one that has failed or was cancelled: record the job, deliver what still waits, show the steps.
// Nothing here fails a job, unless CI_REPORTER_STRICT asks for it.
const { spawnSync } = require("node:child_process");
const { annotate, input } = require("./common.js");

const { env } = process;

/** Call ci-reporter; its exit code and what it wrote to stdout. */
function call(...args) {
  const [program, ...rest] = JSON.parse(env.STATE_command);
  const changed = { ...env, CI_REPORTER_CI_SUMMARY: "none" }; // the page of the job has its line, too
  const stdio = ["ignore", "pipe", "inherit"];
  const done = spawnSync(program, [...rest, ...args], { encoding: "utf8", maxBuffer: Infinity, stdio, env: changed });
  if (done.error) annotate("warning", `${args[0]}: ${done.error.message}`);
  return { status: done.status, stdout: done.stdout ?? "" }; // null where it could not be started
}

/** How the job has gone; undefined where nobody says. GitHub evaluates the input anew at the job's end. act, Gitea and
 * Forgejo do not: there a recorded step that did not succeed tells, and nothing tells of a success. */
function status() {
  if (!env.ACT && !env.GITEA_ACTIONS && !env.FORGEJO_ACTIONS) return input("job-status");
  const records = call("summary", "--json").stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return records.findLast((each) => each.job_name === env.STATE_job && each.result !== "success")?.result;
}

/** Record the job, not by its own name, which a step without a name has; the exit code. */
function recordJob() {
  const result = status();
  if (result) return call("collect", "--name", "job", "--result", result, "--started", env.STATE_began).status;
  console.log("ci-reporter: this runner does not tell how the job has gone, so that the job is not recorded; its steps are");
  return 0;
}

function main() {
  const codes = [call("flush").status]; // first: it also records steps that were killed
  if (input("record-job") !== "false") codes.push(recordJob());
  if (input("summary") !== "false" && env.GITHUB_STEP_SUMMARY) {
    codes.push(call("summary", "--markdown", env.GITHUB_STEP_SUMMARY).status);
  }
  if (codes.includes(70)) process.exitCode = 1; // --strict
}

if (env.STATE_command) main();
