// A trial that says how far it is, and ends when it is cancelled or left: of a rule, of a plan.

let trial = null;

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-try]");
  if (button) {
    event.preventDefault();
    attempt(button);
  } else if (event.target.closest?.("[data-trial-cancel]")) {
    trial?.abort();
  }
});
// The platform sees the connection close and stops reading; a page that comes back from the browser's memory shows no trial.
addEventListener("pagehide", () => trial?.abort());

async function attempt(button) {
  trial?.abort();
  const mine = (trial = new AbortController());
  const [target, tools] = [document.querySelector(button.dataset.try), button.closest(".trial-tools")];
  const [box, bar, said] = ["[data-trial-progress]", "progress", "[data-trial-said]"].map((one) => tools.querySelector(one));
  const show = (share, text) => {
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    said.textContent = text;
  };
  target.replaceChildren();
  show(null, said.dataset.first);
  tools.querySelector("[data-trial-cancel]").hidden = box.hidden = false;
  button.disabled = true;
  let whole = false;
  try {
    for await (const step of steps(button, mine.signal)) {
      if (step.html === undefined) {
        show(step.share, step.said);
        continue;
      }
      whole = true;
      target.innerHTML = step.html; // the server's own page, escaped there
      window.htmx?.process(target);
    }
  } catch (error) {
    if (error.name !== "AbortError") whole = false;
  } finally {
    if (trial === mine) {
      button.disabled = false;
      box.hidden = whole || mine.signal.aborted;
      if (!box.hidden) {
        show(0, said.dataset.lost);
        tools.querySelector("[data-trial-cancel]").hidden = true;
      }
    }
  }
}

async function* steps(button, signal) {
  const body = new URLSearchParams(new FormData(button.form));
  const headers = { accept: "application/x-ndjson", "hx-request": "true" };
  const answer = await fetch(button.formAction, { method: "POST", body, headers, signal });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}
