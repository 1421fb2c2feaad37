/** Installs the packages that package-lock.json names, if any is missing. Only Node built-ins. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Folders under node_modules that are missing or hold another version than the lock file's. */
function missingPackages() {
  const missing = [];
  for (const [path, entry] of Object.entries(readJson('package-lock.json').packages)) {
    if (path === '' || entry.optional || entry.devOptional || entry.link) continue;
    try {
      if (readJson(join(path, 'package.json')).version !== entry.version) missing.push(path);
    } catch {
      missing.push(path);
    }
  }
  return missing;
}

/** Ends the process with a message where Node is too old or `npm ci` fails. */
export function ensurePackages() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    console.error(`Node 20 or newer is needed; this is ${process.version}.`);
    process.exit(1);
  }
  const missing = missingPackages();
  if (missing.length === 0) return;
  console.log(`Installing packages (${missing.length} missing or out of date) ...`);
  const npm = spawnSync('npm ci --no-audit --no-fund', { cwd: root, stdio: 'inherit', shell: true });
  if (npm.status !== 0) {
    console.error('npm ci failed. Check the network and run the command again.');
    process.exit(npm.status ?? 1);
  }
}
