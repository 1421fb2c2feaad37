/** Runs in memory, in one thread and from another: as every journal. */
import { afterEach, describe } from 'vitest';
import { MemoryPlace, openMemoryJournal } from '../../../src/run/memoryJournal.ts';
import { journalOver, serveJournal } from '../../../src/run/portJournal.ts';
import { testJournal } from './journalContract.ts';

let place = new MemoryPlace();
const clear = async () => {
  place = new MemoryPlace();
};

describe('in this thread', () => {
  testJournal(async () => openMemoryJournal(place), clear);
});

describe('over a port', () => {
  const ports: MessagePort[] = [];
  afterEach(() => {
    for (const port of ports.splice(0)) port.close();
  });
  testJournal(async () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    serveJournal(openMemoryJournal(place), port1);
    return journalOver(port2);
  }, clear);
});
