"""The HTML part, in a real browser: readable on a phone, by day and by night, whatever texts stand in it."""

import html
import json
import re
import subprocess

import pytest

from ci_reporter.notify.content import content
from ci_reporter.notify.email.page import page
from ci_reporter.notify.language import Language
from tests.conftest import installed
from tests.notify.makers import hostile_alert, huge_alert, make_alert

ALERTS = {"whole": make_alert(), "hostile": hostile_alert(), "huge": huge_alert()}
# Each mail in a frame as wide as a small phone: what sticks out of it, what has too little contrast (WCAG 2.1, 1.4.3),
# what was loaded, and what ran.
MEASURE = """
const luminance = colour => {
  const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(each => each / 255);
  const [r, g, b] = parts.map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (; element; element = element.parentElement) {
    const colour = getComputedStyle(element).backgroundColor;
    if (colour !== 'rgba(0, 0, 0, 0)') return colour;
  }
};
const contrast = element => {
  const two = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((a, b) => b - a);
  return (two[0] + 0.05) / (two[1] + 0.05);
};
window.onload = () => {
  const found = {};
  for (const frame of document.querySelectorAll('iframe')) {
    const inside = frame.contentDocument, texts = [];
    const walk = inside.createTreeWalker(inside.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (walk.currentNode.data.trim() && walk.currentNode.data.trim() !== '\\u00a0')
      texts.push(walk.currentNode.parentElement);
    found[frame.id] = {
      width: inside.documentElement.scrollWidth,
      least: Math.min(...texts.map(contrast)),
      loaded: frame.contentWindow.performance.getEntriesByType('resource').length,
      scripts: inside.scripts.length,
      links: [...inside.links].map(each => each.href),
      dark: luminance(behind(inside.body)) < 0.2,
    };
  }
  document.getElementById('found').textContent = JSON.stringify(found);
};
"""


def measure(folder, scheme):
    """What a browser finds in the mails, in its light or its dark scheme."""
    frames = "".join(
        f'<iframe id="{name}" width="360" height="640" srcdoc="{html.escape(page(content(alert)))}"></iframe>'
        for name, alert in ALERTS.items()
    )
    (folder / "mails.html").write_text(f"<!DOCTYPE html>{frames}<pre id=found></pre><script>{MEASURE}</script>")
    command = [
        installed("chromium"),
        "--headless",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--dump-dom",
    ]
    settings = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    ran = subprocess.run(
        [*command, f"--user-data-dir={folder / 'profile'}", settings, f"file://{folder / 'mails.html'}"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )
    found = re.search(r"<pre id=\"found\">(.*?)</pre>", ran.stdout, re.DOTALL)
    assert found and found[1], ran.stderr[-1000:]
    return json.loads(html.unescape(found[1]))


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_well_on_a_phone(tmp_path, scheme):
    for name, found in measure(tmp_path, scheme).items():
        assert found["width"] <= 360, name
        assert found["least"] >= 4.5, name
        assert (found["loaded"], found["scripts"]) == (0, 0), name
        assert found["dark"] is (scheme == "dark"), name
        assert all(each.startswith("https://") and "evil.example" not in each for each in found["links"]), name


@pytest.mark.parametrize("language", Language)
def test_gmail_does_not_cut_it(language):
    assert len(page(content(huge_alert(), language)).encode()) < 100_000


def test_what_others_wrote_is_shown_as_it_is():
    made = page(content(hostile_alert()))
    assert "<script>" not in made
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made
