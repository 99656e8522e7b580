"""What the doctor's page adds to the style sheet of reports: the chain, the waterfall, what is broken. Floor 7."""

STYLE = """
:root { --bad: #b3261e; --bad-tint: #fdecea; --took: #b9c6d0; }
@media screen and (prefers-color-scheme: dark) { :root { --bad: #ff8f85; --bad-tint: #3a1d1b; --took: #46545f; } }
.sick { border-left-color: var(--bad); } .sick .word { color: var(--bad); }
.healthy { border-left-color: var(--good); } .healthy .word { color: var(--good); }
.unknown { border-left-color: var(--warn); } .unknown .word { color: var(--warn); }
.word { font-weight: 700; text-transform: capitalize; }
.minute { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: .5rem 2.5rem; }
.minute h2 { border: 0; padding: 0; margin: 1.2rem 0 .3rem; }
ul.evidence { margin: .3rem 0 .6rem; padding-left: 1.2rem; } ul.evidence li { margin: .15rem 0; max-width: 50rem; }
.minute pre { white-space: pre-wrap; }
.cause { margin: 0 0 1.4rem; } .sure { color: var(--soft); font-weight: 400; }
ol.chain { list-style: none; margin: .8rem 0 1rem; padding: 0; display: flex; flex-wrap: wrap; gap: .7rem 1.9rem; }
ol.chain li { position: relative; border: 1.5px solid var(--line); border-radius: 6px; padding: .35rem .7rem;
  background: var(--tint); max-width: 21rem; font-size: .92rem; }
ol.chain li + li::before { content: "→"; position: absolute; left: -1.5rem; top: .3rem; color: var(--soft); }
ol.chain b { display: block; overflow-wrap: anywhere; } ol.chain span { color: var(--soft); display: block; }
ol.chain li.broken { border: 2.5px solid var(--bad); background: var(--bad-tint); }
  ol.chain li.broken b, ol.chain li.broken .gain { color: var(--bad); }
ol.chain .formula { color: var(--ink); margin-top: .15rem; }
table.fall { width: 100%; max-width: 60rem; } table.fall th.track, table.fall td.track { width: 46%; min-width: 9rem;
  padding-right: 0; }
.rail { position: relative; display: block; height: 1.05rem; } th.track .rail { height: 1.2rem; font-weight: 400; }
.rail i { position: absolute; top: -.35rem; bottom: -.35rem; width: 1px; background: var(--line); }
.rail em { position: absolute; font-style: normal; font-size: .8rem; transform: translateX(-50%); white-space: nowrap; }
  .rail em.first { transform: none; } .rail em.last { transform: translateX(-100%); }
.rail u { position: absolute; top: .15rem; height: .75rem; border-radius: 1px; background: var(--s0); min-width: 2px; }
.rail u.took { background: repeating-linear-gradient(135deg, var(--took) 0 3px, transparent 3px 6px); }
.rail u.gave { background: var(--s2); } tr.broken .rail u.took { background: var(--bad); }
tr.broken th { color: var(--bad); } tr.broken .rail u.gave { background: var(--bad); }
.code .plus { color: var(--good); } .code .minus { color: var(--bad); }
.tried td:nth-child(2) { white-space: nowrap; } .fall tbody th { min-width: 15rem; }
@media (max-width: 34rem) { ol.chain { flex-direction: column; gap: 1.5rem; }
  ol.chain li + li::before { content: "↓"; left: 1rem; top: -1.45rem; }
  table.fall th.track, table.fall td.track { min-width: 7rem; width: 40%; } .wide, .rail em.mid { display: none; }
  .tried tbody th { min-width: 11rem; } .fall tbody th { min-width: 6rem; } }
@media print { ol.chain li, .rail u, .rail i { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  ol.chain li, .cause, tr { break-inside: avoid; } table.fall { break-inside: auto; }
  table.fall th, table.fall td { padding-top: .1rem; padding-bottom: .1rem; }
  details > *:not(summary) { display: block; } }
"""
