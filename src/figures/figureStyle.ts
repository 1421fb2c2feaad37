/** The style of every figure that page, report and file show alike; colours follow the system. */
import { MARKS } from './marks.tsx';

const light = MARKS.map((mark, i) => `.figure .m${i},.m${i}{--c:${mark.light}}`).join('\n');
const dark = MARKS.map((mark, i) => `.figure .m${i},.m${i}{--c:${mark.dark}}`).join('\n');

export const figureStyle = `
.figure{--f-ink:#1c1c1a;--f-soft:#55534c;--f-rule:#dcd9cf;--f-paper:#faf9f5;--f-lemma:#00706a;--f-lift:#4d47bd;--f-unguided:#55534c;--f-goalpost:#955300}
${light}
.figure{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums;background:none}
.figure text{fill:var(--f-soft)}
.figure .strong{fill:var(--f-ink);font-weight:600}
.figure .rule{stroke:var(--f-rule);fill:none}
.figure .line{stroke:var(--c);fill:none;stroke-width:1.8;stroke-linejoin:round}
.figure .band{fill:var(--c);opacity:.14}
.figure .bar{fill:var(--c)}
.figure .bar.is-soft{opacity:.35}
.figure .mark{fill:var(--c);stroke:none}
.figure .mark.is-hollow{fill:none;stroke:var(--c);stroke-width:1.6}
.figure .name{fill:var(--c);font-weight:600}
.figure .lemma{--c:var(--f-lemma)}
.figure .lift{--c:var(--f-lift)}
.figure .unguided{--c:var(--f-unguided)}
.figure .spot{fill:var(--c);fill-opacity:.45;stroke:var(--c)}
.figure .miss{fill:var(--f-rule)}
@media (prefers-color-scheme:dark){
.figure{--f-ink:#eceae3;--f-soft:#b4b2aa;--f-rule:#33353e;--f-paper:#131419;--f-lemma:#52c4b6;--f-lift:#a8a4ff;--f-unguided:#b4b2aa;--f-goalpost:#e3a955}
${dark}
}`.trim();
