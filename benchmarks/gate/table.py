"""The table: each cell's target, and what the procedures said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.gate.cells import Cell

POOLED = ("×3 from 150 s", "×3 from 240 s", "×20 from 150 s", "×20 from 240 s")
HEAD = (
    "| what is simulated | target | runs | this judge fails | passes | before: fails | passes"
    " | p95 > 1.2 × | Mann-Whitney |"
)


Answers = list[Sequence[object]]


def table(
    wanted: Iterable[Cell], found: Iterable[Mapping[str, object]], before: Mapping[str, Mapping[str, list[float]]]
) -> str:
    """As Markdown, with how many targets are missed below it."""
    said = by_cell(found)
    for name, each in before.items():
        said[name]["before"] = [("fail", at_s) for at_s in each["failed_s"]]
        said[name]["before"] += [("pass", None)] * int(each["passed"][0]) + [("open", None)] * int(each["open"][0])
    there = [cell for cell in wanted if said[cell.name]["judge"]]
    missed = [cell.name for cell in there if not met(cell, said[cell.name]["judge"])]
    runs = sum(len(said[cell.name]["judge"]) for cell in there)
    lines = [HEAD, "|---" * 9 + "|", *(row(cell, said[cell.name]) for cell in there), *pooled(there, said), ""]
    lines.append(
        f"{runs} runs of {len(there)} cells; {len(missed)} targets missed" + "".join(f"\n  {name}" for name in missed)
    )
    return "\n".join(lines)


def by_cell(found: Iterable[Mapping[str, object]]) -> dict[str, dict[str, Answers]]:
    """What each procedure said of each run of a cell."""
    said: dict[str, dict[str, Answers]] = defaultdict(lambda: defaultdict(list))
    for each in found:
        for procedure, answer in each["by"].items():  # type: ignore[attr-defined]
            said[str(each["cell"])][procedure].append(answer)
    return said


def summary(found: Iterable[Mapping[str, object]]) -> dict[str, dict[str, list[float]]]:
    """By cell, when the procedure before this one failed, and how many runs it passed or left open."""
    answers = {name: said["before"] for name, said in by_cell(found).items()}
    return {
        name: {
            "failed_s": sorted(_times(each)),
            "passed": [sum(answer[0] == "pass" for answer in each)],
            "open": [sum(answer[0] not in ("pass", "fail") for answer in each)],
        }
        for name, each in answers.items()
    }


def pooled(there: Sequence[Cell], said: Mapping[str, Mapping[str, Answers]]) -> Iterator[str]:
    """A row for all cells of a late change together, whatever their noise."""
    for begins in POOLED:
        chosen = [cell for cell in there if cell.name.startswith(begins)]
        if len(chosen) > 1:
            together: dict[str, Answers] = defaultdict(list)
            for cell in chosen:
                for procedure, answers in said[cell.name].items():
                    together[procedure] += answers
            yield row(replace(chosen[0], name=f"{begins}, {len(chosen)} noises together"), together)


def row(cell: Cell, said: Mapping[str, Answers]) -> str:
    ours, before, word = said["judge"], said["before"], cell.counts
    shown = [failed(ours, word), passed(ours), failed(before, word), passed(before)]
    shown += [failed(said["naive"], word), failed(said["mann-whitney"], word)]
    return f"| {' | '.join([cell.name, target(cell), str(len(ours)), *shown])} |"


def failed(answers: Answers, word: str = "fail") -> str:
    """The share that failed, or of which another word was said, and the median time until then."""
    times = _times(answers, word)
    return "–" if not answers else f"{len(times) / len(answers):.1%}" + (f", {median(times):g} s" if times else "")


def passed(answers: Answers) -> str:
    return f"{sum(each[0] == 'pass' for each in answers) / len(answers):.0%}" if answers else "–"


def target(cell: Cell) -> str:
    """The target as the table has it."""
    if cell.most is not None:
        return f"≤ {cell.most:.1%}"
    if cell.least is None:
        return "pass 0" if cell.no_pass else "–"
    by = f" in {cell.by_s:g} s" if cell.by_s else ""
    return f"≥ {cell.least:.0%}{by}{', pass 0' if cell.no_pass else ''}"


def met(cell: Cell, answers: Answers) -> bool:
    """Whether what was measured is within the target."""
    times = _times(answers, cell.counts)
    share = len(times) / len(answers)
    if cell.most is not None:
        return share <= cell.most
    in_time = not cell.by_s or (bool(times) and median(times) <= cell.by_s)
    passes = cell.no_pass and any(each[0] == "pass" for each in answers)
    return share >= (cell.least or 0.0) and in_time and not passes


def _times(answers: Answers, word: str = "fail") -> list[float]:
    return [float(at_s) for said, at_s in answers if said == word and isinstance(at_s, int | float)]
