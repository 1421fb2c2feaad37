/**
 * The house, as a check: each room, from the ground up, with the rooms that its files may import. `npm test`
 * holds it; `docs/architecture.md` says what each room is about.
 */
const ROOMS = {
  'src/util': [],
  'src/pytext': [],
  'src/figures': ['src/util'],
  'src/gasp': ['src/util', 'src/pytext'],
  'src/onnx': ['src/util'],
  'src/lm': ['src/util', 'src/gasp', 'src/onnx'],
  'src/python': ['src/util', 'src/pytext', 'src/gasp'],
  'src/banks': ['src/util', 'src/pytext', 'src/gasp', 'src/python'],
  'src/dialects': ['src/util', 'src/pytext', 'src/gasp'],
  'src/run': ['src/util', 'src/gasp'],
  'src/share': ['src/util', 'src/gasp', 'src/run'],
  'src/compare': ['src/util', 'src/figures', 'src/gasp', 'src/run'],
  'src/offline': ['src/util'],
  // The composition root: everything but what people see.
  'src/lab': ['src/(?!ui/|main)'],
  'src/ui': ['src/(?!main)'],
  cli: ['src/(?!ui/|main)'],
  pretrain: ['src/(?!ui/|main)', 'cli'],
  bench: ['src/(?!ui/|main)', 'cli', 'pretrain', 'tests/fixtures'],
};

const arrows = Object.entries(ROOMS).map(([room, below]) => ({
  name: `${room} imports only what stands below it`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: {
    path: '^(src|cli|pretrain|bench|tests)/',
    pathNot: [room, ...below].map((path) => `^${path}${path.endsWith(')') ? '' : '/'}`),
  },
}));

/** Records as schemas, from which their types come. They load with what a stranger sent: elsewhere they are types. */
const SCHEMAS = '^src/(gasp/(fields|question|policyRecord|storedSettings|events)|run/events)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no circles between files', severity: 'error', from: {}, to: { circular: true } },
    ...arrows,
    {
      name: 'the library of schemas loads when something is opened that was sent',
      severity: 'error',
      from: { pathNot: [SCHEMAS, '^src/share/'] },
      to: { path: [SCHEMAS, 'node_modules/valibot'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
