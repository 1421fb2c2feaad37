"""Steps that tests ask of an answer, done beside it one after another; only their results leave.

A step is JSON: what is done, with which values (see crossing.py). It never holds what a test expects.
"""

import enum
import io
import itertools
import json
import operator
import re
import sys
import types
from collections import Counter, OrderedDict, defaultdict

SETUP = '<setup>'

# The answer's objects are asked for these as the test has it.
_OPERATIONS = {
    name: getattr(operator, name)
    for name in """getitem setitem delitem eq ne lt le gt ge add sub mul matmul truediv floordiv mod pow and_ or_ xor
    lshift rshift neg pos invert abs index concat is_""".split()
}
_OPERATIONS.update(len=len, bool=bool, str=str, repr=repr, format=format, hash=hash, int=int, float=float)
_OPERATIONS.update(complex=complex, round=round, next=next, reversed=reversed, isinstance=isinstance)
_OPERATIONS.update(issubclass=issubclass, setattr=setattr, delattr=delattr, getattr=getattr, dir=dir, divmod=divmod)
# Of the built-in type that a class of the answer's derives from: its instances cross as one of these.
_BASES = (str, int, float, complex, bytes, OrderedDict, list, tuple, dict, set, frozenset)
_CHANGING_BASES = (OrderedDict, list, dict, set)
_NAMES_OF_BASES = {base: frozenset(dir(base)) for base in _BASES}
# What a class says of itself, of making instances, and how attributes are had.
_NO_OVERRIDES = frozenset(
    """__module__ __dict__ __weakref__ __doc__ __qualname__ __new__ __init__ __init_subclass__ __slots__ __hash__
    __annotate__ __getattr__ __getattribute__ __setattr__ __delattr__ __class__ __class_getitem__ __subclasshook__ __del__ __dir__
    __reduce__ __reduce_ex__ __getnewargs__ __getstate__ __sizeof__ __static_attributes__ __firstlineno__""".split()
)
_ON_ATTRIBUTES = frozenset(['getattr', 'setattr', 'delattr'])


class _Printed(io.StringIO):
    """What one step prints, for the tests to see."""

    def write(self, text):
        if self.tell() + len(text) > STATE.print_limit:
            raise Flood
        return super().write(text)


# Whether an object has these; the name of its class and its type, where both sides have it, are told too.
_TOLD = ('__next__', '__len__', '__eq__', '__contains__')


def _is_of_fields(owner):
    """Whether a class (its `__dict__`) has the `==` of a dataclass, which is unlike everything of other classes."""
    equals = owner['__eq__']
    return '__dataclass_params__' in owner and type(equals) is types.FunctionType and equals.__code__.co_filename == '<string>'


