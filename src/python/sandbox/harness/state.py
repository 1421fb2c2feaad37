"""What the program that runs has used up, and the streams and builtins that it is given."""

import builtins
import io
import signal


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
    __slots__ = ('expired', 'wild', 'printed', 'print_limit', 'kept')

    def __init__(self):
        self.expired, self.wild, self.printed, self.print_limit = False, False, 0, 0
        # What is printed, where somebody wants it.
        self.kept = None


STATE = _State()


def _expire(_number, _frame):
    STATE.expired = True
    raise TimeUp


signal.signal(signal.SIGINT, _expire)


def _count(text):
    if not isinstance(text, str):
        raise TypeError(f'write() argument must be str, not {_type_name(type(text))}')
    STATE.printed += str.__len__(text)
    if STATE.printed > STATE.print_limit:
        raise Flood


class _Bytes:
    """`sys.stdout.buffer`."""

    __slots__ = ()

    def write(self, data):
        SINK.write(bytes(data).decode('utf-8', 'replace'))
        return len(data)

    def flush(self):
        pass


class _BytesAside(_Bytes):
    """`sys.stderr.buffer`."""

    __slots__ = ()

    def write(self, data):
        ASIDE.write(bytes(data).decode('utf-8', 'replace'))
        return len(data)


class _Sink:
    """Standard output of programs: counted, and kept where it is the answer."""

    __slots__ = ()
    encoding = 'utf-8'
    errors = 'strict'
    buffer = _Bytes()

    def write(self, text):
        _count(text)
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


class _Aside(_Sink):
    """Standard error: counted, and no part of the answer."""

    __slots__ = ()
    buffer = _BytesAside()

    def write(self, text):
        _count(text)
        return len(text)


SINK = _Sink()
ASIDE = _Aside()


def _stdin(text):
    """Standard input that holds `text`. A class of C: no program can change it for the next."""
    stream = io.StringIO(text)
    stream.buffer = io.BytesIO(text.encode('utf-8', 'surrogatepass'))
    return stream


def _leave(code=None):
    raise SystemExit(code)


def _kind(value):
    """`type` for programs that share an interpreter. Of a class it is what makes classes, of methods that are
    named by strings: no tame program has that, and this one turns out not to be tame."""
    kind = type(value)
    if issubclass(kind, type):
        STATE.wild = True
        raise Alone
    return kind


vars(builtins).update(exit=_leave, quit=_leave)
# A copy, for programs that share an interpreter.
BUILTINS = {
    name: value
    for name, value in vars(builtins).items()
    if name not in ('copyright', 'credits', 'license', 'help', '__spec__', '__loader__')
}
BUILTINS['type'] = _kind
