/** Builds the package in the current folder into its `dist`: modules and types, for `npm pack` and `npm publish`. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript7/bin/tsc'), '-p', 'tsconfig.build.json'],
  {
    stdio: 'inherit',
  },
);
if (status !== 0) process.exit(status ?? 1);
copyFileSync(join(root, 'LICENSE'), 'LICENSE');
