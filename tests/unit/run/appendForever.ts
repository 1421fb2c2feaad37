/**
 * Child process of the SIGKILL test: takes up run `a` in the given folder and appends an iteration
 * with a checkpoint, again and again; says on stdout which iterations the journal has confirmed.
 */
import { openFolderJournal } from '../../../src/run/folderJournal.ts';
import { checkpointed, finished, snapshot, started } from './journalSamples.ts';

const journal = await openFolderJournal(process.argv[2]!);
await journal.lock('a');
const events = await journal.read('a');
if (events.length === 0) await journal.append('a', [started('a')]);
let iteration = events.filter((event) => event.type === 'checkpoint').length;
for (;;) {
  iteration++;
  await journal.append('a', [{ type: 'renamed', name: 'x'.repeat(iteration) }, finished(iteration - 0.5)]);
  await journal.append('a', [checkpointed(iteration, `c${iteration}`), finished(iteration)], {
    blob: `c${iteration}`,
    snapshot: snapshot(iteration, 20_000),
    drop: [`c${iteration - 3}`],
  });
  process.stdout.write(`${iteration}\n`);
}
