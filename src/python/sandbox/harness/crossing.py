"""Values on their way between two interpreters, one with an answer in it and one with its tests.

A value crosses as JSON: None, booleans, floats, texts and short integers as themselves, everything else as
an array whose first element says what it is. What can change (lists, dicts, instances of classes that both
sides have, and of the answer's classes that are lists or dicts) crosses as `["at", key, content]` and is the same object each time that it crosses again, in
either direction, so that `is`, aliases and changes in place are seen on both sides. What has no such form
(generators, functions, instances of the answer's classes) stays where it is: only its number crosses.
"""

import importlib
import json
import operator
import sys
import types
from collections import Counter, OrderedDict, defaultdict

_PLAIN = frozenset([type(None), bool, float, str])
_FLAT_ONES = _PLAIN | {int, bytes}
_MADE_OF_ARGUMENTS = frozenset(['date', 'datetime', 'time', 'timedelta', 'timezone'])
_VIEWS = {type({}.keys()): 'keys', type({}.values()): 'values', type({}.items()): 'items'}
_CONSTANTS = {'Ellipsis': Ellipsis, 'NotImplemented': NotImplemented}
# Of what both sides have, how many are looked at for changes with each message.
_WATCHED = 200


class Missing(Exception):
    """A number or name that stands for nothing here."""


