/**
 * Programs that look harmless, and what they leave behind in what all programs of an interpreter share. Each
 * comes before a program that relies on it: `value` is what that one gives in Python that nobody was in before.
 */
export interface LeftBehind {
  name: string;
  program: string;
  /** Defines `f(x)`; called with 3. */
  next: string;
  value: string;
}

/** Classes with a method that no program spells out as one; `made(methods)` makes one of them. */
const CLASSES: Record<string, string> = {
  'the type of a type': 'def made(methods): return type(int)("M", (), methods)',
  'a class of a class': 'def made(methods): return int.__class__("M", (), methods)',
  'an abstract one': 'from abc import ABCMeta\ndef made(methods): return ABCMeta("M", (), methods)',
  'an enumeration': 'from enum import Enum\ndef made(methods): return Enum("M", {"a": 1, **methods})',
};
/** An object that waits in a cycle until somebody's garbage is collected, and then takes for ever. */
const WAITING = (made: string) =>
  `${made}
def spin(self):
    while True: pass
def f(x):
    kind = made({"__del__": spin})
    try: one = kind()
    except TypeError: one = kind(1)
    one.me = one
    return 1`;
const COLLECTS = {
  next: 'def f(x):\n    for i in range(200000): a = [i]; a.append(a)\n    return x',
  value: '3',
};

