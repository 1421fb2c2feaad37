"""Runs untrusted programs inside the sandbox's interpreter. It is given sources and gives back what
calling them returned or printed; expected values never come in here.

A program is *tame* where its syntax tree shows that it cannot touch anything that outlives it: no
way to frames, module or class dictionaries, dynamic attributes or dynamic code, and imports only
from a list of pure modules. Tame programs share an interpreter. Any other program is answered with
`alone`, runs only where it has been given an interpreter for itself, and that interpreter is thrown
away afterwards: isolation is the interpreter and the origin around it, never this analysis.

So a program that reaches JavaScript can falsify its own result and nobody else's, unless it has found
a gap in this analysis: then those of the programs after it as well, until its interpreter is replaced.
In doubt a program is not tame: it costs a fresh interpreter, half a second.
"""

import ast
import builtins
import gc
import hashlib
import importlib
import io
import json
import random
import signal
import sys
import types
import warnings
from collections import OrderedDict
from operator import is_

PROGRAM = '<program>'
INPUT = '<input>'
RECURSION_LIMIT = 1000
SOURCE_CHARS = 200_000
ERROR_CHARS = 500
VALUE_DEPTH = 200
CACHED = 2048

# Refused outright: these lead out of Python, into other processes, threads or the network.
BANNED_MODULES = frozenset(
    """js pyodide pyodide_js _pyodide _pyodide_core pyodide_http micropip ctypes _ctypes cffi
    subprocess _posixsubprocess multiprocessing _multiprocessing concurrent threading _thread pty
    socket _socket socketserver ssl _ssl select selectors asyncio http urllib ftplib smtplib poplib
    imaplib xmlrpc requests webbrowser signal faulthandler mmap pip ensurepip""".split()
)
BANNED_NAMES = frozenset(['__import__', '__builtins__', '__loader__', '__spec__', 'breakpoint'])
BANNED_ATTRIBUTES = frozenset(
    """__subclasses__ __globals__ __builtins__ __code__ __closure__ __import__ __loader__ __spec__
    f_globals f_locals f_builtins f_back f_code gi_frame cr_frame ag_frame tb_frame""".split()
)

TAME_MODULES = tuple(
    """math cmath itertools functools operator collections collections.abc heapq bisect string re
    typing enum abc fractions decimal numbers statistics random copy datetime time array
    textwrap hashlib json""".split()
)
# What may be used of modules that also reach attributes by name, evaluate text, write into other
# modules, or hold objects that can be changed for everybody.
TAME_MEMBERS = {
    module: frozenset(members.split())
    for module, members in {
        'sys': """maxsize float_info int_info hash_info version version_info byteorder getsizeof intern
            setrecursionlimit getrecursionlimit stdin stdout stderr exit maxunicode""",
        'functools': 'cache cached_property cmp_to_key lru_cache partial reduce total_ordering',
        'typing': """Any Callable ClassVar Collection Counter DefaultDict Deque Dict Final FrozenSet
            Generator Generic Hashable Iterable Iterator List Literal Mapping MutableMapping
            MutableSequence MutableSet NamedTuple NewType NoReturn Optional OrderedDict Protocol Reversible
            Self Sequence Set Sized Tuple Type TypeAlias TypeVar Union TYPE_CHECKING cast overload""",
        'enum': 'Enum Flag IntEnum IntFlag StrEnum auto unique',
        'abc': 'ABC ABCMeta abstractmethod',
        'copy': 'copy deepcopy',
        'string': """ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits
            printable punctuation whitespace""",
    }.items()
}
WILD_MEMBERS = frozenset(
    [('operator', 'attrgetter'), ('operator', 'methodcaller')]
    + [('decimal', name) for name in ('BasicContext', 'DefaultContext', 'ExtendedContext')]
)
WILD_NAMES = frozenset(
    """exec eval compile globals locals vars setattr delattr getattr open dir help copyright credits
    license __debug__""".split()
)
WILD_ATTRIBUTES = frozenset(
    """tb_next tb_lasti gi_code gi_yieldfrom cr_code cr_await cr_origin ag_code ag_await register
    mro""".split()
)
TAME_DUNDERS = frozenset(
    """__init__ __new__ __name__ __doc__ __class__ __len__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__
    __hash__ __str__ __repr__ __iter__ __next__ __getitem__ __setitem__ __delitem__ __contains__
    __add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__ __pow__ __neg__ __and__ __or__ __xor__
    __invert__ __lshift__ __rshift__ __abs__ __bool__ __int__ __float__ __call__ __enter__ __exit__
    __radd__ __rsub__ __rmul__ __iadd__ __isub__ __imul__ __post_init__ __missing__ __reversed__
    __index__ __round__ __slots__""".split()
)
# What the compiler itself puts into the names of modules and class bodies.
COMPILER_NAMES = frozenset(
    """_ __module__ __qualname__ __firstlineno__ __static_attributes__ __classcell__ __classdict__
    __classdictcell__ __annotations__ __annotate__ __annotate_func__ __conditional_annotations__
    __main__""".split()
)
TAME_UNDERSCORES = frozenset(['_asdict', '_replace', '_fields', '_make'])
# Of strings: their fields read attributes by name.
FORMATTERS = frozenset(['format', 'format_map'])
SUSPECT_NAMES = BANNED_NAMES | BANNED_ATTRIBUTES | WILD_NAMES | WILD_ATTRIBUTES | FORMATTERS

