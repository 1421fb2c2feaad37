/** The model of the next run. Its size and licence are shown before a byte is downloaded. */
import { type ReactNode, useEffect, useState } from 'react';
import type { Settings } from '../../gasp/settings.ts';
import {
  checkRunTensors,
  estimateRun,
  type Fitting,
  fittingSettings,
  HUB_SETTINGS,
  memorySettings,
} from '../../lab/hubRun.ts';
import { EMBEDDED_MODEL, isEmbedded, modelName, modelSource } from '../../lab/models.ts';
import {
  folderContent,
  DTYPE_FILES,
  HUB_DTYPES,
  type HubDType,
  TRAINABLE_DTYPES,
  type DecoderSize,
  decoderNumbers,
} from 'onnx-lora';
import { type FoundGpu, findGpu, memoryLimit } from '../../backends/memoryLimit.web.ts';
import { PRESETS } from '../../local/presets.ts';
import { activityShare, bytes } from '../parts/format.ts';
import { openAdapter } from '../store/openAdapter.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { Choice, ChosenElsewhere, Stored } from './ModelChoice.tsx';
import { Sheet } from './Sheet.tsx';
import { useDoing } from '../run/doing.ts';
import { describeFitting, textOf } from '../parts/wording.ts';
import './ModelSheet.css';

/** The dtypes of presets, and those of some other repositories. */
const USUAL = {
  q4f16: '4 bits and half precision, for a GPU',
  q4: '4 bits, runs anywhere',
  fp16: 'half precision',
  fp32: 'full precision',
} satisfies Partial<Record<HubDType, string>>;
const OTHER: Record<Exclude<HubDType, keyof typeof USUAL>, string> = {
  q8: '8 bits, where only weights are rounded',
  int8: '8 bits, likewise',
  uint8: '8 bits, likewise',
  bnb4: '4 bits, widened when loaded',
  q2: '2 bits',
  q2f16: '2 bits and half precision',
  q1: '1 bit',
  q1f16: '1 bit and half precision',
};

