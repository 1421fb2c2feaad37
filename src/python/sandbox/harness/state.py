"""What the program that runs has used up, and the streams and builtins that it is given."""

import builtins
import io
import os
import signal
import sys
import types


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


class Gone(BaseException):
    """`os._exit`: the program ends here, whatever it has not flushed."""


class _State:
    __slots__ = ('expired', 'wild', 'flooded', 'print_limit', 'told_limit', 'seen', 'older', 'wide')

    def __init__(self):
        self.expired, self.wild, self.flooded, self.print_limit = False, False, False, 0
        # The limit that the streams were told.
        self.told_limit = None
        # Whether a program may have got hold of the streams.
        self.seen = True
        # Whether `sum` is that of Python 3.11, and whether sizes have 64 bits.
        self.older = self.wide = False


STATE = _State()


def _expire(_number, _frame):
    STATE.expired = True
    raise TimeUp


def _overflow(_number, _frame):
    STATE.flooded = True
    raise Flood


signal.signal(signal.SIGINT, _expire)
signal.signal(signal.SIGUSR1, _overflow)


# A program that is alone may put others in their places.
_open, _read, _write, _close, _dup2 = os.open, os.read, os.write, os.close, os.dup2
_JUDGE = '/dev/judge'


def _tell(limit, kept=False, text=''):
    """What standard input holds, how many characters may be printed, and whether they are wanted."""
    judge = _open(_JUDGE, os.O_WRONLY)
    _write(judge, f'{limit} {int(kept)}\n'.encode() + text.encode('utf-8', 'surrogatepass'))
    _close(judge)


def _told():
    """What has been printed to standard output."""
    judge = _open(_JUDGE, os.O_RDONLY)
    parts = []
    while part := _read(judge, 1 << 20):
        parts.append(part)
    _close(judge)
    return b''.join(parts).decode('utf-8', 'replace')


class _Stream:
    """A standard stream as CPython opens it where it is a pipe and the locale says UTF-8. All of its layers
    are of classes of C: no program can change them for the next."""

    __slots__ = ('text', 'buffer', 'raw')

    def __init__(self, number, name, mode, errors):
        raw = self.raw = io.FileIO(number, mode, closefd=False)
        raw.name = f'<{name}>'
        # What Linux calls the block size of a pipe; what overtakes what in standard output depends on it.
        buffered = io.BufferedReader if mode == 'r' else io.BufferedWriter
        self.buffer = buffered(raw, 4096)
        self.text = io.TextIOWrapper(self.buffer, 'utf-8', errors, '\n', number == 2)
        self.text.mode = mode
        setattr(sys, name, self.text)
        setattr(sys, f'__{name}__', self.text)

    def flush(self):
        for layer in (self.text, self.buffer):
            try:
                layer.flush()
            except Exception:
                # A program may have closed it, its file too, taken it apart, or put in methods of its own.
                pass

    def close(self):
        """What is left of it writes nothing any more, not even when it is collected; and no method that a
        program has put into it is called."""
        for layer in (self.text, self.buffer, self.raw):
            vars(layer).clear()
        try:
            self.flush()
        except Flood:
            pass
        self.raw.close()


_streams = []


def _renew_streams():
    for stream in _streams:
        stream.close()
    _streams[:] = [
        _Stream(0, 'stdin', 'r', 'strict'),
        _Stream(1, 'stdout', 'w', 'strict'),
        _Stream(2, 'stderr', 'w', 'backslashreplace'),
    ]


def _flush_streams():
    for stream in _streams[1:]:
        stream.flush()


def _empty_output():
    """Of what a program has printed that can name no stream."""
    try:
        _streams[1].text.flush()
    except Flood:
        _renew_streams()


def _reopen_files():
    """Files 0, 1 and 2, of which a program that is alone may have closed any."""
    for number, name in enumerate(('stdin', 'stdout', 'stderr')):
        file = _open(f'/dev/{name}', os.O_WRONLY if number else os.O_RDONLY)
        if file != number:
            _dup2(file, number)
            _close(file)


def _leave(_, code=None):
    raise SystemExit(code)


def _kind(value):
    """`type` for programs that share an interpreter. Of a class it is what makes classes, of methods that are
    named by strings: no tame program has that, and this one turns out not to be tame."""
    kind = type(value)
    if issubclass(kind, type):
        STATE.wild = True
        raise Alone
    return kind


# Methods, whose attributes nobody can set.
vars(builtins).update(exit=types.MethodType(_leave, 0), quit=types.MethodType(_leave, 0))
# A copy, for programs that share an interpreter.
BUILTINS = {
    name: value
    for name, value in vars(builtins).items()
    if name not in ('copyright', 'credits', 'license', 'help', '__spec__', '__loader__')
}
BUILTINS['type'] = _kind
