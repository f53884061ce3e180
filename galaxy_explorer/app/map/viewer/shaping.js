// Tools: a shape around galaxies, by lasso or box; keys.
function setTool(m, tool) {
  m.tool = tool
  m.stage.dataset.tool = tool
  for (const button of m.root.querySelectorAll("button[data-tool]"))
    button.setAttribute("aria-pressed", button.dataset.tool === tool)
  const hint = m.part(".hint")
  hint.hidden = tool === "move"
  hint.textContent = tool === "box" ? "Drag a box over some galaxies" : "Draw a line around some galaxies"
}

function setDrawing(m, corners) {
  m.drawing = corners
  hideCard(m)
  redraw(m, false)
}

function drawn(m, corners) {
  const shape = shapeToSend(corners)
  setTool(m, "move")
  setDrawing(m, [])
  if (shape.length < 3 || !m.points) return
  m.data = { ...m.data, shape }
  const inside = insideShape(m.points, shape) // at once; Python's answer adds the other filters
  showMatches(m, m.matches.map((match, i) => match && inside[i]))
  still(m)
  m.send("shape", shape)
}

function clearShape(m) {
  if (!m.data.shape.length) return false
  m.data = { ...m.data, shape: [] }
  redraw(m, false)
  m.send("shape", [])
  return true
}

function pressKey(m, key) {
  if (key === "0") showWhole(m)
  else if (key.toLowerCase() === "l") setTool(m, m.tool === "lasso" ? "move" : "lasso")
  else if (key !== "Escape") return false
  else if (m.tool !== "move") setTool(m, "move"), setDrawing(m, [])
  else if (m.hover >= 0) hideCard(m)
  else return clearShape(m)
  return true
}

function showWhole(m) {
  Object.assign(m.view, m.view.whole)
  still(m)
}

function pressButton(m, button) {
  const [width, height] = m.view.size()
  const actions = {
    plus: () => zoomed(m, 1.6, width / 2, height / 2),
    minus: () => zoomed(m, 1 / 1.6, width / 2, height / 2),
    whole: () => showWhole(m),
    clear: () => clearShape(m),
    open: () => openGalaxy(m, m.hover),
    pictures: () => {
      m.showsPictures = !m.showsPictures
      button.setAttribute("aria-pressed", m.showsPictures)
      still(m)
    },
  }
  if (button.dataset.tool) setTool(m, m.tool === button.dataset.tool ? "move" : button.dataset.tool)
  else actions[button.dataset.do]?.()
}