SHARED = {name: importlib.import_module(name) for name in TAME_MODULES}


IMMUTABLE_TYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: refuses changes by itself


def _owners(module):
    """The module and every class that its names lead to and that Python code could change."""
    seen = {}
    pending = [module]
    while pending:
        owner = pending.pop()
        if id(owner) in seen or (isinstance(owner, type) and owner.__flags__ & IMMUTABLE_TYPE):
            continue
        seen[id(owner)] = owner
        pending.extend(value for value in vars(owner).values() if isinstance(value, type))
    return list(seen.values())


RESERVED_UNDERSCORES = frozenset(
    name
    for owner in [one for module in SHARED.values() for one in _owners(module)] + list(vars(builtins).values())
    for name in dir(owner)
    if name.startswith('_')
)


class TimeUp(BaseException):
    """The soft time limit. A program may swallow it; the judge notes that it was raised."""


class Flood(BaseException):
    """A program printed more than it may."""


class Alone(Exception):
    """A program that may not share an interpreter."""


class Refused(Exception):
    def __init__(self, status, message, line=None):
        self.status, self.message, self.line = status, message, line


class TooBig(Exception):
    pass


class _State:
    __slots__ = ('expired', 'printed', 'print_limit', 'kept')

    def __init__(self):
        self.expired, self.printed, self.print_limit = False, 0, 0
        # What is printed, where somebody wants it.
        self.kept = None


STATE = _State()


def _expire(_number, _frame):
    STATE.expired = True
    raise TimeUp


signal.signal(signal.SIGINT, _expire)


class _Bytes:
    """`sys.stdout.buffer`."""

    __slots__ = ()

    def write(self, data):
        SINK.write(bytes(data).decode('utf-8', 'replace'))
        return len(data)

    def flush(self):
        pass


class _Sink:
    """Standard output of programs: counted, and kept where it is the answer."""

    __slots__ = ()
    encoding = 'utf-8'
    errors = 'strict'
    buffer = _Bytes()

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f'write() argument must be str, not {_type_name(type(text))}')
        STATE.printed += len(text)
        if STATE.printed > STATE.print_limit:
            raise Flood
        if STATE.kept is not None:
            STATE.kept.append(str.__str__(text))
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def close(self):
        pass

    def isatty(self):
        return False

    def fileno(self):
        raise OSError('standard output has no file')


SINK = _Sink()


def _stdin(text):
    """Standard input that holds `text`. A class of C: no program can change it for the next."""
    stream = io.StringIO(text)
    stream.buffer = io.BytesIO(text.encode('utf-8', 'surrogatepass'))
    return stream


def _leave(code=None):
    raise SystemExit(code)


