/** Places in the page, into an address and back. */
import { expect, test } from 'vitest';
import { embedAddress, sourceOf, wholeAddress } from '../../../src/share/address.ts';
import { damagedParts, readHash, writeHash } from '../../../src/share/place.ts';

test('a place goes into a hash and comes back, alone and behind a link', () => {
  const places = [
    {},
    { run: '0123abcd', at: 120, question: '3.lemma.2' },
    { run: 'x', goalpost: 'url:https://a.example/b.json+1' },
    { sheet: 'lecture' },
    { run: 'x', sheet: 'lecture', page: '12.3' },
  ];
  for (const link of ['', 'recipe=H4sIab-_9', 'replay=H4sI']) {
    for (const place of places) {
      const hash = writeHash(link, place);
      expect(readHash(hash)).toEqual({ link, place, unread: [] });
      expect(readHash(new URL(hash, 'http://localhost/').hash)).toEqual({ link, place, unread: [] });
    }
  }
  expect(writeHash('', {})).toBe('');
  expect(writeHash('', { run: 'r', at: 7 })).toBe('#run=r&at=7');
});

test('what others add costs nothing of a place; what is damaged is named', () => {
  expect(readHash('#run=r&utm_source=x&at=7')).toEqual({
    link: '',
    place: { run: 'r', at: 7 },
    unread: ['utm_source=x'],
  });
  expect(readHash('#run=r&amp;at=7')).toMatchObject({ place: { run: 'r', at: 7 }, unread: [] });
  for (const part of ['at=0', 'at=1.5', 'run=', 'run=a b', 'sheet=%', 'at']) {
    const read = readHash(`#goalpost=g&fbclid=1&${part}`)!;
    expect(read.place).toEqual({ goalpost: 'g' });
    expect(damagedParts(read)).toEqual([part]);
    expect(damagedParts(readHash(`#${part}`)!)).toEqual([part]);
  }
});

test('what is no place of ours is none', () => {
  for (const hash of ['#elsewhere', '#utm_source=x&b=1', '#%']) expect(readHash(hash)).toBeUndefined();
  expect(readHash('')).toEqual({ link: '', place: {}, unread: [] });
});

test('an address for a frame shows the same session, and leads back to the whole page', () => {
  for (const link of [
    'https://a.example/foothold/#replay=H4sIabc&at=4',
    'https://a.example/?session=https://b.example/run.foothold',
    'https://a.example/?session=https://b.example/run.foothold#at=4',
  ]) {
    const embed = new URL(embedAddress(link));
    expect(embed.searchParams.has('embed')).toBe(true);
    expect(sourceOf(embed)).toEqual(sourceOf(new URL(link)));
    const whole = new URL(wholeAddress(embed.href));
    expect(whole.search + whole.hash).not.toContain('embed');
    expect(sourceOf(whole)).toEqual(sourceOf(new URL(link)));
    expect(whole.hash).toBe(new URL(link).hash);
  }
  expect(sourceOf(new URL('https://a.example/?embed#run=0123'))).toBeNull();
});

test('a place asks to open no session; a link before it does', () => {
  const source = (hash: string) => sourceOf({ hash, search: '', pathname: '/' });
  expect(source('#run=0123456789abcdef0123&at=4&sheet=share')).toBeNull();
  expect(source('#replay=H4sIabc&at=4')).toEqual({ from: 'link', kind: 'replay', text: 'H4sIabc' });
  expect(source('#replay=H4sIabc&utm_source=mail')).toMatchObject({ from: 'link', text: 'H4sIabc' });
  expect(source('#run=r&utm_source=mail')).toBeNull();
  // Changed on its way: read by whoever mends links.
  expect(source('#run=r&replay%3DH4sIabc')).toMatchObject({ from: 'sent' });
});
