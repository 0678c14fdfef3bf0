/** The page's colours and fonts for light and dark screens. All contrasts are at least 4.5:1. */
export const STYLE = `
:root{--page:#f6f7f9;--card:#fff;--line:#d9dee6;--text:#16202e;--dim:#566479;--ok:#0f766e;--warning:#92600a;--failed:#b91c1c;--unknown:#6d28d9;--none:#566479}
@media (prefers-color-scheme:dark){:root{--page:#0e131b;--card:#171f2b;--line:#2c384b;--text:#e8edf5;--dim:#9aa8bd;--ok:#4fd1c0;--warning:#f5c56b;--failed:#ff8f8f;--unknown:#c4a7ff;--none:#9aa8bd}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:980px;margin:0 auto;padding:24px 16px 60px}
p{margin:0 0 6px;overflow-wrap:anywhere}.dim{color:var(--dim)}
.verdict{font-size:30px;line-height:1.2;font-weight:700}
.late{border:1px solid var(--failed);border-radius:10px;padding:10px 14px;margin:14px 0}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 18px;margin:12px 0}
h2{font-size:17px;margin:0}
ul{list-style:none;margin:8px 0 0;padding:0}li{margin:0 0 4px;overflow-wrap:anywhere}
.ill{border-top:1px solid var(--line);padding:10px 0 4px}
.sign{display:inline-block;width:1.5em;font-weight:700}
.ok{color:var(--ok);fill:var(--ok)}.warning{color:var(--warning);fill:var(--warning)}.failed{color:var(--failed);fill:var(--failed)}
.unknown{color:var(--unknown);fill:var(--unknown)}.none{color:var(--none);fill:var(--none)}
details{margin-top:6px;font-size:14px}summary{cursor:pointer;color:var(--dim)}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
a{color:inherit}
.history{display:block;width:100%;height:90px;margin-top:10px}
.ends{display:flex;justify-content:space-between;font-size:13px}
:focus-visible{outline:2px solid var(--ok);outline-offset:2px}
`;