class _AnswerSide(_Crossing):
    def __init__(self, namespace, alone, budget):
        super().__init__('a', budget)
        self.namespace, self.alone = namespace, alone
        # What stays here, by number.
        self.kept, self.numbers = [], {}
        # Functions and classes of the tests that the answer is handed.
        self.definitions, self.defined = {}, {}
        # Classes that the tests set up, for the answer too.
        self.set_up = {}

    def is_shared_class(self, kind):
        name = _type_name(kind)
        return self.definitions.get(name) is kind or self.set_up.get(name) is kind

    def shared_class(self, name):
        found = self.set_up.get(name) or self.definitions.get(name)
        if found is None:
            raise Missing(name)
        return found

    def other(self, value, depth):
        if id(value) in self.defined:
            return ['defined', self.defined[id(value)]]
        if issubclass(type(value), enum.Enum) and id(type(value)) in self.defined:
            return ['method', self.encode(type(value), depth), value.name]
        base = self.base_of(value)
        if base in _CHANGING_BASES:
            return self.at(value, depth)
        if base:
            # As the built-in type, which is how values are compared; what else it has stays here.
            return self.own(base, value, depth)
        return ['remote', self.number(value), self.described(value)]

    def base_of(self, value):
        return next((base for base in _BASES if issubclass(type(value), base)), None)

    def own(self, base, value, depth):
        told = {'name': _type_name(type(value)), 'overrides': self.overrides(type(value), base)}
        return ['own', self.number(value), told, self.plain(base, value, depth)]

    def content(self, value, depth):
        base = self.base_of(value)
        if base in _CHANGING_BASES and base is not type(value) and type(value) not in (Counter, defaultdict):
            return self.own(base, value, depth)
        return super().content(value, depth)

    def overrides(self, kind, base):
        """What the built-in type has, or Python asks of it, and the answer's class has in its own way."""
        found, hidden = set(), set()
        for owner in type.mro(kind):
            if owner in base.__mro__:
                # Classes after the built-in type (those of enums) do not override its own attributes.
                hidden = set().union(*[vars(one) for one in base.__mro__[:-1]])
                continue
            for name, own in type.__dict__['__dict__'].__get__(owner).items():
                if type(name) is str and name not in _NO_OVERRIDES and name not in hidden:
                    if name in _NAMES_OF_BASES[base] or (re.fullmatch(r'__[a-z]+__', name) and callable(own)):
                        found.add(name)
        return sorted(found)

    def plain(self, base, value, depth):
        """The value as one of the built-in type, whatever its class says of itself."""
        if base is str:
            copy = str.__str__(value)
            return self.encode(copy if type(copy) is str else ''.join(str.__iter__(value)), depth)
        if base is int or base is float:
            return self.encode(getattr(base, f'__{base.__name__}__')(value), depth)
        if base is complex:
            return ['complex', complex.real.__get__(value), complex.imag.__get__(value)]
        if base is bytes:
            return ['bytes', bytes.hex(value)]
        if base is dict or base is OrderedDict:
            return [base.__name__, *self.pairs(base.items(value), depth)]
        return [base.__name__, *[self.encode(one, depth) for one in list(base.__iter__(value))]]

    def number(self, value):
        known = self.numbers.get(id(value))
        if known is None:
            known = self.numbers[id(value)] = len(self.kept)
            self.kept.append(value)
        return known

    def described(self, value):
        """What the other side must know of an object that stays here: the answer's own methods are not asked."""
        kind = type(value)
        owners = [type.__dict__['__dict__'].__get__(owner) for owner in type.mro(kind)[:-1]]
        has = {name: any(name in owner for owner in owners) for name in _TOLD}
        has['__eq__'] = any('__eq__' in owner and not _is_of_fields(owner) for owner in owners)
        return {'name': _type_name(kind), 'type': self.member(kind), **has}

    def other_of(self, what, *rest):
        if what == 'root':
            if rest[0] not in self.namespace:
                raise NameError(f"the program defines no {rest[0]}")
            return self.namespace[rest[0]]
        if what == 'defined':
            return self.shared_class(rest[0])
        if not 0 <= rest[0] < len(self.kept):
            raise Missing(rest[0])
        return self.kept[rest[0]]

    def library(self, module, name=None):
        if not self.alone:
            notes = _Notes()
            if name is None or module not in SHARED:
                raise Alone
            _check_member(module, name, notes)
            if not notes.tame:
                raise Alone
        return super().library(module, name)

    def define(self, definitions):
        for name, source, closed in definitions:
            if name in self.definitions or name in self.set_up:
                continue
            scope = {}
            exec(examine(source)[0], self.namespace, scope)
            made = scope['_make'](*[self.decode(value) for value in closed])
            self.definitions[name] = made
            self.defined[id(made)] = name

    def do(self, step):
        """What comes of it, as JSON."""
        printed = _Printed()
        stdout, sys.stdout = sys.stdout, printed
        try:
            return self.done(step, printed)
        finally:
            sys.stdout = stdout

    def done(self, step, printed):
        raised = value = items = more = None
        try:
            self.define(step.get('definitions', ()))
            given = self.receive(step.get('given', ()), step.get('changed', ()))
            named = dict(zip(step.get('names', ()), given[len(given) - len(step.get('names', ())):]))
            given = given[: len(given) - len(named)]
        except Missing:
            # It was foreseen and does not come to it.
            return json.dumps({'missing': True})
        except NameError as error:
            raised = error
        if raised is None:
            try:
                if step['do'] == 'setup':
                    before = dict(self.namespace)
                    exec(compile(step['source'], SETUP, 'exec', dont_inherit=True), self.namespace)
                    for name, made in self.namespace.items():
                        if type(made) is type and made is not before.get(name) and made.__module__ == 'program':
                            self.set_up[name] = made
                elif step['do'] == 'root':
                    value = given[0]
                elif step['do'] == 'call':
                    value = given[0](*given[1:], **named)
                elif step['do'] == 'all':
                    more = iter(given[0])
                    items = []
                    began = _clock()
                    for item in itertools.islice(more, step['count']):
                        items.append(item)
                        if _clock() - began > 1:
                            break
                    else:
                        if len(items) < step['count']:
                            more = None
                else:
                    value = _OPERATIONS[step['do']](*given)
            except (TimeUp, Flood, TooBig, Alone, MemoryError):
                raise
            except BaseException as error:
                if STATE.expired:
                    raise
                raised = error
        if STATE.expired:
            raise TimeUp
        told = {'printed': printed.getvalue()} if printed.tell() else {}
        if raised is not None:
            told['raised'] = {
                **_raised(raised),
                'mro': [[one.__module__, _type_name(one)] for one in type(raised).__mro__],
            }
            values = [raised.args, dict(getattr(raised, '__dict__', {}))]
        else:
            values = [value]
        if items is not None:
            values += [items, more]
        told['values'], told['changed'] = self.send(*values)
        return json.dumps(told)


def _is_tame_step(step):
    """Whether it may be done in an interpreter that others share; raises `Refused`."""
    notes = _Notes()
    tame = True
    if step['do'] == 'setup':
        tame = examine(step['source'])[1].tame
    if step['do'] in _ON_ATTRIBUTES:
        _attribute_name(step['given'][1], None, notes)
        tame = step['do'] == 'getattr'
    if step['do'] == 'dir':
        tame = False
    for _, source, _ in step.get('definitions', ()):
        tame = tame and examine(source)[1].tame
    return tame and notes.tame


def _stepped(act):
    try:
        return {'status': 'returned', 'value': act()}
    except TimeUp:
        return {'status': 'timeout'}
    except Flood:
        return _flood()
    except TooBig as error:
        return {'status': 'too-big', 'error': str(error)}
    except Alone:
        raise
    except BaseException as error:
        return {'status': 'timeout'} if STATE.expired else _raised(error)


def _steps_once(code, steps, how, alone, value_chars, limits):
    """Runs the program, then does the steps beside it. Yields as `_calls_once` does."""
    namespace = _scope(how, alone, 'program')

    def define():
        exec(code, namespace)
        return ''

    failed = _stepped(define)
    if failed['status'] != 'returned':
        return _whole(failed)
    side = _AnswerSide(namespace, alone, value_chars)
    results = []
    for step, limit in zip(steps, limits):
        yield limit
        result = _stepped(lambda: side.do(step))
        results.append(result)
        if result['status'] != 'returned':
            break
    return {'status': 'ran', 'calls': results}
