// The browser's storage holds the visitor's votes; a session of the app holds a copy. The later of two votes counts.
const PLACE = "galaxy-explorer.votes"
let memory = null // of a private window, or a full disk
let stored = true

function read() {
  let kept = memory
  if (!kept) {
    try {
      kept = JSON.parse(localStorage.getItem(PLACE))
    } catch {
      kept = null
    }
  }
  const random = () => "voter-" + crypto.getRandomValues(new Uint32Array(1))[0].toString(16).padStart(8, "0")
  return { voter: kept?.voter || random(), cleared: kept?.cleared || "", votes: Array.isArray(kept?.votes) ? kept.votes : [] }
}

function write(kept) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept))
    memory = null
  } catch {
    memory = kept
    stored = false
  }
}

export default function ({ data, setStateValue }) {
  const kept = read()
  if (data.voter) kept.voter = data.voter
  if (data.cleared > kept.cleared) kept.cleared = data.cleared
  const votes = new Map(kept.votes.map((vote) => [JSON.stringify(vote.slice(0, 2)), vote]))
  for (const vote of data.new) {
    const place = JSON.stringify(vote.slice(0, 2))
    if (!votes.has(place) || votes.get(place)[3] < vote[3]) votes.set(place, vote)
  }
  kept.votes = [...votes.values()].filter((vote) => vote[3] > kept.cleared).slice(-data.most)
  write(kept)
  document.documentElement.dataset.votesKept = kept.votes.length // that it is done, for tests
  if (!data.loaded) setStateValue("kept", { ...kept, stored })
}
