/**
 * The house, as a check: each room, from the ground up, with the rooms that its files may import. `npm test`
 * holds it; `docs/architecture.md` says what each room is about.
 */
const ROOMS = {
  // Usable alone: they know nothing of the app.
  'packages/onnx-grad': [],
  'packages/onnx-lora': ['packages/onnx-grad'],
  'src/util': ['packages'],
  'src/pytext': [],
  'src/gasp': ['src/util', 'src/pytext', 'packages/onnx-lora'],
  // Every figure, for page, report and file: data in, a drawing out.
  'src/figures': ['src/util', 'src/gasp'],
  'src/python': ['src/util', 'src/pytext', 'src/gasp'],
  'src/banks': ['src/util', 'src/pytext', 'src/gasp', 'src/python'],
  'src/dialects': ['src/util', 'src/pytext', 'src/gasp'],
  'src/backends': ['packages', 'src/util'],
  'src/embedded': ['packages', 'src/util', 'src/backends'],
  'src/local': ['packages', 'src/util', 'src/gasp', 'src/backends', 'src/embedded'],
  'src/run': ['src/util', 'src/gasp'],
  'src/share': ['src/util', 'src/gasp', 'src/run'],
  'src/compare': ['src/util', 'src/figures', 'src/gasp', 'src/run', 'packages/onnx-lora'],
  'src/offline': ['src/util'],
  // The composition root: everything but what people see.
  'src/lab': ['packages', 'src/(?!ui/|main)'],
  'src/ui': ['packages', 'src/(?!main)'],
  cli: ['packages', 'src/(?!ui/|main)'],
  pretrain: ['packages', 'src/(?!ui/|main)', 'cli'],
  bench: ['packages', 'src/(?!ui/|main)', 'cli', 'pretrain', 'tests/fixtures'],
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
