// The list of units: short addresses, and ticks.

const filters = document.querySelector("[data-unit-filters]");

// Empty fields and the usual columns are no part of an address.
filters?.addEventListener("htmx:configRequest", ({ detail }) => {
  const form = detail.formData;
  const chosen = form.getAll("columns").filter(Boolean).join(",");
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name).filter(Boolean);
    form.delete(name);
    if (name !== "columns") for (const value of values) form.append(name, value);
  }
  if (chosen !== filters.dataset.defaultColumns) form.append("columns", chosen);
});

function boxes(form) {
  return [...form.querySelectorAll("input[name=unit]")];
}

function refresh() {
  const form = document.querySelector("[data-selection]");
  if (!form) return;
  const all = boxes(form);
  const count = all.filter((box) => box.checked).length;
  const button = form.querySelector("[data-needs-selection]");
  if (!button) return;
  button.disabled = count === 0;
  form.querySelector("[data-selected]").textContent = count ? `(${count})` : "";
  const every = form.querySelector("[data-select-all]");
  every.checked = count > 0 && count === all.length;
  every.indeterminate = count > 0 && count < all.length;
}

let last = null;
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-selection] input[name=unit]");
  if (!box) return;
  const all = boxes(box.form);
  if (event.shiftKey && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
    for (const between of all.slice(from, to + 1)) between.checked = box.checked;
  }
  last = box;
  refresh();
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-select-all]")) for (const box of boxes(event.target.form)) box.checked = event.target.checked;
  refresh();
});
document.addEventListener("htmx:afterSwap", refresh);
addEventListener("pageshow", refresh);
refresh();
