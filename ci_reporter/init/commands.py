"""Commands in somebody's CI file: which of them run tests or deploy, and which reports their flags name."""

from __future__ import annotations

import re
import shlex

from ci_reporter.init.words import found_path

PYTHON = ("pytest", "tox", "nox", "python -m unittest", "python3 -m unittest")  # steps of Python's own tools
_TESTS = re.compile(
    r"(?:(?:uv|poetry|pdm|pipenv|hatch) run )?(?:python3? -m )?(?P<python>pytest|tox|nox)\b"
    r"|(?P<unittest>python3? -m unittest)\b"
    r"|(?P<script>(?:npm|pnpm|yarn|bun) (?:run )?test)\b|npm t$"
    r"|(?:npx |pnpm |yarn |bunx )(?P<javascript>jest|vitest|mocha|playwright test)\b"
    r"|(?P<go>go test|gotestsum)\b"
    r"|(?P<rust>cargo (?:test|nextest run))\b"
    r"|(?:\./)?(?P<maven>mvnw?)(?= .*\b(?:test|verify|install|package)\b)"
    r"|(?:\./)?(?P<gradle>gradlew?)(?= .*\b(?:test|check|build)\b)"
    r"|(?P<dotnet>dotnet test)\b"
    r"|(?:bundle exec )?(?P<ruby>rspec|rake test)\b"
    r"|(?:\./)?(?:vendor/bin/)?(?P<php>phpunit)\b"
    r"|(?P<make>make (?:test|check))\b"
    r"|(?P<other>ctest|bazel test)\b"
)
_DEPLOYS = re.compile(
    r"\b(?:kubectl (?:apply|set image|rollout restart)|helm (?:upgrade|install)|terraform apply|tofu apply"
    r"|fly(?:ctl)? deploy|serverless deploy|sls deploy|cdk deploy|sam deploy|vercel (?:deploy|--prod)|netlify deploy"
    r"|firebase deploy|wrangler deploy|gcloud (?:run|app|functions) deploy|aws ecs update-service|az webapp deploy"
    r"|heroku container:release|docker stack deploy|ansible-playbook|argocd app sync|skaffold run|nomad job run"
    r"|kamal deploy|cap \w+ deploy|eb deploy|make deploy|npm run deploy)\b"
    r"|(?:\./|\bbin/|\bscripts?/)deploy[\w.-]*|\bdeploy\.(?:sh|py|rb)\b"
    r"|^\s*deploy[\w-]*:\s*$|\bstage:\s*deploy[\w-]*\s*$|^\s*environment:\s*production\s*$"
)
_NOT_ONE_COMMAND = re.compile(r"[;&|<>`]|\$\(|\\$")
_JUNIT = (r"--junit-?xml[= ]([\w./-]+)", r"--junitfile[= ]([\w./-]+)", r"--log-junit[= ]([\w./-]+)")
_COVERAGE = (r"--cov-report[= ]xml:([\w./-]+)", r"-coverprofile[= ]([\w./-]+)", r"--coverage-clover[= ]([\w./-]+)")


def test_step(command: str) -> str | None:
    """The name of the step that a command runs tests as; None for one that runs none, or is more than a command."""
    match = _TESTS.match(command)
    if not match or _NOT_ONE_COMMAND.search(command):
        return None
    name = next((each for each in match.groups() if each), "npm test")
    return {"mvn": "maven", "mvnw": "maven", "gradlew": "gradle"}.get(name, name)


def runs_tests(text: str) -> bool:
    """Whether a line of a file runs tests in any way, also as a part of it."""
    command = re.sub(r"^(?:- )?(?:run: |script: )?", "", text.strip())
    return any(_TESTS.match(part.strip()) for part in re.split(r"[;&|]", command))


def deploy(text: str) -> str | None:
    """The words of a line that deploy, or that call a job a deploy."""
    if text.lstrip().startswith(("#", "- name:", "name:")) or "uses:" in text:
        return None
    match = _DEPLOYS.search(text)
    return match[0].strip() if match else None


def recording_command(command: str, step: str) -> str:
    """The command as ci-reporter runs it, with the reports that it says it writes."""
    reports = [f"--coverage {path}" for path in _coverage(command)] + [f"--tests {path}" for path in _tests(command)]
    return " ".join(["ci-reporter run", f"--name {shlex.quote(step)}", *reports, "--", command])


def _tests(command: str) -> list[str]:
    if re.match(r"(?:\./)?mvn", command):
        return ["'**/target/surefire-reports/TEST-*.xml'"]
    if re.match(r"(?:\./)?gradle", command):
        return ["'**/build/test-results/**/TEST-*.xml'"]
    return [path for pattern in _JUNIT if (path := found_path(pattern, command))]


def _coverage(command: str) -> list[str]:
    found = [path for pattern in _COVERAGE if (path := found_path(pattern, command))]
    return found or (["coverage.xml"] if re.search(r"--cov-report[= ]xml(?!:)", command) else [])
