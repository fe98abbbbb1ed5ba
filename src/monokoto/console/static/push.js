// This browser as a receiver: asks its person, subscribes with the platform's key, and gives the subscription to the API.

import { say, send } from "./console.js";

const API = "/api/v1/push-subscriptions";
const WORKER = "/console/push-worker.js";
const SCOPE = "/console/";
const KEPT = "koto-push"; // the id of this browser's subscription

const place = document.querySelector("[data-push]");
const words = place?.dataset ?? {};

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

function show(state) {
  place.dataset.state = state;
  for (const one of place.querySelectorAll("[data-when]")) one.hidden = !one.dataset.when.split(" ").includes(state);
}

async function look() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return show("cannot");
  if (Notification.permission === "denied") return show("denied");
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  const id = localStorage.getItem(KEPT);
  const there = [...document.querySelectorAll("[data-subscription]")].some((one) => one.dataset.subscription === id);
  return show((await registration?.pushManager.getSubscription()) && there ? "on" : "off");
}

async function begin() {
  if ((await Notification.requestPermission()) !== "granted") return look();
  await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(words.key) });
  const answer = await send(API, { method: "POST", body: JSON.stringify(subscription), headers: { "Content-Type": "application/json" } });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail ?? answer.statusText);
  localStorage.setItem(KEPT, (await answer.json()).id);
  return location.reload();
}

async function end() {
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
  const id = localStorage.getItem(KEPT);
  localStorage.removeItem(KEPT);
  if (id) await send(`${API}/${id}`, { method: "DELETE" });
  return location.reload();
}

place?.addEventListener("click", async (event) => {
  const doing = { begin, end }[event.target.closest("[data-push-do]")?.dataset.pushDo];
  if (!doing) return;
  event.target.closest("button").disabled = true;
  try {
    await doing();
  } catch (error) {
    say(`${words.failed} ${error.message}`, "bad");
  } finally {
    for (const button of place.querySelectorAll("button")) button.disabled = false;
  }
});

if (place) look();
