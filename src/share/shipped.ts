/** The sessions that come with the page: what each is called and tells, and which runs of the command line it is made from. */

export interface ShippedRun {
  /** Folder of the run, as `lab run --out` wrote it, under the folder that `lab ship` is given. */
  folder: string;
  name: string;
}

export interface ShippedSession {
  /** The file is `public/sessions/<id>.foothold`. */
  id: string;
  title: string;
  /** One sentence on the first page: what is to be seen. */
  tells: string;
  /** The first words beside the replay: what it is, and who made it. */
  note: string;
  /** The open run, and one that is drawn beside it. */
  runs: readonly ShippedRun[];
  /** Iterations are left out from the one on that ends above so many sampled tokens. */
  tokens: number;
  /** After this iteration only the answers to accepted questions are kept, so that the file stays small. */
  answersUpTo: number;
}

const MADE = 'Made by Foothold’s authors with the command line on two CPU cores.';

export const SHIPPED: readonly ShippedSession[] = [
  {
    id: 'gasp-beside-azr',
    title: 'GASP beside AZR',
    tells: 'The same model, seed and 63,000 tokens: once with goalposts to aim at, once without any.',
    note: `GASP from seed 1, and pale beside it AZR, which invents questions without a goalpost in sight. It shows how they work, not how much better one is: it is one seed, and it ends after a good trial of GASP’s, which later ones did not keep. Over three seeds and 700,000 tokens GASP stands 8.8 points of pass@20 above AZR on held-out questions. ${MADE}`,
    runs: [
      { folder: 'gasp', name: 'GASP, seed 1' },
      { folder: 'azr', name: 'AZR, seed 1' },
    ],
    tokens: 63.2e3,
    answersUpTo: 3,
  },
  {
    id: 'long-run',
    title: 'A long run',
    tells:
      'GASP + hindsight for three minutes: which flags come down, and does it get better at questions that it has never seen?',
    note: `GASP + hindsight from seed 1, with 12 goalposts an iteration. It ends after 46 of 80 iterations, so that the file stays small; its later trials had 17.4, 16.4, 17.6 and 15.6% of unseen questions right. ${MADE}`,
    runs: [{ folder: 'long', name: 'GASP + hindsight, a long run' }],
    tokens: 266e3,
    answersUpTo: 1,
  },
  {
    id: 'collapse',
    title: 'A collapse, and why',
    tells:
      'An estimator that pushes wrong answers away, without a clip: after six iterations the model gets nothing right.',
    note: `GASP with the estimator maxrl and no clip. Wrong answers are pushed away without a bound: the gradient norm and the entropy climb, and after six iterations none of 512 answers to unseen questions is right, where one in ten was. The setting Clip is there to prevent that. ${MADE}`,
    runs: [{ folder: 'collapse', name: 'A collapse' }],
    tokens: 250e3,
    answersUpTo: 4,
  },
];

/** The page's address with a shipped session in it. `page` is the page's own, without what it opened. */
export const shippedAddress = (id: string, page: string): string =>
  `${page}?session=${new URL(`sessions/${id}.foothold`, page).href}`;
