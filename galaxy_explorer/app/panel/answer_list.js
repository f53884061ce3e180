const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const PAPER_PX = 700; // of A4 between its margins
export default function ({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector(".answers");
  const active = document.activeElement;
  const { column, question: number } = (list.contains(active) && active.closest("[data-column], [data-question]")?.dataset) || {};
  list.innerHTML = data;
  const buttons = [...list.querySelectorAll("button")];
  // One stop of the tab key; arrow keys move from there, up and down by questions.
  const stop = (button) => buttons.forEach((each) => (each.tabIndex = each === button ? 0 : -1));
  stop(list.querySelector("[aria-pressed=true]") ?? buttons[0]);
  if (column || number) {
    const button = list.querySelector(column ? `[data-column="${column}"] button` : `[data-question="${number}"]`);
    stop(button);
    button?.focus({ preventScroll: true });
  }
  // For print, whose window is the paper.
  const note = () => {
    document.documentElement.classList.toggle("narrow", window.innerWidth < 736);
    const width = document.querySelector(".st-key-flow_chart")?.clientWidth || PAPER_PX;
    document.documentElement.style.setProperty("--print-scale", Math.min(1, PAPER_PX / width).toFixed(3));
  };
  note();
  window.addEventListener("resize", note);
  list.onkeydown = (event) => {
    const [step, from] = [STEPS[event.key], buttons.indexOf(event.target)];
    if (!step || from < 0) return;
    event.preventDefault();
    const question = (index) => buttons[index]?.closest("section");
    let to = from + step;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      while (question(to) === question(from)) to += step;
      while (step < 0 && question(to) && question(to - 1) === question(to)) to -= 1;
    }
    if (!buttons[to]) return;
    stop(buttons[to]);
    buttons[to].focus();
  };
  list.onclick = (event) => {
    const { column, question } = event.target.closest("[data-column], [data-question]")?.dataset ?? {};
    if (column) setTriggerValue("tapped", column);
    if (question) setTriggerValue("question", Number(question));
  };
  return () => window.removeEventListener("resize", note);
}
