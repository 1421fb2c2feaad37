"""Programs that run once for all inputs, or on standard input, as benchmarks' harnesses run them."""

import atexit
import builtins
import gc
import importlib
import io
import os
import sys

# What LiveCodeBench's harness puts before every program.
PRELUDE_STARS = """string re datetime collections heapq bisect copy math random statistics itertools functools
    operator io sys json builtins typing""".split()
PRELUDE_MODULES = """string re datetime collections heapq bisect copy math random statistics itertools
    functools operator io sys json""".split()
PRELUDE_RECURSION = 50_000
# Its harness sets this one as it is imported.
PRELUDE_DIGITS = 50_000
PRELUDE = (
    ''.join(f'from {name} import *\n' for name in PRELUDE_STARS)
    + ''.join(f'import {name}\n' for name in PRELUDE_MODULES)
    + f'sys.setrecursionlimit({PRELUDE_RECURSION})\n'
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
        sys.setrecursionlimit(PRELUDE_RECURSION)
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


def _written(value, value_chars):
    # However long a number may be that the program reads or prints.
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return _Writer(value_chars).write(value)
    except TooBig:
        return _digest(value)
    finally:
        sys.set_int_max_str_digits(digits)


def _outcome(act, value_chars):
    """What `act` returns or prints, as the result of a call."""
    STATE.flooded = False
    try:
        value = act()
        if STATE.expired:
            return {'status': 'timeout'}
        if STATE.flooded:
            return _flood()
        return {'status': 'returned', 'value': _written(value, value_chars)}
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
    # Asked for by name, in HumanEval's tests as its candidate.
    names = ('f',) if how['kind'] == 'once' else (how['entry'], 'candidate')
    here = dict.fromkeys(names, found[0])
    results = []
    for call, limit in zip(calls, limits):
        yield limit
        result = _timed(lambda: eval(call, scope, here), value_chars)
        results.append(result)
        if result['status'] != 'returned':
            break
    return {'status': 'ran', 'calls': results}


_FIRST_BUILTINS = dict(vars(builtins))


class _Process:
    """What a process has besides its namespace, for a program that is alone: it may change all of it, and runs
    in this interpreter once for each of its inputs."""

    def __init__(self):
        vars(builtins).update(_FIRST_BUILTINS)
        os._exit = self.exit
        sys.argv = ['program.py']
        atexit._clear()

    @staticmethod
    def exit(_status):
        raise Gone

    @staticmethod
    def end(namespace):
        """Ends as CPython does: exit functions, then the streams, then objects that flush when they are freed."""
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (ValueError, OSError, AttributeError):
                # Closed, or no stream.
                pass
        _, sys.stdout, sys.stderr = (stream.text for stream in _streams)
        namespace.clear()
        gc.collect()


def _print_all(code, text, how, alone):
    """What the program prints where `text` is its standard input."""
    if alone:
        _reopen_files()
        process = _Process()
    _renew_streams()
    _tell(STATE.print_limit, True, text)
    namespace = _scope(how, alone, '__main__')
    try:
        exec(code, namespace)
    except SystemExit:
        pass
    except Gone:
        return _told()
    if alone:
        process.end(namespace)
    _flush_streams()
    return _told()


def _stdin_runs(code, inputs, how, alone, value_chars, limits):
    """Runs the program afresh on each text of standard input; its output is the value."""
    results = []
    for text, limit in zip(inputs, limits):
        yield limit
        result = _timed(lambda: _print_all(code, text, how, alone), value_chars)
        results.append(result)
        if result['status'] != 'returned':
            break
    return {'status': 'ran', 'calls': results}
