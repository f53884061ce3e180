// A brush over a picture: mouse, finger or keys cover disks, which the server fills. Lengths are thousandths.
const UNIT = 1000
const NAMESPACE = "http://www.w3.org/2000/svg"

export default function ({ data, parentElement, setTriggerValue }) {
  const { height, radius, spots } = data // of a picture 1,000 wide; the disk's radius is of the shorter side
  const reach = (radius / UNIT) * Math.min(UNIT, height)
  let svg = parentElement.querySelector("svg")
  if (!svg) {
    svg = parentElement.appendChild(document.createElementNS(NAMESPACE, "svg"))
    svg.innerHTML = '<g></g><circle class="ring"/>'
    svg.classList.add("brush")
    svg.at = [UNIT / 2, height / 2]
  }
  const stroke = svg.querySelector("g")
  const ring = svg.querySelector(".ring")
  const set = (element, values) => Object.entries(values).forEach(([name, value]) => element.setAttribute(name, value))
  let painted = []

  function point(event) {
    const box = svg.getBoundingClientRect()
    return [((event.clientX - box.left) * UNIT) / box.width, ((event.clientY - box.top) * height) / box.height]
  }
  function move([x, y]) {
    svg.at = [Math.min(Math.max(x, 0), UNIT), Math.min(Math.max(y, 0), height)]
    set(ring, { cx: svg.at[0], cy: svg.at[1], r: reach })
  }
  function cover() {
    const last = painted.at(-1)
    const [x, y] = svg.at
    if (last && Math.hypot(x - last[0], y - last[1]) < reach / 2) return
    painted.push([x, y])
    const disk = stroke.appendChild(document.createElementNS(NAMESPACE, "circle"))
    set(disk, { cx: x, cy: y, r: reach })
  }
  function send() {
    if (!painted.length) return
    setTriggerValue("stroke", painted.map(([x, y]) => [Math.round(x), Math.round((y * UNIT) / height), radius]))
    painted = []
  }

  svg.onpointerdown = (event) => {
    event.preventDefault()
    svg.focus({ preventScroll: true })
    svg.setPointerCapture(event.pointerId)
    move(point(event))
    cover()
  }
  svg.onpointermove = (event) => {
    move(point(event))
    if (event.buttons) cover()
  }
  svg.onpointerup = svg.onpointercancel = send
  svg.onkeydown = (event) => {
    const step = event.shiftKey ? 50 : 10
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    if (moves[event.key]) move([svg.at[0] + moves[event.key][0] * step, svg.at[1] + moves[event.key][1] * step])
    else if (event.key === "Enter" || event.key === " ") {
      cover()
      send()
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  set(svg, { viewBox: `0 0 ${UNIT} ${height}`, tabindex: 0, role: "application" })
  svg.setAttribute(
    "aria-label",
    `Brush over the picture, ${spots} disks covered. Arrow keys move it, Enter covers what lies under it.`
  )
  stroke.replaceChildren() // what was painted is in the picture now
  move(svg.at)
}
