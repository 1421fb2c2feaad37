/**
 * The lab without a browser.
 *   npm run lab -- run --method gasp --iterations 200 --seed 1 --out DIR [--json]
 *   npm run lab -- compare --methods base,azr,real,gasp,gasp+real --seeds 1,2,3 --minutes 20 --out DIR [--json]
 *   npm run lab -- mine --out BANK.json [--against DIR] [--json]
 *   npm run lab -- judge --problems FILE --answers FILE [--json]
 */
import { compareCommand, compareUsage } from './compare.ts';
import { PeftError } from '../src/lm/peftConfig.ts';
import { adapterCommand, adapterUsage } from './adapter.ts';
import { generateCommand, generateUsage } from './generate.ts';
import { gradcheckCommand, gradcheckUsage } from './gradcheck.ts';
import { judgeCommand, judgeUsage } from './judge.ts';
import { mineCommand, mineUsage } from './mine.ts';
import { probeCommand, probeUsage } from './probe.ts';
import { runCommand, runUsage } from './run.ts';
import { UsageError } from './usage.ts';

const COMMANDS: Record<string, { usage: string; run: (args: string[]) => Promise<number> }> = {
  run: { usage: runUsage, run: runCommand },
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

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
const help = name === '' || name === 'help' || name === '--help';
if (!command) {
  if (!help) console.error(`There is no command "${name}".\n`);
  (help ? console.log : console.error)(
    Object.values(COMMANDS)
      .map(({ usage }) => usage)
      .join('\n'),
  );
  process.exitCode = help ? 0 : 2;
} else if (args.includes('--help')) {
  console.log(command.usage);
} else {
  try {
    process.exitCode = await command.run(args);
  } catch (error) {
    if (error instanceof PeftError) {
      console.error(error.message);
      process.exitCode = 1;
    } else if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${command.usage}`);
      process.exitCode = 2;
    } else throw error;
  }
}
