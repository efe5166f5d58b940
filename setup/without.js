// Stands in for ci-reporter where it could not be set up: what it would wrap runs as if it were not there, and what decides
// whether the job is green says no, since nobody looked. Everything else says that it was not done.
const { spawn } = require("node:child_process");
const os = require("node:os");

// Options of `run` that have no value behind them; tests/shipped/test_setup.py holds the list against the program's.
const FLAGS = [
  "--dry-run", "--json", "--outlive-parent", "--quiet", "--record-command", "--require-baseline", "--shell", "--strict",
  "--strict-reports", "--wrap-logs", "-h", "--help", "-q",
];
const DECIDES = ["alerts", "doctor", "gate", "health", "inspect"];
const LIMIT = /^--((coverage-|tests-)?min|coverage-drop|require-baseline|strict-reports)(=|$)/;
const [name, ...args] = process.argv.slice(2);

/** Where the command of `run` begins: behind `--`, else at the first word that is no option and no value of one. */
function commandStart() {
  if (args.includes("--")) return args.indexOf("--") + 1;
  let at = 0;
  while (args[at]?.startsWith("-")) at += FLAGS.includes(args[at]) || args[at].includes("=") ? 1 : 2;
  return at;
}

/** Its options and the command, which `--shell` gives to sh as one text. */
function parse() {
  const start = commandStart();
  const options = args.slice(0, start);
  const command = args.slice(start);
  const isText = options.includes("--shell") || /^(1|true|yes|on)$/i.test(process.env.CI_REPORTER_SHELL ?? "");
  return { options, command: isText && command.length ? ["sh", "-c", command.join(" ")] : command };
}

function run(command) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal)); // before it can come
  const child = spawn(command[0], command.slice(1), { stdio: "inherit" });
  child.on("error", (error) => {
    console.error(`ci-reporter: ${command[0]}: ${error.code === "ENOENT" ? "command not found" : error.message}`);
    process.exitCode = error.code === "ENOENT" ? 127 : 126;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + os.constants.signals[signal];
  });
}

function refuse(code) {
  console.error(`ci-reporter: not set up in this job, see the warning at its begin; \`${name ?? ""}\` did nothing`);
  process.exitCode = code;
}

const { options, command } = parse();
if (["run", "shell"].includes(name)) {
  if (command.length) run(command);
  else refuse(options.includes("--help") || options.includes("-h") ? 0 : 2);
} else if (name === "logs" && args.includes("--wrap")) {
  process.stdin.pipe(process.stdout); // a build's output goes through here
} else refuse(DECIDES.includes(name) || args.some((each) => LIMIT.test(each)) ? 1 : 0);
