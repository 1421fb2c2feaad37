/** `lab probe`: how many of a model's proposals and answers can be read, run and used. */
import { DEFAULT_SETTINGS } from '../src/gasp/defaults.ts';
import {
  type AnswerCounts,
  PROBE_KINDS,
  type Probe,
  type ProbeKind,
  probe,
  type ProposalCounts,
} from '../src/gasp/probe.ts';
import { deriveSeed } from 'onnx-lora/random';
import { startFromAdapter, tuningOfAdapter } from '../src/lab/adapters.ts';
import { gradeWhenNeeded } from '../src/lab/gradeWhenNeeded.ts';
import { HUB_SETTINGS } from '../src/lab/hubRun.ts';
import { readAdapter } from './adapterFolder.ts';
import { BACKEND_OPTIONS, BACKEND_USAGE, runtimeOption } from './backend.ts';
import { modelPort, readModelOption } from './nodePorts.ts';
import { BANK_OPTIONS, BANK_USAGE, openBank } from './bankOption.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

/** As a run would have them. */
const TOP_P = HUB_SETTINGS.topP ?? DEFAULT_SETTINGS.topP;

export const probeUsage = `lab probe --model MODEL [options]
  Asks a model for lemmas, lifts, unguided proposals and answers, and counts how many parse, run and are new.
  --model MODEL     a folder, owner/name on the Hub, or an address
  --dtype NAME      which of its dtypes
  --adapter DIR     with a LoRA adapter in PEFT's format
  --count N         proposals of each kind and axis, answers of each task type (default 24)
  --kinds LIST      of ${PROBE_KINDS.join(',')} (default: all)
  --temperature T   (default ${HUB_SETTINGS.temperature})
  --top-p P         (default ${TOP_P})
  --seed S          (default 1)
${BANK_USAGE}
${BACKEND_USAGE}
  --texts           prints every text with what became of it
  --json            the last line is the counts as JSON
`;

const OPTIONS = {
  model: { type: 'string' },
  dtype: { type: 'string' },
  adapter: { type: 'string' },
  count: { type: 'string', default: '24' },
  kinds: { type: 'string', default: PROBE_KINDS.join(',') },
  temperature: { type: 'string', default: String(HUB_SETTINGS.temperature) },
  'top-p': { type: 'string', default: String(TOP_P) },
  seed: { type: 'string', default: '1' },
  ...BANK_OPTIONS,
  ...BACKEND_OPTIONS,
  texts: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function probeCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.model) throw new UsageError('--model MODEL is missing.');
  const model = await readModelOption(values.model, values.dtype);
  const adapter = values.adapter === undefined ? undefined : await readAdapter(values.adapter);
  const seed = numberOption('seed', values.seed);
  const count = numberOption('count', values.count, { min: 1 });
  const kinds = readKinds(values.kinds);
  const temperature = numberOption('temperature', values.temperature, { integer: false });
  const topP = numberOption('top-p', values['top-p'], { integer: false });
  const { goalposts } = await openBank(values, (line) => console.error(line));
  const loadModel = modelPort({
    runtime: runtimeOption(values),
    ...(model.folder !== undefined && { model: model.folder }),
  });
  const { policy, dialect } = await loadModel(model.name, {
    tuning: adapter ? tuningOfAdapter(adapter.adapter) : DEFAULT_SETTINGS.tuning,
    seed: deriveSeed(seed, 'weights'),
    backend: 'auto',
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const judge = new NodeJudge();
  try {
    if (adapter) await startFromAdapter(policy, adapter.files);
    const { noveltyThreshold } = DEFAULT_SETTINGS;
    const result = await probe(
      { goalposts, kinds, count, temperature, topP, seed, noveltyThreshold },
      { policy, judge, dialect, grade: gradeWhenNeeded },
      ({ kind, text, fate }) => {
        if (values.texts) console.log(`--- ${kind}\n${text}\n==> ${fate}\n`);
      },
    );
    console.log(table(result));
    if (values.json) console.log(JSON.stringify(result));
    return 0;
  } finally {
    await judge.dispose();
    await policy.dispose();
  }
}

function readKinds(list: string): ProbeKind[] {
  return list.split(',').map((name) => {
    const kind = PROBE_KINDS.find((k) => k === name.trim());
    if (kind) return kind;
    throw new UsageError(`--kinds takes ${PROBE_KINDS.join(', ')} with commas between, not "${name}".`);
  });
}

function table({ proposals, answers }: Probe): string {
  const proposal = ([kind, c]: [string, ProposalCounts]) =>
    `| ${kind} | ${c.asked} | ${c.parsed} | ${c.ran} | ${c.fresh} | ${Object.entries(c.faults)
      .map(([fault, n]) => `${n} ${fault}`)
      .join(', ')} |`;
  const answer = ([kind, c]: [string, AnswerCounts]) =>
    `| ${kind} | ${c.asked} | ${c.parsed} | ${c.passed} |`;
  return [
    '| proposals | asked | parse | run | are new | why not |',
    '| --- | --- | --- | --- | --- | --- |',
    ...Object.entries(proposals).map(proposal),
    ...(answers
      ? [
          '',
          '| answers | asked | parse | right |',
          '| --- | --- | --- | --- |',
          ...Object.entries(answers).map(answer),
        ]
      : []),
  ].join('\n');
}
