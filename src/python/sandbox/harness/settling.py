"""What tame programs may leave behind: taken back, or noticed."""

import gc
import importlib
import sys
import types
from operator import is_

# Decorators and helpers of these modules set attributes of their arguments.
_SETTERS = frozenset(['functools', 'abc', 'enum', 'typing', 'copy'])
# Of a module: its dictionary and those of its classes and objects, their sizes, and their values.
_baselines = {}
# Methods that empty what the library remembers by the arguments that it was given: an argument of a program
# may say that it equals those of others.
_forget = []
# Only these take arguments that they remember.
_REMEMBERS = frozenset(['re', 'typing', 'datetime', 'time', 'fractions', 'statistics', 'string', 'textwrap'])


def _remember_baselines():
    for name, module in SHARED.items():
        objects = [
            value
            for value in vars(module).values()
            if hasattr(value, '__dict__') and not isinstance(value, (type, types.ModuleType, types.MethodType))
        ]
        _baselines[name] = [_baseline(one) for one in _owners(module) + objects]
    strptime = importlib.import_module('_strptime')
    _forget.extend([SHARED['re'].purge, strptime._regex_cache.clear])
    kept = type(SHARED['functools'].lru_cache(abs))
    _forget.extend(one.cache_clear for one in gc.get_objects() if type(one) is kept)


def _baseline(owner):
    return vars(owner), len(vars(owner)), list(vars(owner).values())


def _intact(modules):
    """Whether the shared modules and the classes in them are as they were."""
    for module in modules:
        for namespace, size, values in _baselines.get(module, ()):
            if len(namespace) != size or not all(map(is_, namespace.values(), values)):
                return False
    return True


def _settle(notes, how):
    """Takes back what a tame program may have changed; False where that can't be done."""
    if 'sys' in notes.imports or how is not None:
        sys.setrecursionlimit(RECURSION_LIMIT)
        sys.set_int_max_str_digits(DIGITS_LIMIT)
    if 'decimal' in notes.imports or (how is not None and how.get('prelude')):
        SHARED['decimal'].setcontext(SHARED['decimal'].Context())
    if how is not None or not _REMEMBERS.isdisjoint(notes.imports):
        for forget in _forget:
            forget()
    if notes.stores:
        # Of all classes: an alias in `typing` passes an attribute that is set on to the class that it stands for.
        return _intact(_baselines)
    return _SETTERS.isdisjoint(notes.imports) or _intact(notes.imports)