export function ModelSheet({ onClose }: { onClose: () => void }) {
  const page = usePage('open', 'model', 'settings', 'backendChoice', 'status', 'activity');
  const { open, backendChoice, status, activity } = page;
  const { choices } = useActions();
  const doing = useDoing();
  const fixed = open !== null;
  const { model, settings: set } = open ?? page;
  // The settings that a run of this model would have: choosing the model brings its own.
  const settings = isEmbedded(model) ? { ...set, ...HUB_SETTINGS } : set;
  const gpu = useGpu();
  const onGpu = backendChoice === 'webgpu' || (backendChoice === 'auto' && gpu.real);
  const limit: Limits = {
    memory: memoryLimit(onGpu ? 'webgpu' : 'wasm'),
    tensor: onGpu ? gpu.largestTensor : Infinity,
  };
  const [chosenDtype, setDtype] = useState<HubDType>();
  const dtype = chosenDtype ?? dtypeOf(model) ?? (onGpu && gpu.half ? 'q4f16' : 'q4');
  const choose = (next: string) => choices.setModel(next);
  /** The model in the dtype with which it fits, and the settings. */
  const chooseFitting = (name: string, fitting: Fitting) => {
    setDtype(fitting.dtype);
    choose(name.replace(/#\w+$/, `#${fitting.dtype}`));
    choices.setSettings(memorySettings(fitting.settings));
  };
  const setWeights = (next: HubDType) => {
    setDtype(next);
    if (!isEmbedded(model)) choose(model.replace(/#\w+$/, `#${next}`));
  };
  const suggested = onGpu ? PRESETS[0]! : PRESETS.find((p) => p.id.includes('135M'))!;

  return (
    <Sheet
      title={fixed ? 'Model of this run' : 'Model of the next run'}
      className="models"
      onClose={onClose}
      footer={
        <span className="section-note models-footer">
          {status === 'loading' && (
            <progress aria-label="Loading" {...(activity && { value: activityShare(activity) })} />
          )}
          {status === 'loading'
            ? doing
            : fixed
              ? 'A run keeps its model. Start a new one to choose another.'
              : isEmbedded(model)
                ? 'Nothing has to be downloaded.'
                : 'It is downloaded when you press Run, kept in this browser, and goes on where it stopped. Nothing of yours is sent.'}
        </span>
      }
    >
      <fieldset className="models-list" disabled={fixed}>
        <legend className="eyebrow">Models</legend>
        <Choice
          title="The embedded model"
          checked={model === EMBEDDED_MODEL}
          onChoose={() => choose(EMBEDDED_MODEL)}
          note="0.9 M weights, made here for lists of integers: learns within minutes, on any laptop."
        />
        {isEmbedded(model) && model !== EMBEDDED_MODEL && (
          <Choice
            title="The embedded model, earlier weights"
            checked
            onChoose={() => {}}
            note="Runs and links of earlier versions began with them and go on with them."
          />
        )}
        {PRESETS.map((preset) => {
          const name = `hub:${preset.id}#${dtype}`;
          const fit = judgeFit(preset.size, dtype, settings, limit, preset.dtypes);
          return (
            <Choice
              key={preset.id}
              title={preset.title}
              mark={preset === suggested ? 'suggested here' : undefined}
              checked={model.startsWith(`hub:${preset.id}#`)}
              disabled={!fit.fits}
              onChoose={() => choose(name)}
              note={
                <>
                  {preset.note}. {fit.text} <Licence>{preset.licence}</Licence>
                </>
              }
            >
              {fit.smaller && !fixed && (
                <Smaller
                  name={preset.title}
                  fitting={fit.smaller}
                  wanted={{ dtype, settings }}
                  onChoose={(fitting) => chooseFitting(name, fitting)}
                />
              )}
              <Stored model={name} />
            </Choice>
          );
        })}
        {model !== EMBEDDED_MODEL && !PRESETS.some(({ id }) => model.startsWith(`hub:${id}#`)) && (
          <ChosenElsewhere model={model} />
        )}
      </fieldset>
      <label className="models-dtype">
        <span>Weights</span>
        <select
          className="field"
          value={dtype}
          disabled={fixed}
          onChange={(event) => setWeights(event.target.value as HubDType)}
        >
          {[USUAL, OTHER].map((notes) => (
            <optgroup key={Object.keys(notes)[0]} label={notes === USUAL ? 'Usual' : 'In some repositories'}>
              {Object.entries(notes).map(([name, note]) => (
                <option key={name} value={name}>
                  {name}: {note}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      {!fixed && (
        <>
          <OtherRepository {...{ model, dtype, limit, settings, choose, chooseFitting }} />
          <FolderOnDisk {...{ model, dtype, limit, settings, choose, chooseFitting }} />
          <StartingAdapter />
        </>
      )}
    </Sheet>
  );
}

const dtypeOf = (model: string) => HUB_DTYPES.find((dtype) => model.endsWith(`#${dtype}`));

/** Bytes: of all that a run takes, and of the largest tensor. */
interface Limits {
  memory: number;
  tensor: number;
}

function useGpu(): FoundGpu {
  const [gpu, setGpu] = useState({ real: false, half: false, largestTensor: Infinity });
  useEffect(() => {
    let current = true;
    void findGpu().then((found) => {
      if (current && found) setGpu(found);
    });
    return () => {
      current = false;
    };
  }, []);
  return gpu;
}

/** `dtypes`: those that the repository is known to have. */
function judgeFit(
  size: DecoderSize,
  dtype: HubDType,
  settings: Settings,
  limit: Limits,
  dtypes: readonly HubDType[],
): { fits: boolean; text: string; smaller?: Fitting } {
  const { memory } = limit;
  try {
    checkRunTensors('It', size, settings, limit.tensor);
  } catch (error) {
    return { fits: false, text: `Does not fit. ${textOf(error)}` };
  }
  const { download, total } = estimateRun(size, dtype, settings, memory);
  if (total <= memory) {
    return { fits: true, text: `About ${bytes(download)} to download, ${bytes(total)} of memory to train.` };
  }
  const text = `Does not fit: it takes about ${bytes(total)} of memory (${bytes(download)} to download), and ${bytes(memory)} are there.`;
  const smaller = fittingSettings(size, settings, memory, [...new Set([dtype, ...dtypes])]);
  return smaller
    ? { fits: false, text, smaller }
    : { fits: false, text: `${text} Not even adapters on one layer would fit.` };
}

const asRun = ({ dtype, settings, estimate }: Fitting) => ({ dtype, settings, needed: estimate.total });

/** The largest run that fits in place of one that does not, to be taken with one click. */
function Smaller(props: {
  name: string;
  fitting: Fitting;
  wanted: { dtype: HubDType; settings: Settings };
  onChoose: (fitting: Fitting) => void;
}) {
  const { name, fitting, wanted, onChoose } = props;
  return (
    <p>
      It fits with {describeFitting(asRun(fitting), wanted)}.{' '}
      <button type="button" className="link" onClick={() => onChoose(fitting)}>
        use these<span className="visually-hidden"> for {name}</span>
      </button>
    </p>
  );
}

const Licence = ({ children }: { children: ReactNode }) => (
  <span className="models-licence">{children}.</span>
);

interface OtherProps {
  model: string;
  dtype: HubDType;
  limit: Limits;
  settings: Settings;
  choose: (model: string) => void;
  chooseFitting: (model: string, fitting: Fitting) => void;
}

/** A model that does not fit, with its name. */
type Refused = { model: string; name: string; fitting: Fitting };

/** Said where a model is chosen that may not fit. */
const unknownSize = (missing: readonly string[]): string =>
  `Whether it fits cannot be told: its config.json lacks ${missing.join(', ')}.`;

/** Any repository in Hugging Face layout: its configuration is read first, and its size told. */
function OtherRepository({ dtype, limit, settings, choose, chooseFitting }: OtherProps) {
  const [typed, setTyped] = useState('');
  const [said, setSaid] = useState('');
  const [refused, setRefused] = useState<Refused>();
  const look = async () => {
    setSaid('Reading its config.json');
    setRefused(undefined);
    try {
      const name = modelName(typed, dtype);
      const source = modelSource(name);
      if (source.kind !== 'hub' && source.kind !== 'url') return;
      const response = await fetch(`${source.base}config.json`);
      if (!response.ok) throw new Error(`config.json is not at ${source.base} (status ${response.status}).`);
      setSaid(take(await response.json(), name));
    } catch (error) {
      setSaid(textOf(error));
    }
  };
  const take = (config: Record<string, unknown>, name: string): string => {
    const { size, missing } = decoderNumbers(config);
    if (!size) {
      choose(name);
      return `Chosen. ${unknownSize(missing)}`;
    }
    const fit = judgeFit(size, dtype, settings, limit, []);
    if (fit.fits) choose(name);
    if (fit.smaller) setRefused({ model: name, name: typed, fitting: fit.smaller });
    return fit.fits ? `Chosen. ${fit.text} See its page for its licence.` : fit.text;
  };
  return (
    <form
      className="models-other"
      onSubmit={(event) => {
        event.preventDefault();
        void look();
      }}
    >
      <label>
        <span>Another repository</span>
        <input
          className="field"
          placeholder="owner/name, or an address"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <button type="submit" className="button" disabled={!typed.trim()}>
        Use it
      </button>
      <p role="status">{said}</p>
      <TakeSmaller {...{ refused, dtype, settings, chooseFitting, setRefused, setSaid }} />
    </form>
  );
}

/** A repository in a folder on disk: nothing is copied, and the folder has to be chosen again after a reload. */
function FolderOnDisk(props: OtherProps) {
  const { lab } = useActions();
  const { dtype, limit, settings, choose, chooseFitting } = props;
  const [said, setSaid] = useState('');
  const [refused, setRefused] = useState<Refused>();
  const take = async (files: FileList | null) => {
    if (!files?.length) return;
    setRefused(undefined);
    try {
      const { name, content } = folderContent(files);
      const config = JSON.parse(await content.get('config.json')!.text()) as Record<string, unknown>;
      const { size, missing } = decoderNumbers(config);
      const there = TRAINABLE_DTYPES.filter((d) => content.has(`onnx/model${DTYPE_FILES[d]}.onnx`));
      const fit = size && judgeFit(size, dtype, settings, limit, there);
      lab.offerFolder(name, content);
      if (fit && !fit.fits) {
        if (fit.smaller) setRefused({ model: `folder:${name}#${dtype}`, name, fitting: fit.smaller });
        return setSaid(fit.text);
      }
      choose(`folder:${name}#${dtype}`);
      setSaid(`Chosen: ${name}, ${content.size} files. ${fit ? fit.text : unknownSize(missing)}`);
    } catch (error) {
      setSaid(textOf(error));
    }
  };
  return (
    <div className="models-other">
      <label>
        <span>A folder on disk</span>
        <input
          type="file"
          className="field"
          multiple
          ref={(input) => input?.setAttribute('webkitdirectory', '')}
          onChange={(event) => void take(event.target.files)}
        />
      </label>
      <p role="status">{said}</p>
      <TakeSmaller {...{ refused, dtype, settings, chooseFitting, setRefused, setSaid }} />
    </div>
  );
}

/** The offer below a repository or folder that was refused. */
function TakeSmaller(
  props: Pick<OtherProps, 'dtype' | 'settings' | 'chooseFitting'> & {
    refused: Refused | undefined;
    setRefused: (refused: undefined) => void;
    setSaid: (text: string) => void;
  },
) {
  const { refused, dtype, settings, chooseFitting, setRefused, setSaid } = props;
  if (!refused) return null;
  return (
    <Smaller
      name={refused.name}
      fitting={refused.fitting}
      wanted={{ dtype, settings }}
      onChoose={(fitting) => {
        chooseFitting(refused.model, fitting);
        setRefused(undefined);
        setSaid(`Chosen with ${describeFitting(asRun(fitting), { dtype, settings })}.`);
      }}
    />
  );
}

/** A LoRA adapter to start from, in PEFT's format, for whichever model is chosen. */
function StartingAdapter() {
  const { adapter: chosen } = usePage('adapter');
  const { choices } = useActions();
  const [said, setSaid] = useState('');
  const take = async (files: readonly File[]) => {
    if (files.length === 0) return;
    try {
      const { adapter, tuning, matrices, layers, untrained } = await openAdapter(files);
      choices.setAdapter(adapter, tuning);
      const left =
        untrained.length > 0 ? ` Its file holds nothing of ${untrained.join(', ')} (target_modules).` : '';
      setSaid(
        `The next run starts from ${adapter.name}: rank ${tuning.rank}, ${matrices} matrices in ${layers} layers.${left}`,
      );
    } catch (error) {
      setSaid(textOf(error));
    }
  };
  return (
    <div className="models-other">
      <label>
        <span>Start from a LoRA adapter (PEFT’s two files, or a zip of them)</span>
        <input
          type="file"
          className="field"
          multiple
          accept=".json,.safetensors,.zip"
          onChange={(event) => void take([...(event.target.files ?? [])])}
        />
      </label>
      {chosen && (
        <button
          type="button"
          className="button"
          onClick={() => {
            choices.dropAdapter();
            setSaid('The next run starts without an adapter.');
          }}
        >
          Without it
        </button>
      )}
      <p role="status">{said || (chosen ? `The next run starts from ${chosen.name}.` : '')}</p>
    </div>
  );
}
