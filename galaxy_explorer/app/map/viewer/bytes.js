// Hands a binary message to the map on the same page, which may be there before or after it.
export default function ({ data }) {
  if (!data?.length) return
  const messages = (globalThis.galaxyMap ??= {})
  const kind = data[0] === 0x4d ? "matches" : "points" // "M" of MTCH
  messages[kind] = data
  document.dispatchEvent(new CustomEvent("galaxy-map", { detail: kind }))
}
