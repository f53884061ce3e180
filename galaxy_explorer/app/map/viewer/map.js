// The map: a component that Streamlit calls again with new data, and that keeps its view.
const FIRST_SUBSET = 40000 // points drawn while the map moves, until the browser has shown how fast it is
const STILL_MS = 160
const HOVER_MS = 90
const PICK_PX = 9
const maps = new WeakMap()
const views = {} // by map, so that the way back from a galaxy leads to the same part

export default function (component) {
  const { parentElement } = component
  let map = maps.get(parentElement)
  if (!map) maps.set(parentElement, (map = newMap(parentElement)))
  map.update(component)
  return () => {
    map.close()
    maps.delete(parentElement)
  }
}

function newMap(parentElement) {
  const root = parentElement.appendChild(document.createElement("div"))
  root.className = "galaxy-map"
  const part = makeControls(root)
  const [stage, over, card] = [part(".stage"), part(".over"), part(".card")]
  const view = newView(stage)
  const painter = newPainter(part(".points"))
  const pictures = newPictures()
  const state = { tool: "move", drawing: [], hover: -1, moving: false, subset: FIRST_SUBSET, sharp: 0.8, ask: 0, showsPictures: true }
  let data = null
  let send = () => {}
  let points = null
  let matches = null
  let table = null
  let placed = []
  let dot = 2
  const about = new Map() // of galaxies that were pointed at
  root.dataset.webgl = painter ? "yes" : "none"
  document.documentElement.classList.toggle("no-webgl", !painter) // then the page shows the map as a picture
  if (!painter) return { update() {}, close() {} }

  const theme = () => (getComputedStyle(document.querySelector(".stApp") ?? root).colorScheme === "light" ? "light" : "dark")
  const colour = () => part("select").value
  const codeColour = (i) => {
    const code = points.values(colour())[i]
    if (!matches[i] || code === UNKNOWN) return theme() === "dark" ? "#6b7686" : "#aab3c2"
    const at = 4 * Math.round((code / HIGHEST) * 255)
    return `rgb(${table[at]} ${table[at + 1]} ${table[at + 2]})`
  }

  // Frames: a part of the points while the view moves, all of them at rest.
  let frame = 0
  let stillTimer = 0
  function redraw(moving) {
    state.moving = moving
    frame ||= requestAnimationFrame(() => {
      frame = 0
      if (!points || !stage.clientWidth) return
      const some = state.moving ? Math.min(state.subset, points.count) : points.count
      const sharp = Math.min(devicePixelRatio || 1, 2)
      const begun = performance.now()
      dot = painter.draw(view, some, some < points.count ? Math.min(sharp, state.sharp) : sharp)
      if (state.moving) adapt(painter.finish() - begun)
      drawOver()
      stage.dataset.drawn = some
    })
  }
  function adapt(elapsed) {
    const change = elapsed < 12 ? 1.2 : elapsed > 40 ? 0.8 : 1
    state.subset = Math.round(Math.min(Math.max(state.subset * change, 15000), 4e6))
    state.sharp = Math.min(Math.max(state.sharp * Math.sqrt(change), 0.6), 2)
  }
  function moved() {
    hideCard()
    redraw(true)
    clearTimeout(stillTimer)
    stillTimer = setTimeout(still, STILL_MS)
  }
  function still() {
    clearTimeout(stillTimer)
    if (!points) return
    views[points.map] = { x: view.x, y: view.y, scale: view.scale }
    redraw(false)
    wantPictures()
  }
  function zoomed(factor, x, y) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return view.zoomAt(factor, x, y), still()
    let steps = 8
    const step = () => {
      view.zoomAt(factor ** (1 / 8), x, y)
      moved()
      if (--steps) requestAnimationFrame(step)
    }
    step()
  }
  function drawOver() {
    const [width, height] = view.size()
    const ratio = Math.min(devicePixelRatio || 1, 2)
    if (over.width !== Math.round(width * ratio) || over.height !== Math.round(height * ratio))
      Object.assign(over, { width: Math.round(width * ratio), height: Math.round(height * ratio) })
    const context = over.getContext("2d")
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, width, height)
    placed = state.showsPictures ? placedPictures(points, view, matches) : []
    const drawn = drawPictures(context, placed, pictures.tiles, codeColour)
    stage.dataset.pictures = drawn
    const line = theme() === "dark" ? "#ffffff" : "#1b2230"
    over.hidden = !drawn && !shapeOf().length && !state.drawing.length && state.hover < 0 // a layer costs time
    drawShape(context, shapeOf(), view, line, true)
    drawShape(context, state.drawing, view, line, false)
    if (state.hover >= 0) drawRing(context, line)
  }
  const shapeOf = () => (data?.shape ?? []).map(([x, y]) => [x / 1000, y / 1000])
  function drawRing(context, line) {
    const tile = placed.find((each) => each.index === state.hover && pictures.tiles.get(each.index))
    const [x, y] = view.toScreen(points.x[state.hover] / SPACE, points.y[state.hover] / SPACE)
    context.lineWidth = 2
    context.strokeStyle = line
    context.beginPath()
    if (tile) context.roundRect(x - tile.side / 2 - 3, y - tile.side / 2 - 3, tile.side + 6, tile.side + 6, 0.22 * tile.side + 3)
    else context.arc(x, y, Math.max(dot / 2 + 3, 6), 0, 7)
    context.stroke()
  }

  // Pictures: asked for one bunch at a time.
  let asking = null
  function ask(wish) {
    asking = wish
    state.ask++
    asking.since = Date.now()
    send("look", { ask: state.ask, tiles: wish.tiles, card: wish.card })
  }
  function wantPictures() {
    if (!points || !data || (asking && Date.now() - asking.since < 20000)) return
    const missing = state.showsPictures ? placedPictures(points, view, matches).map((each) => each.index).filter((i) => !pictures.tiles.has(i)) : []
    const card = state.hover >= 0 && !about.has(state.hover) ? state.hover : null
    if (missing.length || card !== null) ask({ tiles: card === null ? missing.slice(0, ASKED_AT_ONCE) : [], card })
  }
  async function receive(answer) {
    if (!answer || answer.ask !== state.ask || !asking) return
    asking = null
    if (answer.card) about.set(answer.card.index, answer.card)
    if (answer.tiles) await pictures.add(answer.tiles)
    redraw(false)
    if (answer.card?.index === state.hover) showCard()
    wantPictures()
  }

  // Pointing at a galaxy and pressing one.
  function pick(x, y) {
    const tile = [...placed].reverse().find((each) => Math.max(Math.abs(each.x - x), Math.abs(each.y - y)) < each.side / 2 && pictures.tiles.get(each.index))
    if (tile) return tile.index
    return nearest(points, ...view.toMap(x, y), Math.max(PICK_PX, dot / 2 + 2) / view.scale, (i) => matches[i])
  }
  let hoverTimer = 0
  function point(x, y) {
    if (!points || state.tool !== "move") return
    const index = pick(x, y)
    stage.style.cursor = index >= 0 ? "pointer" : ""
    if (index === state.hover) return
    hideCard()
    clearTimeout(hoverTimer)
    if (index >= 0) hoverTimer = setTimeout(() => hover(index, false), HOVER_MS)
  }
  function hover(index, isTouch) {
    Object.assign(state, { hover: index, isTouch })
    stage.dataset.hover = index
    showCard()
    redraw(false)
    wantPictures()
  }
  function showCard() {
    const { hover, isTouch } = state
    const measure = points.measures.find((each) => each.name === colour())
    const code = points.values(measure.name)[hover]
    const value = measure.question ? "" : `${measure.label}: ${code === UNKNOWN ? "unknown" : ((code / HIGHEST) * measure.high).toFixed(2)}`
    fillCard(card, { tile: pictures.tiles.get(hover), answers: leadingAnswers(points, hover), about: about.get(hover), value, isTouch })
    placeCard(card, view.toScreen(points.x[hover] / SPACE, points.y[hover] / SPACE), view.size())
  }
  function hideCard() {
    clearTimeout(hoverTimer)
    card.hidden = true
    if (state.hover >= 0) state.hover = -1, redraw(state.moving)
    delete stage.dataset.hover
  }
  function press(x, y, isTouch) {
    if (!points) return
    const index = pick(x, y)
    if (index < 0) return hideCard()
    if (isTouch && state.hover !== index) return hover(index, true)
    send("open", index)
  }

  // Shapes and tools.
  function setTool(tool) {
    state.tool = tool
    stage.dataset.tool = tool
    for (const button of root.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === tool)
    const hint = part(".hint")
    hint.hidden = tool === "move"
    hint.textContent = tool === "box" ? "Drag a box over some galaxies" : "Draw a line around some galaxies"
  }
  function drawn(corners) {
    state.drawing = []
    setTool("move")
    const shape = shapeToSend(corners)
    if (shape.length < 3) return redraw(false)
    data = { ...data, shape }
    const inside = insideShape(points, shape) // at once; Python's answer adds the other filters
    showMatches(matches.map((match, i) => match && inside[i]))
    redraw(false)
    send("shape", shape)
  }
  function clearShape() {
    if (!data?.shape?.length) return false
    data = { ...data, shape: [] }
    send("shape", [])
    redraw(false)
    return true
  }
  function key(name) {
    if (name === "0") whole()
    else if (name.toLowerCase() === "l") setTool(state.tool === "lasso" ? "move" : "lasso")
    else if (name === "Escape") {
      if (state.tool !== "move") setTool("move"), (state.drawing = []), redraw(false)
      else if (state.hover >= 0) hideCard()
      else return clearShape()
    } else return false
    return true
  }
  function whole() {
    Object.assign(view, view.whole)
    still()
  }
  const act = { tool: () => state.tool, moved, zoomed, still, drawn, point, press, key, leave: hideCard }
  act.drawing = (corners) => ((state.drawing = corners), hideCard(), redraw(false))
  listen(stage, view, act)
  const doing = {
    plus: () => zoomed(1.6, stage.clientWidth / 2, stage.clientHeight / 2),
    minus: () => zoomed(1 / 1.6, stage.clientWidth / 2, stage.clientHeight / 2),
    whole,
    clear: clearShape,
    open: () => send("open", state.hover),
    pictures: (button) => {
      state.showsPictures = !state.showsPictures
      button.setAttribute("aria-pressed", state.showsPictures)
      still()
    },
  }
  root.onclick = (event) => {
    const button = event.target.closest("button")
    if (button?.dataset.tool) setTool(state.tool === button.dataset.tool ? "move" : button.dataset.tool)
    else if (button) doing[button.dataset.do](button)
  }

  // Colour.
  function recolour() {
    const measure = points.measures.find((each) => each.name === colour())
    painter.setCodes(points.values(measure.name))
    const stops = data.colours[theme()]
    table = colourTable(stops)
    painter.setTheme(theme(), table)
    writeLegend(part(".legend"), measure, stops)
    root.dataset.theme = theme()
    redraw(false)
  }
  part("select").onchange = () => {
    recolour()
    writeColour()
    part(".spoken").textContent = `Coloured by ${part("select").selectedOptions[0].label}`
  }
  // Written by hand: URLSearchParams would escape the ~ of the filters.
  function writeColour() {
    const others = location.search.slice(1).split("&").filter((part) => part && !part.startsWith("colour="))
    const all = colour() === data.defaultColour ? others : [...others, `colour=${encodeURIComponent(colour())}`]
    const search = all.length ? `?${all.join("&")}` : ""
    if (search !== location.search) history.replaceState(history.state, "", location.pathname + search + location.hash)
  }

  // What Python sends: points and matches as bytes, the rest as data.
  function readMessages() {
    const messages = globalThis.galaxyMap ?? {}
    if (!data || !messages.points) return
    if (points?.bytes !== messages.points) {
      const fresh = readPoints(messages.points)
      if (fresh.key !== data.key) return
      const chosen = points ? colour() : data.colour
      fresh.map = data.map
      if (fresh.key !== points?.key) pictures.clear(), about.clear(), hideCard()
      const isNew = points?.map !== fresh.map
      points = Object.assign(fresh, { bytes: messages.points })
      matches = null
      painter.setPoints(points)
      fillChoices(part("select"), points.measures, chosen)
      if (isNew) fit(views[fresh.map])
      recolour()
    }
    if (!matches || matches.bytes !== messages.matches) readMatches(messages.matches)
    still()
  }
  function readMatches(bytes) {
    const fresh = new Uint8Array(points.count).fill(1)
    const start = 4 + points.key.length // after "MTCH" and the key
    if (bytes?.length > start && new TextDecoder().decode(bytes.subarray(4, start)) === points.key)
      for (let i = 0; i < points.count; i++) fresh[i] = (bytes[start + (i >> 3)] >> (i & 7)) & 1
    fresh.bytes = bytes
    showMatches(fresh)
  }
  function showMatches(fresh) {
    matches = fresh
    painter.setMatches(matches)
    const count = matches.reduce((sum, match) => sum + match, 0)
    stage.dataset.matches = count
    part(".spoken").textContent = `${count} of ${points.count} galaxies in colour`
  }
  function fit(known) {
    view.whole = wholeView(points, view.size())
    Object.assign(view, known ?? view.whole)
  }

  const onMessage = () => readMessages()
  document.addEventListener("galaxy-map", onMessage)
  let width = 0
  const resized = new ResizeObserver(() => {
    if (!points || !stage.clientWidth) return
    const wasWhole = width && Math.abs(view.zoom() - 1) < 0.01
    view.whole = wholeView(points, view.size())
    if (wasWhole) Object.assign(view, view.whole)
    width = stage.clientWidth
    still()
  })
  resized.observe(stage)
  const themed = new MutationObserver(() => points && root.dataset.theme !== theme() && recolour())
  themed.observe(document.querySelector(".stApp") ?? root, { attributes: true })

  return {
    update(component) {
      data = component.data
      send = component.setTriggerValue
      part("[data-do=clear]").hidden = !data.shape?.length
      readMessages()
      if (points) writeColour()
      receive(data.answer)
    },
    close() {
      document.removeEventListener("galaxy-map", onMessage)
      resized.disconnect()
      themed.disconnect()
      cancelAnimationFrame(frame)
      part(".points").getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext()
      root.remove()
    },
  }
}
