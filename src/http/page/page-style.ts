// The page's style: one column that fits a phone, and the colours that the reader's system prefers.

export const PAGE_STYLE = `:root {
  color-scheme: light dark;
  --ground: #f5f7f8; --card: #ffffff; --text: #14212b; --quiet: #4d5d68; --line: #c9d3d9;
  --accent: #0b6b8a; --on-accent: #ffffff; --bad: #a4161a; --track: #dde5e9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10181e; --card: #1a252d; --text: #e8eef2; --quiet: #a3b3be; --line: #3a4a55;
    --accent: #5cc3e4; --on-accent: #08222c; --bad: #ff8f8f; --track: #2c3a44;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; padding: 0.75rem; max-width: 64rem; background: var(--ground); color: var(--text);
  font: 1rem/1.45 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; margin: 0.25rem 0; }
h2 { font-size: 1.1rem; margin: 0 0 0.5rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.25rem; }
p { margin: 0.4rem 0; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.92em; }
.quiet, #connection, dt { color: var(--quiet); font-size: 0.9rem; }
.badge { font-size: 0.85rem; font-weight: 600; border: 1px solid var(--line); border-radius: 1rem; padding: 0.05rem 0.6rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem; margin: 0.75rem 0; }
.notice { border-left: 0.3rem solid var(--accent); padding: 0.4rem 0.6rem; background: var(--card); }
.bad { color: var(--bad); border-color: var(--bad); }
dl { display: grid; grid-template-columns: minmax(5rem, auto) 1fr; gap: 0.15rem 0.75rem; margin: 0; }
dd { margin: 0; min-width: 0; }
ul { list-style: none; margin: 0; padding: 0; }
.tables > li { border-top: 1px solid var(--line); padding: 0.5rem 0; }
.tables .name { font-weight: 600; }
.track { height: 0.8rem; border-radius: 0.4rem; background: var(--track); overflow: hidden; margin: 0.3rem 0; }
.fill { height: 100%; background: var(--accent); width: 0; }
.plain > li { padding: 0.25rem 0; border-top: 1px solid var(--line); }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; margin: 0.5rem 0; }
.between { justify-content: space-between; margin: 0; }
label { display: block; margin: 0.5rem 0 0.2rem; font-size: 0.9rem; }
input, textarea { width: 100%; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--quiet);
  border-radius: 0.3rem; padding: 0.45rem; }
button { font: inherit; font-weight: 600; min-height: 2.5rem; padding: 0.3rem 0.9rem; border-radius: 0.3rem; cursor: pointer;
  border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent); }
form > button { margin-top: 0.6rem; }
button.danger { background: var(--bad); border-color: var(--bad); color: var(--ground); }
button[aria-disabled="true"] { opacity: 0.55; cursor: default; }
:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 0.75rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: 0.9rem; }
svg { display: block; width: 100%; height: 4rem; background: var(--ground); border-radius: 0.3rem; }
polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
dialog { border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); color: var(--text); max-width: 92vw; }
dialog::backdrop { background: rgba(0, 0, 0, 0.5); }
`
