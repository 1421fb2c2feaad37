"""What tame programs may leave behind: taken back, or noticed."""

import sys
from operator import is_

# Decorators and helpers of these set attributes of what they are given.
_SETTERS = frozenset(['functools', 'abc', 'enum', 'typing', 'copy'])
_baselines = {}


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
    if 'decimal' in notes.imports or (how is not None and how.get('prelude')):
        SHARED['decimal'].setcontext(SHARED['decimal'].Context())
    if notes.stores:
        # Of any: an alias in `typing` passes on what is set to the class that it stands for.
        return _intact(_baselines)
    return _SETTERS.isdisjoint(notes.imports) or _intact(notes.imports)
