"""Values as literals, and fingerprints of those that are too long for it."""

import hashlib
import sys

_FLAT = frozenset([float, bool, type(None)])
_SCALARS = frozenset([int, float, bool, str, bytes, type(None), complex])
_BIG_INT_BITS = 14_000


_DEQUE = SHARED['collections'].deque
_DECIMAL = SHARED['decimal'].Decimal
_FRACTION = SHARED['fractions'].Fraction
_KEYS = type({}.keys())


def _range(value):
    """Ranges are equal where they hold the same numbers."""
    start, step = value.start, value.step
    count = max(0, (value.stop - start + step - (1 if step > 0 else -1)) // step)
    if count < 2:
        return f'range({start}, {start + 1})' if count else 'range(0, 0)'
    return repr(range(start, start + count * step, step))


def _decimal(value):
    if _DECIMAL.is_finite(value):
        return f"Decimal('{_DECIMAL.__str__(value)}')"
    return 'nan' if _DECIMAL.is_nan(value) else '-inf' if _DECIMAL.is_signed(value) else 'inf'


class _Writer:
    """A value as a literal. Subclasses of built-in types are written as the built-in type, which is
    how they compare; the elements of sets are sorted; what has no literal becomes `<type name>`."""

    __slots__ = ('budget',)

    def __init__(self, budget):
        self.budget = budget

    def spend(self, text):
        self.budget -= len(text)
        if self.budget < 0:
            raise TooBig('the value is too long')
        return text

    def scalar(self, value, kind):
        if value is None or kind is bool or kind is float or kind is complex:
            return self.spend(kind.__repr__(value))
        if issubclass(kind, int):
            # Beyond Python's limit on decimal digits, whose conversion takes quadratic time.
            bits = int.bit_length(value)
            if bits > self.budget * 4:
                raise TooBig('the value is too long')
            try:
                return self.spend(int.__repr__(value) if bits < _BIG_INT_BITS else hex(int(value)))
            except ValueError:
                # The program has lowered Python's limit.
                return self.spend(hex(int(value)))
        if issubclass(kind, float):
            return self.spend(float.__repr__(value))
        if issubclass(kind, complex):
            return self.spend(complex.__repr__(value))
        base = str if issubclass(kind, str) else bytes
        if base.__len__(value) > self.budget:
            raise TooBig('the value is too long')
        return self.spend(base.__repr__(value))

    def items(self, values, depth):
        parts = []
        for value in values:
            self.spend(', ')
            parts.append(self.write(value, depth))
        return parts

    def write(self, value, depth=0):
        kind = type(value)
        if kind in _SCALARS or issubclass(kind, (int, float, str, bytes, complex)):
            return self.scalar(value, kind)
        if depth > VALUE_DEPTH:
            raise TooBig('the value is nested too deeply')
        depth += 1
        if kind is list and _FLAT.issuperset(map(type, value)):
            # Elements are at most 20 characters each, so this is no longer than they allow.
            if len(value) > self.budget:
                raise TooBig('the value is too long')
            return self.spend(repr(value))
        if issubclass(kind, list):
            return '[' + ', '.join(self.items(list.__iter__(value), depth)) + ']'
        if issubclass(kind, tuple):
            parts = self.items(tuple.__iter__(value), depth)
            return '(' + parts[0] + ',)' if len(parts) == 1 else '(' + ', '.join(parts) + ')'
        if issubclass(kind, dict):
            pairs = []
            for key, item in list(dict.items(value)):
                pairs.append(self.spend(self.write(key, depth) + ': ') + self.write(item, depth))
            return '{' + ', '.join(pairs) + '}'
        if issubclass(kind, set):
            parts = sorted(self.items(set.__iter__(value), depth))
            return '{' + ', '.join(parts) + '}' if parts else 'set()'
        if issubclass(kind, frozenset):
            parts = sorted(self.items(frozenset.__iter__(value), depth))
            return 'frozenset({' + ', '.join(parts) + '})' if parts else 'frozenset()'
        if issubclass(kind, bytearray):
            return 'bytearray(' + self.scalar(bytes(value), bytes) + ')'
        if issubclass(kind, _DEQUE):
            return 'deque([' + ', '.join(self.items(_DEQUE.__iter__(value), depth)) + '])'
        if kind is _KEYS:
            # They equal sets.
            parts = sorted(self.items(value, depth))
            return '{' + ', '.join(parts) + '}' if parts else 'set()'
        if kind is range:
            return self.spend(_range(value))
        if issubclass(kind, _DECIMAL):
            return self.spend(_decimal(value))
        if kind is _FRACTION:
            return self.spend(f'Fraction({value.numerator}, {value.denominator})')
        return self.spend('<' + _type_name(kind) + '>')


# Values of these types are written alike wherever they are equal.
_EXACT = frozenset([int, str, type(None)])


def _digest(value):
    """A fingerprint in place of a value that is too long to be written: equal values have equal ones."""
    return f"digest('{_fingerprint(value, 0).hexdigest()}')"


def _fingerprint(value, depth):
    if depth > VALUE_DEPTH:
        raise TooBig('the value is nested too deeply')
    depth += 1
    kind = type(value)
    if kind is bool or (issubclass(kind, (int, float)) and float(value).is_integer()):
        # Equal numbers of different types.
        text = str(int(value)) if int(value).bit_length() < _BIG_INT_BITS else hex(int(value))
    elif issubclass(kind, (list, tuple)):
        name = 'list' if issubclass(kind, list) else 'tuple'
        if kind in (list, tuple) and _EXACT.issuperset(map(type, value)):
            text = f'{name} {[*value]!r}'
        else:
            whole = hashlib.sha256(name.encode())
            for one in value:
                whole.update(_fingerprint(one, depth).digest())
            return whole
    elif issubclass(kind, dict):
        parts = [_fingerprint(k, depth).digest() + _fingerprint(v, depth).digest() for k, v in dict.items(value)]
        return hashlib.sha256(b'dict' + b''.join(sorted(parts)))
    elif issubclass(kind, (set, frozenset)):
        return hashlib.sha256(b'set' + b''.join(sorted(_fingerprint(one, depth).digest() for one in value)))
    else:
        text = _Writer(sys.maxsize).write(value, depth)
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass'))


_NAME_OF = type.__dict__['__name__'].__get__


def _type_name(kind):
    return _NAME_OF(kind)
