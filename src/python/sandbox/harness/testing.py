"""Tests that are a script. The script runs here, with everything that it expects; what the answer defines is
somewhere else, beside the answer, and stands here as `_Remote`: what the script does with it becomes a step
(steps.py) that is done there. Nothing but the steps leaves: calls with their arguments, attributes, elements.

A script is run again from its beginning whenever it asks for a step whose outcome is not known yet. Steps that
the bank's own solution leads it to are foreseen, so that for most answers one run beside the answer will do.
"""

import ast
import contextlib
import enum
import json
import operator
import re
import sys
import types

TESTS = '<script>'
ROOT = '__root__'


# Their instances are more than their attributes.
_NOT_BY_ATTRIBUTES = (tuple, str, int, float, list, dict, set, enum.Enum, types.ModuleType)


class _Asked(BaseException):
    """The outcome of a step is not known yet."""


class _Unjudged(BaseException):
    """A step of the script would tell the answer an expected value, or cannot be done at all."""


class _Remote:
    """An object beside the answer."""

    __slots__ = ('_far', '_place', '_told', '_ahead')

    def __init__(self, far, place, told):
        for name, value in zip(_Remote.__slots__, (far, place, told, None)):
            object.__setattr__(self, name, value)

    @property
    def __class__(self):
        told = _inside(self, '_told')
        return _inside(self, '_far').decode(told['type']) if told['type'] else _Remote

    def __getattribute__(self, name):
        if name == '__class__':
            return object.__getattribute__(self, name)
        return _step(self, 'getattr', name)

    def __setattr__(self, name, value):
        _step(self, 'setattr', name, value)

    def __delattr__(self, name):
        _step(self, 'delattr', name)

    def __call__(self, *args, **named):
        return _inside(self, '_far').ask('call', [self, *args], named)[0]

    def __iter__(self):
        if _inside(self, '_told')['__next__']:
            return self
        return _Items(_inside(self, '_far'), self)

    def __next__(self):
        ahead = _inside(self, '_ahead')
        if ahead is None:
            ahead = _Items(_inside(self, '_far'), self)
            object.__setattr__(self, '_ahead', ahead)
        return next(ahead)

    def __len__(self):
        # Who lists the elements asks for their number first: iterators have none.
        if not _inside(self, '_told')['__len__']:
            raise TypeError(f"object of type '{_inside(self, '_told')['name']}' has no len()")
        return _step(self, 'len')

    def __eq__(self, other):
        if other is self:
            return True
        if _inside(self, '_far').is_there(other):
            return _step(self, 'eq', other)
        if _inside(self, '_told')['__eq__']:
            raise _inside(self, '_far').unjudged('whether an object of the answer equals the expected value is for it to say')
        return NotImplemented

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return _step(self, 'hash')

    def __contains__(self, value):
        if _inside(self, '_told')['__contains__'] and not _inside(self, '_far').is_there(value):
            raise _inside(self, '_far').unjudged('whether an object of the answer contains the expected value is for it to say')
        return any(one is value or one == value for one in self)

    def __instancecheck__(self, value):
        return _step(self, 'isinstance', value, turned=True)

    def __subclasscheck__(self, value):
        return _step(self, 'issubclass', value, turned=True)

    def __enter__(self):
        return _step(self, 'getattr', '__enter__')()

    def __exit__(self, *error):
        return _step(self, 'getattr', '__exit__')(None, None, None) if error[0] is None else False


def _inside(remote, name):
    return object.__getattribute__(remote, name)


def _step(remote, do, *more, turned=False):
    given = [*more, remote] if turned else [remote, *more]
    return _inside(remote, '_far').ask(do, given)[0]


