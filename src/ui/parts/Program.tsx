/** Python to read: set by weight and slant, since hues mean something else on this page. */
import { type CSSProperties, memo, type ReactNode } from 'react';
import './Program.css';

const token =
  /(?<comment>#.*)|(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(?<keyword>\b(?:def|return|for|in|if|else|elif|while|lambda|not|and|or|is|import|from|class|try|except|with|as|yield|None|True|False)\b)/g;

export const Program = memo(function Program({ source, label }: { source: string; label?: string }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
    <pre className="program" translate="no" role="group" aria-label={label ?? 'Program'}>
      <code>
        {source
          .trimEnd()
          .split('\n')
          .map((line, i) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: lines are known by their place
              key={i}
              className="program-line"
              style={{ '--indent': line.search(/\S|$/) } as CSSProperties}
            >
              {pieces(line)}
              {'\n'}
            </span>
          ))}
      </code>
    </pre>
  );
});

function pieces(line: string): ReactNode[] {
  const found: ReactNode[] = [];
  let end = 0;
  for (const match of line.matchAll(token)) {
    if (match.index > end) found.push(line.slice(end, match.index));
    const kind = Object.entries(match.groups!).find(([, text]) => text !== undefined)![0];
    found.push(
      <span key={match.index} className={`program-${kind}`}>
        {match[0]}
      </span>,
    );
    end = match.index + match[0].length;
  }
  found.push(line.slice(end));
  return found;
}

/** Inputs and outputs of a question, the student's own examples first. */
export function Examples({ inputs, outputs, limit }: { inputs: string[]; outputs: string[]; limit: number }) {
  return (
    <ol className="examples" translate="no">
      {inputs.slice(0, limit).map((input, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pairs are known by their place
        <li key={i}>
          <span>{input}</span>
          <span>
            <span className="visually-hidden">gives </span>
            {outputs[i]}
          </span>
        </li>
      ))}
    </ol>
  );
}
