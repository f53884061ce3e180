// What part of the map is shown: its centre in [0, 1], and pixels per unit.
const MARGIN = 1.06
const MAX_ZOOM = 400

function newView(stage) {
  const view = { x: 0.5, y: 0.5, scale: 1, whole: { x: 0.5, y: 0.5, scale: 1 } }
  const size = () => [stage.clientWidth || 1, stage.clientHeight || 1]
  view.size = size
  view.toScreen = (x, y) => {
    const [width, height] = size()
    return [(x - view.x) * view.scale + width / 2, (y - view.y) * view.scale + height / 2]
  }
  view.toMap = (left, top) => {
    const [width, height] = size()
    return [(left - width / 2) / view.scale + view.x, (top - height / 2) / view.scale + view.y]
  }
  view.box = () => [...view.toMap(0, 0), ...view.toMap(...size())]
  view.limit = () => {
    view.scale = Math.min(Math.max(view.scale, 0.7 * view.whole.scale), MAX_ZOOM * view.whole.scale)
    view.x = Math.min(Math.max(view.x, 0), 1)
    view.y = Math.min(Math.max(view.y, 0), 1)
  }
  view.zoomAt = (factor, left, top) => {
    const [x, y] = view.toMap(left, top)
    view.scale *= factor
    view.limit()
    const [width, height] = size()
    view.x = x - (left - width / 2) / view.scale
    view.y = y - (top - height / 2) / view.scale
    view.limit()
  }
  view.moveBy = (dx, dy) => {
    view.x -= dx / view.scale
    view.y -= dy / view.scale
    view.limit()
  }
  view.zoom = () => view.scale / view.whole.scale
  return view
}

// The view that shows all but a few outlying points.
function wholeView(points, [width, height]) {
  const range = (values) => {
    const some = values.slice(0, 4000).sort()
    const at = (part) => some[Math.round(part * (some.length - 1))] / SPACE
    return some.length > 200 ? [at(0.002), at(0.998)] : [at(0), at(1)]
  }
  const [left, right] = range(points.x)
  const [top, bottom] = range(points.y)
  const room = points.count > 200 ? 24 : 110 // pixels: few galaxies are drawn as pictures
  const across = Math.max((right - left) * MARGIN, 0.05)
  const down = Math.max((bottom - top) * MARGIN, 0.05)
  const scale = Math.min((width - room) / across, (height - room) / down)
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale: Math.max(scale, 40) }
}
