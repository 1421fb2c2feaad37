/** Firefox and WebKitGTK as they are installed on a machine, each by the protocol that it brings along. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Tab {
  name: string;
  goto(url: string): Promise<void>;
  /** What the body of a function returns in the page; it may await. */
  run<T>(body: string): Promise<T>;
  screenshot(path: string): Promise<void>;
  close(): Promise<void>;
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Tries until it succeeds: a browser takes seconds to start. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries > 60) throw error;
      await wait(500);
    }
  }
}

const asAsync = (body: string) =>
  `const done = arguments[arguments.length - 1]; (async () => { ${body} })().then((value) => done({ value }), (error) => done({ error: String(error) }));`;

function unwrap<T>({ value, error }: { value?: T; error?: string }): T {
  if (error !== undefined) throw new Error(error);
  return value as T;
}

/** Firefox by Marionette, which needs no driver: https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html */
export async function openFirefox(executable: string): Promise<Tab> {
  const profile = await mkdtemp(join(tmpdir(), 'firefox-'));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  await writeFile(join(profile, 'user.js'), `user_pref("marionette.port", ${port});\n`);
  const child = spawn(executable, ['--headless', '--marionette', '--no-remote', '--profile', profile], {
    stdio: 'ignore',
    env: { ...process.env, MOZ_HEADLESS_WIDTH: '1440', MOZ_HEADLESS_HEIGHT: '900' },
  });
  const socket = await eventually(
    () =>
      new Promise<ReturnType<typeof connect>>((resolve, reject) => {
        const opened = connect(port, '127.0.0.1', () => resolve(opened));
        opened.on('error', reject);
      }),
  );
  let received = Buffer.alloc(0);
  const waiting = new Map<number, (answer: { error: { message: string } | null; result: unknown }) => void>();
  socket.on('data', (data) => {
    received = Buffer.concat([received, data]);
    for (;;) {
      const colon = received.indexOf(':');
      const length = colon < 0 ? Number.NaN : Number(received.subarray(0, colon).toString());
      if (!(received.length >= colon + 1 + length)) return;
      const text = received.subarray(colon + 1, colon + 1 + length).toString();
      received = received.subarray(colon + 1 + length);
      const message = JSON.parse(text) as [number, number, { message: string } | null, unknown];
      // The first one only says hello.
      if (Array.isArray(message)) waiting.get(message[1])?.({ error: message[2], result: message[3] });
    }
  });
  let last = 0;
  const send = async <T>(command: string, parameters: object = {}): Promise<T> => {
    const id = ++last;
    const text = JSON.stringify([0, id, command, parameters]);
    const answer = new Promise<{ error: { message: string } | null; result: unknown }>((resolve) =>
      waiting.set(id, resolve),
    );
    socket.write(`${Buffer.byteLength(text)}:${text}`);
    const { error, result } = await answer;
    if (error) throw new Error(`${command}: ${error.message}`);
    return result as T;
  };
  const { capabilities } = await send<{ capabilities: { browserVersion: string } }>('WebDriver:NewSession');
  await send('WebDriver:SetTimeouts', { script: 600_000, pageLoad: 120_000 });
  return {
    name: `Firefox ${capabilities.browserVersion}`,
    goto: (url) => send('WebDriver:Navigate', { url }),
    run: async <T>(body: string) => {
      const { value } = await send<{ value: { value?: T; error?: string } }>('WebDriver:ExecuteAsyncScript', {
        script: asAsync(body),
        args: [],
      });
      return unwrap(value);
    },
    screenshot: async (path) => {
      const { value } = await send<{ value: string }>('WebDriver:TakeScreenshot', { full: false });
      await writeFile(path, Buffer.from(value, 'base64'));
    },
    async close() {
      await send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
      socket.destroy();
      child.kill();
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
    },
  };
}

/** WebKitGTK by its own WebDriver; it wants a display (`xvfb-run` gives one). */
export async function openWebKit(driver: string): Promise<Tab> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = spawn(driver, [`--port=${port}`], { stdio: 'ignore' });
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
    if (!response.ok) throw new Error(`${path}: ${value.error} ${value.message}`);
    return value;
  };
  const { sessionId, capabilities } = await eventually(() =>
    call<{ sessionId: string; capabilities: { browserName: string; browserVersion: string } }>(
      'POST',
      '/session',
      {
        capabilities: { alwaysMatch: { timeouts: { script: 600_000, pageLoad: 120_000 } } },
      },
    ),
  );
  const at = `/session/${sessionId}`;
  await call('POST', `${at}/window/rect`, { width: 1440, height: 900 }).catch(() => {});
  return {
    name: `${capabilities.browserName} ${capabilities.browserVersion}`,
    goto: (url) => call('POST', `${at}/url`, { url }),
    run: async <T>(body: string) =>
      unwrap(
        await call<{ value?: T; error?: string }>('POST', `${at}/execute/async`, {
          script: asAsync(body),
          args: [],
        }),
      ),
    screenshot: async (path) =>
      writeFile(path, Buffer.from(await call<string>('GET', `${at}/screenshot`), 'base64')),
    async close() {
      await call('DELETE', at).catch(() => {});
      child.kill();
    },
  };
}
