// The points in WebGL2: first their density and mean value are added up, then both become colour.
const ADD_UP = `#version 300 es
layout(location = 0) in float x;
layout(location = 1) in float y;
layout(location = 2) in float code;
layout(location = 3) in float match;
uniform vec2 centre, span;
uniform float size, weight;
out vec4 amount;
void main() {
  vec2 at = (vec2(x, y) - centre) * span;
  gl_Position = vec4(at.x, -at.y, 0.0, 1.0);
  gl_PointSize = size;
  bool known = code < 254.5;
  amount = weight * (match < 0.5 ? vec4(0, 0, 0, 1) : known ? vec4(code / 254.0, 1, 0, 0) : vec4(0, 0, 1, 0));
}`
const DOT = `#version 300 es
precision highp float;
uniform float size;
in vec4 amount;
out vec4 sum;
void main() {
  float cover = size < 3.0 ? 1.0 : clamp((0.5 - distance(gl_PointCoord, vec2(0.5))) * size, 0.0, 1.0);
  sum = amount * cover;
}`
const WHOLE_STAGE = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }`
const SHADE = `#version 300 es
precision highp float;
uniform sampler2D sums, colours;
uniform float exposure;
uniform vec3 unknown;
out vec4 colour;
vec3 shade(vec4 sum) {
  vec3 known = texture(colours, vec2(sum.r / max(sum.g, 1e-4) * (255.0 / 256.0) + 0.002, 0.5)).rgb;
  return mix(unknown, known, sum.g / max(sum.g + sum.b, 1e-4));
}`
// What is dense glows: means over some pixels, from the smaller copies of the sums, at an eighth of the size.
const GLOW = `${SHADE}
uniform float haze;
uniform vec2 stage;
void main() {
  vec2 at = gl_FragCoord.xy / stage;
  vec4 wide = vec4(0);
  for (int level = 4; level < 7; level++) wide += textureLod(sums, at, float(level)) / 3.0;
  float glow = haze * (1.0 - exp(-1.5 * (wide.g + wide.b) * exposure));
  colour = vec4(shade(wide) * glow, glow);
}`
const COLOUR = `${SHADE}
uniform sampler2D glows;
uniform float dark;
uniform vec2 stage;
uniform vec3 other;
float tone(float x) { return x <= 0.0 ? 0.0 : 1.0 - exp(-sqrt(x * exposure)); }
void main() {
  vec4 sum = texelFetch(sums, ivec2(gl_FragCoord.xy), 0);
  colour = texture(glows, gl_FragCoord.xy / stage);
  if (sum.g + sum.b + sum.a == 0.0) return;
  float behind = 0.6 * tone(sum.a), front = min(1.25 * tone(sum.g + sum.b), 1.0);
  vec3 shown = shade(sum);
  if (dark > 0.5) shown *= 0.72 + 0.28 * front;
  vec4 points = vec4(shown * front, front) + (1.0 - front) * vec4(other * behind, behind);
  colour = points + (1.0 - points.a) * colour;
}`
const GLOW_PART = 8 // of the stage's pixels
const LOOKS = {
  dark: { unknown: [0.36, 0.41, 0.5], other: [0.3, 0.34, 0.42], haze: 0.34 },
  light: { unknown: [0.6, 0.65, 0.72], other: [0.68, 0.73, 0.8], haze: 0.3 },
}

function newPainter(canvas) {
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, powerPreference: "low-power" })
  if (!gl || !(gl.getExtension("EXT_color_buffer_float") || gl.getExtension("EXT_color_buffer_half_float"))) return null
  const adding = linked(gl, ADD_UP, DOT)
  const glowing = linked(gl, WHOLE_STAGE, GLOW)
  const colouring = linked(gl, WHOLE_STAGE, COLOUR)
  const array = gl.createVertexArray()
  const buffers = ["x", "y", "code", "match"].map(() => gl.createBuffer())
  const [sums, glows] = [gl.createTexture(), gl.createTexture()]
  const [sumsTarget, glowsTarget] = [gl.createFramebuffer(), gl.createFramebuffer()]
  const colours = gl.createTexture()
  let count = 0
  let look = LOOKS.dark

  function fill(location, values, type, normalised) {
    gl.bindVertexArray(array)
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[location])
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW)
    gl.enableVertexAttribArray(location)
    gl.vertexAttribPointer(location, 1, type, normalised, 0, 0)
  }

  const smaller = (pixels) => Math.max(Math.ceil(pixels / GLOW_PART), 1)
  function resize(width, height) {
    if (canvas.width === width && canvas.height === height) return
    Object.assign(canvas, { width, height })
    makeTarget(gl, sums, sumsTarget, [gl.RGBA16F, width, height, gl.HALF_FLOAT], gl.LINEAR_MIPMAP_NEAREST)
    makeTarget(gl, glows, glowsTarget, [gl.RGBA8, smaller(width), smaller(height), gl.UNSIGNED_BYTE], gl.LINEAR)
  }

  function addUp(view, [width, height], some, size) {
    gl.bindFramebuffer(gl.FRAMEBUFFER, sumsTarget)
    gl.viewport(0, 0, canvas.width, canvas.height)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT)
    gl.useProgram(adding.program)
    gl.uniform2f(adding.at("centre"), view.x, view.y)
    gl.uniform2f(adding.at("span"), (2 * view.scale) / width, (2 * view.scale) / height)
    gl.uniform1f(adding.at("size"), size)
    gl.uniform1f(adding.at("weight"), count / some)
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE)
    gl.bindVertexArray(array)
    gl.drawArrays(gl.POINTS, 0, some)
    gl.disable(gl.BLEND)
    gl.bindVertexArray(null)
  }

  function colourIn({ program, at }, target, width, height, exposure) {
    gl.bindFramebuffer(gl.FRAMEBUFFER, target)
    gl.viewport(0, 0, width, height)
    gl.useProgram(program)
    ;[sums, colours, target ? null : glows].forEach((texture, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit)
      gl.bindTexture(gl.TEXTURE_2D, texture)
      gl.uniform1i(at(["sums", "colours", "glows"][unit]), unit)
    })
    gl.activeTexture(gl.TEXTURE0)
    gl.uniform2f(at("stage"), width, height)
    gl.uniform1f(at("exposure"), exposure)
    gl.uniform1f(at("haze"), look.haze)
    gl.uniform1f(at("dark"), look.dark)
    gl.uniform3fv(at("unknown"), look.unknown)
    gl.uniform3fv(at("other"), look.other)
    gl.drawArrays(gl.TRIANGLES, 0, 3)
  }

  return {
    setPoints(points) {
      count = points.count
      fill(0, points.x, gl.UNSIGNED_SHORT, true)
      fill(1, points.y, gl.UNSIGNED_SHORT, true)
    },
    setCodes: (codes) => fill(2, codes, gl.UNSIGNED_BYTE, false),
    setMatches: (matches) => fill(3, matches, gl.UNSIGNED_BYTE, false),
    setTheme(theme, scale) {
      look = { ...LOOKS[theme], dark: theme === "dark" ? 1 : 0 }
      gl.bindTexture(gl.TEXTURE_2D, colours)
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, scale)
      setTexture(gl, gl.NEAREST, gl.NEAREST)
    },
    // Wait until all is drawn; return the time.
    finish() {
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4))
      return performance.now()
    },
    // Draw the first `some` points, as bright as all would be; return the size of a dot.
    draw(view, some, ratio) {
      const size = view.size()
      resize(...size.map((pixels) => Math.round(pixels * ratio)))
      const dot = dots(view, count)
      addUp(view, size, some, dot.size * ratio)
      gl.bindTexture(gl.TEXTURE_2D, sums)
      gl.generateMipmap(gl.TEXTURE_2D)
      colourIn(glowing, glowsTarget, smaller(canvas.width), smaller(canvas.height), dot.exposure)
      colourIn(colouring, null, canvas.width, canvas.height, dot.exposure)
      return dot.size
    },
  }
}

// The size of a dot and how bright one is: from a haze of all galaxies to single discs.
function dots(view, count) {
  const spacing = view.scale * Math.sqrt(0.3 / Math.max(count, 1)) // pixels between galaxies, if they fill 0.3 of the map
  const size = Math.min(Math.max(0.6 * spacing, count > 60000 ? 2 : 3), 13)
  const crowd = Math.max((size * size) / (spacing * spacing), 0.3) // discs over one pixel
  return { size, exposure: 1 / crowd }
}

function makeTarget(gl, texture, target, [format, width, height, type], filter) {
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, gl.RGBA, type, null)
  setTexture(gl, filter, gl.LINEAR)
  gl.bindFramebuffer(gl.FRAMEBUFFER, target)
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0)
}

function setTexture(gl, smaller, larger) {
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, smaller)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, larger)
  for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE)
}

function linked(gl, vertex, fragment) {
  const program = gl.createProgram()
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind)
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) || "no shader")
  const known = {}
  return { program, at: (name) => (known[name] ??= gl.getUniformLocation(program, name)) }
}

// A scale of a few colours as 256 of four bytes.
function colourTable(stops) {
  const rgb = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)))
  const table = new Uint8Array(4 * 256).fill(255)
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (rgb.length - 1)
    const [low, part] = [Math.min(Math.floor(at), rgb.length - 2), at % 1]
    const between = at >= rgb.length - 1 ? 1 : part
    for (let c = 0; c < 3; c++) table[4 * i + c] = Math.round(rgb[low][c] * (1 - between) + rgb[low + 1][c] * between)
  }
  return table
}
