/** Goalposts are what a model never solves: questions tried over and over, reported as they are. */
import { DEFAULT_SETTINGS } from '../gasp/defaults.ts';
import type { Settings } from '../gasp/settings.ts';
import { drawsOf } from '../gasp/settings.ts';
import { mineGoalposts } from '../gasp/goalposts.ts';
import { deriveSeed } from 'onnx-lora/random';
import { validEvents } from '../run/history.ts';
import { checkReadable, startOf } from './checks.ts';
import type { Machinery } from './machinery.ts';
import { HUB_SETTINGS } from './hubRun.ts';
import { EMBEDDED_MODEL, isEmbedded } from './models.ts';
import type { Command } from './protocol.ts';
import { newestCheckpoint } from './heldRun.ts';

/** Those that a run of the model would start with. */
const startSettings = (model: string): Settings =>
  isEmbedded(model) ? DEFAULT_SETTINGS : { ...DEFAULT_SETTINGS, ...HUB_SETTINGS };

/** With a model as it is, or the newest weights of the run that the command names. `begin`: all is loaded. */
export async function mine(
  machinery: Machinery,
  command: Omit<Extract<Command, { type: 'mine' }>, 'type'>,
  begin: () => void,
): Promise<void> {
  const { questions, samples, backend, seed, run, model: asked = EMBEDDED_MODEL } = command;
  const { journal, send } = machinery.ports;
  const events = run === undefined ? [] : await journal.read(run);
  const { model, settings } =
    run === undefined ? { model: asked, settings: { ...startSettings(asked), seed } } : startOf(run, events);
  const { policy, dialect } = await machinery.load(model, settings, backend);
  try {
    if (run !== undefined) {
      const { snapshot } = await newestCheckpoint(journal, run, validEvents(events));
      await policy.restore(snapshot);
    }
    const judge = await machinery.judgeReady();
    begin();
    machinery.telemetry.iteration = 0;
    const readable = questions.filter((question) => !dialect.unreadable?.(question));
    if (readable.length === 0) checkReadable(dialect, questions);
    const draws = isEmbedded(model) ? { temperature: 1, topP: 1 } : drawsOf(settings);
    const options = { samples, ...draws, seed: deriveSeed(seed, 'mine') };
    const tools = machinery.tools({ policy, dialect }, judge);
    for await (const mined of mineGoalposts(readable, options, tools)) {
      send({ type: 'mined', results: mined, finished: false });
    }
  } finally {
    send({ type: 'mined', results: [], finished: true });
    await policy.dispose();
  }
}
