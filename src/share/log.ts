/** Whether events, each well-formed, make sense one after the other: what recorded them cannot do otherwise. */
import type { RunEvent } from '../run/events.ts';

/** What may be about the weights that a run starts from. */
const AT_THE_START: ReadonlySet<RunEvent['type']> = new Set(['evaluated', 'validated', 'checkpoint']);

/** Why a log of valid events (`validEvents`) cannot have been recorded, or null. */
export function logFault(events: readonly RunEvent[]): string | null {
  const [first] = events;
  if (first?.type !== 'run-started') return 'it does not begin with the start of a run';
  const goalposts = new Set(first.goalposts.map(({ id }) => id));
  if (goalposts.size < first.goalposts.length) return 'two goalposts have the same id';
  let finished = 0;
  let open = false;
  const proposals = new Map<string, { tried: boolean }>();
  const blobs = new Set<string>();
  for (const [index, event] of events.entries()) {
    const broken = (what: string) => `event ${index} (${event.type}) ${what}`;
    if (event.type === 'run-started') {
      if (index > 0) return broken('starts a second run');
    } else if (event.type === 'resumed') {
      if (open || event.after !== finished) return broken(`does not follow iteration ${event.after}`);
    } else if (event.type === 'iteration-started') {
      if (open || event.iteration !== finished + 1) return broken(`is out of turn`);
      if (event.goalposts.some((id) => !goalposts.has(id))) return broken('draws an unknown goalpost');
      open = true;
    } else if (event.type === 'taught') {
      if (open || event.iteration !== finished) return broken('is out of turn');
    } else if (event.type === 'measured') {
      if (event.iteration > finished) return broken('is out of turn');
    } else if ('iteration' in event) {
      const start = event.iteration === 0 && AT_THE_START.has(event.type);
      if (!start && !(open && event.iteration === finished + 1)) return broken('is out of turn');
    }
    switch (event.type) {
      case 'proposed':
      case 'taught':
        if (proposals.has(event.proposal.id)) return broken('repeats a proposal');
        proposals.set(event.proposal.id, { tried: event.proposal.question !== undefined });
        break;
      case 'rewarded':
        if (!proposals.get(event.proposal)?.tried) return broken('rewards what was not proposed');
        break;
      case 'evaluated':
        for (const [id, passed] of Object.entries(event.passed))
          if (!goalposts.has(id) || passed > event.samples) return broken('counts what cannot be');
        break;
      case 'taught-tried':
        if (event.passed > event.samples) return broken('counts what cannot be');
        break;
      case 'validated':
        if (Object.values(event.passed).some((passed) => passed > event.samples))
          return broken('counts what cannot be');
        break;
      case 'checkpoint':
        if (blobs.has(event.blob)) return broken('repeats a checkpoint');
        blobs.add(event.blob);
        break;
      case 'iteration-finished':
        finished++;
        open = false;
        break;
    }
  }
  return null;
}
