/**
 * The page’s style sheet. Two schemes from one set of variables; text contrast at least 7 : 1 and marks at least 3 : 1 on the paper of each.
 * The six colours of marks are Okabe and Ito’s (2008), darkened on white and lightened on black to keep that contrast.
 */
export const styleSheet = `
:root{--paper:#fff;--ink:#1a1d21;--soft:#4d545c;--line:#d5d9de;--wash:#f4f6f8;--trust:#8a5a00;--trust-wash:#fff8e8;--good:#00694a;--bad:#a82a00;
--c0:#0072b2;--c1:#c84e00;--c2:#00805c;--c3:#a8488a;--c4:#806a00;--c5:#3d4a9e;--mark:#767d85}
@media (prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e8eaed;--soft:#b4bbc2;--line:#3a4047;--wash:#1e2226;--trust:#f0c060;--trust-wash:#2a2416;--good:#5fd3a6;--bad:#ff9b75;
--c0:#5ab4f0;--c1:#ff9a5c;--c2:#3fc79a;--c3:#e79bcb;--c4:#dcc04a;--c5:#a3adf5;--mark:#9aa2aa}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
main{max-width:948px;margin:0 auto;padding:20px 24px 48px}
.brand{display:flex;align-items:center;gap:.45em;color:var(--soft);font-size:.9rem;margin:0}
.brand span{font-weight:650;color:var(--ink);letter-spacing:.01em}
.dots{fill:currentColor}
h1{font-size:1.7rem;line-height:1.2;font-weight:650;margin:.5em 0 .35em;overflow-wrap:anywhere;text-wrap:balance}
h2{font-size:1.25rem;line-height:1.3;margin:2em 0 .6em;padding-top:.5em;border-top:1px solid var(--line)}
h3{font-size:1.02rem;margin:1.5em 0 .4em}
p{margin:.5em 0;max-width:76ch;overflow-wrap:anywhere}
.answer{font-size:1.18rem;line-height:1.45}
.figures{display:flex;flex-wrap:wrap;gap:1px;margin:1.3em 0;border:1px solid var(--line);border-radius:6px;overflow:hidden}
.figures div{flex:1 1 138px;box-shadow:0 0 0 1px var(--line);padding:.65em .85em}
.figures dt{color:var(--soft);font-size:.83rem}
.figures dd{margin:0;font-size:1.28rem;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.figures small{display:block;font-size:.8rem;font-weight:400;color:var(--soft)}
.trust{background:var(--trust-wash);border-left:4px solid var(--trust);border-radius:0 6px 6px 0;padding:.75em 1.1em;margin:1.4em 0}
.trust h2{border:0;margin:0 0 .3em;padding:0;font-size:1.05rem;color:var(--trust)}
.trust ul{margin:.3em 0;padding-left:1.2em}
.trust li{margin:.25em 0;max-width:82ch;overflow-wrap:anywhere}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;background:var(--wash);border-radius:3px;padding:.05em .3em;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:1em 0}
.scroll:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding-bottom:.45em;font-size:.9rem}
th,td{padding:.36em .7em;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:first-child{padding-left:.2em}
thead th{border-bottom:2px solid var(--line);font-weight:600;white-space:nowrap;vertical-align:bottom}
tbody th{font-weight:500;overflow-wrap:break-word}
.n{text-align:right;white-space:nowrap}
td small,th small{display:block;color:var(--soft);font-weight:400}
.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}.unsure{color:var(--trust);font-weight:600}
.group th,.group td{border-top:1px solid var(--soft)}
figure{margin:1.3em 0;min-width:0;break-inside:avoid}
figcaption{font-size:.92rem;line-height:1.4;max-width:82ch}
figcaption span{color:var(--soft)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(400px,100%),1fr));gap:0 28px}
.pair figure{display:flex;flex-direction:column}.pair .plot{margin-top:auto}.pair .bars .plot{margin-top:0}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15em 1.2em;margin:.4em 0;padding:0;font-size:.83rem}
.legend li{display:flex;align-items:center;gap:.45em;overflow-wrap:anywhere}
.plot{display:block;max-width:100%;height:auto;overflow:visible;background:none;color:var(--ink)}
.plot text{white-space:pre}
.none{color:var(--soft)}
footer{margin-top:2.5em;padding-top:.8em;border-top:1px solid var(--line);color:var(--soft);font-size:.83rem}
footer p{margin:.2em 0}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--wash:#f4f4f4;--trust:#6b4500;--trust-wash:#fff;--good:#00694a;--bad:#a82a00;
--c0:#0072b2;--c1:#c84e00;--c2:#00805c;--c3:#a8488a;--c4:#806a00;--c5:#3d4a9e;--mark:#767d85}
body{font-size:10.5pt}main{max-width:none;padding:0}.scroll{overflow:visible}.trust{border:1px solid var(--trust)}h2,h3,caption{break-after:avoid}tr,.figures div{break-inside:avoid}}
`
