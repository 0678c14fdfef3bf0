/** The page's colours and fonts for light and dark screens. All contrasts are at least 4.5:1. */
export const STYLE = `
:root{--page:#f6f7f9;--card:#fff;--line:#d9dee6;--text:#16202e;--dim:#566479;--inserted:#0f766e;--updated:#1d4ed8;--deleted:#b45309;--rain:#2563eb;--right:#0f766e;--failed:#b91c1c;--skipped:#92600a}
@media (prefers-color-scheme:dark){:root{--page:#0e131b;--card:#171f2b;--line:#2c384b;--text:#e8edf5;--dim:#9aa8bd;--inserted:#4fd1c0;--updated:#7aa7ff;--deleted:#fbbf24;--rain:#7aa7ff;--right:#4fd1c0;--failed:#ff8f8f;--skipped:#f5c56b}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:40px 24px 80px}
h1{font-size:30px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:20px;margin:0 0 14px}
h3{font-size:15px;margin:0 0 8px}
p{margin:0 0 12px}.dim{color:var(--dim)}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:22px 24px;margin:20px 0}
.figures{display:flex;flex-wrap:wrap;gap:12px;margin:22px 0 0;padding:0;list-style:none}
.figures li{flex:1 1 150px;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:14px 18px}
.figures b{display:block;font-size:26px;line-height:1.2;font-variant-numeric:tabular-nums}
.figures span{color:var(--dim);font-size:14px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--dim);font-weight:600}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
tbody tr:last-child>*{border-bottom:0}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
.state{font-weight:650;white-space:nowrap}.state.right{color:var(--right)}.state.failed,.state.wrong{color:var(--failed)}
.state.skipped,.state.unsaved,.state.stopped,.state.running{color:var(--skipped)}
.two>*{min-width:0}.two{display:grid;gap:24px 36px;grid-template-columns:repeat(auto-fit,minmax(min(330px,100%),1fr))}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin:6px 0 0;padding:0;list-style:none;font-size:13px;color:var(--dim)}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px}
.warning{color:var(--skipped);font-weight:600;overflow-wrap:anywhere}
.plain{margin:0;padding:0;list-style:none}.plain li{margin:4px 0}
.timeline details{border-bottom:1px solid var(--line);padding:5px 0}.timeline details:last-child{border-bottom:0}
.timeline summary{display:grid;grid-template-columns:86px minmax(150px,1fr) auto;gap:2px 12px;align-items:baseline;font-weight:400;font-size:14px;list-style:none}
.timeline summary::-webkit-details-marker{display:none}
.timeline .verb{font-weight:600}.timeline .number{color:var(--dim);font-variant-numeric:tabular-nums;text-align:right}
.timeline p{margin:8px 0 0;overflow-wrap:anywhere}
.lane{grid-column:1/-1;position:relative;height:8px;border-radius:4px;background:var(--page);overflow:hidden}
.bar{position:absolute;top:0;bottom:0;min-width:3px;border-radius:3px;background:var(--right)}
.bar.failed{background:var(--failed)}.bar.running,.bar.stopped,.bar.skipped{background:var(--skipped)}
a{color:var(--updated)}
@media (max-width:520px){main{padding:20px 10px 60px}section{padding:16px 14px}h1{font-size:24px}.timeline summary{grid-template-columns:78px minmax(0,1fr) auto}.two{grid-template-columns:minmax(0,1fr)}table{font-size:13px}.chart text{font-size:16px}}
svg{max-width:100%;height:auto;display:block}
.chart text{fill:var(--dim);font:11px system-ui,sans-serif}.chart line{stroke:var(--line)}
.inserted{fill:var(--inserted);background:var(--inserted)}.updated{fill:var(--updated);background:var(--updated)}
.deleted{fill:var(--deleted);background:var(--deleted)}.rain{fill:var(--rain);background:var(--rain)}
.seconds{fill:none;stroke:var(--dim);stroke-width:1.5}
pre{white-space:pre-wrap;margin:4px 0 0;color:var(--failed);font:13px/1.45 ui-monospace,Menlo,"DejaVu Sans Mono",monospace}
summary{cursor:pointer;font-weight:600}
:focus-visible{outline:2px solid var(--updated);outline-offset:2px}
`;
