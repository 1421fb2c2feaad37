"""Programs that run afresh for each input."""

import builtins


def _raised(error):
    """What a person needs of an exception. Its `__str__` may be the program's, and may raise."""
    name = _type_name(type(error))
    try:
        # The text of a subclass of `str`, without its own methods.
        text = str.__str__(str(error))[:ERROR_CHARS]
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
    if not alone:
        return {'__name__': name, '__builtins__': OLDER_BUILTINS if STATE.older else BUILTINS}
    # A program that is alone may change its builtins, as anywhere else; it harms itself.
    if STATE.older:
        builtins.sum = _plain_sum
    return {'__name__': name, '__builtins__': vars(builtins)}


def _call(code, call, alone, value_chars):
    """Runs the program afresh and calls `f`; (result, whether the program itself failed)."""
    namespace = _namespace(alone)
    started = False
    STATE.flooded = False
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
        if STATE.flooded:
            return _flood(), False
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
            call = {'status': 'raised', 'error': f'{refused.message} (in the input)', 'ofInput': True}
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