def _define_operators():
    def alone(do):
        return lambda self, *more: _step(self, do, *more)

    def pair(do, turned):
        def act(self, other):
            if not _inside(self, '_far').is_there(other):
                # The object could say that it is whatever the script compares it with.
                raise _inside(self, '_far').unjudged('what an object of the answer and an expected value give is for it to say')
            return _step(self, do, other, turned=turned)

        return act

    for name in 'bool str repr format int float complex round reversed neg pos invert abs index dir'.split():
        setattr(_Remote, f'__{name}__', alone(name))
    for name in ('getitem', 'setitem', 'delitem'):
        setattr(_Remote, f'__{name}__', alone(name))
    for name in 'add sub mul matmul truediv floordiv mod divmod pow and or xor lshift rshift'.split():
        do = name + '_' if name in ('and', 'or') else name
        setattr(_Remote, f'__{name}__', pair(do, False))
        setattr(_Remote, f'__r{name}__', pair(do, True))
    for name in ('lt', 'le', 'gt', 'ge'):
        setattr(_Remote, f'__{name}__', pair(name, False))


_define_operators()
_FIRST_ITEMS = 100
# Operations whose other operand may be what a test expects.
_WITH_ANOTHER = frozenset(
    f'__{turned}{name}__'
    for name in """eq ne lt le gt ge contains add sub mul matmul truediv floordiv mod divmod pow and or xor lshift rshift
    iadd isub imul iand ior ixor""".split()
    for turned in ('', 'r')
)


class _Items:
    """What iterating over a remote object gives, fetched many at a time."""

    def __init__(self, far, source):
        self.far, self.source, self.fetched, self.error = far, source, [], None
        self.count = _FIRST_ITEMS

    def __iter__(self):
        return self

    def __next__(self):
        if not self.fetched and self.source is not None and self.error is None:
            _, items, more, error = self.far.ask('all', [self.source], count=self.count)
            self.fetched, self.source, self.error = items[::-1], more, error
            self.count *= 10
        if self.fetched:
            return self.fetched.pop()
        error, self.error = self.error, None
        if error is not None:
            self.source = None
            raise error
        raise StopIteration


def _next(iterator, *default):
    """`next` for scripts: an iterator of the answer goes on by one, so that what it does then is seen at once."""
    if type(iterator) is not _Remote or not _inside(iterator, '_told')['__next__'] or _is_ahead(iterator):
        return next(iterator, *default)
    try:
        return _step(iterator, 'next')
    except StopIteration:
        if default:
            return default[0]
        raise


def _is_ahead(iterator):
    """Whether elements of it were fetched that the script has not had yet."""
    ahead = _inside(iterator, '_ahead')
    return ahead is not None and bool(ahead.fetched or ahead.error)


class _Roots(ast.NodeTransformer):
    """Turns names of what the answer defines into `ROOT(name)`."""

    def __init__(self, names):
        self.names = names

    def visit_Name(self, node):
        if node.id not in self.names or type(node.ctx) is not ast.Load:
            return node
        call = ast.Call(ast.Name(ROOT, ast.Load()), [ast.Constant(node.id)], [])
        return ast.fix_missing_locations(ast.copy_location(call, node))


