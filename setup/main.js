// Puts ci-reporter on the PATH and tells the steps that follow where they are. What runs is what you read here: there
// are no packages and no bundle. Whatever is wrong, the job's steps run; `ci-reporter` is then without.js, which keeps no
// records. One thing fails the step: a file that is not the released one.
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { annotate, input, tell } = require("./common.js");

const { env } = process;
const began = Date.now() / 1000; // of the job, as near as we can tell
const root = path.dirname(__dirname);
const home = path.join(env.RUNNER_TEMP ?? os.tmpdir(), "ci-reporter");
const program = path.join(home, "bin", "ci-reporter");

/** Write what later steps call: for sh, and for Windows' own shells. */
function writeProgram(...command) {
  const quoted = command.map((each) => `"${each}"`).join(" ");
  fs.writeFileSync(program, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
  if (process.platform === "win32") fs.writeFileSync(`${program}.cmd`, `@${quoted} %*\r\n`);
}

/** The Python that runs ci-reporter, by its path: later steps may have another on their PATH. */
function findPython() {
  // Of a virtual environment it is the one beneath, which is there for longer.
  const code =
    "import sys; sys.version_info < (3, 11) and sys.exit(1); sys.stdout.write(getattr(sys, '_base_executable', sys.executable))";
  for (const each of ["python3", "python"]) {
    const found = spawnSync(each, ["-I", "-c", code], { encoding: "utf8" });
    if (found.status === 0) return found.stdout;
  }
  const seen = spawnSync("python3", ["-V"], { encoding: "utf8" }).stdout?.trim() || "none";
  throw new Error(`needs Python 3.11 or newer as python3 or python, and found ${seen} (add actions/setup-python before this step)`);
}

/** Copy the one file, and check the copy: a later step may check out over the folder of a local action. */
function copyFile(file) {
  const copy = path.join(home, "ci-reporter.pyz");
  fs.copyFileSync(file, copy);
  const [wanted] = fs.readFileSync(`${file}.sha256`, "utf8").split(/\s/);
  if (createHash("sha256").update(fs.readFileSync(copy)).digest("hex") === wanted) return copy;
  fs.rmSync(copy);
  annotate("error", `the checksum of ${file} is not the one in ci-reporter.pyz.sha256 (pin the action to the commit of a release)`);
  process.exitCode = 1;
  throw new Error("the file that the action carries is not the released one");
}

/** How to call ci-reporter: by the one file; from a checkout without it, as pip has installed it. */
function command() {
  const file = path.join(root, "ci-reporter.pyz");
  if (fs.existsSync(file) && fs.existsSync(`${file}.sha256`)) {
    const found = [findPython(), "-I", copyFile(file)];
    writeProgram(...found);
    fs.writeFileSync(path.join(home, "python"), `${found[0]}\n`);
    fs.writeFileSync(path.join(home, "installed"), `${root}\n`); // for action.yml in the same job
    return found;
  }
  const script = '. "$0" && set_up "the job\'s steps run without records"';
  const done = spawnSync("bash", ["-c", script, path.join(root, "scripts", "action-setup")], { stdio: "inherit" });
  if (done.status !== 0) throw new Error("could not be set up");
  return [fs.readFileSync(path.join(home, "python"), "utf8").trim(), "-I", "-m", "ci_reporter"];
}

/** What the steps that follow have in their environment. */
function settings() {
  const found = {
    // Not in the workspace: actions/checkout empties it, and the runner may keep it for the next job.
    CI_REPORTER_DIR: env.CI_REPORTER_DIR || `${home}-records`,
    CI_REPORTER_CI_SUMMARY: env.CI_REPORTER_CI_SUMMARY || (input("summary") === "false" ? "" : "job"), // post.js writes it
    CI_REPORTER_CONFIG: input("config"),
    CI_REPORTER_PUSHGATEWAY: input("pushgateway-url"),
    CI_REPORTER_MATRIX: ["null", "{}"].includes(input("matrix")) ? "" : input("matrix"), // a job without one
    JOB_CHECK_RUN_ID: input("job-check-run-id"),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value));
}

function setUp() {
  const [python, ...args] = command();
  const found = settings();
  // That it can say where it is shows that it works here, before it becomes the shell of every step.
  const context = spawnSync(python, [...args, "context", "--json"], { encoding: "utf8", env: { ...env, ...found } });
  if (context.status !== 0) throw new Error(`does not work here: ${(context.stderr || `${context.error ?? ""}`).trim()}`);
  const { ci_run_id: run, job_name: job } = JSON.parse(context.stdout);
  found.CI_RUN_ID = run;
  for (const [name, value] of Object.entries(found)) tell("GITHUB_ENV", name, value);
  tell("GITHUB_OUTPUT", "ci-run-id", run);
  tell("GITHUB_OUTPUT", "records", found.CI_REPORTER_DIR);
  tell("GITHUB_STATE", "command", JSON.stringify([python, ...args]));
  tell("GITHUB_STATE", "job", job ?? "");
  tell("GITHUB_STATE", "began", String(began));
}

/** Put the stand-in where ci-reporter would be. A disk without room for it is no reason to fail the job here. */
function standIn() {
  fs.mkdirSync(path.dirname(program), { recursive: true });
  fs.copyFileSync(path.join(__dirname, "without.js"), path.join(home, "without.js"));
  writeProgram(process.execPath, path.join(home, "without.js"));
}

function attempt(action, consequence) {
  try {
    action();
    return true;
  } catch (error) {
    if (!process.exitCode) annotate("warning", `${error.message}; ${consequence}`);
    return false;
  }
}

const isSetUp = attempt(() => {
  fs.mkdirSync(path.dirname(program), { recursive: true });
  fs.appendFileSync(env.GITHUB_PATH, `${path.dirname(program)}\n`);
  fs.rmSync(path.join(home, "installed"), { force: true });
  setUp();
}, "the job's steps run without records");
if (!isSetUp) attempt(standIn, "steps that call ci-reporter do not find it");
