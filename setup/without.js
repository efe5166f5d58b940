// Stands in for ci-reporter where it could not be set up: what it would wrap runs as if it were not there, and a gate is
// not green, since nobody watched. Everything else says that it was not done.
const { spawn } = require("node:child_process");
const os = require("node:os");

const [name, ...args] = process.argv.slice(2);
const command = args.slice(args.indexOf("--") + 1);
if (!["run", "shell"].includes(name) || !args.includes("--") || !command.length) {
  console.error(`ci-reporter: not set up in this job, see the warning at its begin; \`${name ?? ""}\` did nothing`);
  process.exit(name === "gate" ? 1 : 0);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal)); // before it can come
const child = spawn(command[0], command.slice(1), { stdio: "inherit" });
child.on("error", (error) => {
  console.error(`ci-reporter: ${command[0]}: ${error.code === "ENOENT" ? "command not found" : error.message}`);
  process.exitCode = error.code === "ENOENT" ? 127 : 126;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + os.constants.signals[signal];
});
