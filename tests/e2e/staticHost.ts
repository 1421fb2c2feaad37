/** The plainest web server there is: files from a folder, their types, and no header beyond. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/**
 * Serves `folder` at `prefix` (such as `/some/folder/`): at a free port unless one is given, with `headers`
 * where a test is about them, and with `files` in the place of those in the folder.
 */
export async function serveStatic(
  folder: string,
  prefix: string,
  options: { headers?: Record<string, string>; port?: number; files?: Record<string, string> } = {},
) {
  const { headers = {}, files = {} } = options;
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const inside = path.startsWith(prefix)
      ? normalize(`/${path.slice(prefix.length) || 'index.html'}`)
      : undefined;
    const file = inside && join(folder, inside);
    const instead = inside && files[inside.slice(1)];
    if (!instead && (!file || !(await stat(file).catch(() => undefined))?.isFile())) {
      response.writeHead(404).end();
      return;
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('Content-Type', TYPES[extname(inside!)] ?? 'application/octet-stream');
    if (instead) response.end(instead);
    else createReadStream(file!).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}${prefix}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
