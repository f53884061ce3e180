// A square over a picture: moved and resized by mouse, one or two fingers, or keys.
const SHOWN = 360 // pixels of the longer side on the page
const NAMESPACE = "http://www.w3.org/2000/svg"

export default function ({ data, parentElement, setTriggerValue }) {
  const { width, height, used, least, largest, sky } = data
  let svg = parentElement.querySelector("svg")
  if (!svg) {
    svg = parentElement.appendChild(document.createElementNS(NAMESPACE, "svg"))
    svg.innerHTML =
      '<image/><path class="shade" fill-rule="evenodd"/><rect class="square"/><rect class="used"/>' +
      '<g class="sky"><path/><text>N</text><text>E</text></g>' +
      '<circle class="corner"/>'.repeat(4)
    svg.classList.add("crop")
  }
  const part = (name) => svg.querySelector(name)
  const set = (element, values) => Object.entries(values).forEach(([name, value]) => element.setAttribute(name, value))
  let { x, y, side } = data
  let waiting = null

  function draw() {
    const [left, top] = [x - side / 2, y - side / 2]
    set(part(".square"), { x: left, y: top, width: side, height: side })
    set(part(".used"), { x: x - (used * side) / 2, y: y - (used * side) / 2, width: used * side, height: used * side })
    set(part(".shade"), { d: `M0 0H${width}V${height}H0Z M${left} ${top}h${side}v${side}h${-side}Z` })
    const scale = width / (svg.getBoundingClientRect().width || SHOWN)
    svg.querySelectorAll(".corner").forEach((corner, i) => {
      const [right, lower] = [i % 2, i >> 1]
      const cursor = right === lower ? "nwse-resize" : "nesw-resize"
      set(corner, { cx: left + right * side, cy: top + lower * side, r: 9 * scale, style: `cursor: ${cursor}` })
    })
    drawArrows(scale)
    svg.setAttribute(
      "aria-label",
      `Crop: a square of ${Math.round(side)} pixels, centre ${Math.round(x)} from the left and ${Math.round(y)} from ` +
        "the top. Arrow keys move it, plus and minus change its size." +
        (sky ? ` North is ${Math.round(Math.abs(sky.north))}° to the ${sky.north < 0 ? "left" : "right"} of up.` : "")
    )
  }

  // Arrows to north and east, at the top right.
  function drawArrows(scale) {
    part(".sky").style.display = sky ? "" : "none"
    if (!sky) return
    const angle = (sky.north * Math.PI) / 180
    const north = [Math.sin(angle), -Math.cos(angle)]
    const east = sky.mirrored ? [-north[1], north[0]] : [north[1], -north[0]]
    const [x, y] = [width - 48 * scale, 48 * scale]
    const arrow = ([right, down], long) => {
      const at = (along, across) =>
        `${x + (along * right - across * down) * scale} ${y + (along * down + across * right) * scale}`
      return `M${at(0, 0)}L${at(long, 0)}M${at(long - 6, 4)}L${at(long, 0)}L${at(long - 6, -4)}`
    }
    set(part(".sky path"), { d: arrow(north, 28) + arrow(east, 20) })
    svg.querySelectorAll(".sky text").forEach((letter, i) => {
      const [right, down] = i ? east : north
      const reach = (i ? 31 : 38) * scale
      set(letter, { x: x + reach * right, y: y + reach * down, style: `font-size: ${14 * scale}px` })
    })
  }

  function change(nextX, nextY, nextSide) {
    const clip = (value, low, high) => Math.min(Math.max(value, low), high)
    side = clip(nextSide, least, largest)
    x = clip(nextX, 0, width - 1)
    y = clip(nextY, 0, height - 1)
    draw()
  }

  function send() {
    clearTimeout(waiting)
    waiting = null
    setTriggerValue("square", [Math.round(x), Math.round(y), Math.round(side)])
  }

  const pointers = new Map()
  let start = null // positions of the pointers, and the square, when the number of pointers changed last
  let dragged = false
  const position = (event) => {
    const box = svg.getBoundingClientRect()
    return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height]
  }
  const begin = (corner) => {
    start = { at: [...pointers.values()], x, y, side, corner }
  }
  const middle = (at) => [(at[0][0] + at[1][0]) / 2, (at[0][1] + at[1][1]) / 2]
  const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1])

  svg.onpointerdown = (event) => {
    if (event.target.matches("image, .shade") && !pointers.size) return
    event.preventDefault()
    svg.focus({ preventScroll: true })
    svg.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, position(event))
    begin(event.target.matches(".corner"))
  }
  svg.onpointermove = (event) => {
    if (!pointers.has(event.pointerId) || !start) return
    pointers.set(event.pointerId, position(event))
    dragged = true
    const now = [...pointers.values()]
    if (now.length === 2) {
      const [from, to] = [middle(start.at), middle(now)]
      const factor = distance(...now) / Math.max(distance(...start.at), 1)
      change(start.x + to[0] - from[0], start.y + to[1] - from[1], start.side * factor)
    } else if (start.corner) {
      const reach = Math.max(Math.abs(now[0][0] - start.x), Math.abs(now[0][1] - start.y))
      change(start.x, start.y, 2 * reach)
    } else {
      change(start.x + now[0][0] - start.at[0][0], start.y + now[0][1] - start.at[0][1], start.side)
    }
  }
  svg.onpointerup = svg.onpointercancel = (event) => {
    if (!pointers.delete(event.pointerId)) return
    if (pointers.size) return begin(false)
    if (dragged) send()
    start = null
    dragged = false
  }
  svg.onkeydown = (event) => {
    const step = (Math.min(width, height) / 100) * (event.shiftKey ? 5 : 1)
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    const sizes = { "+": 1, "=": 1, "-": -1 }
    if (moves[event.key]) change(x + moves[event.key][0] * step, y + moves[event.key][1] * step, side)
    else if (sizes[event.key]) change(x, y, side + 2 * sizes[event.key] * step)
    else return
    event.preventDefault()
    event.stopPropagation()
    clearTimeout(waiting)
    waiting = setTimeout(send, 500) // the prediction follows the last of several keys
  }

  svg.style.maxWidth = `${SHOWN * Math.min(1, width / height)}px`
  set(svg, { viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "application" })
  set(part("image"), { href: data.picture, width, height })
  draw()
  const resized = new ResizeObserver(draw)
  resized.observe(svg)
  return () => {
    resized.disconnect()
    if (waiting) send()
  }
}
