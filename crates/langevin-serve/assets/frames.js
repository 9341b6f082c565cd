// frames.js: the frames of the last jobs, kept in the browser's database so that a refresh loses none of them.

const DATABASE = "langevin-frames";
const STORE = "frames";
const LONGEST = 24 * 3600 * 1000;

let opened = null;

/** The database, or null where the browser has none (some private windows): then frames live as long as the page. */
function database() {
  opened ??= new Promise((resolve) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["job", "step"] }).createIndex("kept", "kept");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  }).catch(() => null);
  return opened;
}

async function store(mode) {
  const base = await database();
  return base?.transaction(STORE, mode).objectStore(STORE) ?? null;
}

export async function keepFrame(job, frame) {
  (await store("readwrite"))?.put({ ...frame, job, kept: Date.now() });
}

/** All frames kept of a job, in the order of their steps. */
export async function keptFrames(job) {
  const frames = await store("readonly");
  if (!frames) return [];
  return new Promise((resolve) => {
    const request = frames.getAll(IDBKeyRange.bound([job, -Infinity], [job, Infinity]));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve([]);
  });
}

/** Forgets a job's frames, and those of any job that are older than a day. */
export async function forgetFrames(job) {
  const frames = await store("readwrite");
  if (!frames) return;
  if (job) frames.delete(IDBKeyRange.bound([job, -Infinity], [job, Infinity]));
  frames.index("kept").openCursor(IDBKeyRange.upperBound(Date.now() - LONGEST)).onsuccess = ({ target }) => {
    if (!target.result) return;
    target.result.delete();
    target.result.continue();
  };
}
