/** Memorable names for runs: a hill, in a mood. Unique ids are not their business. */

const moods = (
  'amber ancient autumn bold bright calm clear crisp distant dusty early eastern frosty gentle golden ' +
  'grey hidden high humble late little lofty long lucid misty mossy narrow northern pale patient plain ' +
  'quiet rough rugged silent silver slow snowy southern steady steep still sunlit tall twilight vast ' +
  'western white wild windy winter young'
).split(' ');

const places = (
  'arete bluff boulder butte cairn cirque cliff col corrie couloir crag crest dome escarpment fell ' +
  'glacier gorge gully headwall hill hollow knoll ledge massif mesa moraine mountain needle notch ' +
  'overhang pass path peak pinnacle pitch plateau ridge rise saddle scree shoulder slab slope spire ' +
  'spur stair summit terrace tor traverse valley wall'
).split(' ');

/**
 * A name like `quiet-ridge`. `random` gives numbers in [0, 1); names in `taken` are avoided, in the
 * end by a number behind the name.
 */
export function runName(random: () => number, taken: Iterable<string> = []): string {
  const used = new Set(taken);
  const pick = (words: string[]) => words[Math.floor(random() * words.length)]!;
  let name = '';
  for (let attempt = 0; attempt < 20; attempt++) {
    name = `${pick(moods)}-${pick(places)}`;
    if (!used.has(name)) return name;
  }
  let number = 2;
  while (used.has(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}
