"""How a change's page looks, by day and by night."""

STYLE = """
:root{--paper:#fbfaf7;--card:#fff;--ink:#23221f;--soft:#6d6a63;--line:#e4e0d7;--accent:#2f6f73;
--person:#c2553f;--organization:#3f6fb5;--place:#4b8a4f;--event:#a3701c;--date:#7a5aa8;--thing:#a3437a;--other:#6f7d87}
@media (prefers-color-scheme:dark){:root{--paper:#171816;--card:#20211f;--ink:#e9e6df;--soft:#a09c93;--line:#34352f;
--accent:#7cc0bd;--person:#ef9078;--organization:#8fb5ee;--place:#8fcc92;--event:#dfae5c;--date:#bfa3ea;
--thing:#e695c4;--other:#a6b3bc}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);overflow-wrap:anywhere;
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:1000px;margin:0 auto;padding:40px 24px 64px}
h1{font:600 34px/1.15 Charter,"Iowan Old Style",Georgia,serif;margin:4px 0 6px;letter-spacing:-.01em}
h2{font:600 21px/1.3 Charter,"Iowan Old Style",Georgia,serif;margin:40px 0 14px}
h2 small{font:400 14px system-ui,sans-serif;color:var(--soft);margin-left:6px}
p{margin:0}
.where,.when{color:var(--soft);font-size:14px}
.figures{display:flex;flex-wrap:wrap;margin:26px 0 0;border:1px solid var(--line);border-radius:12px;
background:var(--card);overflow:hidden}
.figures div{flex:1 1 120px;padding:14px 18px;box-shadow:-1px 0 0 var(--line)}
.figures dd{margin:0;font:600 26px/1.2 Charter,Georgia,serif;font-variant-numeric:tabular-nums}
.figures dt{color:var(--soft);font-size:13px}
.places{display:flex;flex-wrap:wrap;gap:6px;list-style:none;padding:0;margin:14px 0 0;font-size:13px}
.places li{border:1px solid var(--line);border-radius:99px;padding:2px 11px;color:var(--soft)}
figure{margin:30px 0 0;border:1px solid var(--line);border-radius:12px;background:var(--card);padding:10px}
svg{display:block;width:100%;height:auto}
.node{fill:currentColor;stroke:var(--card);stroke-width:2}
.node.known{fill:var(--card);stroke:currentColor}
.name{fill:var(--ink);font-size:14px;font-weight:600;text-anchor:middle;paint-order:stroke;stroke:var(--card);
stroke-width:4px;stroke-linejoin:round}
.name.known{font-weight:400}
.fact path{fill:none;stroke:var(--soft);stroke-width:1.3;opacity:.75}
.tip{fill:var(--soft)}
.relation{fill:var(--soft);font-size:12px;font-style:italic;text-anchor:middle;paint-order:stroke;stroke:var(--card);
stroke-width:4px;stroke-linejoin:round}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0;padding:6px 8px;font-size:13px}
.legend li::before{content:"";display:inline-block;width:10px;height:10px;border-radius:50%;margin-right:7px;
background:currentColor}
.legend .known{color:var(--soft)}
.legend .known::before{background:none;border:2px solid currentColor}
.person{color:var(--person)}.organization{color:var(--organization)}.place{color:var(--place)}
.event{color:var(--event)}.date{color:var(--date)}.thing{color:var(--thing)}.other{color:var(--other)}
article{border:1px solid var(--line);border-radius:12px;background:var(--card);padding:15px 18px;margin:0 0 12px}
.triple{font-size:17px}
b.known{font-weight:400}
.is{color:var(--soft);font-style:italic;margin:0 3px}
.since{color:var(--soft);font-size:13px;border:1px solid var(--line);border-radius:99px;padding:1px 9px;margin-left:6px}
.statement{margin-top:3px}
blockquote{margin:12px 0 0;padding:2px 0 2px 14px;border-left:3px solid var(--accent);color:var(--soft);
font-size:14.5px}
blockquote.claimed{border-left-style:dotted}
blockquote footer{font-size:12.5px;opacity:.85;margin-top:2px}
.more{color:var(--soft);font-size:13px;margin-top:8px}
.entities{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:8px 24px;list-style:none;padding:0;
margin:0}
.entities li{border-top:1px solid var(--line);padding:8px 0}
.entities small{color:var(--soft)}
.entities p{color:var(--soft);font-size:13.5px;line-height:1.45}
.nothing{margin-top:36px;color:var(--soft)}
main>footer{margin-top:48px;border-top:1px solid var(--line);padding-top:14px;color:var(--soft);font-size:13px}
main>footer p+p{margin-top:4px}
code{font:12.5px ui-monospace,Menlo,Consolas,monospace}
@media print{body{background:#fff}article,figure{break-inside:avoid}}
"""
