"""Start pytest as its own script would, with as little time lost as can be.

The same ``sys.path[0]`` and ``sys.argv[0]`` as the ``pytest`` script; a quick exit at the end,
because freeing every object of a test session one by one takes up to a quarter of its time.

Started with two descriptors, ``in,out``, it imports pytest and waits on the first one for an order:
a line of JSON with ``arguments``, ``folder`` and, unless the caller's terminal is wanted, ``output``
(the path to which everything printed is appended). Started with anything else, these are pytest's
arguments. ``--warm`` or ``--lasting`` and a socket: one of many that are forked here
(``execution.warmed``, ``execution.lasting``).
"""

import gc
import os
import signal
import sys


def main() -> None:
    """Run pytest with the arguments of this process, or of the order, then leave at once."""
    # Started in the background of a script, this process ignores SIGINT, by which it is interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()  # nothing of what is imported becomes garbage; the plugin enables it for the tests
    scripts = os.path.dirname(sys.executable)
    sys.path[0] = scripts
    if sys.argv[1:2] == ["--warm"]:
        _import_plugins_of_pytest()
        from handrail.execution.warmed import serve

        sys.argv[1:] = [serve(int(sys.argv[2]))]  # returns in every session that it forks
    if sys.argv[1:2] == ["--lasting"]:
        sys.argv[1:] = [_last(int(sys.argv[2]))]
    has_order = len(sys.argv) == 2 and sys.argv[1].replace(",", "").isdigit()
    try:
        from _pytest import config  # what the script of pytest calls, under the name of its version
    except BaseException:
        if has_order:  # which says where a traceback can be read
            _take_order(int(sys.argv[1].partition(",")[0]))
        raise
    if has_order:
        _take_order(int(sys.argv[1].partition(",")[0]))
    sys.argv[0] = os.path.join(scripts, "pytest")
    console_main = getattr(config, "_console_main", None) or config.console_main
    code = int(console_main())
    from handrail.system.leaving import leave

    leave(code)


def _last(descriptor: int) -> str:
    from handrail.execution.inheritance import Reading

    with Reading() as reading:
        _import_plugins_of_pytest()
    from handrail.execution.lasting import serve

    return serve(descriptor, reading)


def _import_plugins_of_pytest() -> None:
    """What every session needs, and gets before it rewrites the asserts of anything."""
    from importlib import import_module

    from _pytest.config import default_plugins

    for name in ("pytest", *(f"_pytest.{each}" for each in default_plugins)):
        import_module(name)


def _take_order(source: int) -> None:
    import json

    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(source, 1)
        if not byte:
            os._exit(0)  # whoever started this has nothing to run
        line += byte
    order = json.loads(line)
    sys.argv[1:] = order["arguments"]
    os.chdir(order["folder"])
    if order["output"] is not None:
        os.setpgid(0, 0)
        _redirect(os.open(os.devnull, os.O_RDONLY), 0)
        _redirect(_open_log(order["output"]), 1, 2)


def _open_log(path: str) -> int:
    """A file that several processes append to, or nothing where it cannot be made (a full disk)."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def _redirect(source: int, *targets: int) -> None:
    for target in targets:
        os.dup2(source, target)
    os.close(source)


if __name__ == "__main__":
    main()
