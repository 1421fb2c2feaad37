"""Programs that run once for all inputs, or on standard input, as benchmarks' harnesses run them."""

import builtins
import importlib
import sys

# What LiveCodeBench's harness puts before every program.
PRELUDE_STARS = """string re datetime collections heapq bisect copy math random statistics itertools functools
    operator io sys json builtins typing""".split()
PRELUDE_MODULES = """string re datetime collections heapq bisect copy math random statistics itertools
    functools operator io sys json""".split()
PRELUDE = (
    ''.join(f'from {name} import *\n' for name in PRELUDE_STARS)
    + ''.join(f'import {name}\n' for name in PRELUDE_MODULES)
    + 'sys.setrecursionlimit(50000)\n'
)
# Of these names: what a tame program may be given, and what only a program that is alone may use.
_prelude = {}
_prelude_alone = set()


def _prepare_prelude():
    everything = {}
    exec(PRELUDE, everything)
    notes = _Notes()
    for name in PRELUDE_STARS:
        module = SHARED.get(name)
        if module is None:
            continue
        for member in getattr(module, '__all__', None) or [n for n in vars(module) if n[0] != '_']:
            notes.tame = True
            _check_member(name, member, notes)
            if everything.get(member) is getattr(module, member):
                if notes.tame:
                    _prelude[member] = everything[member]
                else:
                    _prelude_alone.add(member)
    for name in PRELUDE_MODULES:
        if name in SHARED or name == 'sys':
            _prelude[name] = everything[name]
    _prelude_alone.update(['io', *io.__all__])
    for name in BUILTINS:
        _prelude.pop(name, None)
        _prelude_alone.discard(name)


def _is_alone_in_prelude(code):
    pending = [code]
    while pending:
        one = pending.pop()
        if not _prelude_alone.isdisjoint(one.co_names):
            return True
        pending.extend(const for const in one.co_consts if type(const) is types.CodeType)
    return False


def _run_threads_in_place():
    """No thread can start here. Programs for contests start one for its deeper stack, and wait for it."""

    def start(self):
        try:
            self.run()
        except SystemExit:
            pass

    threading = importlib.import_module('threading')
    threading.Thread.start = start
    threading.Thread.join = lambda self, timeout=None: None
    threading.stack_size = lambda size=0: 0


def _scope(how, alone, name):
    namespace = _namespace(alone, name)
    if how.get('prelude'):
        sys.setrecursionlimit(50_000)
        if alone:
            _run_threads_in_place()
            exec(PRELUDE, namespace)
        else:
            namespace.update(_prelude)
    return namespace


def _find(namespace, how):
    """The function to call: at the top or, as LiveCodeBench has it, a method of LeetCode's `Solution`."""
    entry = how['entry']
    solution = namespace.get('Solution')
    if how.get('prelude') and isinstance(solution, type):
        return getattr(solution(), entry)
    if entry not in namespace:
        raise NameError(f'the program defines no {entry}')
    return namespace[entry]


def _outcome(act, value_chars):
    """What `act` returns or prints, as the result of a call."""
    try:
        value = act()
        if STATE.expired:
            return {'status': 'timeout'}
        try:
            return {'status': 'returned', 'value': _Writer(value_chars).write(value)}
        except TooBig:
            return {'status': 'returned', 'value': _digest(value)}
    except TimeUp:
        return {'status': 'timeout'}
    except Flood:
        return _flood()
    except TooBig as error:
        return {'status': 'too-big', 'error': str(error)}
    except BaseException as error:
        return {'status': 'timeout'} if STATE.expired else _raised(error)


def _timed(act, value_chars):
    start = _clock()
    result = _outcome(act, value_chars)
    result['ms'] = round((_clock() - start) * 1000, 3)
    return result


_clock = SHARED['time'].perf_counter


def _calls_once(code, calls, how, alone, value_chars, limits):
    """Runs the program, then `entry` on each input in the same namespace, until one fails. A generator:
    it yields before each step the milliseconds that the step may take."""
    namespace = _scope(how, alone, 'program')
    found = []

    def define():
        exec(code, namespace)
        found.append(_find(namespace, how))

    failed = _outcome(define, value_chars)
    if failed['status'] != 'returned':
        return _whole(failed)
    # Inputs are data; only where they name what the program defines are they read in its namespace.
    scope = namespace if how.get('scope') == 'program' else {'__builtins__': namespace['__builtins__']}
    here = {'f': found[0]}
    results = []
    for call, limit in zip(calls, limits):
        yield limit
        result = _timed(lambda: eval(call, scope, here), value_chars)
        results.append(result)
        if result['status'] != 'returned':
            break
    return {'status': 'ran', 'calls': results}


def _printed():
    text = ''.join(STATE.kept)
    STATE.kept = None
    return text


def _stdin_runs(code, inputs, how, alone, value_chars, limits):
    """Runs the program afresh on each text of standard input; what it prints is its value."""
    results = []
    for index, (text, limit) in enumerate(zip(inputs, limits)):
        yield limit
        namespace = _scope(how, alone, '__main__')
        sys.stdin = _stdin(text)
        sys.stdout, sys.stderr = SINK, ASIDE
        if alone:
            vars(builtins)['open'] = lambda *_more, **_options: _stdin(text)
            # The prelude has brought in that of `io`.
            namespace['open'] = vars(builtins)['open']
        STATE.kept = []
        STATE.printed = 0

        def act():
            try:
                exec(code, namespace)
            except SystemExit:
                pass
            return _printed()

        result = _timed(act, value_chars)
        STATE.kept = None
        results.append(result)
        if result['status'] != 'returned':
            break
    return {'status': 'ran', 'calls': results}
