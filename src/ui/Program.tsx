/** Python to read: set by weight and slant, since hues mean something else on this page. */
import { memo } from 'react';
import './Program.css';

const token =
  /(?<comment>#.*)|(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(?<keyword>\b(?:def|return|for|in|if|else|elif|while|lambda|not|and|or|is|import|from|class|try|except|with|as|yield|None|True|False)\b)/g;

export const Program = memo(function Program({ source, label }: { source: string; label?: string }) {
  const pieces = [];
  let end = 0;
  for (const match of source.matchAll(token)) {
    if (match.index > end) pieces.push(source.slice(end, match.index));
    const kind = Object.entries(match.groups!).find(([, text]) => text !== undefined)![0];
    pieces.push(
      <span key={match.index} className={`program-${kind}`}>
        {match[0]}
      </span>,
    );
    end = match.index + match[0].length;
  }
  pieces.push(source.slice(end));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, and scrolling needs focus
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
    <pre className="program" tabIndex={0} role="group" aria-label={label ?? 'Program'}>
      <code>{pieces}</code>
    </pre>
  );
});

/** Inputs and outputs of a question, the student's own examples first. */
export function Examples({ inputs, outputs, limit }: { inputs: string[]; outputs: string[]; limit: number }) {
  return (
    <ol className="examples">
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
