// Read Gantt charts as Mermaid does, from a JSON list on stdin; print the tasks of each.
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

const [, , library] = process.argv;
runInThisContext(readFileSync(library, "utf8")); // it is written for a page, and defines a global
// What Mermaid makes of #58; until it draws the text (utils.ts, encodeEntities).
const decoded = (text) => text.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(code)).trim();

for (const chart of JSON.parse(readFileSync(0, "utf8"))) {
  await globalThis.mermaid.parse(chart); // it registers the kinds of charts, too
  const { db } = await globalThis.mermaid.mermaidAPI.getDiagramFromText(chart);
  const tasks = db.getTasks().map((each) => ({
    name: decoded(each.task),
    section: decoded(each.section),
    from: each.startTime.getTime(),
    to: each.endTime.getTime(),
    failed: each.crit,
  }));
  console.log(JSON.stringify(tasks));
}
