"""Whether a program may run, and whether it is tame, by its syntax tree: nothing is run."""

import ast
import types
from collections import OrderedDict


def _refuse_module(name, node, notes):
    root = name.partition('.')[0]
    if root in BANNED_MODULES and not (root == 'threading' and notes.prelude):
        raise Refused('unsafe', f"importing '{name}' is not allowed", node.lineno)


class _Notes:
    """What examining a program found besides its code."""

    __slots__ = ('tame', 'imports', 'modules', 'stores', 'prelude')

    def __init__(self, prelude=False):
        # Whether it runs after what LiveCodeBench puts before every program.
        self.prelude = prelude
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
        _refuse_module(alias.name, node, notes)
        notes.imports.add(alias.name)
        if alias.name != 'sys' and alias.name not in SHARED:
            notes.tame = False
        elif alias.asname is None:
            root = alias.name.partition('.')[0]
            if notes.modules.setdefault(root, root) != root:
                notes.tame = False
        elif notes.modules.setdefault(alias.asname, alias.name) != alias.name:
            notes.tame = False


def _imports_by_call(node):
    """Whether it is `__import__('name')`: what is imported stands there, as in a statement."""
    return (
        type(node.func) is ast.Name
        and node.func.id == '__import__'
        and len(node.args) > 0
        and type(node.args[0]) is ast.Constant
        and type(node.args[0].value) is str
    )


def _import_from(node, notes):
    module = node.module or ''
    if node.level:
        notes.tame = False
        return
    _refuse_module(module, node, notes)
    notes.imports.add(module)
    if module == '__future__':
        return
    for alias in node.names:
        _refuse_module(f'{module}.{alias.name}', node, notes)
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
    named = set()
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
                if node.attr in HIDDEN_DUNDERS:
                    notes.tame = False
            elif node.attr == '__name__':
                named.add(node.value)
            elif node.attr == '__class__' and node not in named:
                # Of a class it is what makes classes, of methods that are named by strings.
                notes.tame = False
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
            elif _imports_by_call(node):
                _refuse_module(node.args[0].value, node, notes)
                notes.tame = False
                pending.extend(node.args[1:] + [keyword.value for keyword in node.keywords])
                continue
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


def _names(code):
    """The names that each of its code objects uses: globals, attributes, and what a class body binds."""
    pending = [code]
    while pending:
        one = pending.pop()
        yield one.co_names
        pending.extend(const for const in one.co_consts if type(const) is types.CodeType)


def _is_plain(source, code):
    """A cheap look at the compiled names that settles most programs: True where `_scan` would find
    the program tame, without imports and without attributes that are set."""
    for word in ('import', 'yield', 'async', 'match', 'type'):
        if word in source:
            return False
    for names in _names(code):
        if not SUSPECT_NAMES.isdisjoint(names):
            return False
        for name in names:
            if name[0] == '_' and name not in TAME_DUNDERS and name not in COMPILER_NAMES:
                return False
    return True


def _binds_wild(code):
    """Whether it uses a wild name at all: imports, patterns, classes and handlers bind names too."""
    return any(
        name[0] == '_' and _is_wild_dunder(name) and name not in COMPILER_NAMES
        for names in _names(code)
        for name in names
    )


def examine(source, prelude=False):
    """(code, notes) of a program; raises `Refused`."""
    key = (source, prelude)
    known = _programs.get(key)
    if known is not None:
        return known
    if len(source) > SOURCE_CHARS:
        raise Refused('syntax', f'the program is longer than {SOURCE_CHARS} characters')
    notes = _Notes(prelude)
    try:
        code = compile(source, PROGRAM, 'exec', dont_inherit=True)
        if prelude:
            # As if it had imported them itself.
            notes.modules.update((name, name) for name in PRELUDE_MODULES if name in SHARED or name == 'sys')
            notes.imports.update(PRELUDE_STARS)
        if prelude or not _is_plain(source, code):
            _scan(ast.parse(source, PROGRAM), notes)
            if notes.tame and _binds_wild(code):
                notes.tame = False
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise _syntax(error) from None
    return _remember(_programs, key, (code, notes))


def examine_input(source, whole=False):
    """(code, tame) of the call `f(<source>)`, or of the whole expression `source`; raises `Refused`."""
    key = (source, whole)
    known = _inputs.get(key)
    if known is not None:
        return known
    if len(source) > SOURCE_CHARS:
        raise Refused('syntax', f'the input is longer than {SOURCE_CHARS} characters')
    notes = _Notes()
    try:
        # On a line of its own, so that a comment at the end does not swallow the parenthesis.
        tree = ast.parse(f'({source}\n)' if whole else f'f({source}\n)', INPUT, 'eval')
        call = tree.body
        if whole:
            pass
        elif type(call) is not ast.Call or type(call.func) is not ast.Name or call.func.id != 'f':
            raise SyntaxError('not a list of arguments')
        _scan(tree, notes)
        code = compile(tree, INPUT, 'eval', dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise _syntax(error) from None
    return _remember(_inputs, key, (code, notes.tame))