class _Crossing:
    """One side. `prefix` keeps the keys that the two sides give apart."""

    # The class of what stands for objects of the other side.
    stand_in = None

    def __init__(self, prefix, budget):
        self.prefix, self.budget = prefix, budget
        # Objects that can change: by key, and keys by identity.
        self.objects, self.keys = {}, {}
        # What the other side knows them to hold; of lists also their elements, for a cheap look.
        self.known, self.seen = {}, {}

    def spend(self, size):
        self.left -= size + 2
        if self.left < 0:
            raise TooBig('the value is too long')

    def send(self, *values):
        """These values as JSON can hold them, and the changes of what both sides have."""
        self.left, self.named = self.budget, set()
        sent = [self.encode(value, 0) for value in values]
        changed = []
        for key in list(self.known)[-_WATCHED:]:
            if key in self.named or self.is_untouched(key):
                continue
            content = self.content(self.objects[key], 0)
            text = json.dumps(content)
            self.look(key)
            if text != self.known[key]:
                self.known[key] = text
                changed.append(['at', key, content])
        return sent, changed

    def look(self, key):
        """Remembers the elements of a list where none of them can change."""
        value = self.objects[key]
        if type(value) is list and _FLAT_ONES.issuperset(map(type, value)):
            self.seen[key] = value[:]
        else:
            self.seen.pop(key, None)

    def is_untouched(self, key):
        seen, value = self.seen.get(key), self.objects[key]
        return seen is not None and len(seen) == len(value) and all(map(operator.is_, seen, value))

    def encode(self, value, depth):
        kind = type(value)
        if kind in _PLAIN:
            self.spend(len(value) if kind is str else 4)
            return value
        if kind is int:
            self.spend(int.bit_length(value) // 3)
            return value if int.bit_length(value) < 10_000 else ['int', hex(value)]
        if depth > VALUE_DEPTH:
            raise TooBig('the value is nested too deeply')
        depth += 1
        self.spend(8)
        if kind is self.stand_in:
            return self.other(value, depth)
        if kind in (list, dict, set, bytearray, _DEQUE, Counter, OrderedDict, defaultdict):
            return self.at(value, depth)
        if kind is tuple:
            return ['tuple', *[self.encode(one, depth) for one in value]]
        if kind is frozenset:
            return ['frozenset', *[self.encode(one, depth) for one in value]]
        if kind is bytes:
            self.spend(2 * len(value))
            return ['bytes', value.hex()]
        if kind is complex:
            return ['complex', value.real, value.imag]
        if kind is range or kind is slice:
            return [kind.__name__, *[self.encode(one, depth) for one in (value.start, value.stop, value.step)]]
        if kind is _DECIMAL:
            return ['Decimal', str(value)]
        if kind is _FRACTION:
            return ['Fraction', self.encode(value.numerator, depth), self.encode(value.denominator, depth)]
        if kind in _VIEWS:
            return [_VIEWS[kind], *[self.encode(one, depth) for one in value]]
        if kind.__module__ == 'datetime' and kind.__name__ in _MADE_OF_ARGUMENTS:
            return ['made', kind.__name__, *[self.encode(one, depth) for one in kind.__reduce__(value)[1]]]
        if value is Ellipsis or value is NotImplemented:
            return ['builtin', str(value)]
        if issubclass(kind, types.ModuleType):
            return ['module', value.__name__]
        if kind is types.MethodDescriptorType:
            return ['method', self.encode(value.__objclass__, depth), value.__name__]
        if issubclass(kind, (type, types.FunctionType, types.BuiltinFunctionType)):
            named = self.member(value)
            if named:
                return named
        if self.is_shared_class(kind):
            return self.at(value, depth)
        return self.other(value, depth)

    def member(self, value):
        module, name = getattr(value, '__module__', None), getattr(value, '__name__', None)
        if type(module) is not str or type(name) is not str:
            return None
        if vars(builtins).get(name) is value:
            return ['builtin', name]
        for kind in ('GeneratorType', 'FunctionType', 'MethodType', 'MappingProxyType'):
            if getattr(types, kind) is value:
                return ['member', 'types', kind]
        # Operators and such call themselves members of the C module behind the one that has them.
        for one in (module, module.lstrip('_')):
            if one in sys.modules and getattr(sys.modules[one], name, None) is value:
                return ['member', one, name]
        return None

    def at(self, value, depth):
        key = self.keys.get(id(value))
        if key is None:
            key = f'{self.prefix}{len(self.objects)}'
            self.keep(key, value)
        if key in self.named:
            return ['at', key]
        self.named.add(key)
        content = self.content(value, depth)
        self.known[key] = json.dumps(content)
        self.look(key)
        return ['at', key, content]

    def keep(self, key, value):
        self.objects[key] = value
        self.keys[id(value)] = key

    def content(self, value, depth):
        kind = type(value)
        if kind is list or kind is set:
            return [kind.__name__, *[self.encode(one, depth) for one in list(value)]]
        if kind is OrderedDict:
            return ['OrderedDict', *self.pairs(OrderedDict.items(value), depth)]
        if kind is bytearray:
            self.spend(2 * len(value))
            return ['bytearray', value.hex()]
        if kind is _DEQUE:
            return ['deque', value.maxlen, *[self.encode(one, depth) for one in list(value)]]
        if kind in (dict, Counter):
            return [kind.__name__, *self.pairs(dict.items(value), depth)]
        if kind is defaultdict:
            factory = self.encode(value.default_factory, depth)
            return ['defaultdict', factory, *self.pairs(dict.items(value), depth)]
        return ['object', kind.__name__, *self.pairs(self.attributes(value).items(), depth)]

    def pairs(self, pairs, depth):
        return [[self.encode(key, depth), self.encode(item, depth)] for key, item in list(pairs)]

    def attributes(self, value):
        found = dict(getattr(value, '__dict__', {}))
        for owner in type(value).__mro__:
            slots = owner.__dict__.get('__slots__', ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name):
                    found[name] = getattr(value, name)
        return found

    def receive(self, sent, changed):
        for one in changed:
            self.decode(one)
        return [self.decode(one) for one in sent]

    def decode(self, sent):
        if type(sent) is not list:
            return sent
        what, *rest = sent
        if what == 'at':
            key = rest[0]
            if len(rest) == 1:
                if key not in self.objects:
                    raise Missing(key)
                return self.objects[key]
            value = self.objects.get(key)
            if value is None:
                value = self.empty(rest[1])
                self.keep(key, value)
            self.fill(value, rest[1])
            self.known[key] = json.dumps(rest[1])
            self.look(key)
            return value
        if what == 'int':
            return int(rest[0], 16)
        if what == 'bytes':
            return bytes.fromhex(rest[0])
        if what == 'builtin':
            return _CONSTANTS[rest[0]] if rest[0] in _CONSTANTS else vars(builtins)[rest[0]]
        if what == 'module' or what == 'member':
            return self.library(*rest)
        if what in ('remote', 'own', 'root', 'defined'):
            return self.other_of(what, *rest)
        if what == 'list' or what == 'dict' or what == 'set':
            copy = self.empty(sent)
            self.fill(copy, sent)
            return copy
        values = [self.decode(one) for one in rest]
        if what == 'tuple' or what == 'frozenset':
            return (tuple if what == 'tuple' else frozenset)(values)
        if what == 'keys':
            return dict.fromkeys(values).keys()
        if what == 'values':
            return dict(enumerate(values)).values()
        if what == 'items':
            return dict(values).items()
        if what == 'iterator':
            return iter(values)
        if what == 'method':
            return getattr(*values)
        if what == 'new':
            return values[0].__new__(*values)
        if what == 'made':
            return getattr(SHARED['datetime'], values[0])(*values[1:])
        makers = {'complex': complex, 'range': range, 'slice': slice, 'Decimal': _DECIMAL, 'Fraction': _FRACTION}
        return makers[what](*values)

    def library(self, module, name=None):
        loaded = importlib.import_module(module)
        return loaded if name is None else getattr(loaded, name)

    def empty(self, content):
        what = content[0]
        if what == 'object':
            kind = self.shared_class(content[1])
            return kind.__new__(kind)
        if what == 'deque':
            return _DEQUE(maxlen=content[1])
        made = {'list': list, 'set': set, 'dict': dict, 'bytearray': bytearray, 'Counter': Counter}
        made.update(OrderedDict=OrderedDict, defaultdict=defaultdict)
        return made[what]()

    def fill(self, value, content):
        what, *rest = content
        if what == 'own':
            self.fill(value, rest[2])
        elif what == 'list':
            list.__setitem__(value, slice(None), [self.decode(one) for one in rest])
        elif what == 'set':
            members = [self.decode(one) for one in rest]
            set.clear(value)
            set.update(value, members)
        elif what == 'bytearray':
            value[:] = bytes.fromhex(rest[0])
        elif what == 'deque':
            members = [self.decode(one) for one in rest[1:]]
            value.clear()
            value.extend(members)
        elif what == 'object':
            pairs = [(name, self.decode(one)) for name, one in rest[1:]]
            for name in self.attributes(value):
                if all(name != other for other, _ in pairs):
                    object.__delattr__(value, name)
            for name, one in pairs:
                object.__setattr__(value, name, one)
        else:
            if what == 'defaultdict':
                value.default_factory = self.decode(rest.pop(0))
            pairs = [(self.decode(key), self.decode(one)) for key, one in rest]
            # Not the methods of a subclass; and an OrderedDict keeps its order beside its items.
            kind = OrderedDict if what == 'OrderedDict' else dict
            kind.clear(value)
            for key, one in pairs:
                kind.__setitem__(value, key, one)