vars(builtins).update(exit=_leave, quit=_leave)
# A copy, for programs that share an interpreter.
BUILTINS = {
    name: value
    for name, value in vars(builtins).items()
    if name not in ('copyright', 'credits', 'license', 'help', '__spec__', '__loader__')
}


# --- examining ---------------------------------------------------------------------------------


def _refuse_module(name, node):
    if name.partition('.')[0] in BANNED_MODULES:
        raise Refused('unsafe', f"importing '{name}' is not allowed", node.lineno)


class _Notes:
    """What examining a program found besides its code."""

    __slots__ = ('tame', 'imports', 'modules', 'stores')

    def __init__(self):
        self.tame = True
        self.imports = set()
        # Whether it sets or deletes attributes.
        self.stores = False
        # Name in the program -> module, for names that an import statement binds to a module.
        self.modules = {}


def _check_member(module_name, attribute, notes):
    """`module.attribute` or `from module import attribute`."""
    if module_name in TAME_MEMBERS:
        if attribute not in TAME_MEMBERS[module_name]:
            notes.tame = False
        return
    if module_name == 'collections' and attribute == 'abc':
        return
    module = SHARED[module_name]
    if attribute not in getattr(module, '__all__', dir(module)):
        # Perhaps something of another module that this one uses.
        notes.tame = False
    elif attribute.startswith('_') or (module_name, attribute) in WILD_MEMBERS:
        notes.tame = False
    elif isinstance(getattr(module, attribute, None), (types.ModuleType, list, dict, set, bytearray)):
        notes.tame = False


def _import(node, notes):
    for alias in node.names:
        _refuse_module(alias.name, node)
        notes.imports.add(alias.name)
        if alias.name != 'sys' and alias.name not in SHARED:
            notes.tame = False
        elif alias.asname is None:
            root = alias.name.partition('.')[0]
            if notes.modules.setdefault(root, root) != root:
                notes.tame = False
        elif notes.modules.setdefault(alias.asname, alias.name) != alias.name:
            notes.tame = False


def _import_from(node, notes):
    module = node.module or ''
    if node.level:
        notes.tame = False
        return
    _refuse_module(module, node)
    notes.imports.add(module)
    if module == '__future__':
        return
    for alias in node.names:
        _refuse_module(f'{module}.{alias.name}', node)
        if module != 'sys' and module not in SHARED:
            notes.tame = False
        elif alias.name == '*':
            # A star would also bring in the wild ones.
            if module in TAME_MEMBERS or module in ('operator', 'decimal'):
                notes.tame = False
        elif module == 'collections' and alias.name == 'abc':
            notes.tame = False
        else:
            _check_member(module, alias.name, notes)


def _is_wild_dunder(name):
    # `__del__` would run in the middle of somebody else's program, `__prepare__` hides such names.
    return name.startswith('__') and name.endswith('__') and name not in TAME_DUNDERS


def _attribute_name(name, node, notes):
    if name in BANNED_ATTRIBUTES:
        raise Refused('unsafe', f"the attribute '{name}' is not allowed", getattr(node, 'lineno', None))
    if name in WILD_ATTRIBUTES:
        notes.tame = False
    elif name[0] == '_' and name not in TAME_DUNDERS and name not in TAME_UNDERSCORES:
        if name in RESERVED_UNDERSCORES or name.endswith('__'):
            notes.tame = False


def _has_plain_fields(node):
    """Whether it is a string whose fields name arguments and no attributes of them."""
    if type(node) is not ast.Constant or type(node.value) is not str:
        return False
    try:
        fields = list(SHARED['string'].Formatter().parse(node.value))
    except ValueError:
        return False
    return not any(
        field is not None and ('.' in field or '[' in field or '{' in spec) for _, field, spec, _ in fields
    )


