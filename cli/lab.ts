/**
 * The lab without a browser.
 *   npm run lab -- run --method gasp --iterations 200 --seed 1 --out DIR [--json]
 *   npm run lab -- compare --methods base,azr,real,gasp,gasp+real --seeds 1,2,3 --minutes 20 --out DIR [--json]
 *   npm run lab -- mine --out BANK.json [--against DIR] [--json]
 *   npm run lab -- judge --problems FILE --answers FILE [--json]
 */
import { compareCommand, compareUsage } from './compare.ts';
import { adapterCommand, adapterUsage } from './adapter.ts';
import { generateCommand, generateUsage } from './generate.ts';
import { gradcheckCommand, gradcheckUsage } from './gradcheck.ts';
import { judgeCommand, judgeUsage } from './judge.ts';
import { mineCommand, mineUsage } from './mine.ts';
import { probeCommand, probeUsage } from './probe.ts';
import { runCommand, runDetails, runUsage } from './run.ts';
import { tell } from './failure.ts';
import { UsageError } from './usage.ts';

interface Command {
  usage: string;
  /** What `--help` says besides; too long to follow an error. */
  details?: string;
  run: (args: string[]) => Promise<number>;
}

const COMMANDS: Record<string, Command> = {
  run: { usage: runUsage, details: runDetails, run: runCommand },
  compare: { usage: compareUsage, run: compareCommand },
  probe: { usage: probeUsage, run: probeCommand },
  adapter: { usage: adapterUsage, run: adapterCommand },
  mine: { usage: mineUsage, run: mineCommand },
  gradcheck: { usage: gradcheckUsage, run: gradcheckCommand },
  generate: { usage: generateUsage, run: generateCommand },
  judge: { usage: judgeUsage, run: judgeCommand },
};

// Whoever reads the output may have seen enough (`| head`). The status is a shell's for a closed pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});

// What was started has to end too, for which this has to end by itself.
process.on('SIGHUP', () => process.exit(129));

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
const json = args.includes('--json');
const usage =
  command?.usage ??
  Object.values(COMMANDS)
    .map((c) => c.usage)
    .join('\n');
const help = name === '' || name === 'help' || name === '--help';
if (help || args.includes('--help')) {
  console.log([usage, command?.details].filter(Boolean).join('\n'));
} else {
  try {
    if (!command) throw new UsageError(`There is no command "${name}".`);
    process.exitCode = await command.run(args);
  } catch (error) {
    process.exitCode = tell(error, { json, usage });
  }
}
