"""Settings, projects and pins for tests of generated workflows."""

from handrail.ci.generating import files
from handrail.ci.pins import load_pins
from handrail.ci.project import Project
from handrail.ci.stages import Staged, staged
from handrail.config.loading import load_settings

PINS = load_pins()
TIERS = """
[tool.handrail.tiers.fast]
select = "not (integration or chaos)"
[tool.handrail.tiers.integration]
select = "integration and not chaos"
services = ["postgres"]
[tool.handrail.tiers.chaos]
select = "chaos"
gate = "destructive"
[tool.handrail.gates.destructive]
require = "flag"
"""
STAGES = """
[tool.handrail.stages.pr-fast]
on = ["pull_request", "merge_group"]
tiers = ["fast"]
shards = 2
budget = "5m"
[tool.handrail.stages.nightly]
on = ["schedule"]
tiers = ["fast", "integration"]
[tool.handrail.stages.chaos]
tiers = ["chaos"]
"""
SHOP = Project(requires_python=">=3.11,<3.14", install="python -m pip install --editable .")


def stages(text: str, project: Project = SHOP) -> Staged:
    return staged(load_settings(text), project, PINS)


def generated(text: str, provider: str = "github", project: Project = SHOP) -> dict[str, str]:
    return dict(files(provider, stages(text, project), project, PINS))
