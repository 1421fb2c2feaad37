"""What the interpreter is asked for: `begin`, `step`, and before all `prepare`."""

import gc
import json
import random
import sys
import warnings


_RUNS = {'once': _calls_once, 'asked': _calls_once, 'stdin': _stdin_runs, 'steps': _steps_once, 'tests': _tests_run}
# Modules whose values depend on the state of `random`.
CHANCE = ('random', 'statistics')


def _judge(request):
    """One program, step by step: yields the milliseconds of the next step, returns its result."""
    result = yield from _judge_once(request)
    if _lacks_size(result) and not STATE.wide and not STATE.expired:
        if not request['alone']:
            return {'status': 'alone', **({'dirty': True} if result.get('dirty') else {})}
        _take_sizes()
        result = yield from _judge_once(request)
    return result


def _judge_once(request):
    STATE.expired = STATE.wild = STATE.flooded = False
    STATE.older = request.get('python') == '3.11'
    STATE.print_limit = request['printChars']
    if STATE.seen:
        _renew_streams()
        STATE.seen = False
    if STATE.told_limit != STATE.print_limit:
        _tell(STATE.print_limit)
        STATE.told_limit = STATE.print_limit
    alone, inputs, value_chars = request['alone'], request['inputs'], request['valueChars']
    how = request.get('how')
    notes = None
    try:
        # Runs of one program in one call differ in their seed, so that randomness shows; the same
        # call made again gives the same results.
        if alone or any(name in request['program'] for name in CHANCE) or (how and how.get('prelude')):
            random.seed(request['seed'])
        if how is None:
            result, notes = _execute(request['program'], inputs, alone, value_chars)
        else:
            prelude = how.get('prelude', False)
            if prelude:
                # The program's own literals count too, and its inputs'.
                sys.set_int_max_str_digits(PRELUDE_DIGITS)
            code, notes = examine(request['program'], prelude)
            tame = notes.tame and not (prelude and _is_alone_in_prelude(code))
            if how['kind'] in ('once', 'asked'):
                pairs = [examine_input(source, how['kind'] == 'asked') for source in inputs]
                tame = tame and all(pair[1] for pair in pairs)
                inputs = [pair[0] for pair in pairs]
            elif how['kind'] == 'steps':
                inputs = [json.loads(source) for source in inputs]
                tame = tame and all([_is_tame_step(one) for one in inputs])
            # What tests expect is nowhere near an answer.
            if how['kind'] == 'tests' or not tame:
                if not alone:
                    raise Alone
            run = _RUNS[how['kind']]
            result = yield from run(code, inputs, how, alone, value_chars, how['ms'])
    except Alone:
        result = {'status': 'alone'}
    except Refused as refused:
        result = {'status': refused.status, 'error': refused.message}
        if refused.line is not None:
            result['line'] = refused.line
    except TimeUp:
        result = {'status': 'timeout', 'error': 'timed out'}
    if notes is None or 'sys' in notes.imports:
        STATE.seen = True
    else:
        _empty_output()
    if STATE.wild and not alone:
        # Whatever came of it. It may have caught what stopped it.
        result, notes = {'status': 'alone'}, None
    if how is not None:
        sys.set_int_max_str_digits(DIGITS_LIMIT)
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
    _remember_baselines()
    _programs.clear()
    _inputs.clear()
    # Whoever starts from the snapshot has told them nothing.
    STATE.told_limit = None
    gc.collect()
    gc.freeze()
