/** Hostile programs on Node: nothing is written, read or sent. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { hostileContract } from './hostileContract.ts';
import { TEST_LIMITS } from './judgeContract.ts';

const judge = new NodeJudge({ size: 2, limits: { ...TEST_LIMITS, seconds: 1 } });
const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
const secret = `${folder}.txt`;
writeFileSync(secret, 'marlin');
const noticed: string[] = [];
const server = createServer((request, response) => {
  noticed.push(`${request.method} ${request.url}`);
  response.end('marlin');
});
server.on('connection', () => noticed.push('a connection'));

afterAll(async () => {
  await judge.dispose();
  server.close();
  rmSync(folder, { recursive: true, force: true });
  rmSync(secret, { force: true });
});

hostileContract(judge, async () => {
  process.env.HOSTILE_SECRET = 'marlin';
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secret,
    folder,
    noticed: () => [...noticed, ...readdirSync(folder)],
  };
});