def _scan(tree, notes):
    """One walk over the tree. Raises `Refused`; sets `notes`."""
    module_uses = []
    attribute_bases = set()
    type_calls = set()
    yields = guards = False
    pending = [tree]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind is ast.Name:
            name = node.id
            if name in BANNED_NAMES:
                raise Refused('unsafe', f"the name '{name}' is not allowed", node.lineno)
            if name in WILD_NAMES or _is_wild_dunder(name):
                notes.tame = False
            module_uses.append(node)
            continue
        if kind is ast.Constant:
            continue
        if kind is ast.Attribute:
            _attribute_name(node.attr, node, notes)
            if type(node.ctx) is not ast.Load:
                notes.stores = True
            if node.attr in FORMATTERS and not _has_plain_fields(node.value):
                notes.tame = False
            if type(node.value) is ast.Name:
                attribute_bases.add(node.value)
            pending.append(node.value)
            continue
        if kind is ast.Import:
            _import(node, notes)
            continue
        if kind is ast.ImportFrom:
            _import_from(node, notes)
            continue
        if kind is ast.FunctionDef or kind is ast.AsyncFunctionDef:
            if _is_wild_dunder(node.name) or kind is ast.AsyncFunctionDef:
                notes.tame = False
        elif kind is ast.Call:
            if type(node.func) is ast.Name and node.func.id == 'type' and len(node.args) == 1:
                type_calls.add(node.func)
        elif kind is ast.Yield or kind is ast.YieldFrom:
            yields = True
        elif kind is ast.Try or kind is ast.With or kind is ast.TryStar:
            guards = True
        elif kind is ast.MatchClass:
            for name in node.kwd_attrs:
                _attribute_name(name, node, notes)
            if node.patterns:
                # A class says by name which attributes these are.
                notes.tame = False
        for field in kind._fields:
            value = getattr(node, field, None)
            if value is None:
                continue
            if type(value) is list:
                for one in value:
                    if isinstance(one, ast.AST):
                        pending.append(one)
            elif isinstance(value, ast.AST):
                pending.append(value)
    # With three arguments `type` makes classes out of strings.
    for node in module_uses:
        if node.id == 'type' and node not in type_calls:
            notes.tame = False
    # An abandoned generator runs its `finally` when it is collected: in somebody else's time.
    if yields and guards:
        notes.tame = False
    modules = notes.modules
    if modules:
        for node in module_uses:
            if node.id in modules and (node not in attribute_bases or type(node.ctx) is not ast.Load):
                # A module as a value could go anywhere.
                notes.tame = False
                return
        if notes.tame:
            _scan_members(tree, notes)


def _scan_members(tree, notes):
    for node in ast.walk(tree):
        if type(node) is not ast.Attribute or type(node.value) is not ast.Name:
            continue
        module = notes.modules.get(node.value.id)
        if module is None:
            continue
        if type(node.ctx) is not ast.Load:
            notes.tame = False
        else:
            _check_member(module, node.attr, notes)
        if module == 'collections' and node.attr == 'abc':
            # Only as `collections.abc.Name`, which `_scan` has seen as an attribute.
            notes.tame = notes.tame and _only_as_base(tree, node)


def _only_as_base(tree, wanted):
    return any(type(node) is ast.Attribute and node.value is wanted for node in ast.walk(tree))


def _syntax(error):
    text = getattr(error, 'msg', None) or str(error) or type(error).__name__
    return Refused('syntax', f'{type(error).__name__}: {text}'[:ERROR_CHARS], getattr(error, 'lineno', None))


_programs = OrderedDict()
_inputs = OrderedDict()


def _remember(cache, key, value):
    cache[key] = value
    if len(cache) > CACHED:
        cache.popitem(last=False)
    return value


def _is_plain(source, code):
    """A cheap look at the compiled names that settles most programs: True where `_scan` would find
    the program tame, without imports and without attributes that are set."""
    for word in ('import', 'yield', 'async', 'match', 'type'):
        if word in source:
            return False
    pending = [code]
    while pending:
        one = pending.pop()
        if not SUSPECT_NAMES.isdisjoint(one.co_names):
            return False
        for name in one.co_names:
            if name[0] == '_' and name not in TAME_DUNDERS and name not in COMPILER_NAMES:
                return False
        pending.extend(const for const in one.co_consts if type(const) is types.CodeType)
    return True


