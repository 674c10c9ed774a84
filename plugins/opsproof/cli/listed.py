"""Checks and sources as text for a terminal, and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opsproof.cli.described import AskInfo, CheckInfo, LimitInfo, SourceInfo


def short(checks: Iterable[CheckInfo]) -> Iterator[str]:
    """One line each."""
    found = list(checks)
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        yield f"{one.name:{width}}  {one.level:8}  {one.title}"


def whole(one: CheckInfo) -> Iterator[str]:
    """All of one check."""
    yield one.name
    yield f"  {one.title} [{one.level}]"
    yield f"  {one.risk}"
    for section in ("scope", "limits"):
        for field in (field for field in one.limits if field.section == section):
            yield f"  {section}.{field.name}: {field.form}; {_default(field)}"
            if field.meaning:
                yield f"      {field.meaning}"
    for ask in one.asks:
        yield f"  asks {ask.source}: {_asked(ask)}" + ("" if ask.always else "  (where the row wants it)")
        yield from (f"      needs {need}" for need in ask.needs)
    if one.names:
        yield f"  names and metrics of the environment: {', '.join(one.names)}"


def source(one: SourceInfo) -> Iterator[str]:
    """All of one source."""
    yield f"{one.name}: {one.title}"
    yield from (f"  {line}" for line in one.says.splitlines() if line)
    for key in one.keys:
        yield f"  {key.name}: {key.form}" + (" (needed)" if key.required else "")
    if one.identities:
        yield f"  identity: {', '.join(one.identities)}"
    yield from (f"  to say who it is needs {need}" for need in one.needs)


def page(checks: Iterable[CheckInfo]) -> Iterator[str]:
    """Markdown: a table of all, then each."""
    found = list(checks)
    yield "# All checks"
    yield ""
    yield "What `opsproof checks` prints, of the library; `python -m tests.pages` writes this page. A row of a runbook"
    yield "names a check, and gives it `scope` (what to look at) and `limits`; what is *needed* has no default."
    yield ""
    yield "| check | level | holds when it passes |"
    yield "|---|---|---|"
    for one in found:
        yield f"| [{one.name}](#{_anchor(one.name)}) | {one.level} | {one.title} |"
    for one in found:
        yield ""
        yield from _section(one)


def _anchor(name: str) -> str:
    return name.replace("/", "")


def _section(one: CheckInfo) -> Iterator[str]:
    yield f"## {one.name}"
    yield ""
    yield f"{one.title}. {one.risk}"
    yield ""
    if one.limits:
        yield "| key | what to write | default | meaning |"
        yield "|---|---|---|---|"
        for field in sorted(one.limits, key=lambda field: (field.section != "scope", not field.required)):
            cells = (f"`{field.section}.{field.name}`", field.form, _default(field), field.meaning)
            yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
        yield ""
    for ask in one.asks:
        needs = f"; needs {', '.join(ask.needs)}" if ask.needs else ""
        wanted = "" if ask.always else " (where the row wants it)"
        yield f"- {ask.source}: `{_asked(ask)}`{needs}{wanted}"
    if one.names:
        yield ""
        yield f"Names and metrics of the environment: {', '.join(f'`{name}`' for name in one.names)}."


def _default(field: LimitInfo) -> str:
    return "needed" if field.required else field.default


def _asked(ask: AskInfo) -> str:
    what = ask.ask.rpartition("/")[2]
    if "query" in ask.fields:
        return " ".join(ask.fields["query"].split())
    return " ".join([what, *(f"{name}={value}" for name, value in ask.fields.items())])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
