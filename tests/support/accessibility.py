"""What axe-core finds on a page that is hard to use for somebody: who sees little, who listens, who has no mouse.

`axe_core/` holds axe.min.js 4.14.1 as the npm package of that version has it, with its licences (MPL-2.0, and those of
what it brings): the packages on PyPI lag behind, or bring another driver of browsers.
"""

from pathlib import Path

from tests.support.browser import Browser

_AXE = Path(__file__).with_name("axe_core") / "axe.min.js"
# What it is not sure about is told apart by it, and not asked for.
_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(found => done(found.violations.flatMap(it => it.nodes.map(
  node => `${it.id} (${it.impact}): ${node.failureSummary}\\n  ${node.html}`))), error => done([String(error)]));
"""


def findings(browser: Browser) -> list[str]:
    """Everything it finds on the page that is open, in words: WCAG 2.2 A and AA, and what it calls best practice."""
    driver = browser.driver
    if not driver.execute_script("return window.axe !== undefined"):
        # As the driver does it, the page's Content-Security-Policy is not asked.
        driver.execute_script(_AXE.read_text(encoding="utf-8"))
    found: list[str] = driver.execute_async_script(_RUN)
    return found