export const LEFT_BEHIND: LeftBehind[] = [
  ...Object.entries(CLASSES).map(([name, made]) => ({
    name: `a finalizer: ${name}`,
    program: WAITING(made),
    ...COLLECTS,
  })),
  ...[
    ['by a class', 'class __del__:\n        def __init__(self):\n            while True: pass'],
    ['by a pattern', 'match spin:\n        case __del__: pass'],
  ].map(([name, body]) => ({
    name: `a finalizer: ${name}`,
    program: `def spin(self):\n    while True: pass\nclass M:\n    ${body}\ndef f(x):\n    one = M()\n    one.me = one\n    return 1`,
    ...COLLECTS,
  })),
  {
    name: 'an attribute that a copy sets',
    program: `import copy, heapq
def reduced(self, protocol): return (lambda: heapq.nsmallest, (), (None, {"__defaults__": (abs,)}))
R = type(int)("R", (), {"__reduce_ex__": reduced})
def f(x):
    copy.copy(R())
    return 1`,
    next: 'import heapq\ndef f(x): return heapq.nsmallest(2, [-5, 1, 2])',
    value: '[-5, 1]',
  },
  {
    name: 'another class of standard output',
    program: `import sys
class Lost:
    __slots__ = ()
    def write(self, text): return len(text)
    def flush(self): raise ValueError
def f(x):
    try: sys.stdout.__class__ = Lost
    except TypeError: pass
    return 1`,
    next: 'import sys\ndef f(x):\n    sys.stdout.flush()\n    return sys.stdout.encoding',
    value: "'utf-8'",
  },
  {
    name: 'closed streams',
    program:
      'import sys\ndef f(x):\n    sys.stdout.close(); sys.stdin.close(); sys.stderr.buffer.close()\n    return 1',
    next: 'import sys\ndef f(x):\n    print(x, file=sys.stderr)\n    print(x, flush=True)\n    try: input()\n    except EOFError: return x',
    value: '3',
  },
  {
    name: 'streams taken apart',
    program: 'import sys\ndef f(x):\n    sys.stdout.detach().detach(); sys.stdin.detach()\n    return 1',
    next: 'def f(x):\n    print(x, flush=True)\n    try: input()\n    except EOFError: return x',
    value: '3',
  },
  {
    name: 'another encoding of a stream',
    program: 'import sys\nsys.stdout.reconfigure(encoding="ascii", newline="\\r")\ndef f(x): return 1',
    next: 'import sys\ndef f(x): return print("é"), sys.stdout.encoding',
    value: "(None, 'utf-8')",
  },
  {
    name: 'a method of a stream',
    program: 'import sys\nsys.stdout.write = sys.stdout.buffer.flush = abs\ndef f(x): return 1',
    next: 'def f(x): return print("é", flush=True)',
    value: 'None',
  },
  {
    name: 'a method of a stream that does not end',
    program:
      'import sys\ndef spin(*all):\n    while True: pass\nsys.stdout.flush = sys.stdout.buffer.flush = sys.stdout.buffer.raw.write = spin\ndef f(x): return 1',
    next: 'def f(x): return print("é", flush=True)',
    value: 'None',
  },
  {
    name: 'a limit of digits',
    program: 'import sys\nsys.set_int_max_str_digits(640)\ndef f(x): return 1',
    next: 'def f(x): return len(str(10 ** 1000))',
    value: '1001',
  },
  {
    name: 'an attribute of a builtin',
    program:
      'for one in (sum, exit):\n    try: one.total = 5\n    except AttributeError: pass\ndef f(x): return 1',
    next: 'def f(x): return hasattr(sum, "total") or hasattr(exit, "total")',
    value: 'False',
  },
  {
    name: 'sizes of 64 bits',
    program: 'from collections import deque\ndef f(x): return deque([1], maxlen=10 ** 10)[0]',
    next: 'from collections import deque\ndef f(x):\n    try: deque(maxlen=10 ** 10)\n    except OverflowError: return x',
    value: '3',
  },
  {
    name: 'another class of a flag',
    program: `import re
class Flag(int):
    def __or__(self, other): return 2
    def __eq__(self, other): return True
    def __hash__(self): return 0
def f(x):
    re.IGNORECASE.__class__ = Flag
    return 1`,
    next: 'import re\ndef f(x): return re.IGNORECASE == 7',
    value: 'False',
  },
  {
    name: 'a kept pattern',
    program: `import re
class Zero(int):
    def __hash__(self): return 0
    def __eq__(self, other): return True
def f(x):
    re.compile("a+b", Zero(2))
    return 1`,
    next: 'import re\ndef f(x): return re.findall("a+b", "AB aab")',
    value: "['aab']",
  },
  {
    name: 'a kept alias',
    program: `from typing import Optional
class Any:
    def __hash__(self): return hash(int)
    def __eq__(self, other): return True
    def __call__(self): pass
def f(x):
    Optional[Any()]
    return 1`,
    next: 'from typing import Optional\ndef f(x): return str(Optional[int])',
    value: "'int | None'",
  },
  {
    name: 'a kept format of dates',
    program: `from datetime import datetime
class Any(str):
    def __hash__(self): return hash("%d.%m.%Y")
    def __eq__(self, other): return True
def f(x):
    datetime.strptime("2.1.2024", Any("%m.%d.%Y"))
    return 1`,
    next: 'from datetime import datetime\ndef f(x): return datetime.strptime("2.1.2024", "%d.%m.%Y").month',
    value: '1',
  },
  {
    name: 'an alias that begins anew',
    program: 'import typing\ndef f(x):\n    typing.List.__init__(dict, 2, name="Dict")\n    return 1',
    next: 'from typing import List\ndef f(x): return str(List)',
    value: "'typing.List'",
  },
  {
    name: 'another name of a class',
    program: 'from collections import Counter\nCounter.__name__ = "Other"\ndef f(x): return 1',
    next: 'from collections import Counter\ndef f(x): return repr(Counter())',
    value: "'Counter()'",
  },
  {
    name: 'a table of the library',
    program:
      'from textwrap import TextWrapper\nTextWrapper.unicode_whitespace_trans[97] = "b"\ndef f(x): return 1',
    next: 'from textwrap import fill\ndef f(x): return fill("aa")',
    value: "'aa'",
  },
  {
    name: 'memory that nobody can use',
    program: 'def f(x):\n    a = [[0] * (23 * 10 ** 7)]\n    a.append(a)\n    return 1',
    next: 'def f(x): return len([0] * (6 * 10 ** 7))',
    value: '60000000',
  },
];
