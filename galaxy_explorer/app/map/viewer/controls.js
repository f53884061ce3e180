// What stands on the map: choice of colour with its legend, tools, zoom, and the card of a galaxy.
const ICONS = {
  lasso: "M12 4.5c5 0 9 2.6 9 6s-4 6-9 6-9-2.6-9-6 4-6 9-6ZM6.5 15.3c-1.5 1-1.5 3 .5 3.2s2.5 2-.5 3",
  box: "M5 5h14v14H5Z",
  clear: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  pictures: "M4 5h16v14H4ZM4 16l5-5 4 4 3-3 4 4M15.5 9a1 1 0 1 0 .01 0",
}

function icon(name) {
  return `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`
}

const CONTROLS = `
<div class="stage" tabindex="0" role="application">
  <canvas class="points" aria-hidden="true"></canvas><canvas class="over" aria-hidden="true"></canvas>
  <div class="colour"><label><span>Colour by</span><select></select></label>
    <div class="legend" aria-hidden="true"><i></i><b></b><small></small></div></div>
  <div class="tools">
    <button data-tool="lasso" aria-pressed="false">${icon("lasso")}<span>Draw around galaxies</span></button>
    <button data-tool="box" aria-pressed="false" title="Draw a box" aria-label="Draw a box">${icon("box")}</button>
    <button data-do="clear" title="Remove shape" aria-label="Remove shape" hidden>${icon("clear")}<span>Remove shape</span></button>
  </div>
  <div class="zoom">
    <button data-do="plus" title="Zoom in" aria-label="Zoom in">${icon("plus")}</button>
    <button data-do="minus" title="Zoom out" aria-label="Zoom out">${icon("minus")}</button>
    <button data-do="whole" title="Whole map" aria-label="Whole map">${icon("whole")}</button>
    <button data-do="pictures" title="Pictures on the map" aria-label="Pictures on the map" aria-pressed="true">${icon("pictures")}</button>
  </div>
  <p class="hint" hidden></p>
  <div class="card" hidden><div class="look"></div><div class="words"></div></div>
</div><p class="spoken" role="status"></p>`

const KEYS =
  "Map of galaxies that look alike. Arrow keys move it, plus and minus zoom, zero shows all of it, L draws a shape, " +
  "Escape removes it. The galaxies of the map are listed below."

function makeControls(root) {
  root.innerHTML = CONTROLS
  const part = (name) => root.querySelector(name)
  part(".stage").setAttribute("aria-label", KEYS)
  return part
}

function fillChoices(select, measures, chosen) {
  const groups = new Map()
  for (const measure of measures) {
    if (!groups.has(measure.group)) groups.set(measure.group, [])
    groups.get(measure.group).push(measure)
  }
  select.replaceChildren(
    ...[...groups].map(([label, members]) => {
      const group = Object.assign(document.createElement("optgroup"), { label })
      group.append(...members.map(({ name, label }) => new Option(label, name, false, name === chosen)))
      return group
    })
  )
}

function writeLegend(legend, measure, stops) {
  legend.querySelector("i").style.background = `linear-gradient(to right, ${stops.join(", ")})`
  const isShare = measure.high === 1
  legend.querySelector("small").textContent = measure.grey && `grey: ${measure.grey}`
  const texts = isShare ? ["0 %", "50 %", "100 %"] : [0, measure.high / 2, measure.high].map((value, k) => (k === 2 ? `≥ ${value}` : `${value}`))
  legend.querySelector("b").replaceChildren(
    ...texts.map((text) => Object.assign(document.createElement("span"), { textContent: text }))
  )
}

// The card of a galaxy: its picture, its leading answers, and for fingers a button.
function fillCard(card, { tile, answers, about, value, isTouch }) {
  const look = card.querySelector(".look")
  const words = card.querySelector(".words")
  const text = (name, content, className = "") => Object.assign(document.createElement(name), { textContent: content, className })
  if (about?.picture) look.replaceChildren(Object.assign(new Image(), { src: about.picture, alt: "" }))
  else if (tile) {
    const canvas = Object.assign(document.createElement("canvas"), { width: tile[3], height: tile[3] })
    canvas.getContext("2d").drawImage(tile[0], tile[1], tile[2], tile[3], tile[3], 0, 0, tile[3], tile[3])
    look.replaceChildren(canvas)
  } else look.replaceChildren()
  const rows = answers.map(([label, percent]) => {
    const row = text("p", "", "answer")
    row.style.setProperty("--share", `${percent}%`)
    row.append(text("span", label), text("b", `${percent} %`))
    return row
  })
  words.replaceChildren(...rows)
  if (!rows.length) words.append(text("p", "No answers known"))
  if (value) words.append(text("p", value, "value"))
  if (isTouch) {
    const open = text("button", "Open galaxy", "open")
    open.dataset.do = "open"
    words.append(open)
  } else if (about) words.append(text("p", `Galaxy ${about.id}`, "id"))
}

function placeCard(card, [x, y], [width, height]) {
  card.hidden = false
  const [w, h] = [card.offsetWidth, card.offsetHeight]
  const left = x + 18 + w > width ? x - 18 - w : x + 18
  const top = Math.min(Math.max(y - h / 2, 8), height - h - 8)
  card.style.transform = `translate(${Math.max(left, 8)}px, ${Math.max(top, 8)}px)`
}
