// Pointers, wheel and keys: move, zoom, draw a shape, point at a galaxy, press one.
const STILL_PX = 5
const DOUBLE_MS = 260

// `act` has: tool(), moved(), zoomed(), still(), drawing(corners), drawn(corners), point(x, y), press(x, y, isTouch),
// leave(), key(event).
function listen(stage, view, act) {
  const pointers = new Map()
  let start = null
  let corners = null
  let lastPress = { time: 0, timer: null }
  const position = (event) => {
    const box = stage.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }
  const middle = (at) => [(at[0][0] + at[1][0]) / 2, (at[0][1] + at[1][1]) / 2]
  const apart = (at) => Math.max(Math.hypot(at[0][0] - at[1][0], at[0][1] - at[1][1]), 1)
  const begin = () => {
    const at = [...pointers.values()]
    start = { at, last: at.length === 2 ? middle(at) : at[0], apart: at.length === 2 ? apart(at) : 0 }
  }

  stage.onpointerdown = (event) => {
    if (event.button || event.target.closest("button, a, select, label")) return
    stage.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, position(event))
    const tool = event.shiftKey ? "lasso" : act.tool()
    if (pointers.size === 1 && tool !== "move") corners = { tool, from: position(event), all: [view.toMap(...position(event))] }
    else corners = null
    begin()
    start.moved = pointers.size > 1
  }
  stage.onpointermove = (event) => {
    const at = position(event)
    if (!pointers.has(event.pointerId)) return event.pointerType === "touch" || act.point(...at)
    pointers.set(event.pointerId, at)
    const moved = start.moved || Math.hypot(at[0] - start.at[0][0], at[1] - start.at[0][1]) > STILL_PX
    if (!moved) return
    start.moved = true
    if (corners) {
      extend(corners, at)
      act.drawing(corners.all, corners.tool)
    } else if (pointers.size === 2) {
      const both = [...pointers.values()]
      const [x, y] = middle(both)
      view.zoomAt(apart(both) / start.apart, x, y)
      view.moveBy(x - start.last[0], y - start.last[1])
      Object.assign(start, { last: [x, y], apart: apart(both) })
      act.moved()
    } else {
      view.moveBy(at[0] - start.last[0], at[1] - start.last[1])
      start.last = at
      act.moved()
    }
  }
  function extend(shape, at) {
    if (shape.tool === "box") {
      const [[left, top], [right, bottom]] = [shape.from, at]
      shape.all = [[left, top], [right, top], [right, bottom], [left, bottom]].map((corner) => view.toMap(...corner))
    } else shape.all.push(view.toMap(...at))
  }
  stage.onpointerup = (event) => {
    if (!pointers.delete(event.pointerId)) return
    const { moved } = start
    if (corners && moved) act.drawn(corners.all)
    else if (!moved && !pointers.size) press(position(event), event.pointerType === "touch")
    corners = null
    if (pointers.size) begin(), (start.moved = true)
    else act.still()
  }
  stage.onpointercancel = (event) => {
    pointers.delete(event.pointerId)
    corners = null
    act.drawing([], "")
  }
  stage.onpointerleave = (event) => event.pointerType === "touch" || pointers.size || act.leave() // a finger that lifts leaves
  // A single press waits whether it becomes a double one.
  function press(at, isTouch) {
    const isDouble = Date.now() - lastPress.time < DOUBLE_MS
    clearTimeout(lastPress.timer)
    lastPress = { time: isDouble ? 0 : Date.now(), timer: null }
    if (isDouble) act.zoomed(2.2, ...at)
    else lastPress.timer = setTimeout(() => act.press(...at, isTouch), DOUBLE_MS)
  }
  stage.addEventListener(
    "wheel",
    (event) => {
      if (event.target.closest("select")) return
      event.preventDefault()
      const lines = event.deltaMode === 1 ? 20 : 1
      view.zoomAt(Math.exp(-Math.min(Math.max(event.deltaY * lines, -120), 120) * (event.ctrlKey ? 0.01 : 0.0022)), ...position(event))
      act.moved()
    },
    { passive: false }
  )
  stage.onkeydown = (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return
    const [width, height] = view.size()
    const step = Math.min(width, height) / 8
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }
    if (moves[event.key]) view.moveBy(...moves[event.key]), act.moved()
    else if (["+", "="].includes(event.key)) act.zoomed(1.5, width / 2, height / 2)
    else if (event.key === "-") act.zoomed(1 / 1.5, width / 2, height / 2)
    else if (!act.key(event.key)) return
    event.preventDefault()
    event.stopPropagation()
  }
}
