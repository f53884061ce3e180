// Pictures of galaxies over the points, and the shape that was drawn around some.
const MAX_PICTURES = 900 // kept
const ASKED_AT_ONCE = 64
const FEW = 60 // galaxies

function newPictures() {
  const tiles = new Map() // by index: [image, x, y, side]; null if it cannot be read
  return {
    tiles,
    async add({ url, side, indices, columns, missing }) {
      const image = new Image()
      image.src = url
      await image.decode()
      const unreadable = new Set(missing)
      indices.forEach((index, place) => {
        const at = [(place % columns) * side, Math.floor(place / columns) * side]
        tiles.set(index, unreadable.has(index) ? null : [image, ...at, side])
      })
      for (const index of [...tiles.keys()].slice(0, Math.max(tiles.size - MAX_PICTURES, 0))) tiles.delete(index)
    },
    clear: () => tiles.clear(),
  }
}

// Which galaxies get a picture, where, and how large: more and larger ones the farther one zooms in; none under the
// controls, given as [left, top, right, bottom] in pixels.
function placedPictures(points, view, matches, controls) {
  const [width, height] = view.size()
  const spacing = view.scale * Math.sqrt(0.3 / Math.max(points.count, 1))
  const side = Math.min(Math.max(1.1 * spacing, width < 500 ? 30 : 38), width < 500 ? 64 : 84)
  const apart = side * (spacing > 0.7 * side ? 1.15 : width < 500 ? 1.9 : 2.5)
  // Cells of fixed sizes, so that a slow zoom does not exchange all pictures; few galaxies are all shown.
  const cell = 2 ** (Math.ceil(2 * Math.log2(apart / view.scale)) / 2)
  const candidates = oneOfEach(points, view.box(), points.count > FEW ? cell : 1e-6, (i) => matches[i])
  const clear = points.count > FEW ? 1.12 * side : 0.6 * side
  const chosen = []
  for (const index of candidates) {
    const [x, y] = view.toScreen(points.x[index] / SPACE, points.y[index] / SPACE)
    if (x < 0 || y < 0 || x > width || y > height) continue
    const half = side / 2
    if (controls.some(([l, t, r, b]) => x + half > l && x - half < r && y + half > t && y - half < b)) continue
    if (chosen.some((other) => Math.abs(other.x - x) < clear && Math.abs(other.y - y) < clear)) continue
    chosen.push({ index, x, y, side })
    if (chosen.length === 160) break
  }
  return chosen
}

function drawPictures(context, placed, tiles, colourOf) {
  let drawn = 0
  for (const { index, x, y, side } of placed) {
    const tile = tiles.get(index)
    if (!tile) continue
    drawn++
    const [image, left, top, from] = tile
    context.save()
    context.beginPath()
    context.roundRect(x - side / 2, y - side / 2, side, side, 0.22 * side)
    context.fillStyle = "#05070b"
    context.fill()
    context.lineWidth = Math.max(3.5, 0.075 * side)
    context.strokeStyle = colourOf(index)
    context.stroke()
    context.clip()
    context.drawImage(image, left, top, from, from, x - side / 2, y - side / 2, side, side)
    context.restore()
  }
  return drawn
}

function drawShape(context, corners, view, colour, isClosed) {
  if (corners.length < 2) return
  context.beginPath()
  corners.forEach(([x, y], k) => context[k ? "lineTo" : "moveTo"](...view.toScreen(x, y)))
  if (isClosed) context.closePath()
  context.globalAlpha = 0.05
  context.fillStyle = colour
  context.fill()
  context.globalAlpha = 1
  context.lineJoin = context.lineCap = "round"
  context.lineWidth = 2
  context.strokeStyle = colour
  context.setLineDash(isClosed ? [] : [6, 5])
  context.stroke()
  context.setLineDash([])
}

// Fewer corners for the same shape: leave out those that lie close to a line between others (Douglas-Peucker).
function simplified(corners, tolerance) {
  if (corners.length < 3) return corners
  const [first, last] = [corners[0], corners[corners.length - 1]]
  const [dx, dy] = [last[0] - first[0], last[1] - first[1]]
  const long = Math.hypot(dx, dy)
  let [farthest, most] = [0, -1]
  corners.forEach(([x, y], k) => {
    const [ex, ey] = [x - first[0], y - first[1]]
    const off = long ? Math.abs(dx * ey - dy * ex) / long : Math.hypot(ex, ey)
    if (off > most) [farthest, most] = [k, off]
  })
  if (most <= tolerance) return [first, last]
  const before = simplified(corners.slice(0, farthest + 1), tolerance)
  return [...before.slice(0, -1), ...simplified(corners.slice(farthest), tolerance)]
}

const MAX_CORNERS = 100
function shapeToSend(corners) {
  let tolerance = 0.001
  let shape = simplified(corners, tolerance)
  while (shape.length > MAX_CORNERS) shape = simplified(corners, (tolerance *= 1.6))
  const inside = (value) => Math.min(Math.max(Math.round(1000 * value), 0), 1000)
  return shape.map(([x, y]) => [inside(x), inside(y)])
}

// Which points lie in a shape of thousandths, by the even-odd rule.
function insideShape(points, shape) {
  const inside = new Uint8Array(points.count)
  const corners = shape.map(([x, y]) => [(x / 1000) * (SPACE - 1), (y / 1000) * (SPACE - 1)])
  corners.forEach(([x0, y0], k) => {
    const [x1, y1] = corners[(k + 1) % corners.length]
    const slope = (x1 - x0) / (y1 - y0)
    for (let i = 0; i < points.count; i++) {
      const y = points.y[i]
      if (y0 > y !== y1 > y && points.x[i] < x0 + (y - y0) * slope) inside[i] ^= 1
    }
  })
  return inside
}
