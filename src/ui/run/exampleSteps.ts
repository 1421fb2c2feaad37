/** The worked example of the first page: a goalpost, its lemma and its lift, with their programs. */

/** From the session "GASP beside AZR", iteration 6. */
export const STEPS = [
  {
    hue: 'goalpost',
    role: 'Goalpost',
    title: 'write it twice, then append the length, then add the reversed list',
    program:
      'def f(x):\n    x = x + x\n    x = x + [len(x)]\n    x = [a + b for a, b in zip(x, x[::-1])]\n    return x\n',
    tells: 'A question that the model cannot solve: as a student it sees examples only.',
  },
  {
    hue: 'lemma',
    role: 'Lemma',
    title: 'write it twice, then append the length',
    program: 'def f(x):\n    x = x + x\n    x = x + [len(x)]\n    return x\n',
    tells:
      'As a teacher it writes itself an easier one, and answers that: 3 of 8 right. Hard, but within reach.',
  },
  {
    hue: 'lift',
    role: 'Lift',
    title: 'keep every second, then write it twice, then append the length',
    program: 'def f(x):\n    x = x[::2]\n    x = x + x\n    x = x + [len(x)]\n    return x\n',
    tells:
      'From there it writes a harder one, without seeing the goalpost: 4 of 8 right. It learns from both.',
  },
] as const;
