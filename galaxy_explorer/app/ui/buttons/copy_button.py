"""Button that copies a text, such as the id of a galaxy or the link to it."""

import streamlit as st

from galaxy_explorer.app.state import Key

BUTTON = (
    '<button type="button"><span></span><svg viewBox="0 0 16 16" width="14" height="14" fill="none" '
    'stroke="currentColor" stroke-width="1.5" aria-hidden="true"><rect x="5.5" y="5.5" width="9" height="9" rx="2"/>'
    '<path d="M10.5 3.2A2 2 0 0 0 8.5 1.5h-5a2 2 0 0 0-2 2v5a2 2 0 0 0 1.7 2"/></svg></button>'
)
SCRIPT = """
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  const words = button.querySelector("span");
  const { text, label, title, done } = data;
  words.textContent = label;
  button.title = button.ariaLabel = title;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // without HTTPS browsers keep the clipboard to themselves
      return window.prompt(title, text);
    }
    button.ariaLabel = words.textContent = done;
    setTimeout(() => {
      words.textContent = label;
      button.ariaLabel = title;
    }, 2000);
  };
}
"""
STYLE = """
[class*="st-key-copy_"] button { all: unset; cursor: pointer; padding: 0.25rem 0.6rem; border-radius: 8px; }
[class*="st-key-copy_"] button { display: inline-flex; align-items: center; gap: 0.4rem; min-height: 1.4rem; }
[class*="st-key-copy_"] button { font-size: 0.875rem; white-space: nowrap; }
[class*="st-key-copy_"] span:empty { display: none; }
[class*="st-key-copy_"] button { border: 1px solid color-mix(in srgb, currentcolor 25%, transparent); }
[class*="st-key-copy_"] button:hover { background: color-mix(in srgb, currentcolor 8%, transparent); }
[class*="st-key-copy_"] button:focus-visible { outline: 2px solid #7fb0e8; outline-offset: 2px; }
@media print { [class*="st-key-copy_"] { display: none !important; } }
"""


def copy_button(key: Key, text: str, label: str, title: str, done: str) -> None:
    """Draw a button that copies a text.

    Parameters
    ----------
    key : Key
        Key of the button.
    text : str
        What is copied.
    label, title : str
        What the button shows, and what it does.
    done : str
        What it shows for two seconds after it has copied.
    """
    component = st.components.v2.component("copy_text", html=BUTTON, css=STYLE, js=SCRIPT, isolate_styles=False)
    component(key=key, data={"text": text, "label": label, "title": title, "done": done})
