/** Each way in which links are changed on their way, for each kind of link: the same session comes out. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bare, sourceOf } from '../../../src/share/address.ts';
import { openSource } from '../../../src/share/link.ts';

const page = 'https://lab.example/some/folder/';
const fixture = (name: string) => readFileSync(new URL(`../../fixtures/share/${name}`, import.meta.url));
const links = JSON.parse(fixture('links.v1.json').toString()) as { recipe: string; replay: string };

/** What opens when this is what stands in the address bar; null for nothing. */
async function opened(address: string) {
  const source = sourceOf(new URL(address, page));
  return source && openSource(source, page);
}

const escaped = (text: string) => text.replaceAll(/[#=_-]/g, (character) => hex(character));
const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
const every = (text: string, length: number, between: string) =>
  text.replaceAll(new RegExp(`.{${length}}(?=.)`, 'g'), (part) => part + between);
/** The part behind the key changed. */
const inData = (change: (data: string) => string) => (link: string) =>
  link.replace(/^(#\w+=)(.*)$/, (_, key: string, data: string) => key + change(data));

const manglings: Record<string, (link: string) => string> = {
  'escaped key': (link) => link.replace('=', '%3D'),
  'escaped in all': (link) => `#${escaped(link.slice(1))}`,
  'escaped twice': (link) => `#${encodeURIComponent(escaped(link.slice(1)))}`,
  'escaped three times': (link) => `#${encodeURIComponent(encodeURIComponent(escaped(link.slice(1))))}`,
  'a hash of the path': (link) => `./${encodeURIComponent('#')}${link.slice(1)}`,
  'a hash of the path, all escaped': (link) => `./${encodeURIComponent(link)}`,
  'a hash of the path, escaped twice': (link) => `./%2523${link.slice(1)}`,
  'a query in place of the fragment': (link) => `?${link.slice(1)}`,
  'the other base64': inData((data) => data.replaceAll('-', '+').replaceAll('_', '/')),
  'the other base64, plus read as space': inData((data) => data.replaceAll('-', ' ').replaceAll('_', '/')),
  'the other base64, escaped': inData((data) => data.replaceAll('-', '%2B').replaceAll('_', '%2F')),
  padding: inData((data) => `${data}==`),
  'padding, escaped': inData((data) => `${data}%3D%3D`),
  'wrapped by line breaks': inData((data) => every(data, 76, '%0A')),
  'wrapped by CR LF and quoted': inData((data) => every(data, 72, '%0D%0A%3E%20')),
  'wrapped by spaces': inData((data) => every(data, 60, ' ')),
  'soft line breaks of a mail': inData((data) => `3D${every(data, 75, '=')}`),
  'soft hyphens': inData((data) => every(data, 40, '\u00ad')),
  'zero-width spaces': inData((data) => every(data, 40, '\u200b')),
  'hyphens of a word processor': inData((data) => data.replaceAll('-', '\u2011')),
  'dashes of a word processor': inData((data) => data.replaceAll('-', '\u2013')),
  'escapes of Markdown': inData((data) => data.replaceAll('_', '\\_')),
  'breaks of a wiki': inData((data) => every(data, 50, '<wbr>')),
  entities: (link) => link.replace('=', '&#61;').replaceAll('_', '&lowbar;'),
  'full-width characters': (link) => link.replace('=', '＝'),
  ...Object.fromEntries(
    [
      '.',
      ',',
      ')',
      '>',
      '"',
      "'",
      '*',
      '_',
      '!',
      ';',
      ':',
      ']',
      '/',
      '…',
      '”',
      '%20',
      '%29.',
      '_.',
      ' and so on',
    ].map((end) => [`followed by ${end}`, (link: string) => link + end]),
  ),
  "a router's slash": (link) => `#/${link.slice(1)}`,
  "a router's slashes": (link) => `#/${link.slice(1).replace('=', '/')}/`,
  "a router's bang": (link) => `#!/${link.slice(1)}`,
  "a router's query": (link) => `#/?${link.slice(1)}`,
  'another key': (link) => link.replace(/#\w+=/, '#/r='),
  'no key': (link) => link.replace(/#\w+=/, '#'),
  'visits counted behind it': (link) => `${link}?utm_source=mail&utm_medium=email`,
  'visits counted in it': (link) => `${link}&fbclid=IwAR0abc`,
  'visits counted before it': (link) => `?utm_source=replay&gclid=x${link}`,
  'visits counted, as an entity': (link) => `${link}&amp;utm_source=x`,
  'a safe link': (link) =>
    `?url=${encodeURIComponent(`${page}${link}`)}&data=05%7C01%7Cx&sdata=y%3D&reserved=0`,
  'key in capitals': (link) => link.replace(/#\w+=/, (key) => key.toUpperCase()),
  'key with a capital': (link) => link.replace(/#\w/, (key) => key.toUpperCase()),
  'a text fragment': (link) => `${link}:~:text=run`,
  twice: (link) => link + link,
  'twice, cut off at first': (link) => link.slice(0, 400) + link,
  'in the place of the address of a file': (link) => `?session=${encodeURIComponent(page + link)}`,
  'in the place of the address of a file, as it is': (link) => `?session=${page}${link}`,
};

describe.each(['recipe', 'replay'] as const)('a %s link', (kind) => {
  const link = links[kind];
  it.each(Object.keys(manglings))('opens: %s', async (name) => {
    const changed = manglings[name]!(link);
    expect(changed).not.toBe(link);
    expect(await opened(changed)).toEqual(await opened(link));
  });

  it.each([
    ['cut off', (text: string) => text.slice(0, 700), /cut off, and only 69\d characters/],
    ['cut off and ended', (text: string) => `${text.slice(0, 700)}...`, /cut off, and only 69\d characters/],
    ['cut off early', (text: string) => text.slice(0, 20), /cut off, and only 1\d characters/],
    ['nothing but its key', (text: string) => text.slice(0, 8), /cut off before it begins/],
    ['in small letters', (text: string) => text.toLowerCase(), /capital and small letters/],
    ['in capitals', (text: string) => text.toUpperCase(), /capital and small letters/],
    ['underscores gone', (text: string) => text.replaceAll('_', ''), /damaged/],
    ['its beginning gone', (text: string) => `#${text.slice(40)}`, /sent with this address/],
    ['changed', (text: string) => `${text.slice(0, 500)}AAAA${text.slice(504)}`, /damaged/],
  ])('says what is wrong: %s', async (_, change, message) => {
    await expect(opened(change(link))).rejects.toThrow(message);
  });
});

it('two hyphens that became a dash are two hyphens', async () => {
  expect(links.replay).toContain('--');
  for (const dash of ['\u2013', '\u2014'])
    expect(await opened(links.replay.replaceAll('--', dash))).toEqual(await opened(links.replay));
});

it('nothing was sent: nothing is said', async () => {
  for (const address of [
    '',
    '#',
    '#about',
    '#/',
    '?theme=dark#about',
    '?utm_source=recipe&utm_campaign=replay',
    `?fbclid=${'aB3_'.repeat(30)}`,
    '#:~:text=replay',
  ])
    expect(await opened(address)).toBeNull();
});

it('the page knows its own address in all of this', () => {
  for (const sent of [links.recipe, `%23${links.recipe.slice(1)}`, '?session=x#y', `%2523recipe=x/y`])
    expect(bare(page + sent)).toBe(page);
});

describe('the address of a file', () => {
  let host: ReturnType<typeof createServer>;
  let url: string;
  beforeAll(async () => {
    host = createServer((request, response) => {
      // Some hosts answer whatever is asked for.
      const { pathname, searchParams } = new URL(request.url!, 'http://x');
      if (pathname === '/runs/my%20run.foothold' && (searchParams.get('key') ?? 'a') === 'a')
        response.end(fixture('replay.v1.foothold'));
      else response.end('<!doctype html>');
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/runs/my%20run.foothold`;
  });
  afterAll(() => void host.close());

  const addresses: Record<string, (url: string) => string> = {
    'as it is written here': (url) => `?session=${encodeURIComponent(url)}`,
    'not escaped': (url) => `?session=${url}`,
    'escaped twice': (url) => `?session=${encodeURIComponent(encodeURIComponent(url))}`,
    'escaped three times': (url) =>
      `?session=${encodeURIComponent(encodeURIComponent(encodeURIComponent(url)))}`,
    'key in capitals': (url) => `?Session=${encodeURIComponent(url)}`,
    'as an entity': (url) => `?utm_source=x&amp;session=${encodeURIComponent(url)}`,
    'in the fragment': (url) => `#session=${encodeURIComponent(url)}`,
    "behind a router's slash": (url) => `#/?session=${encodeURIComponent(url)}`,
    'key escaped': (url) => `?session%3D${encodeURIComponent(url)}`,
    'one slash': (url) => `?session=${url.replace('//', '/')}`,
    'parameters of its own': (url) => `?session=${url}?token=1&key=a`,
    'visits counted': (url) => `?session=${encodeURIComponent(url)}&fbclid=x&utm_source=y`,
    'a fragment': (url) => `?session=${encodeURIComponent(url)}#/`,
    'a text fragment': (url) => `?session=${encodeURIComponent(url)}#:~:text=x`,
    'a safe link': (url) =>
      `?session=${encodeURIComponent(`https://x.safelinks.example/?url=${encodeURIComponent(url)}&data=05`)}`,
    'in pointed brackets': (url) => `?session=<${url}>`,
    'with a soft hyphen': (url) => `?session=${url.replace('runs', 'ru\u00adns')}`,
    'plus for space': (url) => `?session=${url.replace('%20', '+')}`,
    ...Object.fromEntries(
      ['.', ',', ')', '"', "'", '*', '_', '!', ';', '%20', '%3E', ').'].map((end) => [
        `followed by ${end}`,
        (url: string) => `?session=${url}${end}`,
      ]),
    ),
  };
  it.each(Object.keys(addresses))('is read: %s', async (name) => {
    expect((await opened(addresses[name]!(url)))?.kind).toBe('replay');
  });

  it('says what is wrong', async () => {
    for (const [address, message] of [
      ['?session=', /sent with this address/],
      ['?session=javascript:alert(1)', /https or http/],
      [`?session=${encodeURIComponent(url.replace('my', 'no'))}`, /not a Foothold session/],
      ['?session=https%3A%2F%2F', /not an address/],
    ] as const)
      await expect(opened(address), address).rejects.toThrow(message);
  });
});
