// The editor of rules: from a fault to its line.

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-line]");
  const text = document.querySelector("[data-rule-text]");
  if (!button || !text) return;
  const lines = text.value.split("\n");
  const line = Math.min(Number(button.dataset.line), lines.length) - 1;
  const from = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(from, from + lines[line].length);
  const height = text.scrollHeight / lines.length;
  text.scrollTop = Math.max(0, height * (line - 3));
});
