"""What the pages for people name exists, and what exists is named in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from opsproof.cli import main
from opsproof.environment.load import load_systems
from opsproof.environment.pins import read_pins
from opsproof.hooks.options import add_options
from opsproof.sources.drill.settings import DrillSettings
from tests.docs.pages import ROOT, Step, documents, prose
from tests.testbed.__main__ import COMMANDS

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
PYTESTS_OWN = {"--collect-only", "--junitxml", "--html", "--lf"}
OTHERS = {
    "--no-deps", "--no-build-isolation", "--bind", "--directory", "--wheel", "--find-links", "--replicas",
    "--overwrite", "--all", "--no-pager", "--output", "--property", "--help",
    "--create", "--no-owner",
}  # fmt: skip
WRITTEN_LATER: set[str] = set()


class Options:
    """What `add_options` declares, without a pytest of its own."""

    def __init__(self) -> None:
        self.options: set[str] = set()
        self.ini: set[str] = set()
        add_options(self)  # type: ignore[arg-type]

    def getgroup(self, *words: str) -> Options:
        return self

    def addoption(self, name: str, **more: object) -> None:
        self.options.add(name)

    def addini(self, name: str, *more: object, **other: object) -> None:
        self.ini.add(name)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def all_text() -> str:
    return "\n".join(page.read_text() for page in documents())


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files of the repository and headings in them; nothing links out of it."""
    for link in _LINK.findall(prose(page.read_text())):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert "://" not in link, link
        if target.relative_to(ROOT).as_posix() not in WRITTEN_LATER:
            assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    """No page that nobody finds."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        waiting += [
            (page.parent / link.partition("#")[0]).resolve()
            for link in _LINK.findall(prose(page.read_text()))
        ]
    assert set((ROOT / "docs").glob("*.md")) <= seen


def test_every_option_that_is_named_exists() -> None:
    """Ours, or one of the others that the pages use."""
    commands = {option for command in main.commands.values() for one in command.params for option in one.opts}
    known = Options().options | commands | PYTESTS_OWN | OTHERS
    named = {
        option
        for page in documents()
        if page.name != "CHANGELOG.md"
        for option in _OPTION.findall(page.read_text())
    }
    assert named - known == set()


def test_every_option_setting_and_command_is_documented() -> None:
    """Whoever adds one writes it down."""
    text = all_text()
    found = Options()
    missing = [name for name in found.options | found.ini if f"`{name}" not in text]
    missing += [name for name in main.commands if not re.search(rf"opsproof {name}\b", text)]
    missing += [name for name in COMMANDS if f"tests.testbed {name}" not in text]
    assert missing == []


def test_every_opsproof_command_that_is_shown_exists() -> None:
    """In fenced commands and in the text."""
    commands = [step.text for page in documents() for step in steps_of_shell(page)]
    named = set(re.findall(r"`opsproof ([a-z]+)", all_text()))
    named |= set(re.findall(r"^opsproof ([a-z]+)", "".join(commands), re.MULTILINE))
    assert named <= set(main.commands)
    assert named


def test_commands_of_the_testbed_page_exist() -> None:
    page = (ROOT / "docs" / "testbed.md").read_text()
    assert set(re.findall(r"tests\.testbed ([a-z]+)", page)) == set(COMMANDS)


def test_the_readme_begins_with_the_two_commands() -> None:
    """The first two `sh` blocks, one line each: a Monday's run on the demo, and the tests."""
    blocks = [step.text for step in steps_of_shell(ROOT / "README.md")]
    assert all(block.count("\n") == 1 for block in blocks[:2])
    assert 'pytest checks -m "daily or weekly"' in blocks[0]
    assert "-m tests" in blocks[1]
    assert all(shlex.split(block) for block in blocks)


def steps_of_shell(page: Path) -> list[Step]:
    fences = re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [Step(text) for text in fences]


def test_the_examples_of_a_system_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`docs/system.md`: all its files, in the folder of a system, have nothing wrong; every key is in them."""
    page = (ROOT / "docs" / "system.md").read_text()
    folder = tmp_path / "checks" / "systems" / "shop"
    examples = re.findall(r"^## (\S+\.yaml)\n.*?^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert [name for name, _ in examples] == [
        "system.yaml",
        "runbook.yaml",
        "environments/production.yaml",
        "checks/secrets.yaml",
        "waivers.yaml",
    ]
    for name, text in examples:
        file = tmp_path / name if name.startswith("checks/") else folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    loaded = load_systems(folder.parent)

    pins = read_pins(tmp_path / "checks")
    assert pins is not None
    assert [str(problem) for problem in (*loaded.problems, *pins.problems)] == []
    shop = loaded.systems["shop"]
    assert list(shop.requirements) == ["SH-001", "SH-002", "SH-003"]
    assert len(shop.waivers) == len(shop.procedures) == len(shop.environments) == 1


def test_every_key_of_a_systems_files_is_explained() -> None:
    """Each key of each shape stands in the examples of `docs/system.md`."""
    from opsproof.environment.environment import EnvironmentShape, NotApplicableShape, QuietHoursShape
    from opsproof.environment.kinds import settings_of, targeted
    from opsproof.environment.runbook import AdoptionShape, ProcedureShape, RequirementShape, StepShape
    from opsproof.environment.settings import BudgetShape
    from opsproof.environment.shape import allowed_keys
    from opsproof.environment.system import RunbookShape, SeverityShape, SystemShape
    from opsproof.environment.waivers import WaiverShape

    page = (ROOT / "docs" / "system.md").read_text()
    shapes = [EnvironmentShape, NotApplicableShape, QuietHoursShape, AdoptionShape, ProcedureShape]
    shapes += [
        RequirementShape,
        StepShape,
        RunbookShape,
        SeverityShape,
        SystemShape,
        BudgetShape,
        WaiverShape,
    ]
    shapes += [settings_of(kind) for kind in targeted()]
    missing = {
        key
        for shape in shapes
        for key in allowed_keys(shape)
        if not re.search(rf"\b{re.escape(key)}\b", page)
    }
    assert missing == set()


def test_the_picture_is_whole_and_plain() -> None:
    """docs/architecture.svg is XML, has a title, and neither scripts nor anything from elsewhere."""
    from xml.etree import ElementTree

    tree = ElementTree.parse(ROOT / "docs" / "architecture.svg").getroot()
    tags = {one.tag.rpartition("}")[2] for one in tree.iter()}
    assert {"title", "desc", "text"} <= tags
    assert not tags & {"script", "image", "use", "foreignObject"}


def test_the_drills_of_the_drill_page_can_be_written_so() -> None:
    """`docs/drill.md`: what it shows under `targets` is what a target of kind drill takes."""
    page = (ROOT / "docs" / "drill.md").read_text()
    shown = [
        yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    ]
    targets = [target for one in shown if "targets" in one for target in one["targets"].values()]
    assert len(targets) > 1
    for target in targets:
        target.pop("kind", None)
        DrillSettings.model_validate(target)
