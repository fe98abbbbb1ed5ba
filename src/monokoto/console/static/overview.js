// The overview stays current while somebody looks at it: every ten seconds what shows the present asks again.

const PERIOD_MS = 10000;

let waiting = false;
function refresh() {
  if (document.hidden) {
    waiting = true;
    return;
  }
  waiting = false;
  document.body.dispatchEvent(new CustomEvent("koto-refresh"));
}

setInterval(refresh, PERIOD_MS);
document.addEventListener("visibilitychange", () => waiting && refresh());
