"""What Python 3.12 and later do otherwise than those that the benchmarks' outputs come from, taken back."""

import builtins
from collections import deque
from itertools import accumulate, islice
from types import MethodType

_sum = builtins.sum
_INTEGERS = frozenset([int, bool])
_PART = 512


def _add_up(_, iterable, /, start=0):
    """`sum` of Python 3.11: floats and complex numbers are added one by one. Since 3.12 the rounding errors of
    the additions are summed up, too, and added at the end."""
    items = iter(iterable)
    total = _sum((), start)
    # All in C, either way.
    while part := list(islice(items, _PART)):
        if type(total) is int and _INTEGERS.issuperset(map(type, part)):
            total = _sum(part, total)
        else:
            total = deque(accumulate(part, initial=total), 1)[0]
    return total


_add_up.__name__ = _add_up.__qualname__ = 'sum'
# A function's attributes could be set, those of a method cannot.
_plain_sum = MethodType(_add_up, 0)
# For programs that share an interpreter.
OLDER_BUILTINS = {**BUILTINS, 'sum': _plain_sum}
