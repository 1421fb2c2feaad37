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

The files of this folder are parts of one module, run in the order of ../../harnessParts.ts: what one
defines, all later ones can use. This one: limits, and what programs may name.
"""

import builtins
import importlib

PROGRAM = '<program>'
INPUT = '<input>'
RECURSION_LIMIT = 1000
# Decimal digits of an integer that is read or printed.
DIGITS_LIMIT = 4300
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
    typing abc fractions decimal numbers statistics random copy datetime time array
    textwrap hashlib json""".split()
)
# What may be used of modules that also reach attributes by name, evaluate text, write into other
# modules, or hold objects that can be changed for everybody.
TAME_MEMBERS = {
    module: frozenset(members.split())
    for module, members in {
        'sys': """maxsize float_info int_info hash_info version version_info byteorder getsizeof intern
            setrecursionlimit getrecursionlimit set_int_max_str_digits get_int_max_str_digits stdin stdout stderr exit maxunicode""",
        'functools': 'cache cached_property cmp_to_key lru_cache partial reduce total_ordering',
        'typing': """Any Callable ClassVar Collection Counter DefaultDict Deque Dict Final FrozenSet
            Generator Generic Hashable Iterable Iterator List Literal Mapping MutableMapping
            MutableSequence MutableSet NamedTuple NewType NoReturn Optional OrderedDict Protocol Reversible
            Self Sequence Set Sized Tuple Type TypeAlias TypeVar Union TYPE_CHECKING cast overload""",
        # What is called to make a class takes its methods by name.
        'abc': 'ABC abstractmethod',
        'copy': 'copy deepcopy',
        'string': """ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits
            printable punctuation whitespace""",
        # Its class holds a table that anybody could write into.
        'textwrap': 'dedent fill indent shorten wrap',
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
    __main__ __future__""".split()
)
# Setting these of what all share shows in no dictionary.
HIDDEN_DUNDERS = frozenset(['__class__', '__name__', '__doc__'])
TAME_UNDERSCORES = frozenset(['_asdict', '_replace', '_fields', '_make'])
# Of strings: their fields read attributes by name.
FORMATTERS = frozenset(['format', 'format_map'])
SUSPECT_NAMES = BANNED_NAMES | BANNED_ATTRIBUTES | WILD_NAMES | WILD_ATTRIBUTES | FORMATTERS | {'__class__'}

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
