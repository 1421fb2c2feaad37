/**
 * The functions of NumPy that the scripts of HumanEval+ and MBPP+ call, in plain Python: tolerance as NumPy has it
 * (`|a - b| <= atol + rtol |b|`), shapes, broadcasting. Anything else of it is named as missing, by an
 * exception that no script catches, so that nothing is ever judged by a guess.
 */

/** Python source that defines `_numpy()`, which makes the module, and `_NotHere(name)`. Uses no name of others. */
export const NUMPY_STAND_IN = `
class _NotHere(BaseException):
    """Asked for what is not here; its argument is the full name."""

def _numpy():
    import cmath, collections, math, types

    def missing(name):
        def use(*args, **kwargs):
            raise _NotHere(name)
        return use

    class ndarray:
        """Nested lists of numbers or texts with one length at each depth."""
        __slots__ = ('_flat', 'shape', 'dtype')
        __hash__ = None

        def __init__(self, *args, **kwargs):
            raise _NotHere('numpy.ndarray(...)')

        @property
        def ndim(self):
            return len(self.shape)

        @property
        def size(self):
            return len(self._flat)

        def tolist(self):
            return nested(self._flat, self.shape)

        def item(self):
            if len(self._flat) != 1:
                raise ValueError('can only convert an array of size 1 to a Python scalar')
            return self._flat[0]

        def all(self):
            return all(self._flat)

        def any(self):
            return any(self._flat)

        def __len__(self):
            if not self.shape:
                raise TypeError('len() of unsized object')
            return self.shape[0]

        def __iter__(self):
            if not self.shape:
                raise TypeError('iteration over a 0-d array')
            if len(self.shape) == 1:
                return iter(self._flat)
            step = len(self._flat) // self.shape[0] if self.shape[0] else 0
            return iter([make(self._flat[i * step:(i + 1) * step], self.shape[1:]) for i in range(self.shape[0])])

        def __bool__(self):
            if len(self._flat) != 1:
                raise ValueError('The truth value of an array with more than one element is ambiguous. '
                                 'Use a.any() or a.all()')
            return bool(self._flat[0])

        def __eq__(self, other):
            return compare(self, other, lambda a, b: a == b)

        def __ne__(self, other):
            return compare(self, other, lambda a, b: a != b)

        def __getattr__(self, name):
            raise _NotHere('numpy.ndarray.' + name)

    for name in """add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow matmul rmatmul
            and or xor neg abs invert lt le gt ge getitem setitem contains float int index complex""".split():
        setattr(ndarray, '__' + name + '__', missing('numpy.ndarray.__' + name + '__'))

    class generic:
        __slots__ = ()

        def __new__(cls, *args, **kwargs):
            raise _NotHere('numpy.' + cls.__name__ + '(...)')

    kinds = {'generic': generic}
    for name, base in [
        ('number', 'generic'), ('integer', 'number'), ('signedinteger', 'integer'),
        ('unsignedinteger', 'integer'), ('inexact', 'number'), ('floating', 'inexact'),
        ('complexfloating', 'inexact'), ('flexible', 'generic'), ('character', 'flexible'),
        ('float16', 'floating'), ('float32', 'floating'), ('longdouble', 'floating'),
        ('int8', 'signedinteger'), ('int16', 'signedinteger'), ('int32', 'signedinteger'),
        ('int64', 'signedinteger'), ('uint8', 'unsignedinteger'), ('uint16', 'unsignedinteger'),
        ('uint32', 'unsignedinteger'), ('uint64', 'unsignedinteger'), ('complex64', 'complexfloating'),
        ('bool_', 'generic'), ('object_', 'generic'), ('bytes_', 'character'), ('str_', 'character'),
    ]:
        kinds[name] = type(name, (kinds[base],), {'__slots__': ()})
    # These two are Python's own numbers as well.
    kinds['float64'] = type('float64', (kinds['floating'], float), {'__new__': lambda cls, x=0.0: float.__new__(cls, x)})
    kinds['complex128'] = type('complex128', (kinds['complexfloating'], complex),
                               {'__new__': lambda cls, x=0j: complex.__new__(cls, x)})

    def nested(flat, shape):
        if not shape:
            return flat[0]
        if len(shape) == 1:
            return list(flat)
        step = len(flat) // shape[0] if shape[0] else 0
        return [nested(flat[i * step:(i + 1) * step], shape[1:]) for i in range(shape[0])]

    def make(flat, shape):
        array = object.__new__(ndarray)
        array._flat, array.shape, array.dtype = flat, tuple(shape), dtype_of(flat)
        return array

    def dtype_of(flat):
        types = set(map(type, flat))
        for kind, types_of in (('bool_', {bool}), ('int64', {bool, int}), ('float64', {bool, int, float}),
                               ('complex128', {bool, int, float, complex}), ('str_', {str})):
            if flat and types <= types_of:
                return kinds[kind]
        return kinds['object_'] if flat else kinds['float64']

    def value_of(one):
        if isinstance(one, bool):
            return bool(one)
        for kind in (int, float, complex, str):
            if isinstance(one, kind):
                return kind(one) if type(one) is not kind else one
        return one

    def array(value, *more, **options):
        if more or set(options) - {'dtype'} or options.get('dtype') not in (None, float, kinds['float64']):
            raise _NotHere('numpy.array(..., dtype or more)')
        made = read(value)
        if options.get('dtype') is not None:
            return make([float(one) for one in made._flat], made.shape)
        return made

    def read(value):
        if isinstance(value, ndarray):
            return value
        if isinstance(value, (list, tuple, range, collections.deque)):
            parts = [read(one) for one in value]
            shape = parts[0].shape if parts else ()
            if any(part.shape != shape for part in parts):
                raise ValueError('setting an array element with a sequence. The requested array has an '
                                 'inhomogeneous shape')
            return make([one for part in parts for one in part._flat], (len(parts),) + shape)
        return make([value_of(value)], ())

    def broadcast(a, b):
        if a.shape == b.shape:
            return a._flat, b._flat, a.shape
        depth = max(len(a.shape), len(b.shape))
        shapes = [(1,) * (depth - len(one.shape)) + one.shape for one in (a, b)]
        for x, y in zip(*shapes):
            if x != y and x != 1 and y != 1:
                raise ValueError(f'operands could not be broadcast together with shapes {a.shape} {b.shape}')
        shape = tuple(y if x == 1 else x for x, y in zip(*shapes))
        return stretch(a._flat, shapes[0], shape), stretch(b._flat, shapes[1], shape), shape

    def stretch(flat, shape, wanted):
        if not shape:
            return flat
        if wanted[0] == 0:
            return []
        step = len(flat) // shape[0] if shape[0] else 0
        rows = [stretch(flat[i * step:(i + 1) * step], shape[1:], wanted[1:]) for i in range(shape[0])]
        if shape[0] != wanted[0]:
            rows = rows * wanted[0]
        return [one for row in rows for one in row]

    def compare(a, b, act):
        x, y, shape = broadcast(read(a), read(b))
        return make([bool(act(p, q)) for p, q in zip(x, y)], shape)

    def numbers(array):
        """Its elements as float64 or complex128, as a ufunc takes them."""
        flat = array._flat
        for one in flat:
            if not isinstance(one, (bool, int, float, complex)):
                raise TypeError("ufunc 'isfinite' not supported for the input types")
        if any(isinstance(one, int) and not -2**63 <= one < 2**64 for one in flat):
            # They make an array of objects.
            raise TypeError("ufunc 'isfinite' not supported for the input types")
        return make([complex(one) if isinstance(one, complex) else float(one) for one in flat], array.shape)

    def is_nan(x):
        return cmath.isnan(x) if isinstance(x, complex) else math.isnan(x)

    def is_finite(x):
        return cmath.isfinite(x) if isinstance(x, complex) else math.isfinite(x)

    def near(rtol, atol, equal_nan):
        def act(x, y):
            if is_finite(x) and is_finite(y):
                return abs(x - y) <= atol + rtol * abs(y)
            if is_nan(x) or is_nan(y):
                return bool(equal_nan) and is_nan(x) and is_nan(y)
            return x == y
        return act

    def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
        result = compare(numbers(read(a)), numbers(read(b)), near(rtol, atol, equal_nan))
        return result if result.shape else result._flat[0]

    def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
        return compare(numbers(read(a)), numbers(read(b)), near(rtol, atol, equal_nan)).all()

    def array_equal(a1, a2):
        a, b = read(a1), read(a2)
        return a.shape == b.shape and all(x == y for x, y in zip(a._flat, b._flat))

    def hold(good, message):
        if not good:
            raise AssertionError(message)

    def same_shape(a, b):
        x, y = read(a), read(b)
        hold(not x.shape or not y.shape or x.shape == y.shape, f'(shapes {x.shape}, {y.shape} mismatch)')

    def assert_allclose(actual, desired, rtol=1e-07, atol=0, equal_nan=True, err_msg='', verbose=True):
        same_shape(actual, desired)
        hold(allclose(actual, desired, rtol, atol, equal_nan), f'Not equal to tolerance rtol={rtol}, atol={atol}')

    def assert_array_equal(x, y, err_msg='', verbose=True):
        same_shape(x, y)
        both_nan = lambda p, q: p == q or (isinstance(p, float) and isinstance(q, float) and p != p and q != q)
        hold(compare(x, y, both_nan).all(), 'Arrays are not equal')

    def each(act):
        def use(x):
            made = numbers(read(x))
            result = make([act(one) for one in made._flat], made.shape)
            return result if result.shape else result._flat[0]
        return use

    def module(name, members):
        made = types.ModuleType(name)
        vars(made).update(members)
        def other(attribute):
            # What the import machinery asks of any module.
            if attribute.startswith('__'):
                raise AttributeError(attribute)
            raise _NotHere(name + '.' + attribute)
        vars(made)['__getattr__'] = other
        return made

    testing = module('numpy.testing', dict(assert_allclose=assert_allclose, assert_array_equal=assert_array_equal))
    return module('numpy', dict(
        kinds, ndarray=ndarray, array=array, asarray=array, allclose=allclose, isclose=isclose,
        array_equal=array_equal, testing=testing, inf=math.inf, nan=math.nan, pi=math.pi, e=math.e,
        isnan=each(is_nan), isfinite=each(is_finite), isinf=each(lambda x: not is_finite(x) and not is_nan(x)),
        all=lambda a: read(a).all(), any=lambda a: read(a).any(),
    ))
`;
