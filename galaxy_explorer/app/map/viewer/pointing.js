// Pointing at a galaxy and pressing one; pictures are asked for one bunch at a time.
const HOVER_MS = 90
const PICK_PX = 9
const ASK_MS = 60 // after other messages of the same moment, which would be run together with this one
const ANSWER_MS = 4000

function wantPictures(m) {
  if (!m.points || m.asking) return
  const missing = m.placed.map((each) => each.index).filter((i) => !m.pictures.tiles.has(i))
  const card = m.hover >= 0 && !m.about.has(m.hover) ? m.hover : null
  if (!missing.length && card === null) return
  const wish = { ask: ++m.ask, key: m.points.key, tiles: card === null ? missing.slice(0, ASKED_AT_ONCE) : [], card }
  m.asking = wish
  // A run of the page can lose what was asked while it ran.
  setTimeout(() => {
    if (m.asking !== wish) return
    m.asking = null
    wantPictures(m)
  }, ANSWER_MS)
  setTimeout(() => m.asking === wish && m.send("look", wish), ASK_MS)
}

async function receive(m, answer) {
  if (!answer || answer.ask !== m.asking?.ask) return
  m.asking = null
  if (answer.card) m.about.set(answer.card.index, answer.card)
  if (answer.tiles) await m.pictures.add(answer.tiles)
  redraw(m, false)
  if (answer.card?.index === m.hover) showCard(m)
  wantPictures(m)
}

function pick(m, x, y) {
  const isAt = (each) => Math.max(Math.abs(each.x - x), Math.abs(each.y - y)) < each.side / 2
  const tile = m.placed.findLast((each) => isAt(each) && m.pictures.tiles.get(each.index))
  if (tile) return tile.index
  const reach = Math.max(PICK_PX, m.dot / 2 + 2) / m.view.scale
  return nearest(m.points, ...m.view.toMap(x, y), reach, (i) => m.matches[i])
}

function point(m, x, y) {
  if (!m.points || m.tool !== "move") return
  const index = pick(m, x, y)
  m.stage.style.cursor = index >= 0 ? "pointer" : ""
  if (index === m.hover) return
  hideCard(m)
  if (index >= 0) m.hoverTimer = setTimeout(() => hover(m, index, false), HOVER_MS)
}

function hover(m, index, isTouch) {
  Object.assign(m, { hover: index, isTouch })
  m.stage.dataset.hover = index
  showCard(m)
  redraw(m, false)
  wantPictures(m)
}

function showCard(m) {
  const i = m.hover
  const measure = chosenMeasure(m)
  const code = m.points.values(measure.name)[i]
  const number = code === UNKNOWN ? "unknown" : ((code / HIGHEST) * measure.high).toFixed(2)
  const value = measure.question ? "" : `${measure.label}: ${number}`
  const answers = leadingAnswers(m.points, i)
  fillCard(m.card, { tile: m.pictures.tiles.get(i), answers, about: m.about.get(i), value, isTouch: m.isTouch })
  placeCard(m.card, placeOf(m, i), m.view.size())
}

function hideCard(m) {
  clearTimeout(m.hoverTimer)
  m.card.hidden = true
  delete m.stage.dataset.hover
  if (m.hover < 0) return
  m.hover = -1
  redraw(m, m.moving)
}

// The numbers of galaxies change while more are predicted; the key says which numbers these are.
function openGalaxy(m, index) {
  m.send("open", { key: m.points.key, index })
}

// A finger cannot hover: its first press shows the card.
function press(m, x, y, isTouch) {
  if (!m.points) return
  const index = pick(m, x, y)
  if (index < 0) hideCard(m)
  else if (isTouch && m.hover !== index) hover(m, index, true)
  else openGalaxy(m, index)
}
