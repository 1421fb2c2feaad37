/** A replica's side: does tasks with its own ONNX Runtime, one after another. */
import { tellError } from '../../util/codedError.ts';
import { trainableLayout } from '../decoder.ts';
import type { Runtime, SampledRow, RowsGradient } from 'onnx-lora';
import { Sampler } from '../sampler.ts';
import { Trainer } from '../decoderTrainer.ts';
import type { ReplicaAnswer, ReplicaCommand, ReplicaModel, ReplicaTask, RowNews } from './replicaMessages.ts';

/** Milliseconds between two pieces of news about one task. */
const NEWS = 80;

/** Handles the commands that it returns a function for; answers go to `post`. */
export function serveReplica(
  runtime: Promise<Runtime>,
  post: (answer: ReplicaAnswer) => void,
): (command: ReplicaCommand) => void {
  let model: Promise<Model> | undefined;
  let last: Promise<void> = Promise.resolve();
  const wanted = new Map<number, AbortController>();

  const carryOut = async (id: number, task: ReplicaTask, signal: AbortSignal): Promise<void> => {
    try {
      signal.throwIfAborted();
      const opened = await model!;
      const tell = (news: RowNews[]) => post({ id, type: 'news', news });
      const result =
        task.type === 'sample' ? await opened.sample(task, signal, tell) : await opened.gradient(task);
      post({ id, type: 'done', result });
    } catch (error) {
      // The sender of the stop does not wait for an answer.
      if (signal.aborted) return;
      post({ id, type: 'failed', error: tellError(error) });
    } finally {
      wanted.delete(id);
    }
  };

  return (command) => {
    if (command.type === 'model') {
      model = runtime.then((opened) => new Model(opened, command.model));
      model.catch(() => {}); // The first task hears of it.
    } else if (command.type === 'stop') {
      wanted.get(command.id)?.abort();
    } else {
      const { id, task } = command;
      const stopping = new AbortController();
      wanted.set(id, stopping);
      last = last.then(() => carryOut(id, task, stopping.signal));
    }
  };
}

class Model {
  private readonly sampler: Sampler;
  private readonly trainer: Trainer;

  constructor(runtime: Runtime, { config, tuning, weights }: ReplicaModel) {
    this.sampler = new Sampler(runtime, config, tuning, trainableLayout(config, tuning), weights);
    this.trainer = new Trainer(runtime, config, tuning, weights, 0);
  }

  async sample(
    { weights, requests, options, watched }: Extract<ReplicaTask, { type: 'sample' }>,
    signal: AbortSignal,
    tell: (news: RowNews[]) => void,
  ): Promise<SampledRow[]> {
    const sampled = await this.sampler.sample(weights, requests, {
      ...options,
      signal,
      ...(watched && { onStep: newsOf(tell) }),
    });
    // Rows hold the sampler's own fields too, which are not sent.
    return sampled.map(
      ({ request, sample, tokens, logprobs, ended }): SampledRow => ({
        request,
        sample,
        tokens,
        logprobs,
        ended,
      }),
    );
  }

  gradient({ weights, rows, options }: Extract<ReplicaTask, { type: 'gradient' }>): Promise<RowsGradient> {
    this.trainer.weights = weights;
    return this.trainer.gradientOf(rows, options);
  }
}

/** Tells what rows have got since it was told last, now and then. */
function newsOf(tell: (news: RowNews[]) => void): (rows: readonly SampledRow[]) => void {
  const told: number[] = [];
  let at = performance.now();
  return (rows) => {
    const now = performance.now();
    if (now - at < NEWS) return;
    at = now;
    const news = rows.flatMap(({ tokens, logprobs, ended }, row): RowNews[] => {
      const known = told[row] ?? 0;
      if (tokens.length === known) return [];
      told[row] = tokens.length;
      return [{ row, tokens: tokens.slice(known), logprobs: logprobs.slice(known), ended }];
    });
    if (news.length > 0) tell(news);
  };
}
