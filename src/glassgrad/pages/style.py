"""The style sheet of the report: light and dark by the reader's system, one column on a phone, ink on paper. Floor 7.

The hues of the lines are Okabe and Ito's (2008), which people with every kind of colour vision tell apart, darkened
or lightened for contrast; lines differ in their dashes, too.
"""

STYLE = """
:root { color-scheme: light dark; --ink: #1b2329; --soft: #56646f; --line: #d5dbe0; --paper: #ffffff; --tint: #f3f6f8;
  --accent: #00679e; --good: #00664d; --warn: #a33a00; --heat: 0 103 158;
  --s0: #0072b2; --s1: #b83e00; --s2: #007a5c; --s3: #a3366f; --s4: #8a5d00; --s5: #5a4fcf; --s6: #4a5b68;
  --s7: #1b2329; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e8edf1; --soft: #a3b1bc; --line: #38434b; --paper: #12161a; --tint: #1b2126; --accent: #6cbcf0;
    --good: #55d1a8; --warn: #ffa066; --heat: 108 188 240;
    --s0: #56b4e9; --s1: #ffa066; --s2: #3cc79b; --s3: #ec8fbf; --s4: #e6b23c; --s5: #b0a7ff; --s6: #a9bac6;
  --s7: #eceff2; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .6rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .3rem; }
p { margin: .4rem 0; max-width: 52rem; } .soft { color: var(--soft); } .good { color: var(--good); }
  .warn { color: var(--warn); }
.verdict { border-left: 4px solid var(--accent); background: var(--tint); padding: .9rem 1.1rem; margin: 1rem 0; }
.verdict p { margin: 0; max-width: none; } .verdict p:first-child { font-size: 1.15rem; line-height: 1.4; }
.verdict p + p { margin-top: .5rem; }
.scroll { overflow-x: auto; margin: .3rem 0 1.3rem; } p.about { color: var(--soft); font-size: .94rem;
  margin-bottom: 0; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .94rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: baseline;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
th.n, td.n { text-align: right; white-space: nowrap; padding-left: 1rem; } thead th.n { white-space: normal; }
tbody th { font-weight: 600; overflow-wrap: break-word; max-width: 20rem; }
td.best { font-weight: 700; } td.best::after { content: " ✓"; color: var(--good); }
.columns td:last-child { min-width: 11rem; } tr.dropped th, tr.dropped td { color: var(--soft); }
  tr.dropped th { text-decoration: line-through; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 2rem 2.5rem;
  align-items: start; }
figure { margin: 0; } figure > figcaption { font-size: .9rem; color: var(--soft); margin-top: .4rem; }
svg.chart { display: block; width: 100%; max-width: 34rem; height: auto; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: 0 0 .3rem; padding: 0;
  font-size: .9rem; }
.legend svg { width: 1.9rem; height: .7rem; margin-right: .4rem; }
.grid { stroke: var(--line); stroke-width: .8; fill: none; } .axis { stroke: var(--soft); fill: none; }
.tick, .label, .note { font-size: 11.5px; fill: var(--soft); font-variant-numeric: tabular-nums; }
  .label { fill: var(--ink); }
.note { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.rule { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 4 4; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.cloud { fill: none; stroke-width: 4.5; stroke-linecap: round; opacity: .5; } .span { stroke-width: 1.4;
  opacity: .7; }
.band { stroke: none; opacity: .18; }
.band.s0 { fill: var(--s0); } .band.s1 { fill: var(--s1); } .band.s2 { fill: var(--s2); } .band.s3 { fill: var(--s3); }
.band.s4 { fill: var(--s4); } .band.s5 { fill: var(--s5); } .band.s6 { fill: var(--s6); } .band.s7 { fill: var(--s7); }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); }
.s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); } .s6 { stroke: var(--s6); } .s7 { stroke: var(--s7); }
.line.s1 { stroke-dasharray: 7 4; } .line.s2 { stroke-dasharray: 2 4; } .line.s3 { stroke-dasharray: 9 4 2 4; }
.line.s5 { stroke-dasharray: 7 4; } .line.s6 { stroke-dasharray: 2 4; } .line.s7 { stroke-dasharray: 9 4 2 4; }
.dot.s0 { fill: var(--s0); } .dot.s1 { fill: var(--s1); } .dot.s2 { fill: var(--s2); } .dot.s3 { fill: var(--s3); }
.dot.s4 { fill: var(--s4); } .dot.s5 { fill: var(--s5); } .dot.s6 { fill: var(--s6); } .dot.s7 { fill: var(--s7); }
.confusion th, .confusion td { border: 1px solid var(--line); padding: .3rem .6rem; }
  .confusion td { text-align: right; }
.confusion td { background: rgb(var(--heat) / calc(var(--share) * .55)); } .confusion td.right { font-weight: 700; }
.bars { width: 100%; max-width: 46rem; } .bars td.bar { width: 55%; min-width: 6rem; }
  .bars tbody th { max-width: 12rem; }
.bars .bar span { display: block; height: .8rem; background: var(--s0); min-width: 1px; border-radius: 1px; }
pre { background: var(--tint); padding: .8rem 1rem; overflow-x: auto;
  font: .88rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; margin: .5rem 0; }
code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
  pre code { font: inherit; overflow-wrap: normal; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--accent); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .6rem 0; }
  dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) { table { font-size: .88rem; } th, td { padding-right: .45rem; }
  th.n, td.n { padding-left: .45rem; } .bars td.bar { min-width: 3rem; width: 35%; } }
@media print { main { max-width: none; padding: 0; } body { font-size: 10.5pt; }
  figure, table, .verdict { break-inside: avoid; }
  h2 { break-after: avoid; } .scroll { overflow: visible; } pre { white-space: pre-wrap; }
  .charts { grid-template-columns: 1fr 1fr; }
  .confusion td, .bars span, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
