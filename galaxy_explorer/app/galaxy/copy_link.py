"""Button that copies the permalink of a galaxy."""

import streamlit as st

from galaxy_explorer.app.state import Key

BUTTON = """<button type="button" title="Permalink of this galaxy, network and answer">Copy link</button>"""
SCRIPT = """
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  const label = button.textContent;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(data);
    } catch { // without HTTPS browsers keep the clipboard to themselves
      return window.prompt(label, data);
    }
    button.textContent = "Link copied";
    setTimeout(() => (button.textContent = label), 2000);
  };
}
"""
STYLE = """
.st-key-copy_link button { all: unset; cursor: pointer; padding: 0.4rem 0.75rem; border-radius: 8px; }
.st-key-copy_link button { font-size: 0.875rem; border: 1px solid color-mix(in srgb, currentcolor 25%, transparent); }
.st-key-copy_link button:focus-visible { outline: 2px solid #7fb0e8; outline-offset: 2px; }
@media print { .st-key-copy_link { display: none !important; } }
"""


def copy_link(url: str) -> None:
    """Draw the button."""
    component = st.components.v2.component("copy_link", html=BUTTON, css=STYLE, js=SCRIPT, isolate_styles=False)
    component(key=Key.COPY_LINK, data=url)
