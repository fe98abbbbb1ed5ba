// The service worker: shows what is told of alerts while no page is open, and opens the page it is about. It keeps nothing.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data?.json() ?? {};
  } catch {
    told = { title: "Monokoto", body: event.data?.text() ?? "" };
  }
  const options = { body: told.body ?? "", tag: told.tag, renotify: Boolean(told.tag), requireInteraction: told.severity === "critical", data: { url: told.url ?? "/console/alerts" } };
  event.waitUntil(self.registration.showNotification(told.title ?? "Monokoto", options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const wanted = new URL(event.notification.data?.url ?? "/console/alerts", self.location.origin);
  // Only our own pages are opened, whatever a message says.
  const url = wanted.origin === self.location.origin && wanted.pathname.startsWith("/console") ? wanted.href : `${self.location.origin}/console/alerts`;
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: "window" });
    const page = pages.find((one) => one.url === url) ?? pages[0];
    if (!page) return self.clients.openWindow(url);
    await page.focus();
    return page.url === url ? page : page.navigate(url);
  })());
});
