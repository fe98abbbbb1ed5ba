// Passkeys: what only a script can ask of a browser. Options and answers travel as JSON, with base64url for bytes.

import { say, send } from "./console.js";

const API = "/api/v1/passkeys";

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await send(`${API}${path}`, { method: "POST", headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail);
  return answer.json();
}

/** What a device answered, as the API takes it. */
function told(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  const transports = credential.response.getTransports?.();
  if (transports) response.transports = transports;
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

async function enter(place) {
  const { public_key: asked } = await ask("/authentication/options");
  const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials: named(asked.allowCredentials) };
  const credential = await navigator.credentials.get({ publicKey });
  await ask("/authentication", { credential: told(credential) });
  location.assign(place.dataset.onward);
}

async function add(place) {
  const { public_key: asked } = await ask("/registration/options");
  const publicKey = {
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: named(asked.excludeCredentials),
  };
  const credential = await navigator.credentials.create({ publicKey });
  const name = place.querySelector("input").value.trim();
  await ask("/registration", { credential: told(credential), name });
  location.reload();
}

const WAYS = { enter, add };

async function run(place) {
  const button = place.querySelector("button");
  button.disabled = true;
  try {
    await WAYS[place.dataset.passkeys](place);
  } catch (error) {
    // The person said no, or waited too long; or their device has one already.
    const stopped = ["NotAllowedError", "AbortError", "InvalidStateError"].includes(error.name);
    say(stopped ? place.dataset.stopped : place.dataset.refused, stopped ? "warn" : "bad");
    button.disabled = false;
  }
}

for (const place of document.querySelectorAll("[data-passkeys]")) {
  if (!window.PublicKeyCredential || location.origin !== place.dataset.origin) continue;
  place.hidden = false;
  const form = place.querySelector("form");
  (form ?? place.querySelector("button")).addEventListener(form ? "submit" : "click", (event) => {
    event.preventDefault();
    run(place);
  });
}

// The same platform by another name: a passkey is made for one.
for (const line of document.querySelectorAll("[data-passkeys-elsewhere]")) {
  line.hidden = location.origin === line.dataset.passkeysElsewhere;
}
