"""What CPython 3.11 prints: runs each of PROGRAMS as a process with its input piped in, and writes what it
printed, or the exception that ended it, to processes.json. The judge is held to that.

    python3.11 tests/unit/python/cpython/processes.py
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

assert sys.version_info[:2] == (3, 11), 'The table is of CPython 3.11.'

# Name, standard input, program.
PROGRAMS = [
    # Standard input: text and bytes are one stream with one position.
    ('a line of bytes, then text', '3\nabc\n', 'import sys\nn = int(sys.stdin.buffer.readline())\ns = input()\nprint(n, s)'),
    ('a line of text, then bytes', '3\nabc\nd\n', 'import sys\nn = input()\nprint(n, sys.stdin.buffer.read())'),
    ('an iterator, then bytes', '1\n2\n3\n', 'import sys\nfor line in sys.stdin:\n    break\nprint(line, sys.stdin.buffer.readline())'),
    ('an iterator, then the rest', '1\n2\n3\n', 'import sys\nprint(next(sys.stdin), sys.stdin.read().split())'),
    ('an iterator, then input', '1\n2\n3\n', 'import sys\nfor line in sys.stdin:\n    print(line.strip(), input())\n    break\nprint(sys.stdin.readlines())'),
    ('bytes, then the rest as text', '1\n2 3\n', 'import sys\ndata = sys.stdin.buffer\nprint(data.readline(), sys.stdin.read())'),
    ('lines of bytes', '1\n2\n3', 'import sys\nprint(sys.stdin.buffer.readlines())'),
    ('an iterator over bytes', '1 2\n3 4\n', 'import sys\nprint(sum(int(x) for line in sys.stdin.buffer for x in line.split()))'),
    ('bytes as an iterator of numbers', '2\n1 2\n3 4\n', 'import sys\nread = sys.stdin.buffer.readline\nfor _ in range(int(read())):\n    a, b = map(int, read().split())\n    print(a + b)'),
    ('a peek', 'ab\ncd\n', 'import sys\nprint(sys.stdin.buffer.peek(2)[:2], sys.stdin.buffer.readline(), input())'),
    ('some characters', 'abcdef\n', 'import sys\nprint(sys.stdin.read(2), sys.stdin.read(1), repr(sys.stdin.read()))'),
    ('some bytes', 'abcdef\n', 'import sys\nb = sys.stdin.buffer\nprint(b.read(2), b.read1(2), b.read())'),
    ('readinto', 'abcdef', 'import sys\na = bytearray(4)\nprint(sys.stdin.buffer.readinto(a), a)'),
    ('the raw file', '12\n34\n', 'import sys\nprint(sys.stdin.buffer.raw.read(3), sys.stdin.buffer.raw.readall())'),
    ('reconfigure', '3\n', "import sys\nsys.stdin.reconfigure(encoding='utf-8')\nprint(int(input()) * 2)"),
    ('reconfigure after a read', 'é\né\n', "import sys\nprint(input())\nsys.stdin.reconfigure(errors='ignore')\nprint(input())"),
    ('another encoding', 'é\n', "import sys\nsys.stdin.reconfigure(encoding='latin-1')\nprint(len(input()))"),
    ('no translation of line ends', 'a\r\nb\r\n', "import sys\nsys.stdin.reconfigure(newline='')\nprint(repr(sys.stdin.read()))"),
    ('line ends of Windows', 'a\r\nb\r\n', 'import sys\nprint([input(), sys.stdin.readline()])'),
    ('line ends of Windows, read whole', '1\r\n2\r\n', 'import sys\nprint(repr(sys.stdin.read()))'),
    ('line ends of Windows, as bytes', '1\r\n2\r\n', 'import sys\nprint(sys.stdin.buffer.read())'),
    ('carriage returns alone', 'a\rb\r', 'import sys\nprint(sys.stdin.readlines())'),
    ('an empty line', '\n5\n', 'print(repr(input()), repr(input()))'),
    ('spaces around', '  5  \n', 'print(repr(input()))'),
    ('no line end', '5', 'print(repr(input()))'),
    ('no line end, a line at a time', '5\n6', 'import sys\nprint([sys.stdin.readline() for _ in range(4)])'),
    ('lines by iter', '5\n6\n', "import sys\nprint(list(iter(sys.stdin.readline, '')))"),
    ('a limited line', 'abcdef\n', 'import sys\nprint(repr(sys.stdin.readline(3)), repr(sys.stdin.readline()))'),
    ('hinted lines', 'ab\ncd\nef\n', 'import sys\nprint(sys.stdin.readlines(4))'),
    ('the end', '1\n', 'input()\ntry:\n    input()\nexcept EOFError as error:\n    print(error)'),
    ('beyond the end', '', 'input()'),
    ('until the end', '1\n2\n', 'total = 0\nwhile True:\n    try:\n        total += int(input())\n    except EOFError:\n        break\nprint(total)'),
    ('a prompt', '7\n', "x = input('x = ')\nprint(x)"),
    ('a prompt after what is pending', '7\n', "import sys\nsys.stdout.write('a')\nx = input('b')\nsys.stdout.buffer.write(b'c')\nsys.stdout.flush()\nprint(x)"),
    ('the file 0', '1 2\n', 'print(sum(map(int, open(0).read().split())))'),
    ('the file 0, a line at a time', '1\n2\n', 'with open(0) as lines:\n    print([line for line in lines])'),
    ('the file 0, as bytes', '1\n2\n', "print(open(0, 'rb').read().split())"),
    ('the file 0, left open', '1\n2\n', 'import sys\nlines = open(0, closefd=False)\nprint(lines.readline(), sys.stdin.readline())'),
    ('the file by its name', '1\n2\n', "print(open('/dev/stdin').read().split())"),
    ('the system call', 'abc\n', 'import os\nprint(os.read(0, 2), os.read(0, 10), os.read(0, 1))'),
    ('as much as the file says', '3 4\n', 'import os\ndata = os.read(0, max(os.fstat(0).st_size, 8192))\nprint(sum(map(int, data.split())))'),
    ('a buffer over the file', '3 4\n5\n', "import io, os\nclass Fast(io.IOBase):\n    def __init__(self):\n        self.fd = 0\n        self.buffer = io.BytesIO()\n    def readline(self):\n        while True:\n            b = os.read(self.fd, max(os.fstat(self.fd).st_size, 8192))\n            if not b:\n                break\n            at = self.buffer.tell()\n            self.buffer.seek(0, 2)\n            self.buffer.write(b)\n            self.buffer.seek(at)\n        return self.buffer.readline().decode()\nread = Fast().readline\nprint(sum(map(int, read().split())), int(read()))"),
    ('a wrapper of the bytes', '3\n4\n', "import io, sys\nlines = io.TextIOWrapper(sys.stdin.buffer, encoding='ascii')\nprint(lines.readline(), lines.read())"),
    ('a wrapper as standard input', '3\n4\n', "import io, sys\nsys.stdin = io.TextIOWrapper(sys.stdin.buffer, 'utf-8')\nprint(int(input()) + int(input()))"),
    ('text as standard input', '', "import io, sys\nsys.stdin = io.StringIO('5\\n6\\n')\nprint(input(), sys.stdin.read())"),
    ('bytes kept in memory', '3\n4\n', 'import io, sys\nread = io.BytesIO(sys.stdin.buffer.read()).readline\nprint(int(read()), int(read()))'),
    ('the bytes alone', '3\n4\n', 'import sys\nsys.stdin = sys.stdin.detach()\nprint(sys.stdin.readline())'),
    ('fileinput', '1\n2\n', 'import fileinput\nprint([line.strip() for line in fileinput.input()])'),
    ('input is readline', '1\n2\n', "import sys\ninput = sys.stdin.readline\nprint([input(), input(), input()])"),
    ('input of the builtins', '1\n2\n', "import builtins, sys\nbuiltins.input = lambda: sys.stdin.readline().rstrip()\nprint([input(), input()])"),
    ('what the stream says', '1\n', 'import sys\ns = sys.stdin\nprint(s.encoding, s.errors, s.newlines, s.name, s.mode, s.line_buffering, s.fileno(), s.isatty(), s.readable(), s.writable(), s.closed)'),
    ('what its layers are', '1\n', 'import sys\ns = sys.stdin\nprint(type(s).__name__, type(s.buffer).__name__, type(s.buffer.raw).__name__, s is sys.__stdin__, s.seekable())'),
    ('a pipe has no position', '1\n', 'import sys\nsys.stdin.seek(0)'),
    ('a closed input', '1\n', 'import sys\nsys.stdin.close()\ninput()'),
    ('letters of all kinds', 'naïve 日本 🎉\n', 's = input()\nprint(len(s), s[::-1])'),
    ('many lines', '200\n' + ''.join(f'{i} {i * i}\n' for i in range(200)), 'import sys\nn = int(sys.stdin.buffer.readline())\nprint(sum(a * b for a, b in (map(int, input().split()) for _ in range(n))))'),
    ('more than a buffer', '1 ' * 20000 + '\n7\n', 'import sys\nfirst = sys.stdin.readline().split()\nprint(len(first), sys.stdin.buffer.readline())'),
    ('not at the end yet', '1\n', "import sys\nwhile line := sys.stdin.readline():\n    print(line.strip())\nprint(repr(sys.stdin.read()))"),
    # Standard output.
    ('output reconfigured', '3\n', 'import sys\nsys.stdout.reconfigure(line_buffering=True)\nprint(int(input()) * 2)'),
    ('output in another encoding', '', "import sys\nsys.stdout.reconfigure(encoding='utf-16-le')\nprint('é')\nsys.stdout.flush()\nsys.stdout.reconfigure(encoding='utf-8')\nprint('é')"),
    ('other line ends', '', "import sys\nsys.stdout.reconfigure(newline='\\r\\n')\nprint(1)"),
    ('bytes overtake text', '', "import sys\nprint('text')\nsys.stdout.buffer.write(b'bytes\\n')"),
    ('text flushed before bytes', '', "import sys\nprint('text')\nsys.stdout.flush()\nsys.stdout.buffer.write(b'bytes\\n')\nprint('more')"),
    ('lines flushed by themselves', '', "import sys\nsys.stdout.reconfigure(line_buffering=True)\nprint('text')\nsys.stdout.buffer.write(b'bytes\\n')\nprint('more')"),
    ('the system call overtakes', '', "import os\nprint('text')\nos.write(1, b'call\\n')"),
    ('print with flush', '', "import os\nprint('text', flush=True)\nos.write(1, b'call\\n')"),
    ('written through', '', "import os, sys\nsys.stdout.reconfigure(write_through=True)\nprint('text')\nsys.stdout.buffer.flush()\nos.write(1, b'call\\n')"),
    ('more text than a buffer', '', "import os\nprint('a' * 9000)\nprint('b')\nos.write(1, b'call\\n')"),
    ('much text and then bytes', '', "import sys\nprint('a' * 9000)\nsys.stdout.buffer.write(b'b\\n')"),
    ('a wrapper as output', '3\n', "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')\nprint(int(input()) * 2)"),
    ('a wrapper after a print', '', "import io, sys\nprint('lost?')\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')\nprint('kept')"),
    ('a wrapper of what was taken apart', '', "import io, sys\nprint('first')\nsys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding='utf-8', line_buffering=True)\nprint('second')"),
    ('a wrapper that is not flushed', '', "import io, sys\nout = io.TextIOWrapper(sys.stdout.buffer)\nout.write('kept\\n')"),
    ('a wrapper in a function', '', "import io, sys\ndef main():\n    out = io.TextIOWrapper(sys.stdout.buffer)\n    out.write('kept\\n')\nmain()\ntry:\n    print('closed')\n    sys.stdout.flush()\nexcept ValueError as error:\n    sys.stderr.write(str(error))"),
    ('a buffer of bytes as output', '3\n', "import io, os, sys\nclass Out(io.StringIO):\n    def flush(self):\n        os.write(1, self.getvalue().encode())\n        self.truncate(0)\n        self.seek(0)\nsys.stdout = Out()\nprint(input())\nsys.stdout.flush()"),
    ('in memory and back', '', "import io, sys\nkept = sys.stdout\nsys.stdout = io.StringIO()\nprint('inside')\ntext = sys.stdout.getvalue()\nsys.stdout = kept\nprint(text.upper())"),
    ('in memory to the end', '', "import io, sys\nprint('before')\nsys.stdout = io.StringIO()\nprint('inside')"),
    ('redirected', '', "import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    print('inside')\nprint(repr(out.getvalue()))"),
    ('to error', '', "import sys\nprint('error', file=sys.stderr)\nprint('output')"),
    ('error as output', '', "import sys\nsys.stdout = sys.stderr\nprint('error')"),
    ('the first output', '', "import sys\nsys.stdout = None\nprint('nowhere')\nprint('kept', file=sys.__stdout__)"),
    ('the file 1', '', "out = open(1, 'w', closefd=False)\nprint('text')\nprint('file', file=out)\nout.close()"),
    ('the file 1, closed', '', "with open(1, 'w') as out:\n    print('file', file=out)"),
    ('the file 1 as output', '', "import os, sys\nsys.stdout = os.fdopen(1, 'w', 65536)\nprint('file')"),
    ('the file by its name, written', '', "with open('/dev/stdout', 'w') as out:\n    out.write('file\\n')"),
    ('no file of that name', '5\n', "import sys\ntry:\n    sys.stdin = open('input.txt')\n    sys.stdout = open('output.txt', 'w')\nexcept FileNotFoundError:\n    pass\nprint(input())"),
    ('a file of its own', '5\n', "with open('kept.txt', 'w') as out:\n    out.write(input())\nprint(open('kept.txt').read())"),
    ('writelines', '', "import sys\nsys.stdout.writelines(str(i) + '\\n' for i in range(3))"),
    ('what write gives', '', "import sys\nn = sys.stdout.write('é\\n')\nm = sys.stdout.buffer.write('é\\n'.encode())\nprint(n, m)"),
    ('no text', '', 'import sys\nsys.stdout.write(3)'),
    ('what output says', '', 'import sys\ns = sys.stdout\nprint(s.encoding, s.errors, s.newlines, s.name, s.mode, s.line_buffering, s.write_through, s.fileno(), s.isatty(), s.readable(), s.writable())'),
    ('what error says', '', 'import sys\ns = sys.stderr\nprint(s.encoding, s.errors, s.name, s.mode, s.line_buffering, s.fileno(), s.isatty())'),
    ('what its layers are called', '', 'import sys\ns = sys.stdout\nprint(type(s).__name__, type(s.buffer).__name__, type(s.buffer.raw).__name__, s is sys.__stdout__)'),
    ('a closed output', '', "import sys\nprint('kept')\nsys.stdout.close()"),
    ('after it was closed', '', "import sys\nsys.stdout.close()\nprint('lost')"),
    ('a surrogate', '', "print('\\ud800')"),
    ('a surrogate, escaped', '', "import sys\nsys.stdout.reconfigure(errors='backslashreplace')\nprint('\\ud800')"),
    ('a surrogate to error', '', "import sys\nprint('\\ud800', file=sys.stderr)\nprint('still here')"),
    ('letters of all kinds, printed', '', "print('naïve 日本 🎉')"),
    ('ends and separators', '', "print(1, 2, sep='\\r\\n', end='')\nprint(*range(3), sep=', ', end='!\\n')"),
    ('a partial print', '', "from functools import partial\nput = partial(print, end=' ')\nput(1)\nput(2)\nprint()"),
    ('print is write', '', "import sys\nprint = lambda *values: sys.stdout.write(' '.join(map(str, values)) + '\\n')\nprint(1, 2)"),
    ('output joined at the end', '3\n', "import sys\nout = []\nfor i in range(int(input())):\n    out.append(i)\nsys.stdout.write('\\n'.join(map(str, out)))"),
    # How a program ends.
    ('exit', '', "import sys\nprint('kept')\nsys.exit()\nprint('never')"),
    ('exit with a code', '', "print('kept')\nexit(1)"),
    ('quit', '', "print('kept')\nquit()"),
    ('exit with a message', '', "import sys\nprint('kept')\nsys.exit('to error')"),
    ('raise SystemExit', '', "print('kept')\nraise SystemExit(0)"),
    ('exit in a function', '', "import sys\ndef main():\n    sys.stdout.write('kept')\n    sys.exit(0)\nmain()"),
    ('exit, caught', '', "import sys\ntry:\n    sys.exit()\nexcept SystemExit:\n    print('caught')"),
    ('finally', '', "import sys\ntry:\n    sys.exit()\nfinally:\n    print('finally')"),
    ('_exit', '', "import os\nprint('lost')\nos._exit(0)"),
    ('_exit after a flush', '', "import os, sys\nprint('kept')\nsys.stdout.flush()\nos._exit(0)"),
    ('at exit', '', "import atexit\natexit.register(print, 'last')\nprint('first')"),
    ('at exit, several', '', "import atexit, sys\n@atexit.register\ndef one():\n    sys.stdout.write('one\\n')\natexit.register(lambda: print('two'))\nsys.exit()"),
    ('at exit, from memory', '3\n', "import atexit, io, sys\nbuffer = io.BytesIO()\nsys.stdout = io.TextIOWrapper(buffer)\n@atexit.register\ndef write():\n    sys.stdout.flush()\n    sys.__stdout__.write(buffer.getvalue().decode())\nprint(input())"),
    ('raised', '', "print('kept')\n1 / 0"),
    ('main', '4\n', "def main():\n    print(int(input()) ** 2)\nif __name__ == '__main__':\n    main()"),
    ('a thread', '4\n', "import sys, threading\ndef main():\n    print(int(input()) ** 2)\nthreading.stack_size(2 ** 26)\nsys.setrecursionlimit(2 ** 16)\nthread = threading.Thread(target=main)\nthread.start()\nthread.join()"),
    ('arguments', '', 'import sys\nprint(len(sys.argv), sys.argv[1:])'),
    # Long integers, with a limit that the program sets.
    ('no limit of digits', '20000\n', 'import sys\nsys.set_int_max_str_digits(0)\nprint(len(str(2 ** int(input()))))'),
    ('a lower limit of digits', '', 'import sys\nsys.set_int_max_str_digits(700)\ntry:\n    print(10 ** 700)\nexcept ValueError:\n    print(sys.get_int_max_str_digits())'),
    # Sizes beyond 32 bits.
    ('maxsize', '5000000000 7000000000\n', 'import sys\nbest = sys.maxsize\nfor x in map(int, input().split()):\n    best = min(best, x)\nprint(best, sys.maxsize, -sys.maxsize - 1)'),
    ('maxsize as the end of a slice', '', "import sys\nprint([1, 2, 3][1:sys.maxsize], 'abc'[-10**10:10**10], (1, 2)[::10**10])"),
    ('maxsize as the end of a search', '', "import sys\nprint([1, 2].index(2, 0, sys.maxsize), 'abc'.find('c', 0, 10**10), (1, 2).index(1, -10**10))"),
    ('the length of a range', '', 'print(len(range(10**12)), len(range(-10**11, 10**11, 7)), len(range(5)))'),
    ('a range too long', '', 'print(len(range(10**20)))'),
    ('items of a range', '', 'r = range(10**12)\nprint(r[-1], r[10**11], r[10**11:][0], 10**11 in r, r.index(5), r.count(7))'),
    ('a deque of many', '', 'from collections import deque\nq = deque([1, 2], maxlen=10**10)\nq.append(3)\nq.rotate(10**10 + 1)\nprint(list(q), q.maxlen, len(q), isinstance(q, deque))'),
    ('a deque of maxsize', '', 'import collections, sys\nq = collections.deque(maxlen=sys.maxsize)\nq.extend([1, 2])\nprint(q, q.copy(), q == collections.deque([1, 2]))'),
    ('a deque turned far', '', 'from collections import deque\nq = deque([1, 2, 3])\nq.rotate(10**10)\nq.rotate(-(2**40))\nq.insert(10**10, 4)\nprint(list(q))'),
    ('repeated often', '', 'from itertools import repeat, islice\nprint(list(zip("ab", repeat(1, 10**10))), list(islice(repeat(0, 10**12), 2)), list(map(pow, [2, 3], repeat(2, 2**40))))' ),
    ('a long slice of an iterator', '', 'import sys\nfrom itertools import islice, count\nprint(list(islice("abc", sys.maxsize)), list(islice("abc", 1, 10**10)), list(islice("abcd", 0, None, 10**10)), next(islice(count(), 3, 10**10)))'),
    ('a beginning beyond the end', '', 'from itertools import islice\nprint(list(islice("abc", 10**10, None)))'),
    ('replace with a count', '', "import sys\nprint('aaa'.replace('a', 'b', 10**10), 'aaa'.replace('a', 'b', sys.maxsize), b'aa'.replace(b'a', b'c', 10**10), 'aaa'.replace('a', 'b', 2))"),
    ('split with a count', '', "print('a,b'.split(',', 10**10), 'a,b'.rsplit(',', maxsplit=10**10), 'a b'.split(None, 10**10), b'a b'.split(b' ', 10**10))"),
    ('substitute with a count', '', "import re\nprint(re.sub('a', 'b', 'aaa', count=10**10), re.split('a', 'bab', maxsplit=10**10), re.compile('a').sub('b', 'aa', 10**10), re.subn('a', 'b', 'aa', 10**10))"),
    ('search from afar', '', "import re\nprint(re.compile('b').search('ab', 0, 10**10).start(), re.compile('b').findall('ab', 0, 10**10))"),
    ('insert at the end', '', 'import sys\na = [1, 2]\na.insert(10**10, 3)\na.insert(-10**10, 0)\na.insert(sys.maxsize, 4)\nprint(a)'),
    ('pop beyond the end', '', 'try:\n    [1, 2].pop(10**10)\nexcept IndexError as error:\n    print(error)'),
    ('an index beyond the end', '', 'try:\n    [1, 2][10**10]\nexcept IndexError:\n    print("no")'),
    ('a large cache', '', 'import sys\nfrom functools import lru_cache\n@lru_cache(maxsize=10**10)\ndef f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\n@lru_cache(sys.maxsize)\ndef g(n):\n    return n\nprint(f(80), f.cache_info(), g(1), g.cache_parameters())'),
    ('a search in a long range', '', 'from bisect import bisect_left, bisect\nprint(bisect_left(range(10**13), 77), bisect_left(range(10**18), True, key=lambda x: x * x >= 10**30), bisect(range(10**12), 5 * 10**11), bisect_left([1, 3], 2))'),
    ('a search up to far', '', 'import bisect\nclass Far:\n    def __getitem__(self, i):\n        return i * i\nprint(bisect.bisect_left(Far(), 10**20, 0, 10**12), bisect.bisect_right(Far(), 10**20, lo=0, hi=10**12))'),
    ('a choice of a long range', '', 'import random\nrandom.seed(1)\nprint(random.randrange(10**12), random.choice(range(10**12)), random.sample(range(10**12), 2), random.randint(0, 2**70), random.random(), random.getrandbits(70))'),
    ('reversed long ranges', '', 'print(next(reversed(range(10**12))), max(range(10**12)[:3]), list(range(10**12, 10**12 + 3)), sum(range(10**12, 10**12 + 3)))'),
    ('64 bits in an array', '', "from array import array\na = array('l', [0]) * 3\na[0] = 2**40\na.append(-2**63)\nprint(list(a), a.itemsize)"),
    ('64 bits in an unsigned array', '', "import array\na = array.array('L', [2**64 - 1])\nprint(a[0], len(a))"),
    ('counted from afar', '', "from itertools import count, accumulate\nprint(next(count(2**63)), list(enumerate('ab', 10**10)), list(accumulate([2**62, 2**62])), 2**63 % 10**9)"),
    ('many of a thing', '', 'import heapq, math\nprint(heapq.nlargest(10**10, [1, 3, 2]), heapq.nsmallest(10**10, [2, 1]), math.comb(10**10, 2), math.isqrt(10**30), 1 << 40)'),
    ('the length of a thing', '', 'class Long:\n    def __len__(self):\n        return 10**10\nprint(len(Long()))'),
    ('the order of a set', '', 'print(list({5, 1, 9, 100, 33, 64}), list({0, -1, 7, 8}), {3: 1, 1: 2})'),
    # Sums of floats: since 3.12 they are compensated.
    ('a sum of floats', '', 'print(sum([0.1] * 10), sum([0.1] * 3), sum([1e16, 1.0, -1e16]))'),
    ('a sum of a generator', '', 'print(sum(x / 10 for x in range(11)), sum((0.1 for _ in range(1000))))'),
    ('a sum of both', '', 'print(sum([1, 0.1, 2, 0.2, True, 10**30, 0.3]), sum([0.1, 0.2, 0.3], 1), sum([0.1] * 10, 0.0), sum([0.7] * 7, start=2))'),
    ('a sum of complex numbers', '', 'print(sum([0.1j] * 10), sum([0.1, 0.1j] * 5), sum([1e16, 1, -1e16, 1j]))'),
    ('a sum of nothing', '', 'print(sum([]), sum([], 1.5), sum([-0.0]), sum([True, True]), sum([10**30, 1]))'),
    ('a sum of other things', '', "from fractions import Fraction\nfrom decimal import Decimal\nprint(sum([[1], [2]], []), sum([(1,), (2,)], ()), sum([Fraction(1, 3)] * 3), sum([Decimal('0.1')] * 3), sum([0.1, Fraction(1, 10)]))"),
    ('no sum', '', "try:\n    sum(['a', 'b'])\nexcept TypeError as error:\n    print(error)\ntry:\n    sum(['a'], '')\nexcept TypeError as error:\n    print(error)\ntry:\n    sum(3)\nexcept TypeError as error:\n    print(error)"),
    ('infinite sums', '', "inf = float('inf')\nprint(sum([inf, 1.0]), sum([inf, -inf]), sum([1e308, 1e308, -1e308]), sum([float('nan'), 1.0]))"),
    ('sums of rows', '', 'rows = [[0.1] * 10, [0.1] * 3, [1, 2]]\nprint(list(map(sum, rows)), max(rows, key=sum), sorted(rows, key=sum)[0])'),
    ('a sum of a dict and a set', '', 'print(sum({0.1: 1, 0.2: 2, 0.3: 3}), sum({0.5, 0.25}), sum({1: 0.1, 2: 0.2, 3: 0.3}.values()))'),
    ('a mean by hand', '1.1 2.2 3.3 4.4\n', 'a = list(map(float, input().split()))\nprint(sum(a) / len(a), sum((x - 2.75) ** 2 for x in a))'),
    ('a sum of what counts', '', 'seen = []\ndef numbers():\n    for i in range(5):\n        seen.append(i)\n        yield i / 10\nprint(sum(numbers()), seen)'),
    ('a long sum', '', 'print(sum(range(10**6)), sum(i * 0.1 for i in range(10**4)), sum([2**62] * 4))'),
]


def run(stdin, program):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, 'program.py')
        file.write_text(program, 'utf-8')
        # As where the locale says UTF-8, whatever it says here.
        env = {'PATH': os.environ['PATH'], 'PYTHONIOENCODING': 'utf-8:strict', 'PYTHONHASHSEED': '0'}
        done = subprocess.run([sys.executable, str(file)], input=stdin.encode(), capture_output=True, env=env, cwd=folder, timeout=60)
    if b'Traceback (most recent call last)' in done.stderr and done.returncode:
        return {'raises': done.stderr.decode().strip().splitlines()[-1].partition(':')[0].rpartition('.')[2]}
    return {'prints': done.stdout.decode('utf-8', 'replace')}


if __name__ == '__main__':
    rows = [
        {'name': name, 'stdin': stdin, 'program': program, **run(stdin, program)} for name, stdin, program in PROGRAMS
    ]
    assert len({row['name'] for row in rows}) == len(rows)
    to = pathlib.Path(__file__).with_suffix('.json')
    to.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + '\n', 'utf-8')
    print(f'{len(rows)} programs, CPython {sys.version.split()[0]}')
