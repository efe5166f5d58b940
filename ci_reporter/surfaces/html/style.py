"""How the page looks: by day, by night and on paper. Every text has a contrast of 4.5 to 1 (WCAG 2.1, 1.4.3)."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1f2328; --quiet: #57606a; --line: #d0d7de; --card: #f6f8fa; --link: #0550ae;
  --success: #1a7f37; --failure: #b3261e; --cancellation: #7d4e00; --skip: #57606a; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #0d1117; --ink: #e6edf3; --quiet: #9ea7b3; --line: #30363d; --card: #161b22; --link: #79b8ff;
  --success: #3fb950; --failure: #ff7b72; --cancellation: #d29922; --skip: #9ea7b3; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
a { color: var(--link); }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
dl { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0; }
dt { color: var(--quiet); } dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
dl div { display: flex; gap: .4rem; }
.wide { overflow-x: auto; margin-bottom: 1rem; }
.wide > svg { min-width: 44rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem 1.5rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--quiet); font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; }
.success { color: var(--success); } .cancellation { color: var(--cancellation); } .skip { color: var(--skip); }
.failure, .error, .timeout { color: var(--failure); }
ul { padding-left: 1.25rem; } li { overflow-wrap: anywhere; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
svg { display: block; max-width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .axis { stroke: var(--line); } svg .scale { fill: var(--quiet); }
svg .success { fill: var(--success); } svg .cancellation { fill: var(--cancellation); } svg .skip { fill: var(--skip); }
svg .failure, svg .error, svg .timeout { fill: var(--failure); }
svg .trend { fill: none; stroke: var(--link); stroke-width: 1.5; }
span.scale { color: var(--quiet); font-size: .8rem; }
footer { margin-top: 2.5rem; color: var(--quiet); font-size: .875rem; }
@media print { body { max-width: none; padding: 0; } .wide { overflow: visible; } .wide > svg { min-width: 0; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; } }
"""
