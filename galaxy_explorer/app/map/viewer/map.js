// The map: a component that Streamlit calls again with new data, and that keeps its view.
const FIRST_SUBSET = 40000 // points drawn while the map moves, until the browser has shown how fast it is
const maps = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  if (!maps.has(parentElement)) maps.set(parentElement, newMap(parentElement))
  const m = maps.get(parentElement)
  Object.assign(m, { data, send: setTriggerValue })
  if (m.painter) update(m)
  return () => {
    maps.delete(parentElement)
    m.close()
  }
}

function newMap(parentElement) {
  const root = parentElement.appendChild(document.createElement("div"))
  root.className = "galaxy-map"
  const part = makeControls(root)
  const stage = part(".stage")
  const painter = newPainter(part(".points"))
  const setWebGL = (works) => {
    root.dataset.webgl = works ? "yes" : "none"
    document.documentElement.classList.toggle("no-webgl", !works) // then the page shows the map as a picture
  }
  setWebGL(painter)
  part(".points").addEventListener("webglcontextlost", () => root.isConnected && setWebGL(false))
  const parts = { root, part, stage, painter, over: part(".over"), card: part(".card"), view: newView(stage) }
  const seen = { points: null, matches: null, pictures: newPictures(), about: new Map(), placed: [], dot: 2 }
  const doing = { tool: "move", drawing: [], hover: -1, ask: 0, asking: null, showsPictures: true }
  const speed = { subset: FIRST_SUBSET, sharp: 0.8, frame: 0, moving: false }
  const m = { ...parts, ...seen, ...doing, ...speed, colour: () => part("select").value, close: () => root.remove() }
  if (painter) m.close = connect(m)
  return m
}

// Listen to the visitor, the page and its other messages; return a function that ends it.
function connect(m) {
  listen(m.stage, m.view, {
    tool: () => m.tool,
    moved: () => moved(m),
    zoomed: (...at) => zoomed(m, ...at),
    still: () => still(m),
    drawing: (corners) => setDrawing(m, corners),
    drawn: (corners) => drawn(m, corners),
    point: (x, y) => point(m, x, y),
    press: (x, y, isTouch) => press(m, x, y, isTouch),
    leave: () => hideCard(m),
    key: (key) => pressKey(m, key),
  })
  m.root.onclick = (event) => {
    const button = event.target.closest("button")
    if (button) pressButton(m, button)
  }
  m.part("select").onchange = () => {
    recolour(m)
    writeColour(m)
    m.part(".spoken").textContent = `Coloured by ${chosenMeasure(m).label}`
  }
  const onMessage = () => readMessages(m)
  document.addEventListener("galaxy-map", onMessage)
  const resized = new ResizeObserver(() => fitAgain(m))
  resized.observe(m.stage)
  const themed = new MutationObserver(() => m.points && m.theme !== themeOf(m) && recolour(m))
  themed.observe(document.querySelector(".stApp") ?? m.root, { attributes: true })
  return () => {
    document.removeEventListener("galaxy-map", onMessage)
    resized.disconnect()
    themed.disconnect()
    cancelAnimationFrame(m.frame)
    clearTimeout(m.stillTimer)
    m.root.remove()
    m.part(".points").getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext()
  }
}

function update(m) {
  m.part("[data-do=clear]").hidden = !m.data.shape.length
  readMessages(m)
  if (m.points) writeColour(m)
  receive(m, m.data.answer)
}

// Points and matches come as bytes, each in a component of its own; the rest is the data of this one.
function readMessages(m) {
  const messages = globalThis.galaxyMap ?? {}
  if (!m.data || !messages.points) return
  if (m.points?.bytes !== messages.points && !readNewPoints(m, messages.points)) return
  if (!m.matches || m.matches.bytes !== messages.matches) readMatches(m, messages.matches)
  still(m)
}

function readNewPoints(m, bytes) {
  const fresh = readPoints(bytes)
  if (fresh.key !== m.data.key) return false // of an earlier run
  const chosen = m.points ? m.colour() : m.data.colour
  const isSameMap = m.points?.map === m.data.map
  m.points = Object.assign(fresh, { bytes, map: m.data.map })
  m.matches = null
  m.about.clear()
  m.placed = []
  m.pictures.clear()
  hideCard(m)
  m.painter.setPoints(m.points)
  const known = m.points.measures.some((measure) => measure.name === chosen)
  fillChoices(m.part("select"), m.points.measures, known ? chosen : m.data.defaultColour)
  m.view.whole = wholeView(m.points, m.view.size())
  if (!isSameMap) Object.assign(m.view, views[m.points.map] ?? m.view.whole)
  recolour(m)
  return true
}

function readMatches(m, bytes) {
  const fresh = new Uint8Array(m.points.count).fill(1)
  const start = 4 + m.points.key.length // after "MTCH" and the key
  if (bytes?.length > start && new TextDecoder().decode(bytes.subarray(4, start)) === m.points.key)
    for (let i = 0; i < m.points.count; i++) fresh[i] = (bytes[start + (i >> 3)] >> (i & 7)) & 1
  fresh.bytes = bytes
  showMatches(m, fresh)
}

function showMatches(m, fresh) {
  m.matches = fresh
  m.painter.setMatches(fresh)
  const count = fresh.reduce((sum, match) => sum + match, 0)
  m.stage.dataset.matches = count
  m.part(".spoken").textContent = `${count} of ${m.points.count} galaxies in colour`
}

function themeOf(m) {
  return getComputedStyle(document.querySelector(".stApp") ?? m.root).colorScheme === "light" ? "light" : "dark"
}

function chosenMeasure(m) {
  return m.points.measures.find((each) => each.name === m.colour())
}

function recolour(m) {
  const measure = chosenMeasure(m)
  m.theme = themeOf(m)
  const stops = m.data.colours[m.theme]
  m.table = colourTable(stops)
  m.painter.setCodes(m.points.values(measure.name))
  m.painter.setTheme(m.theme, m.table)
  writeLegend(m.part(".legend"), measure, stops)
  m.root.dataset.colour = measure.name
  if (m.matches) redraw(m, false)
}

// The URL holds the colour. It is written by hand: URLSearchParams would escape the ~ of the filters.
function writeColour(m) {
  const others = location.search.slice(1).split("&").filter((part) => part && !part.startsWith("colour="))
  const isDefault = m.colour() === m.data.defaultColour
  const all = isDefault ? others : [...others, `colour=${encodeURIComponent(m.colour())}`]
  const search = all.length ? `?${all.join("&")}` : ""
  if (search !== location.search) history.replaceState(history.state, "", location.pathname + search + location.hash)
}

function fitAgain(m) {
  if (!m.points || !m.stage.clientWidth) return
  const wasWhole = Math.abs(m.view.zoom() - 1) < 0.01
  m.view.whole = wholeView(m.points, m.view.size())
  if (wasWhole) Object.assign(m.view, m.view.whole)
  still(m)
}
