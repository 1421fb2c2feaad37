"""Sizes beyond 32 bits. This interpreter's have 32, so that `deque(maxlen=10**10)` or `len(range(10**12))` are an
OverflowError where a Python of 64 bits has no trouble. Few programs ask for such sizes, and what takes them costs
time: a program that ends with one of these errors runs again, alone, in an interpreter where they are taken.
Nothing has so many items here that a larger number would mean anything else than the largest of 32 bits."""

import array
import bisect
import builtins
import collections
import functools
import gc
import itertools
import operator
import re
import sys

_LARGEST = 2**31 - 1
_LARGEST_OF_64 = 2**63 - 1
_SIZE_ERROR = re.compile(
    r"OverflowError: (?:Python int too large to convert to C (?:ssize_t|(?:unsigned )?long)$"
    r"|cannot fit 'int' into an index-sized integer$)"
    r'|ValueError: .* islice\(\) must be '
)
_len, _deque, _array = len, collections.deque, array.array
_repeat, _islice, _chain, _combinations = (
    itertools.repeat,
    itertools.islice,
    itertools.chain.from_iterable,
    itertools.combinations,
)
_lru_cache = functools.lru_cache
_list_pop, _list_insert = list.pop, list.insert


def _lacks_size(result):
    """Whether a program, or a call of it, ended for want of a larger size."""
    return any(_SIZE_ERROR.match(one.get('error', '')) for one in result.get('calls', [result]))


def _size(value):
    """A number that C takes, in place of one of 64 bits."""
    if type(value) is int and -_LARGEST_OF_64 - 1 <= value <= _LARGEST_OF_64:
        return max(-_LARGEST, min(_LARGEST, value))
    return value


def _taking(function):
    """`function` of C, where all integers that it is given are sizes."""

    @functools.wraps(function)
    def call(*given, **named):
        return function(*map(_size, given), **{name: _size(one) for name, one in named.items()})

    return call


def _wide_len(thing, /):
    try:
        return _len(thing)
    except OverflowError:
        if type(thing) is range:
            step = thing.step
            count = (thing.stop - thing.start + step - (1 if step > 0 else -1)) // step
        else:
            count = operator.index(type(thing).__len__(thing))
        if not 0 <= count <= _LARGEST_OF_64:
            raise
        return count


class _WideDeque(_deque):
    """With a `maxlen` that no deque ever reaches here."""

    __slots__ = ('_most',)

    def __init__(self, iterable=(), maxlen=None):
        self._most = maxlen
        _deque.__init__(self, iterable, _size(maxlen))

    @property
    def maxlen(self):
        most = _deque.maxlen.__get__(self)
        return self._most if most == _LARGEST else most

    def __repr__(self):
        # C's says what it was given.
        text, most = _deque.__repr__(self), self.maxlen
        return text if most is None else f'{text.rpartition("=")[0]}={most})'

    def __copy__(self):
        return type(self)(self, self.maxlen)

    copy = __copy__

    def rotate(self, n=1, /):
        if self:
            _deque.rotate(self, operator.index(n) % _len(self))

    def insert(self, i, x, /):
        _deque.insert(self, _size(i), x)


class _WideArray(_array):
    """With the 64 bits that C's `long` has elsewhere."""

    __slots__ = ()

    def __new__(cls, typecode, *initializer):
        return _array.__new__(cls, {'l': 'q', 'L': 'Q'}.get(typecode, typecode), *initializer)


def _wide_repeat(object, times=None):
    if times is None:
        return _repeat(object)
    if times <= _LARGEST:
        return _repeat(object, times)
    return _chain(_repeat(object, min(_LARGEST, times - done)) for done in range(0, times, _LARGEST))


def _wide_combinations(iterable, r):
    pool = tuple(iterable)
    return _combinations(pool, min(r, _len(pool) + 1))


def _wide_cache(maxsize=128, typed=False):
    if type(maxsize) is not int or maxsize <= _LARGEST:
        return _lru_cache(maxsize, typed)

    def decorate(function):
        kept = _lru_cache(None, typed)(function)
        info = kept.cache_info
        kept.cache_info = lambda: info()._replace(maxsize=maxsize)
        kept.cache_parameters = lambda: {'maxsize': maxsize, 'typed': typed}
        return kept

    return decorate


def _wide_bisect(narrow, goes_right):
    """@param goes_right of the middle item and the one that is looked for"""

    def search(a, x, lo=0, hi=None, *, key=None):
        if hi is None:
            hi = _wide_len(a)
        if max(lo, hi) <= _LARGEST:
            return narrow(a, x, lo, hi, key=key)
        if lo < 0:
            raise ValueError('lo must be non-negative')
        while lo < hi:
            middle = (lo + hi) // 2
            item = a[middle]
            if goes_right(item if key is None else key(item), x):
                lo = middle + 1
            else:
                hi = middle
        return lo

    return search


_wide_left = _wide_bisect(bisect.bisect_left, lambda item, x: item < x)
_wide_right = _wide_bisect(bisect.bisect_right, lambda item, x: not x < item)

_IN_MODULES = {
    builtins: {'len': _wide_len},
    collections: {'deque': _WideDeque},
    array: {'array': _WideArray, 'ArrayType': _WideArray},
    itertools: {'repeat': _wide_repeat, 'islice': _taking(_islice), 'combinations': _wide_combinations},
    functools: {'lru_cache': _wide_cache},
    # These are of Python, but have been called: they remember the methods of patterns.
    re: {name: _taking(getattr(re, name)) for name in ('sub', 'subn', 'split')},
    bisect: {'bisect_left': _wide_left, 'bisect_right': _wide_right, 'bisect': _wide_right},
}
# Methods of C all of whose integers are sizes.
_METHODS = {
    str: 'replace split rsplit expandtabs',
    bytes: 'replace split rsplit',
    bytearray: 'replace split rsplit pop',
    list: 'pop',
    re.Pattern: 'sub subn split search match fullmatch findall finditer',
}
for _one, _shown in ((_WideDeque, _deque), (_WideArray, _array)):
    _one.__name__ = _one.__qualname__ = _shown.__name__
    _one.__module__ = _shown.__module__


def _wide_insert(self, index, item, /):
    _list_insert(self, _size(index), item)


def _take_sizes():
    """For good: this interpreter serves no other program."""
    STATE.wide = True
    for module, members in _IN_MODULES.items():
        vars(module).update(members)
    _FIRST_BUILTINS['len'] = _wide_len
    for kind, names in _METHODS.items():
        # Its proxy hides the dictionary of a class of C.
        methods = gc.get_referents(vars(kind))[0]
        methods.update({name: _taking(methods[name]) for name in names.split()})
    gc.get_referents(vars(list))[0]['insert'] = _wide_insert
    sys._clear_internal_caches()