class _TestSide(_Crossing):
    """The answer as the script sees it. `trace` and `results`: the steps so far and their results; `local`: an
    answer in this interpreter, which does the steps at once instead."""

    stand_in = _Remote

    def __init__(self, source, trace, results, local, budget):
        super().__init__('t', budget)
        self.tree, self.source = ast.parse(source, TESTS), source
        self.trace, self.results, self.local = trace, results, local
        self.done = 0
        self.scope = {}
        # By number: the stand-ins of objects; for those of a built-in type, their numbers by identity and descriptions.
        self.remotes, self.own, self.told, self.classes = {}, {}, {}, {}
        self.exceptions = {}
        # Functions and classes of the script that cross: their texts by name, names by identity.
        self.texts, self.names, self.holding = {}, {}, []
        self.stopped = None
        self.raised = None
        self.next = None

    def unjudged(self, why):
        self.stopped = self.stopped or _Unjudged(why)
        return self.stopped

    def root(self, name):
        step = {'do': 'root', 'given': [['root', name]]}
        if self.stopped is not None:
            raise self.stopped
        return self.take(step)[0]

    def ask(self, do, given, named=None, **more):
        if self.stopped is not None:
            # The script caught it, and goes on as if something had come of it.
            raise self.stopped
        named = named or {}
        self.definitions = []
        sent, changed = self.send(*given, *named.values())
        step = {'do': do, 'given': sent, **more}
        if named:
            step['names'] = list(named)
        if changed:
            step['changed'] = changed
        if self.definitions:
            step['definitions'] = self.definitions
        return self.take(step)

    def take(self, step):
        text = json.dumps(step)
        if self.local is not None:
            self.trace.append(text)
            result = self.local.do(json.loads(text))
        else:
            if self.done >= len(self.results) or self.trace[self.done] != text:
                self.foresee(step, text)
                self.stopped = _Asked()
                raise self.stopped
            result = self.results[self.done]
        self.done += 1
        told = json.loads(result)
        if 'printed' in told:
            sys.stdout.write(told['printed'])
        if 'missing' in told:
            raise self.unjudged('an object of the answer was lost')
        values = self.receive(told['values'], told['changed'])
        error = None
        if 'raised' in told:
            error = self.exception(told['raised'], values[0], values[1])
            values = [None, *(values[2:] or [[], None])]
        if step['do'] == 'all':
            return [*values, error]
        if error is not None:
            self.raised = (error, {**told['raised'], 'step': text})
            raise error
        return values

    def foresee(self, step, text):
        """The steps to do next time: those done, this one, and those that were foreseen after it."""
        rest = self.trace[self.done:]
        if step['do'] == 'next':
            # One that went on a few times goes on as often again.
            before = next((i for i, one in enumerate(self.trace[: self.done][::-1]) if one != text), self.done)
            rest = [text] * max(1, before) + [one for one in rest if one != text]
        elif text in rest[:8]:
            rest = rest[rest.index(text):]
        else:
            rest = [text, *rest]
            if step['do'] == 'all' and self.done > 0:
                rest = self.foresee_iteration(step, rest)
        self.next = self.trace[: self.done] + rest

    def foresee_iteration(self, step, rest):
        """What one call gave was iterated over: so will be what the next calls of the same function give."""
        called = json.loads(self.trace[self.done - 1])
        source = step['given'][0]
        if called['do'] != 'call' or type(source) is not list or source[0] != 'remote':
            return rest
        number, found = source[1], []
        for text in rest:
            found.append(text)
            later = json.loads(text)
            if later['do'] == 'call' and later['given'][0] == called['given'][0]:
                number += 1
                found.append(json.dumps({**step, 'given': [['remote', number]]}))
        return found

    # Values.

    def is_shared_class(self, kind):
        return kind.__module__ == '__tests__' and not issubclass(kind, _NOT_BY_ATTRIBUTES)

    def shared_class(self, name):
        return self.scope[name]

    def other(self, value, depth):
        kind = type(value)
        if kind is _Remote:
            if _is_ahead(value):
                raise self.unjudged('an iterator of the answer was read ahead')
            return _inside(value, '_place')
        if id(value) in self.own:
            return self.at(value, depth) if id(value) in self.keys else ['remote', self.own[id(value)]]
        if id(value) in self.exceptions:
            return ['root', value.__name__]
        if kind is types.FunctionType:
            return ['defined', self.name_of(value, None)]
        if kind is types.MethodType and type(value.__self__) is not type:
            return ['method', self.encode(value.__self__, depth), value.__name__]
        if isinstance(value, type) and value.__module__ == '__tests__':
            return ['defined', self.name_of(value, value.__name__)]
        if isinstance(value, enum.Enum):
            return ['method', self.encode(kind, depth), value.name]
        if kind.__module__ == '__tests__' and isinstance(value, (tuple, str, int, float)):
            rest = value.__reduce_ex__(2)[1]
            return ['new', *[self.encode(one, depth) for one in (rest if rest[0] is kind else (kind, *rest))]]
        if hasattr(kind, '__next__') and kind.__module__ in ('builtins', 'itertools'):
            return ['iterator', *[self.encode(one, depth) for one in itertools.islice(value, 100_000)]]
        raise self.unjudged(f'a {kind.__name__} of the tests cannot be handed to the answer')

    def other_of(self, what, *rest):
        if what == 'defined':
            return self.holding[rest[0]] if type(rest[0]) is int else self.scope[rest[0]]
        number, told = rest[0], rest[1]
        if what == 'remote':
            if number not in self.remotes:
                self.remotes[number] = _Remote(self, ['remote', number], told)
            return self.remotes[number]
        if number not in self.remotes:
            plain = self.decode(rest[2])
            self.remotes[number] = self.own_class(told, type(plain))(plain)
            self.own[id(self.remotes[number])] = number
        return self.remotes[number]

    def empty(self, content):
        if content[0] != 'own':
            return super().empty(content)
        number, told, plain = content[1:]
        base = type(super().empty(plain))
        value = self.remotes[number] = base.__new__(self.own_class(told, base))
        self.own[id(value)] = number
        self.told[number] = told
        return value

    def content(self, value, depth):
        number = self.own.get(id(value))
        if number is not None:
            base = type(value).__mro__[1]
            if issubclass(base, dict):
                plain = [base.__name__, *self.pairs(base.items(value), depth)]
            else:
                plain = [base.__name__, *[self.encode(one, depth) for one in list(base.__iter__(value))]]
            return ['own', number, self.told[number], plain]
        if self.is_shared_class(type(value)):
            self.name_of(type(value), type(value).__name__)
        return super().content(value, depth)

    def own_class(self, told, base):
        """The stand-in of an answer's class that derives from a built-in type: methods that the class overrides are
        steps beside the answer, those of the built-in type run here."""
        key = (told['name'], base, *told['overrides'])
        if key not in self.classes:
            far = self
            asked = lambda self, name: _step(far.place(self), 'getattr', name)
            body = {
                '__getattr__': asked,
                '__setattr__': lambda self, name, value: _step(far.place(self), 'setattr', name, value),
                '__delattr__': lambda self, name: _step(far.place(self), 'delattr', name),
            }
            for name in told['overrides']:
                if not name.startswith('__'):
                    body[name] = property(lambda self, name=name: asked(self, name))
                elif name in _WITH_ANOTHER:
                    body[name] = self.with_another(name, getattr(base, name, None))
                else:
                    body[name] = lambda self, *more, name=name, **named: asked(self, name)(*more, **named)
            self.classes[key] = type(told['name'], (base,), body)
        return self.classes[key]

    def with_another(self, name, usual):
        """An operation of two: for the answer to do with an object of its own, else as the built-in type has it."""
        far = self

        def act(self, other):
            if far.is_there(other):
                return _step(far.place(self), 'getattr', name)(other)
            if usual is None:
                raise far.unjudged('what an object of the answer and an expected value give is for it to say')
            return usual(self, other)

        return act

    def is_there(self, value):
        """Whether it is an object beside the answer."""
        return type(value) is _Remote or id(value) in self.own

    def place(self, value):
        return _Remote(self, ['remote', self.own[id(value)]], {'type': None})

    # What the script defines.

    def name_of(self, value, name):
        if id(value) not in self.names:
            self.names[id(value)] = len(self.holding) if name is None else name
            self.holding.append(value)
            node = self.definition(value)
            own = getattr(node, 'name', None) or (node.targets[0].id if isinstance(node, ast.Assign) else None)
            closed = self.closed(value, node, own)
            source = ast.unparse(node)
            body = f'return {source}' if own is None else f'{source}\nreturn {own}'
            lines = '\n'.join(f'    {line}' for line in body.split('\n'))
            text = f'def _make({", ".join(closed)}):\n{lines}\n'
            self.texts[id(value)] = [self.names[id(value)], text, [self.encode(one, 0) for one in closed.values()]]
        known = self.texts.get(id(value))
        if known is not None and known not in self.definitions:
            self.definitions.append(known)
        return self.names[id(value)]

    def definition(self, value):
        name = value.__name__
        if isinstance(value, types.FunctionType):
            code = value.__code__
            if code.co_filename == TESTS and name == '<lambda>':
                spots = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
                for node in ast.walk(self.tree):
                    if isinstance(node, ast.Lambda):
                        body = node.body
                        first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
                        if spots and all(first <= spot <= last for spot in spots) and not any(
                            isinstance(inner, ast.Lambda) and inner is not node
                            and (inner.body.lineno, inner.body.col_offset) <= min(spots)
                            and max(spots) <= (inner.body.end_lineno, inner.body.end_col_offset)
                            for inner in ast.walk(node)
                        ):
                            return node
            elif code.co_filename == TESTS:
                for node in ast.walk(self.tree):
                    if isinstance(node, ast.FunctionDef) and node.name == name:
                        if min([node.lineno, *[one.lineno for one in node.decorator_list]]) == code.co_firstlineno:
                            return node
        else:
            for node in ast.walk(self.tree):
                if isinstance(node, ast.ClassDef) and node.name == name:
                    return node
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
                    return node
        raise self.unjudged(f'{name} of the tests cannot be handed to the answer')

    def closed(self, value, node, own):
        """The names of the script that a definition needs, with their values."""
        used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        cells = {}
        if isinstance(value, types.FunctionType) and value.__closure__:
            for name, cell in zip(value.__code__.co_freevars, value.__closure__):
                with contextlib.suppress(ValueError):
                    cells[name] = cell.cell_contents
        found = {}
        for name in sorted(used):
            one = cells.get(name, self.scope.get(name, self))
            if name == own or one is self or one is value:
                continue
            if not isinstance(one, types.ModuleType) or one.__name__ != name:
                found[name] = one
        return found

    def exception(self, raised, args, attributes):
        """The answer's exception, of the same class as far as the script can tell."""
        made, bases = None, []
        for module, name in raised['mro']:
            known = vars(builtins).get(name) if module == 'builtins' else None
            if module == 'program' or known is None:
                known = known or self.exceptions_by_name.get(name) or self.scope.get(name)
                if known is None and module != 'program':
                    known = getattr(sys.modules.get(module), name, None)
            if isinstance(known, type) and issubclass(known, BaseException):
                made = known
                break
            bases.append(name)
        text = raised['error'].partition(': ')[2]
        if bases or made is None or made in self.exceptions_by_name.values():
            # Of its class all that the script can see is its text.
            made = type(bases[0] if bases else made.__name__, (made or Exception,), {'__str__': lambda self: text})
        args = args if type(args) is tuple else ()
        try:
            error = made.__new__(made, *args)
            error.args = args
            for name, value in attributes.items():
                with contextlib.suppress(Exception):
                    setattr(error, name, value)
            return error
        except Exception:
            return Exception(raised['error'])

    # The script.

    def run(self, entry, setup, importer):
        """How it ends: (kind, why)."""
        bound = {one.id for one in ast.walk(self.tree) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}
        bound |= {one.name for one in ast.walk(self.tree) if isinstance(one, (ast.FunctionDef, ast.ClassDef))}
        bound |= {one.name for one in ast.walk(self.tree) if isinstance(one, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar))}
        bound |= {
            (one.asname or one.name).partition('.')[0] for one in ast.walk(self.tree) if isinstance(one, ast.alias)
        }
        bound |= {one.arg for one in ast.walk(self.tree) if isinstance(one, ast.arg)}
        used = {one.id for one in ast.walk(self.tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        caught = {
            one.id
            for handler in ast.walk(self.tree)
            if isinstance(handler, ast.ExceptHandler) and handler.type is not None
            for one in ast.walk(handler.type)
            if isinstance(one, ast.Name)
        }
        self.exceptions_by_name = {}
        roots = set()
        self.scope.update({'__name__': '__tests__', '__builtins__': dict(_namespace(True)['__builtins__'], __import__=importer, next=_next)})
        for name in (used - bound - set(vars(builtins))) | {entry, 'candidate'}:
            if name in caught or re.search(r'(?:Error|Exception|Warning)$', name):
                made = self.exceptions_by_name[name] = type(name, (Exception,), {})
                self.exceptions[id(made)] = name
                self.scope[name] = made
            elif name == entry or name == 'candidate':
                told = {'type': None, **dict.fromkeys(_TOLD, False)}
                self.scope[name] = _Remote(self, ['root', entry], told)
            else:
                roots.add(name)
        self.scope[ROOT] = self.root
        SHARED['random'].seed(0)
        try:
            imports = [ast.unparse(one) for one in self.tree.body if isinstance(one, (ast.Import, ast.ImportFrom))]
            offered = [line for line in imports if not re.match(r'(?:import|from) (?:unittest|pytest|numpy|__future__)', line)]
            start = '\n'.join([*offered, setup])
            if start.strip():
                self.take({'do': 'setup', 'source': start})
            tree = _Roots(roots).visit(ast.parse(self.source, TESTS))
            exec(compile(tree, TESTS, 'exec', dont_inherit=True), self.scope)
            self.run_cases()
        except TimeUp:
            raise
        except BaseException as error:
            return self.ended(error)
        return self.ended(None)

    def run_cases(self):
        """Cases of unittest and functions for pytest, which the script leaves to a runner."""
        unittest = sys.modules.get('unittest')
        for value in list(self.scope.values()):
            if unittest and type(value) is type and issubclass(value, unittest.TestCase):
                for case in unittest.defaultTestLoader.loadTestsFromTestCase(value):
                    case.debug()
        if self.done == 0:
            for name, value in list(self.scope.items()):
                if name.startswith('test') and isinstance(value, types.FunctionType) and value.__code__.co_argcount == 0:
                    value()

    def ended(self, error):
        if isinstance(self.stopped, _Asked):
            return 'ask', ''
        if isinstance(self.stopped, _Unjudged):
            return 'unjudged', str(self.stopped)
        if error is None:
            return ('passed', '') if self.done > 0 else ('unjudged', 'the script asks nothing of the answer')
        if type(error).__name__ == '_NotHere':
            return 'missing', str(error)
        if self.raised is not None and self.raised[0] is error:
            return 'raised', self.raised[1]['error']
        if isinstance(error, AssertionError):
            text = str(error)
            return 'failed', 'an assertion of it does not hold' + (f': {text}' if text else '')
        return 'failed', _raised(error)['error']


def _pytest():
    """As much of pytest as tests of banks use."""
    module = types.ModuleType('pytest')

    @contextlib.contextmanager
    def raises(expected, *, match=None):
        told = types.SimpleNamespace(value=None, type=None)
        try:
            yield told
        except expected as error:
            told.value, told.type = error, type(error)
            if match is not None and not re.search(match, str(error)):
                raise AssertionError(f'{error} does not match {match}') from None
        else:
            raise AssertionError(f'DID NOT RAISE {expected}')

    module.raises = raises
    return module


def _importer(numpy):
    """Imports for scripts, with stand-ins for pytest and NumPy (`numpy` is the source of its own), which only
    they get: an answer that needs NumPy needs all of it."""
    stand_ins = {}
    exec(numpy, stand_ins)
    module, missing = stand_ins['_numpy'](), stand_ins['_NotHere']

    def bring(name, globals=None, locals=None, fromlist=(), level=0):
        if name == 'numpy':
            return module
        if name == 'numpy.testing':
            return module.testing if fromlist else module
        if name.startswith('numpy.'):
            raise missing(name)
        if name == 'pytest':
            return _pytest()
        try:
            return __import__(name, globals, locals, fromlist, level)
        except ModuleNotFoundError as error:
            raise missing(error.name or name) from None

    return bring


def _tests_run(code, inputs, how, alone, value_chars, limits):
    """Scripts, one for each input, which is JSON: {script, entry, setup?, solution?, trace?, results?}. Without
    `results` the solution takes the place of an answer. Yields as `_calls_once` does."""
    results = []
    for text, limit in zip(inputs, limits):
        yield limit

        def act():
            asked = json.loads(text)
            local = None
            if 'results' not in asked and 'solution' in asked:
                namespace = _namespace(True)
                exec(compile(asked['solution'], PROGRAM, 'exec', dont_inherit=True), namespace)
                local = _AnswerSide(namespace, True, value_chars)
            side = _TestSide(asked['script'], asked.get('trace', []), asked.get('results', []), local, value_chars)
            kind, why = side.run(asked['entry'], asked.get('setup', ''), _importer(asked['numpy']))
            told = {'kind': kind, 'why': why, 'trace': side.next if kind == 'ask' else side.trace}
            if kind == 'raised':
                told.update({name: side.raised[1][name] for name in ('step', 'line') if name in side.raised[1]})
            return json.dumps(told)

        result = _stepped(act)
        results.append(result)
        if result['status'] != 'returned':
            break
    return {'status': 'ran', 'calls': results}
