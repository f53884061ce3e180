// Hearts on galaxies. The browser's storage holds the visitor's collections; a session of the app holds a copy.
const PLACE = "galaxy-explorer.collections"
const MESSAGE_MS = 2500

function open() {
  const own = { memory: null, stored: true, sent: "", send: () => {} }

  own.read = () => {
    let kept = own.memory
    if (!kept) {
      try {
        kept = JSON.parse(localStorage.getItem(PLACE))
      } catch {
        kept = null
      }
    }
    const revision = Number.isSafeInteger(kept?.revision) && kept.revision > 0 ? kept.revision : 0
    return { chosen: own.first, ...kept, revision, collections: Array.isArray(kept?.collections) ? kept.collections : [] }
  }

  own.write = (kept) => {
    try {
      localStorage.setItem(PLACE, JSON.stringify(kept))
      own.memory = null
    } catch { // a private window, or a full disk: kept until the page is closed
      own.memory = kept
      own.stored = false
    }
    own.paint()
  }

  const has = (list, [source, id]) => list.some((one) => one[0] === source && one[1] === id)

  own.toggle = ({ source, galaxy, collection, mark = "yes" }) => {
    const kept = own.read()
    const name = collection || kept.chosen || own.first
    let found = kept.collections.find((one) => one.name === name)
    if (!found) kept.collections.push((found = { name, yes: [], no: [] }))
    const address = [source, galaxy]
    const on = !has(found[mark] ?? [], address)
    const size = (one) => (one.yes?.length ?? 0) + (one.no?.length ?? 0)
    const all = kept.collections.reduce((sum, one) => sum + size(one), 0)
    if (on && (size(found) >= own.limits.marks || all >= own.limits.all || kept.collections.length > own.limits.collections)) {
      return own.say(`${name} is full: at most ${own.limits.marks.toLocaleString("en")} galaxies.`)
    }
    for (const kind of ["yes", "no"]) {
      found[kind] = (found[kind] ?? []).filter((one) => !(one[0] === source && one[1] === galaxy))
    }
    if (on) found[mark].push(address)
    kept.revision += 1
    if (!kept.chosen || !kept.collections.some((one) => one.name === kept.chosen)) kept.chosen = name
    own.write(kept)
    own.tell(kept)
    const kind = mark === "yes" ? "" : "“not” of "
    const count = found[mark].length
    own.say(`${on ? "Added to" : "Removed from"} ${kind}${name} · ${count} ${count === 1 ? "galaxy" : "galaxies"}`)
  }

  own.tell = (kept) => {
    own.sent = `${kept.revision}`
    own.send({ ...kept, stored: own.stored })
  }

  // The newer of the two wins: the app's after a change on its pages, the browser's otherwise.
  own.meet = (app) => {
    own.limits = app.limits
    own.first = app.first
    const kept = own.read()
    if (app.loaded && app.revision > kept.revision) own.write({ ...app, limits: undefined, loaded: undefined })
    else if (!app.loaded || (app.revision < kept.revision && own.sent !== `${kept.revision}`)) own.tell(kept)
    own.paint()
  }

  own.paint = () => {
    const kept = own.read()
    const marked = new Map()
    for (const { name, ...lists } of kept.collections) {
      for (const kind of ["yes", "no"]) {
        for (const pair of Array.isArray(lists[kind]) ? lists[kind] : []) marked.set(JSON.stringify([name, kind, ...pair]), 1)
      }
    }
    for (const button of document.querySelectorAll("button.heart[data-galaxy]")) {
      const { source, galaxy, collection, mark = "yes" } = button.dataset
      const name = collection || kept.chosen || own.first
      const on = marked.has(JSON.stringify([name, mark, source, galaxy]))
      const set = (attribute, value) => button.getAttribute(attribute) === value || button.setAttribute(attribute, value)
      set("aria-pressed", `${on}`)
      set("aria-label", mark === "yes" ? `Keep ${galaxy} in ${name}` : `${galaxy} is not one of ${name}`)
      set("title", mark === "yes" ? (on ? `Remove from ${name}` : `Add to ${name}`) : on ? "Remove this mark" : `Not one of ${name}`)
      const words = button.querySelector(".name")
      if (words && words.textContent !== name) words.textContent = name
    }
  }

  own.say = (text) => {
    let line = document.querySelector(".heart-message")
    if (!line) {
      line = document.body.appendChild(document.createElement("div"))
      line.className = "heart-message"
      line.setAttribute("role", "status")
    }
    line.textContent = text
    line.classList.add("shown")
    clearTimeout(own.timer)
    own.timer = setTimeout(() => line.classList.remove("shown"), MESSAGE_MS)
  }

  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("button.heart[data-galaxy]")
      if (!button) return
      event.preventDefault()
      event.stopPropagation() // the tile under it is a link
      own.toggle(button.dataset)
    },
    true
  )
  window.addEventListener("storage", (event) => {
    if (event.key !== PLACE) return
    own.memory = null
    own.paint()
    own.tell(own.read()) // from another tab
  })
  let waiting = 0
  new MutationObserver(() => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0
      own.paint()
    })
  }).observe(document.body, { childList: true, subtree: true })
  return own
}

export default function ({ data, setStateValue }) {
  const own = (window.galaxyHearts ??= open())
  own.send = (kept) => setStateValue("kept", kept)
  own.meet(data)
}
