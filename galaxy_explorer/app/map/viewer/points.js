// The galaxies: positions, what they can be coloured by, and which lie near a position.
const UNKNOWN = 255
const HIGHEST = 254
const SPACE = 65536 // positions in each direction
const CELLS = 256 // of the grid, in each direction

function readPoints(bytes) {
  const copy = (from, size) => bytes.slice(from, from + size).buffer // aligned
  const length = new Uint32Array(copy(4, 4))[0] // after "PNTS"
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
  const n = header.count
  let at = 8 + length
  const x = new Uint16Array(copy(at, 2 * n))
  const y = new Uint16Array(copy(at + 2 * n, 2 * n))
  at += 4 * n
  const stored = {}
  for (const measure of header.measures) {
    if (!measure.stored) continue
    stored[measure.name] = bytes.subarray(at, at + n)
    at += n
  }
  return { ...header, x, y, stored, grid: gridOf(x, y), values: (name) => valuesOf(header.measures, stored, name, n) }
}

// The codes of a measure; the last answer of a short question is what the others leave.
function valuesOf(measures, stored, name, n) {
  const measure = measures.find((each) => each.name === name)
  if (!measure) return null
  if (!stored[name]) {
    const others = measure.restOf.map((other) => stored[other])
    const codes = new Uint8Array(n)
    for (let i = 0; i < n; i++) {
      let rest = HIGHEST
      for (const other of others) rest = other[i] === UNKNOWN ? -1e6 : rest - other[i]
      codes[i] = rest < -1e3 ? UNKNOWN : Math.max(rest, 0)
    }
    stored[name] = codes
  }
  return stored[name]
}

// Points sorted by cell: those of a cell are `order[start[cell] .. start[cell + 1])`, the first of the payload first.
function gridOf(x, y) {
  const start = new Uint32Array(CELLS * CELLS + 1)
  for (let i = 0; i < x.length; i++) start[(y[i] >> 8) * CELLS + (x[i] >> 8) + 1]++
  for (let cell = 0; cell < CELLS * CELLS; cell++) start[cell + 1] += start[cell]
  const next = start.slice()
  const order = new Uint32Array(x.length)
  for (let i = 0; i < x.length; i++) order[next[(y[i] >> 8) * CELLS + (x[i] >> 8)]++] = i
  return { start, order }
}

// Call a function with each point of a rectangle, given in [0, 1].
function eachWithin(points, [left, top, right, bottom], visit) {
  const cell = (value) => Math.min(Math.max(Math.floor(value * CELLS), 0), CELLS - 1)
  const { start, order } = points.grid
  for (let row = cell(top); row <= cell(bottom); row++) {
    const from = start[row * CELLS + cell(left)]
    const to = start[row * CELLS + cell(right) + 1]
    for (let k = from; k < to; k++) visit(order[k])
  }
}

function nearest(points, x, y, reach, accepts) {
  let found = -1
  let best = reach * reach
  eachWithin(points, [x - reach, y - reach, x + reach, y + reach], (i) => {
    const distance = (points.x[i] / SPACE - x) ** 2 + (points.y[i] / SPACE - y) ** 2
    if (distance < best && accepts(i)) [found, best] = [i, distance]
  })
  return found
}

// One galaxy of each cell of a grid that is fixed to the map, so that none jumps while it moves. The lowest index
// wins: if a cell is divided, its galaxy stays.
function oneOfEach(points, box, side, accepts) {
  const winners = new Map()
  eachWithin(points, box, (i) => {
    const cell = Math.floor(points.x[i] / SPACE / side) * 2 ** 21 + Math.floor(points.y[i] / SPACE / side)
    const winner = winners.get(cell)
    if ((winner === undefined || i < winner) && accepts(i)) winners.set(cell, i)
  })
  return [...winners.values()].sort((a, b) => a - b)
}

// The likeliest answers along the tree, at most three: [label, per cent].
function leadingAnswers(points, i) {
  const found = []
  for (let question = 1; question && found.length < 3; ) {
    let best = null
    for (const measure of points.measures) {
      if (measure.question !== question) continue
      const code = points.values(measure.name)[i]
      if (code !== UNKNOWN && (!best || code > best.code)) best = { code, measure }
    }
    if (!best) break
    if (question !== 6) found.push([best.measure.label, Math.round((100 * best.code) / HIGHEST)])
    question = best.measure.leadsTo
  }
  return found
}
