"""Checks a page against WCAG 2.2 AA with axe-core."""

from importlib import resources

from playwright.sync_api import Page

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async tags => {
  const found = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
  return found.violations.map(rule => [rule.id, rule.help, rule.nodes.map(
    node => `${node.target.join(" ")}: ${node.failureSummary}`)]);
}"""


def problems_of(page: Page) -> list[str]:
    """Violations of WCAG 2.2 AA that a machine can find: page, rule, element and remedy."""
    page.evaluate(AXE)
    violations = page.evaluate(RUN, TAGS)
    return [
        f"{page.url}: {rule} ({text})\n  " + "\n  ".join(nodes) for rule, text, nodes in violations
    ]


def assert_accessible(page: Page) -> None:
    """The page has no such violation."""
    found = problems_of(page)
    assert not found, "\n".join(found)
