/** A comparison as a page of its own: one file, no script, nothing loaded from elsewhere. */
import { renderToStaticMarkup } from 'react-dom/server';
import { csvFile, type Figure } from '../figures/figure.ts';
import { figureStyle } from '../figures/figureStyle.ts';
import { svgFile } from '../figures/svgFile.tsx';
import { METHODS } from '../gasp/methods.ts';
import type { Comparison } from './comparison.ts';
import { comparisonFigures } from './comparisonFigures.tsx';
import { ComparisonTable } from './ComparisonTable.tsx';
import type { RunDigest } from './digest.ts';
import { FigureGroups } from './FigureGroups.tsx';
import { summaryTable } from './summaryTable.ts';

export function reportPage(comparison: Comparison, runs: readonly RunDigest[]): string {
  return `<!doctype html>\n${renderToStaticMarkup(<Report comparison={comparison} runs={runs} />)}\n`;
}

function Report({ comparison, runs }: { comparison: Comparison; runs: readonly RunDigest[] }) {
  const methods = [...new Set(Object.values(comparison.methods).map(({ method }) => method))];
  const [budget, ...reading] = comparison.reading;
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${Object.keys(comparison.methods).join(', ')} · Foothold`}</title>
        <style>{pageStyle + figureStyle}</style>
      </head>
      <body>
        <header>
          <h1>{headline(comparison)}</h1>
          <p>{`${budget ?? ''} Questions: ${comparison.bank}.`}</p>
          {!comparison.complete && (
            <p className="notice">Runs are still to come: these are the ones that are done.</p>
          )}
        </header>
        <main>
          <section>
            <h2>Side by side</h2>
            <ComparisonTable name="Methods side by side" {...summaryTable(comparison)} />
            <ul>
              {reading.map((sentence) => (
                <li key={sentence}>{`${sentence}.`}</li>
              ))}
            </ul>
            <p className="section-note">
              Spread is the standard deviation over seeds. “By it alone”: goalposts that the method solves in
              some seed and no other method here in any, methods that contain it aside. Mining a goalpost by
              “no right answer so far” picks unlucky questions too: the base model’s row says how many are
              solved by luck with the same number of fresh answers. “Without parts of others”: goalposts whose
              lines do not stand within another goalpost’s program. “Never proposed whole”: those that no
              proposal of the method’s runs answered, or had the program of. Mean log₁₀ p is that of a
              goalpost’s own program as the answer, luck aside; from it follows at least how many are expected
              solved.
            </p>
          </section>
          <FigureGroups
            groups={comparisonFigures(comparison, runs)}
            level={2}
            tools={(figure) => <FigureFiles figure={figure} />}
          />
          <section>
            <h2>The methods</h2>
            <dl>
              {methods
                .map((name) => METHODS[name])
                .map(({ title, about, citation }) => (
                  <div key={title}>
                    <dt>{title}</dt>
                    <dd>
                      {about}{' '}
                      {citation.url ? <a href={citation.url}>{citation.text}</a> : `(${citation.text})`}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        </main>
      </body>
    </html>
  );
}

function headline({ methods }: Comparison): string {
  const summaries = Object.values(methods);
  const seeds = Math.max(0, ...summaries.map((method) => method.seeds.length));
  return `${summaries.length} ${summaries.length === 1 ? 'method' : 'methods'}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds each'}`;
}

/** The figure and its numbers as files inside the page. */
function FigureFiles({ figure: { id, title, drawing, table } }: { figure: Figure }) {
  const files = [
    ['svg', 'image/svg+xml', svgFile(drawing)],
    ['csv', 'text/csv', csvFile(table)],
  ] as const;
  return (
    <span>
      {files.map(([kind, type, content]) => (
        <a
          key={kind}
          download={`${id}.${kind}`}
          href={`data:${type},${encodeURIComponent(content)}`}
          aria-label={`${title} as ${kind.toUpperCase()}`}
        >
          {kind.toUpperCase()}
        </a>
      ))}
    </span>
  );
}

const pageStyle = `
:root{color-scheme:light dark;--paper:#faf9f5;--ink:#1c1c1a;--soft:#55534c;--rule:#dcd9cf}
@media (prefers-color-scheme:dark){:root{--paper:#131419;--ink:#eceae3;--soft:#b4b2aa;--rule:#2c2e36}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1200px;padding:24px 16px 48px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Source Serif 4",Charter,"Liberation Serif",Georgia,serif}
h1{margin:0;font-size:28px;line-height:1.2}
h2{margin:40px 0 4px;font-size:20px}
h3{margin:0;font-size:14px}
.compare-title{display:flex;align-items:baseline;justify-content:space-between;margin-bottom:4px}
header p,.section-note,li{max-width:85ch}
.section-note,figcaption{color:var(--soft);font-size:13px}
.notice{border-left:3px solid currentcolor;padding-left:10px}
.compare-wide{overflow-x:auto}
.compare-figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:28px;margin-top:16px}
figure{margin:0;min-width:0}
figure[data-wide]{grid-column:1/-1}
figure:not([data-wide]) svg{width:100%;height:auto;max-width:460px}
.compare-title a{margin-left:8px;font-size:13px;color:var(--soft)}
a{color:inherit;text-underline-offset:.2em}
table{border-collapse:collapse;font-size:14px}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
th:first-child{text-align:left}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom}
ul{padding-left:18px}
dt{margin-top:12px;font-weight:600}
dd{margin:0;max-width:85ch}
`;
