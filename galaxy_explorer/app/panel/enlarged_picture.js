const MAX = 12;
const STEP = 1.4;
const PAN_PX = 60;
const PANS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export default function ({ parentElement, data }) {
  const find = (selector) => parentElement.querySelector(selector);
  const [enlarged, keys, stage, image] = ["dialog.enlarged", "dialog.keys", ".stage", ".stage img"].map(find);
  const page = parentElement.closest(".st-key-picture");
  let [scale, x, y] = [1, 0, 0];

  const draw = () => {
    // The picture fits the window at a scale of 1, and its edges stay outside of the window's at larger ones.
    const ratio = image.naturalWidth / image.naturalHeight || 1;
    const width = Math.min(stage.clientWidth, stage.clientHeight * ratio);
    const room = [width * scale - stage.clientWidth, (width / ratio) * scale - stage.clientHeight].map((px) => Math.max(0, px / 2));
    [x, y] = [clamp(x, -room[0], room[0]), clamp(y, -room[1], room[1])];
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    find("output").value = `${Math.round(100 * scale)} %`;
  };
  const zoom = (factor, [fixedX, fixedY] = [0, 0]) => {
    const next = clamp(scale * factor, 1, MAX);
    [x, y] = [fixedX - ((fixedX - x) * next) / scale, fixedY - ((fixedY - y) * next) / scale];
    scale = next;
    draw();
  };
  const pan = (byX, byY) => {
    [x, y] = [x + byX, y + byY];
    draw();
  };
  const actions = { out: () => zoom(1 / STEP), in: () => zoom(STEP), fit: () => zoom(0), close: () => enlarged.close() };
  const open = () => {
    const shown = page.querySelector('[data-testid="stImage"] img');
    if (!shown || enlarged.open) return;
    [image.src, image.alt] = [shown.src, shown.alt];
    enlarged.showModal();
    zoom(0);
  };

  find(".open").onclick = open;
  page.onclick = (event) => event.target.matches('[data-testid="stImage"] img') && open();
  enlarged.onclick = (event) => actions[event.target.dataset.zoom]?.();
  enlarged.onkeydown = (event) => {
    event.stopPropagation(); // the letters of the page are not for the picture
    const action = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
    if (event.ctrlKey || event.metaKey || !(action || PANS[event.key])) return;
    event.preventDefault();
    if (action) actions[action]();
    else pan(PAN_PX * PANS[event.key][0], PAN_PX * PANS[event.key][1]);
  };

  const fromMiddle = (event) => [event.clientX - stage.clientWidth / 2, event.clientY - stage.clientHeight / 2];
  const pointers = new Map();
  stage.onwheel = (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), fromMiddle(event)); // Ctrl: a pinch on a touchpad
  };
  stage.ondblclick = (event) => zoom(scale > 1 ? 0 : 3, fromMiddle(event));
  stage.onpointerdown = (event) => {
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, fromMiddle(event));
  };
  stage.onpointermove = (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = fromMiddle(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (!other) return pan(now[0] - before[0], now[1] - before[1]);
    const distance = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
    zoom(distance(now) / Math.max(distance(before), 1), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
  };
  stage.onpointerup = stage.onpointercancel = (event) => pointers.delete(event.pointerId);

  find("dl").innerHTML = data.map(([key, use]) => `<dt><kbd>${key}</kbd></dt><dd>${use}</dd>`).join("");
  const list = () => keys.open || enlarged.open || keys.showModal();
  find(".help").onclick = list;
  const typing = "textarea, select, [contenteditable='true'], input:not([type=checkbox], [type=radio], [type=range])";
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(typing)) return;
    if (event.key === "?") list();
    const isMap = event.key.toLowerCase() === "m" && !event.repeat && !keys.open && !enlarged.open;
    if (isMap) document.querySelector(".st-key-map input")?.click();
  };
  document.addEventListener("keydown", onKey);
  window.addEventListener("resize", draw);
  return () => {
    document.removeEventListener("keydown", onKey);
    window.removeEventListener("resize", draw);
  };
}
