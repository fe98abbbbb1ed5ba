// What every page does beyond its forms: menus, copying, asking first, times that stay current. All of it works without, less well.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** Fetch with the token that changes need. */
export function send(path, options = {}) {
  const headers = new Headers(options.headers);
  if (meta("csrf")) headers.set("X-Koto-CSRF", meta("csrf"));
  return fetch(path, { credentials: "same-origin", ...options, headers });
}

/** Say something to those who see and those who hear the page. */
export function say(text, tone = "ok") {
  const place = document.getElementById("notice");
  if (!place) return;
  const line = document.createElement("p");
  line.className = `notice ${tone}`;
  line.textContent = text;
  place.replaceChildren(line);
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-Koto-CSRF"] = meta("csrf");
});

// The menu of a narrow screen.
const menu = document.querySelector("[data-menu]");
const side = document.getElementById("side");
function openMenu(open) {
  menu.setAttribute("aria-expanded", String(open));
  side.classList.toggle("open", open);
  if (open) side.querySelector("a")?.focus();
}
menu?.addEventListener("click", () => openMenu(menu.getAttribute("aria-expanded") !== "true"));

// Panels close with Escape, with a press beside them, and when the focus leaves them.
const pops = () => document.querySelectorAll("details[data-pop][open]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const pop of pops()) {
    pop.open = false;
    pop.querySelector("summary").focus();
  }
  if (menu?.getAttribute("aria-expanded") === "true") {
    openMenu(false);
    menu.focus();
  }
});
document.addEventListener("click", (event) => {
  for (const pop of pops()) if (!pop.contains(event.target)) pop.open = false;
  if (menu?.getAttribute("aria-expanded") === "true" && !side.contains(event.target) && !menu.contains(event.target)) openMenu(false);
});
document.addEventListener("focusin", (event) => {
  for (const pop of pops()) if (!pop.contains(event.target)) pop.open = false;
});

// Copying.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  label.textContent = document.body.dataset.copied;
  say(document.body.dataset.copied);
  setTimeout(() => (label.textContent = before), 2000);
});

// Of tabs wider than the window, the one that is shown is in sight.
const showTab = () => {
  const tab = document.querySelector(".tabs [aria-current]");
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2 - tab.parentElement.offsetLeft;
};
showTab();
document.addEventListener("htmx:afterSettle", showTab);

// What cannot be undone asks first.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset?.sure;
  if (question && !window.confirm(question)) event.preventDefault();
}, true);

// A choice that sends its form at once.
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-send]")) event.target.form.requestSubmit();
});

// "3 minutes ago" stays true while the page is open.
const STEPS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
function refreshTimes() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
    const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size * 0.95) ?? ["second", 1];
    time.textContent = words.format(Math.round(seconds / size), unit);
  }
}
setInterval(refreshTimes, 15000);

// The browser's time zone, for whoever has not said theirs.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `koto_zone=${encodeURIComponent(zone)}; Path=/console; Max-Age=31536000; SameSite=Lax${secure}`;
}

// Whoever signs out is not told in this browser any more.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const id = localStorage.getItem("koto-push");
  if (!id || !form.action?.endsWith("/console/sign-out")) return;
  event.preventDefault();
  localStorage.removeItem("koto-push");
  try {
    const registration = await navigator.serviceWorker.getRegistration("/console/");
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
    await send(`/api/v1/push-subscriptions/${id}`, { method: "DELETE" });
  } finally {
    form.submit();
  }
});
