/** A comparison as a page of its own: one file, no script, nothing loaded from elsewhere. */
import { METHODS } from '../gasp/methods.ts';
import type { Comparison } from './comparison.ts';
import type { RunDigest } from './digest.ts';
import { comparisonFigures } from './figures/figures.ts';
import { figureStyle } from './figures/marks.ts';
import { csvFile, escapeText as text, type Figure, markup, svgFile } from './figures/svg.ts';
import { comparisonTable } from './table.ts';

export function reportPage(comparison: Comparison, runs: readonly RunDigest[]): string {
  const groups = comparisonFigures(comparison, runs);
  const { head, rows } = comparisonTable(comparison);
  const methods = [...new Set(Object.values(comparison.methods).map(({ method }) => method))];
  const [budget, ...reading] = comparison.reading;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${Object.keys(comparison.methods).map(text).join(', ')} · Foothold</title>
<style>${pageStyle}${figureStyle}</style>
</head>
<body>
<header>
<h1>${headline(comparison)}</h1>
<p>${text(budget ?? '')} Questions: ${text(comparison.bank)}.</p>
${comparison.complete ? '' : '<p class="notice">Runs are still to come: these are the ones that are done.</p>'}
</header>
<main>
<section>
<h2>Side by side</h2>
<div class="wide" role="region" aria-label="Methods side by side" tabindex="0"><table>
<thead><tr>${head.map((cell) => `<th scope="col">${text(cell)}</th>`).join('')}</tr></thead>
<tbody>${rows.map(([name, ...cells]) => `<tr><th scope="row">${text(name!)}</th>${cells.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`).join('\n')}</tbody>
</table></div>
<ul>${reading.map((sentence) => `<li>${text(sentence)}.</li>`).join('')}</ul>
<p class="note">Spread is the standard deviation over seeds. “By it alone”: goalposts that the method solves in some seed and no other method here in any, methods that contain it aside. Mining a goalpost by “no right answer so far” picks unlucky questions too: the base model’s row says how many are solved by luck with the same number of fresh answers.</p>
</section>
${groups.map(({ title, note, figures }) => `<section><h2>${text(title)}</h2><p class="note">${text(note)}</p><div class="figures">${figures.map(figureElement).join('\n')}</div></section>`).join('\n')}
<section>
<h2>The methods</h2>
<dl>${methods
    .map((name) => METHODS[name])
    .map(
      ({ title, about, citation }) =>
        `<dt>${text(title)}</dt><dd>${text(about)} <a href="${citation.url}">${text(citation.text)}</a></dd>`,
    )
    .join('\n')}</dl>
</section>
</main>
</body>
</html>
`;
}

function headline({ methods }: Comparison): string {
  const summaries = Object.values(methods);
  const seeds = Math.max(0, ...summaries.map((method) => method.seeds.length));
  return `${summaries.length} ${summaries.length === 1 ? 'method' : 'methods'}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds each'}`;
}

function figureElement(figure: Figure): string {
  const file = (kind: 'svg' | 'csv', type: string, content: string) =>
    `<a download="${figure.id}.${kind}" href="data:${type},${encodeURIComponent(content)}">${kind.toUpperCase()}</a>`;
  return `<figure class="${(figure.node.attributes.width as number) > 360 ? 'is-wide' : ''}">
<h3>${text(figure.title)}</h3>
<div class="wide" role="region" aria-label="${text(figure.title)}" tabindex="0">${markup(figure.node)}</div>
<figcaption>${text(figure.caption)} ${file('svg', 'image/svg+xml', svgFile(figure, figureStyle))} ${file('csv', 'text/csv', csvFile(figure))}</figcaption>
</figure>`;
}

const pageStyle = `
:root{color-scheme:light dark;--paper:#faf9f5;--ink:#1c1c1a;--soft:#55534c;--rule:#dcd9cf}
@media (prefers-color-scheme:dark){:root{--paper:#131419;--ink:#eceae3;--soft:#b4b2aa;--rule:#2c2e36}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1200px;padding:24px 16px 48px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Source Serif 4",Charter,"Liberation Serif",Georgia,serif}
h1{margin:0;font-size:28px;line-height:1.2}
h2{margin:40px 0 4px;font-size:20px}
h3{margin:0 0 4px;font-size:14px}
header p,.note,li{max-width:85ch}
.note,figcaption{color:var(--soft);font-size:13px}
.notice{border-left:3px solid currentcolor;padding-left:10px}
.wide{overflow-x:auto}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:28px;margin-top:16px}
figure{margin:0;min-width:0}
figure.is-wide{grid-column:1/-1}
figure:not(.is-wide) svg{width:100%;height:auto;max-width:460px}
figcaption a{margin-left:6px;white-space:nowrap}
a{color:inherit;text-underline-offset:.2em}
table{border-collapse:collapse;font-size:14px}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
th:first-child{text-align:left}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom}
ul{padding-left:18px}
dt{margin-top:12px;font-weight:600}
dd{margin:0;max-width:85ch}
`;
