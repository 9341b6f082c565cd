// api.js: requests to the server, and their refusals as sentences.

const ROOT = "/api/v1";

/** Why a request came to nothing: `message` is one sentence for the reader; `status` is 0 if the server did not answer. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const get = (path, signal) => request("GET", path, undefined, signal);
export const post = (path, body, signal) => request("POST", path, body, signal);
export const remove = (path) => request("DELETE", path);

/** An address of the interface: the parts of the path and the query's values are escaped. */
export function address(parts, query = {}) {
  const path = [ROOT, ...parts.map((one) => encodeURIComponent(one))].join("/");
  const values = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== null));
  return values.size || values.toString() ? `${path}?${values}` : path;
}

async function request(method, path, body, signal) {
  const init = { method, signal, headers: { Accept: "application/json" } };
  if (method !== "GET") init.headers["Content-Type"] = "application/json";
  if (body !== undefined) init.body = JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The server does not answer. Is “langevin serve” still running?", 0);
  }
  if (!response.ok) throw await refusal(response);
  return response.json();
}

async function refusal(response) {
  let sentence = `The server answered with status ${response.status}.`;
  try {
    sentence = (await response.json()).error ?? sentence;
  } catch {
    // Not our server's JSON, a proxy's page perhaps: the status alone is said.
  }
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  if (response.status === 429 && wait > 0) sentence += ` Try again in ${wait} second${wait === 1 ? "" : "s"}.`;
  return new Refusal(sentence, response.status);
}
