"""pytest's JUnit log: workers add to it, and its cases stand in collection order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest


class JunitOrder:
    """Puts the JUnit plugin's test cases into collection order: workers report as they finish.

    A case forgets its node id when it is finished, so the ids are noted when it begins.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._nodes: dict[int, str] = {}

    def _cases(self) -> list[Any]:
        from _pytest.junitxml import xml_key

        log = self._config.stash.get(xml_key, None)
        return log.node_reporters_ordered if log is not None else []

    def note(self, nodeid: str) -> None:
        """Reports of this node have just been passed on."""
        if cases := self._cases():
            for case in reversed(cases):
                if id(case) in self._nodes:
                    break
                self._nodes[id(case)] = nodeid

    def sort(self, nodeids: Iterable[str]) -> None:
        """Put the cases into this order; what is not in it (broken modules) comes first."""
        if cases := self._cases():
            order = {nodeid: place for place, nodeid in enumerate(nodeids)}
            cases.sort(key=lambda case: order.get(self._nodes.get(id(case), ""), -1))


def detach(config: pytest.Config) -> None:
    """Let a worker's tests record XML attributes, but leave the reports to the controller."""
    from _pytest.junitxml import xml_key

    log = config.stash.get(xml_key, None)
    if log is not None:
        config.pluginmanager.unregister(log)
        log.global_properties.clear()
        log.node_reporters.clear()
        log.node_reporters_ordered.clear()


def attach(config: pytest.Config) -> None:
    """Let a spawned worker's tests record, too: pytest gives a process with ``workerinput`` no log.

    Nothing is written: it is not among the plugins.
    """
    from _pytest.junitxml import LogXML, xml_key

    path = config.option.xmlpath
    if path:
        config.stash[xml_key] = LogXML(path, None, family=config.getini("junit_family"))


def take_attributes(config: pytest.Config) -> dict[str, str]:
    """XML attributes that the test just run recorded in this worker (``record_xml_attribute``)."""
    from _pytest.junitxml import xml_key

    log = config.stash.get(xml_key, None)
    if log is None or not log.node_reporters_ordered:
        return {}
    found = {key: value for each in log.node_reporters_ordered for key, value in each.attrs.items()}
    log.node_reporters_ordered.clear()
    log.node_reporters.clear()
    return found


def take_properties(config: pytest.Config) -> list[tuple[str, str]]:
    """What this worker recorded for the whole suite (``record_testsuite_property``)."""
    from _pytest.junitxml import xml_key

    log = config.stash.get(xml_key, None)
    return list(log.global_properties) if log is not None else []


def add(
    config: pytest.Config,
    *,
    nodeid: str = "",
    attributes: Mapping[str, str] | None = None,
    properties: Sequence[tuple[str, str]] = (),
) -> None:
    """Add what workers recorded to the controller's JUnit log."""
    from _pytest.junitxml import xml_key

    log = config.stash.get(xml_key, None)
    if log is None:
        return
    log.global_properties.extend((name, value) for name, value in properties)
    for name, value in (attributes or {}).items():
        log.node_reporter(nodeid).add_attribute(name, value)