def examine(source, prelude=False):
    """(code, notes) of a program; raises `Refused`."""
    key = (source, prelude)
    known = _programs.get(key)
    if known is not None:
        return known
    if len(source) > SOURCE_CHARS:
        raise Refused('syntax', f'the program is longer than {SOURCE_CHARS} characters')
    notes = _Notes()
    try:
        code = compile(source, PROGRAM, 'exec', dont_inherit=True)
        if prelude:
            # As if it had imported them itself.
            notes.modules.update((name, name) for name in PRELUDE_MODULES if name in SHARED or name == 'sys')
            notes.imports.update(PRELUDE_STARS)
        if prelude or not _is_plain(source, code):
            _scan(ast.parse(source, PROGRAM), notes)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise _syntax(error) from None
    return _remember(_programs, key, (code, notes))


def examine_input(source):
    """(code, tame) of the call `f(<source>)`; raises `Refused`."""
    known = _inputs.get(source)
    if known is not None:
        return known
    if len(source) > SOURCE_CHARS:
        raise Refused('syntax', f'the input is longer than {SOURCE_CHARS} characters')
    notes = _Notes()
    try:
        # On a line of its own, so that a comment at the end does not swallow the parenthesis.
        tree = ast.parse(f'f({source}\n)', INPUT, 'eval')
        call = tree.body
        if type(call) is not ast.Call or type(call.func) is not ast.Name or call.func.id != 'f':
            raise SyntaxError('not a list of arguments')
        _scan(tree, notes)
        code = compile(tree, INPUT, 'eval', dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise _syntax(error) from None
    return _remember(_inputs, source, (code, notes.tame))


# --- values ------------------------------------------------------------------------------------

_FLAT = frozenset([float, bool, type(None)])
_SCALARS = frozenset([int, float, bool, str, bytes, type(None), complex])
_BIG_INT_BITS = 14_000


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
            return self.spend(int.__repr__(value) if bits < _BIG_INT_BITS else hex(int(value)))
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
            parts = [_fingerprint(one, depth).digest() for one in value]
            return hashlib.sha256(name.encode() + b''.join(parts))
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


# --- running -----------------------------------------------------------------------------------


def _raised(error):
    """What a person needs of an exception. Its `__str__` may be the program's, and may raise."""
    name = _type_name(type(error))
    try:
        text = str(error)[:ERROR_CHARS]
    except TimeUp:
        raise
    except BaseException:
        text = ''
    line = None
    trace = error.__traceback__
    steps = 0
    while trace is not None and steps < 100_000:
        if trace.tb_frame.f_code.co_filename == PROGRAM:
            line = trace.tb_lineno
        trace = trace.tb_next
        steps += 1
    result = {'status': 'raised', 'error': f'{name}: {text}' if text else name}
    if line is not None:
        result['line'] = line
    return result


def _flood():
    return {'status': 'too-big', 'error': f'printed more than {STATE.print_limit} characters'}


def _namespace(alone, name='program'):
    # A program that is alone may change its builtins, as anywhere else; it harms itself.
    return {'__name__': name, '__builtins__': vars(builtins) if alone else BUILTINS}


def _call(code, call, alone, value_chars):
    """Runs the program afresh and calls `f`; (result, whether the program itself failed)."""
    namespace = _namespace(alone)
    started = False
    try:
        exec(code, namespace)
        if 'f' not in namespace:
            return {'status': 'raised', 'error': 'NameError: the program defines no f'}, True
        started = True
        if call is None:
            return None, False
        value = eval(call, namespace)
        if STATE.expired:
            return {'status': 'timeout'}, False
        return {'status': 'returned', 'value': _Writer(value_chars).write(value)}, False
    except TimeUp:
        return {'status': 'timeout'}, not started
    except Flood:
        return _flood(), False
    except TooBig as error:
        return {'status': 'too-big', 'error': str(error)}, False
    except BaseException as error:
        if STATE.expired:
            return {'status': 'timeout'}, not started
        return _raised(error), not started


def _execute(program, inputs, alone, value_chars):
    code, notes = examine(program)
    calls = []
    tame = notes.tame
    for source in inputs:
        try:
            call, call_tame = examine_input(source)
            tame = tame and call_tame
        except Refused as refused:
            status = 'raised' if refused.status == 'syntax' else refused.status
            if status == 'unsafe':
                return {'status': 'unsafe', 'error': f'in an input: {refused.message}'}, notes
            call = {'status': 'raised', 'error': f'{refused.message} (in the input)'}
        calls.append(call)
    if not tame and not alone:
        raise Alone
    results = []
    if not calls:
        failed = _call(code, None, alone, value_chars)[0]
        if failed is not None:
            return _whole(failed), notes
    for index, call in enumerate(calls):
        if STATE.expired:
            results.append({'status': 'timeout'})
        elif type(call) is dict:
            results.append(call)
        else:
            result, program_failed = _call(code, call, alone, value_chars)
            if program_failed and not any(one['status'] != 'raised' for one in results):
                return _whole(result), notes
            results.append(result)
    return {'status': 'ran', 'calls': results}, notes


def _whole(result):
    """A call's failure as the failure of the whole program."""
    if result['status'] == 'timeout':
        return {'status': 'timeout', 'error': 'timed out before f was called'}
    if result['status'] == 'too-big':
        return {'status': 'raised', 'error': result['error']}
    return result


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


# --- programs that run once, as benchmarks' harnesses run them ------------------------------------

# What LiveCodeBench's harness puts before every program.
PRELUDE_STARS = """string re datetime collections heapq bisect copy math random statistics itertools functools
    operator io sys json builtins typing""".split()
PRELUDE_MODULES = """string re datetime collections heapq bisect copy math random statistics itertools
    functools operator io sys json""".split()
PRELUDE = (
    ''.join(f'from {name} import *\n' for name in PRELUDE_STARS)
    + ''.join(f'import {name}\n' for name in PRELUDE_MODULES)
    + 'sys.setrecursionlimit(50000)\n'
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


def _scope(how, alone, name):
    namespace = _namespace(alone, name)
    if how.get('prelude'):
        sys.setrecursionlimit(50_000)
        if alone:
            exec(PRELUDE, namespace)
        else:
            namespace.update(_prelude)
    return namespace


def _find(namespace, entry):
    """The function to call: at the top, or a method of LeetCode's `Solution`."""
    solution = namespace.get('Solution')
    if isinstance(solution, type) and entry not in namespace:
        return getattr(solution(), entry)
    if entry not in namespace:
        raise NameError(f'the program defines no {entry}')
    return namespace[entry]


def _outcome(act, value_chars):
    """What `act` returns or prints, as the result of a call."""
    try:
        value = act()
        if STATE.expired:
            return {'status': 'timeout'}
        try:
            return {'status': 'returned', 'value': _Writer(value_chars).write(value)}
        except TooBig:
            return {'status': 'returned', 'value': _digest(value)}
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
        found.append(_find(namespace, how['entry']))

    failed = _outcome(define, value_chars)
    if failed['status'] != 'returned':
        return _whole(failed)
    # Inputs are data; only where they name what the program defines are they read in its namespace.
    scope = namespace if how.get('scope') == 'program' else {'__builtins__': namespace['__builtins__']}
    here = {'f': found[0]}
    results = []
    for call, limit in zip(calls, limits):
        yield limit
        result = _timed(lambda: eval(call, scope, here), value_chars)
        results.append(result)
        if result['status'] != 'returned':
            break
    return {'status': 'ran', 'calls': results}


def _printed():
    text = ''.join(STATE.kept)
    STATE.kept = None
    return text


def _stdin_runs(code, inputs, how, alone, value_chars, limits):
    """Runs the program afresh on each text of standard input; what it prints is its value."""
    results = []
    for index, (text, limit) in enumerate(zip(inputs, limits)):
        yield limit
        namespace = _scope(how, alone, '__main__')
        sys.stdin = _stdin(text)
        if alone:
            vars(builtins)['open'] = lambda *_more, **_options: _stdin(text)
        STATE.kept = []
        STATE.printed = 0

        def act():
            try:
                exec(code, namespace)
            except SystemExit:
                pass
            return _printed()

        result = _timed(act, value_chars)
        STATE.kept = None
        results.append(result)
        if result['status'] != 'returned':
            break
    return {'status': 'ran', 'calls': results}


def _judge(request):
    """One program, step by step: yields the milliseconds of the next step, returns its result."""
    STATE.expired = False
    STATE.printed = 0
    STATE.print_limit = request['printChars']
    STATE.kept = None
    sys.stdin = _stdin('')
    alone, inputs, value_chars = request['alone'], request['inputs'], request['valueChars']
    how = request.get('how')
    notes = None
    try:
        # Runs of one program in one call differ in their seed, so that randomness shows; the same
        # call made again gives the same results.
        if alone or 'random' in request['program'] or (how and how.get('prelude')):
            random.seed(request['seed'])
        if how is None:
            result, notes = _execute(request['program'], inputs, alone, value_chars)
        else:
            prelude = how.get('prelude', False)
            code, notes = examine(request['program'], prelude)
            tame = notes.tame and not (prelude and _is_alone_in_prelude(code))
            if how['kind'] == 'once':
                pairs = [examine_input(source) for source in inputs]
                tame = tame and all(pair[1] for pair in pairs)
                inputs = [pair[0] for pair in pairs]
            if not tame and not alone:
                raise Alone
            run = _calls_once if how['kind'] == 'once' else _stdin_runs
            result = yield from run(code, inputs, how, alone, value_chars, how['ms'])
    except Alone:
        result = {'status': 'alone'}
    except Refused as refused:
        result = {'status': refused.status, 'error': refused.message}
        if refused.line is not None:
            result['line'] = refused.line
    except TimeUp:
        result = {'status': 'timeout', 'error': 'timed out'}
    if notes is not None and (notes.imports or how is not None) and not alone and not _settle(notes, how):
        result['dirty'] = True
    return result


_steps = None


def begin(request):
    """One program, as JSON in and out: {program, inputs, seed, alone, valueChars, printChars, how?} to a
    ProgramResult of ports.ts, or {"status": "alone"}; `dirty` is set where the interpreter must go.
    Where there are more steps to come, the milliseconds of the next one instead: call `step` then."""
    global _steps
    _steps = _judge(json.loads(request))
    return step()


def step():
    try:
        return str(next(_steps))
    except StopIteration as stop:
        return json.dumps(stop.value)
    except TimeUp:
        return json.dumps({'status': 'timeout', 'error': 'timed out', 'dirty': True})


def prepare():
    """Last step before the snapshot: everything that runs later is loaded, warm and settled."""
    warnings.simplefilter('ignore')
    sys.stdout = sys.stderr = SINK
    sys.setrecursionlimit(RECURSION_LIMIT)
    # Programs take it for infinity; that this interpreter has 32 bits is not theirs to know.
    sys.maxsize = 2**63 - 1
    # Some names of `typing` and parts of `string` come into being when they are first used.
    for name in SHARED['typing'].__all__:
        getattr(SHARED['typing'], name)
    SHARED['string'].Template('$a').substitute(a=1)
    warm_up = 'import math\nclass A:\n    pass\ndef f(x):\n    return [math.sqrt(v) for v in x]'
    request = dict(program=warm_up, inputs=['[1, 2]', '[3]'], seed=0, alone=False, valueChars=100, printChars=100)
    begin(json.dumps(request))
    _prepare_prelude()
    sys.setrecursionlimit(RECURSION_LIMIT)
    for name, module in SHARED.items():
        _baselines[name] = [
            (vars(owner), len(vars(owner)), list(vars(owner).values())) for owner in _owners(module)
        ]
    _baselines['<judge>'] = [(vars(one), len(vars(one)), list(vars(one).values())) for one in (_Sink, _Bytes)]
    _programs.clear()
    _inputs.clear()
    gc.collect()
    gc.freeze()
