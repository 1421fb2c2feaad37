/**
 * Makes the page work without network after one visit. What the first page needs is kept when this
 * worker is installed; the large rest (model, runtimes, Python, editor) when the page asks for it, and
 * whatever of it is fetched meanwhile. A newer worker waits until the page lets it take over.
 */
/// <reference lib="webworker" />
import { cleanupOutdatedCaches, precacheAndRoute } from 'workbox-precaching';
import type { KeepReport, OfflineCommand } from './serviceWorkerMessages.ts';

declare const self: ServiceWorkerGlobalScope;

const LATER = 'foothold-later';
const entries = self.__WB_MANIFEST as { url: string; revision: string | null }[];
/** The page itself, what reads sessions, questions, icons. */
const first = /^(index\.html|manifest\.webmanifest|banks\/.*|icons\/.*|assets\/(index|link|bundle)-[^/]*)$/;

/** Addresses of the rest, each with the one that it is kept under: files without a hash in their name get one. */
const later = new Map(
  entries
    .filter(({ url }) => !first.test(url))
    .map(({ url, revision }) => {
      const address = new URL(url, self.registration.scope).href;
      return [address, revision ? `${address}?revision=${revision}` : address];
    }),
);

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const [folder, sent] = url.href.split(/%(?:25)*23(.*)/is);
  if (event.request.mode === 'navigate' && sent !== undefined && folder && !folder.includes('?')) {
    // A link whose # was escaped on the way: no server has a file of that name.
    event.respondWith(Response.redirect(`${folder}#${sent}`));
    return;
  }
  url.search = '';
  const key = later.get(url.href);
  if (key && event.request.method === 'GET') event.respondWith(keep(key, event.request));
});

precacheAndRoute(
  entries.filter(({ url }) => first.test(url)),
  // `?session=` is for the page to read, not another page.
  { ignoreURLParametersMatching: [/.*/] },
);
cleanupOutdatedCaches();

self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([self.clients.claim(), sweep()]));
});

self.addEventListener('message', (event) => {
  const command = event.data as OfflineCommand;
  if (command === 'take-over') void self.skipWaiting();
  else if (command === 'keep-all') event.waitUntil(keepAll((report) => event.source?.postMessage(report)));
});

/** From the cache, else from the network and into the cache. */
async function keep(key: string, request: Request | string): Promise<Response> {
  const cache = await caches.open(LATER);
  const kept = await cache.match(key);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200) {
    // A full disk is no reason to fail: the page works on, with network.
    const copy = response.clone();
    void cache.put(key, copy).catch(() => {});
  }
  return response;
}

async function keepAll(report: (report: KeepReport) => void): Promise<void> {
  const cache = await caches.open(LATER);
  let done = 0;
  try {
    for (const [address, key] of later) {
      if (!(await cache.match(key))) {
        const response = await fetch(address);
        if (response.status !== 200) throw new Error(`${address}: ${response.status}`);
        await cache.put(key, response);
      }
      report({ kept: ++done, of: later.size });
    }
  } catch {
    // No network, or no room: what is missing is kept another time.
    report({ kept: done, of: later.size, failed: true });
  }
}

/** Lets go of files that this version does not have. */
async function sweep(): Promise<void> {
  const cache = await caches.open(LATER);
  const wanted = new Set(later.values());
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
}
