/**
 * The lab without a browser.
 *   npm run lab -- run --method gasp --iterations 200 --seed 1 --out DIR [--json]
 *   npm run lab -- compare --methods base,azr,real,gasp,gasp+real --seeds 1,2,3 --minutes 20 --out DIR [--json]
 *   npm run lab -- mine --out BANK.json [--against DIR] [--json]
 *   npm run lab -- judge --problems FILE --answers FILE [--json]
 */
import { tell } from './failure.ts';
import { UsageError } from './usage.ts';

interface Command {
  usage: string;
  /** More text for `--help`, too long to follow an error. */
  details?: string;
  run: (args: string[]) => Promise<number>;
}

/** Each command is loaded when it is called: loading all of them takes twice as long. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  run: async () => {
    const { runUsage, runDetails, runCommand } = await import('./run.ts');
    return { usage: runUsage, details: runDetails, run: runCommand };
  },
  compare: async () => {
    const { compareUsage, compareCommand } = await import('./compare.ts');
    return { usage: compareUsage, run: compareCommand };
  },
  probe: async () => {
    const { probeUsage, probeCommand } = await import('./probe.ts');
    return { usage: probeUsage, run: probeCommand };
  },
  adapter: async () => {
    const { adapterUsage, adapterCommand } = await import('./adapter.ts');
    return { usage: adapterUsage, run: adapterCommand };
  },
  mine: async () => {
    const { mineUsage, mineCommand } = await import('./mine.ts');
    return { usage: mineUsage, run: mineCommand };
  },
  gradcheck: async () => {
    const { gradcheckUsage, gradcheckCommand } = await import('./gradcheck.ts');
    return { usage: gradcheckUsage, run: gradcheckCommand };
  },
  generate: async () => {
    const { generateUsage, generateCommand } = await import('./generate.ts');
    return { usage: generateUsage, run: generateCommand };
  },
  export: async () => {
    const { exportUsage, exportCommand } = await import('./export.ts');
    return { usage: exportUsage, run: exportCommand };
  },
  ship: async () => {
    const { shipUsage, shipCommand } = await import('./ship.ts');
    return { usage: shipUsage, run: shipCommand };
  },
  judge: async () => {
    const { judgeUsage, judgeCommand } = await import('./judge.ts');
    return { usage: judgeUsage, run: judgeCommand };
  },
};

// Whoever reads the output may have seen enough (`| head`). The status is a shell's for a closed pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});

// Ends by itself, so that its child processes end too.
process.on('SIGHUP', () => process.exit(129));

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]!() : undefined;
const json = args.includes('--json');
const usage =
  command?.usage ??
  (await Promise.all(Object.values(COMMANDS).map((load) => load()))).map((one) => one.usage).join('\n');
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
