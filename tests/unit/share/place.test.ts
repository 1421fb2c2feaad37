/** Places in the page, into an address and back. */
import { expect, test } from 'vitest';
import { sourceOf } from '../../../src/share/address.ts';
import { readHash, writeHash } from '../../../src/share/place.ts';

test('a place goes into a hash and comes back, alone and behind a link', () => {
  const places = [
    {},
    { run: '0123abcd', at: 120, question: '3.lemma.2' },
    { run: 'x', goalpost: 'url:https://a.example/b.json+1' },
    { sheet: 'lecture' },
  ];
  for (const link of ['', 'recipe=H4sIab-_9', 'replay=H4sI']) {
    for (const place of places) {
      const hash = writeHash(link, place);
      expect(readHash(hash)).toEqual({ link, place });
      expect(readHash(new URL(hash, 'http://localhost/').hash)).toEqual({ link, place });
    }
  }
  expect(writeHash('', {})).toBe('');
  expect(writeHash('', { run: 'r', at: 7 })).toBe('#run=r&at=7');
});

test('what is no place of ours is none', () => {
  for (const hash of [
    '#at=0',
    '#at=1.5',
    '#run=',
    '#run=a b',
    '#elsewhere',
    '#sheet=%',
    '#run=r&utm_source=x',
  ])
    expect(readHash(hash)).toBeUndefined();
  expect(readHash('')).toEqual({ link: '', place: {} });
});

test('a place asks to open no session; a link before it does', () => {
  const source = (hash: string) => sourceOf({ hash, search: '', pathname: '/' });
  expect(source('#run=0123456789abcdef0123&at=4&sheet=share')).toBeNull();
  expect(source('#replay=H4sIabc&at=4')).toEqual({ from: 'link', kind: 'replay', text: 'H4sIabc' });
  // Changed on its way: read by whoever mends links.
  expect(source('#replay=H4sIabc&utm_source=mail')).toMatchObject({ from: 'sent' });
});
