"""What the rounds of ``--watch`` have told about the tests, and what that makes of the next one."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from handrail.core.affected import Selection
from handrail.core.folding import is_bad, last_attempts
from handrail.frozen import dataclass, replace
from handrail.model.records import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Tests and test modules, as the last rounds told of them. Relative to the root."""

    modules: frozenset[str] = frozenset()
    """Those that everything consists of, as far as known."""
    failed: frozenset[str] = frozenset()
    """Tests whose last attempt was bad."""
    broken: frozenset[str] = frozenset()
    """Modules that could not be collected."""

    @property
    def bad_modules(self) -> frozenset[str]:
        """Those in which something has gone wrong last."""
        return self.broken | frozenset(map(module_of, self.failed))

    @property
    def bad_tests(self) -> frozenset[str]:
        """What to run of these modules; nothing: all of it."""
        return frozenset() if self.broken else self.failed

    def after(self, record: RunRecord, *, is_everything: bool) -> "Known":
        """What is known after a round. ``is_everything``: no test was left out of it."""
        bad = _bad_tests(record)
        broken = frozenset(module_of(each.node) for each in record.collection_failures)
        failed = (self.failed - passed(record)) | bad
        if record.collected is None:
            return replace(self, failed=failed, broken=self.broken | broken)
        tests = frozenset(record.collected.tests)
        found = frozenset(map(module_of, tests)) | broken
        return Known(
            modules=found if is_everything else self.modules | found,
            failed=frozenset(
                each for each in failed if each in tests or module_of(each) not in found
            ),
            broken=broken if is_everything else (self.broken - found) | broken,
        )

    def changed(self, *, new: AbstractSet[str], gone: AbstractSet[str]) -> "Known":
        """What is known when modules have appeared and vanished."""
        return Known(
            modules=(self.modules | new) - gone,
            failed=frozenset(each for each in self.failed if module_of(each) not in gone),
            broken=self.broken - gone,
        )


def module_of(test: str) -> str:
    """The file that a test is in."""
    return test.partition("::")[0]


def passed(record: RunRecord) -> frozenset[str]:
    """Tests that need not be run again."""
    return frozenset(last_attempts(record)) - _bad_tests(record)


def _bad_tests(record: RunRecord) -> frozenset[str]:
    return frozenset(test for test, each in last_attempts(record).items() if is_bad(each))


def still_done(done: Iterable[str], saved: Selection) -> frozenset[str]:
    """Of what a round has done that was cut off, what a save does not affect."""
    if saved.is_everything:
        return frozenset()
    return frozenset(each for each in done if module_of(each) not in saved.modules)


def new_modules(changed: Iterable[str], modules: AbstractSet[str]) -> frozenset[str]:
    """Files that are test modules which pytest would find beside those that it found."""
    beside = {each.rpartition("/")[0] for each in modules}
    return frozenset(
        each for each in changed if _is_module(each) and each.rpartition("/")[0] in beside
    )


def _is_module(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith("_test.py") or (name.startswith("test_") and name.endswith(".py"))


def says_what_to_install(path: str) -> bool:
    """Whether a file is one that names what the project requires."""
    is_list = path.startswith("requirements") and path.endswith(".txt")
    return path == "pyproject.toml" or path.endswith(".lock") or is_list
