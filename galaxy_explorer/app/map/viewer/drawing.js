// Frames: a part of the points while the view moves, all of them at rest, and what lies over them.
const STILL_MS = 160
const FEWEST = 15000 // points of a frame
const [FAST_MS, SLOW_MS] = [12, 40]
const views = {} // by map, so that the way back from a galaxy leads to the same part

function redraw(m, moving) {
  m.moving = moving
  m.frame ||= requestAnimationFrame(() => {
    m.frame = 0
    if (!m.points || !m.stage.clientWidth) return
    const count = m.points.count
    const some = m.moving ? Math.min(m.subset, count) : count
    const sharp = Math.min(devicePixelRatio || 1, 2)
    const begun = performance.now()
    m.dot = m.painter.draw(m.view, some, some < count ? Math.min(sharp, m.sharp) : sharp)
    if (m.moving) adapt(m, m.painter.finish() - begun)
    drawOver(m)
    m.stage.dataset.drawn = some
    m.stage.dataset.zoom = m.view.zoom().toFixed(2)
  })
}

// Draw more of the points, and sharper, if the browser is fast.
function adapt(m, elapsed) {
  const change = elapsed < FAST_MS ? 1.2 : elapsed > SLOW_MS ? 0.8 : 1
  m.subset = Math.round(Math.min(Math.max(m.subset * change, FEWEST), 4e6))
  m.sharp = Math.min(Math.max(m.sharp * Math.sqrt(change), 0.6), 2)
}

function moved(m) {
  hideCard(m)
  redraw(m, true)
  clearTimeout(m.stillTimer)
  m.stillTimer = setTimeout(() => still(m), STILL_MS)
}

function still(m) {
  clearTimeout(m.stillTimer)
  if (!m.points) return
  views[m.points.map] = { x: m.view.x, y: m.view.y, scale: m.view.scale }
  placePictures(m)
  redraw(m, false)
  wantPictures(m)
}

function controlsOn(m) {
  const stage = m.stage.getBoundingClientRect()
  return [".colour", ".tools", ".zoom"].map((name) => {
    const { left, top, right, bottom } = m.part(name).getBoundingClientRect()
    return [left - stage.left, top - stage.top, right - stage.left, bottom - stage.top]
  })
}

function placePictures(m) {
  m.placed = m.showsPictures ? placedPictures(m.points, m.view, m.matches, controlsOn(m)) : []
}

function zoomed(m, factor, x, y) {
  const steps = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 8
  let left = steps
  const step = () => {
    m.view.zoomAt(factor ** (1 / steps), x, y)
    moved(m)
    if (--left) requestAnimationFrame(step)
  }
  step()
}

function drawOver(m) {
  const [width, height] = m.view.size()
  const ratio = Math.min(devicePixelRatio || 1, 2)
  const pixels = { width: Math.round(width * ratio), height: Math.round(height * ratio) }
  if (m.over.width !== pixels.width || m.over.height !== pixels.height) Object.assign(m.over, pixels)
  const context = m.over.getContext("2d")
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  for (const each of m.placed) [each.x, each.y] = placeOf(m, each.index) // chosen at rest
  const drawn = drawPictures(context, m.placed, m.pictures.tiles, (i) => colourOf(m, i))
  m.stage.dataset.pictures = drawn
  const shape = m.data.shape.map(([x, y]) => [x / 1000, y / 1000])
  m.over.hidden = !drawn && !shape.length && !m.drawing.length && m.hover < 0 // a layer costs time
  const line = m.theme === "dark" ? "#ffffff" : "#1b2230"
  drawShape(context, shape, m.view, line, true)
  drawShape(context, m.drawing, m.view, line, false)
  if (m.hover >= 0) drawRing(m, context, line)
}

function drawRing(m, context, line) {
  const tile = m.placed.find((each) => each.index === m.hover && m.pictures.tiles.get(each.index))
  const [x, y] = placeOf(m, m.hover)
  context.lineWidth = 2
  context.strokeStyle = line
  context.beginPath()
  if (tile) context.roundRect(x - tile.side / 2 - 3, y - tile.side / 2 - 3, tile.side + 6, tile.side + 6, 0.22 * tile.side + 3)
  else context.arc(x, y, Math.max(m.dot / 2 + 3, 6), 0, 7)
  context.stroke()
}

function placeOf(m, i) {
  return m.view.toScreen(m.points.x[i] / SPACE, m.points.y[i] / SPACE)
}

function colourOf(m, i) {
  const code = m.points.values(m.colour())[i]
  if (!m.matches[i] || code === UNKNOWN) return m.theme === "dark" ? "#6b7686" : "#aab3c2"
  const at = 4 * Math.round((code / HIGHEST) * 255)
  return `rgb(${m.table[at]} ${m.table[at + 1]} ${m.table[at + 2]})`
}
