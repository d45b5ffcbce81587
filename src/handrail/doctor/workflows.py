"""Workflows of CI (D15)."""

from collections import Counter
from collections.abc import Iterator

from handrail.ci import dependabot
from handrail.ci.drifting import drift
from handrail.ci.generated import is_ours
from handrail.ci.linting import lint
from handrail.ci.pins import load_pins
from handrail.ci.places import generated_places, provider_of
from handrail.ci.project import project_of
from handrail.ci.stages import StageError, staged
from handrail.ci.tree import NoYamlError
from handrail.doctor.findings import Around, Finding, Weight


def workflows(around: Around) -> Iterator[Finding]:
    """D15: generated workflows are what would be generated, and the others have no known fault."""
    provider = provider_of(around.root)
    there = generated_places(around.root, provider)
    settings = around.settings
    if settings is not None and (settings.stages or any(map(is_ours, there.values()))):
        project = project_of(around.root, around.document)
        try:
            stages = staged(settings, project, load_pins())
        except StageError as error:
            yield Finding(what=error.what, where=error.where, fix=error.hint)
            return
        for each in drift(provider, project, stages, there):
            yield Finding(what=each.what, where=each.path, fix=each.fix)
    flows = {path: text for path, text in there.items() if path != dependabot.PATH}
    try:
        found = Counter(each.code for each in lint(flows).findings)
    except NoYamlError:
        return
    if found:
        listed = ", ".join(f"{code}: {count}" for code, count in sorted(found.items()))
        yield Finding(
            what="workflows have known faults",
            where=listed,
            fix="handrail ci check",
            weight=Weight.NOTE,
        )
