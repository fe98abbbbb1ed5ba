// The secret of a link goes into the form, and out of the address: it may stand after a #, which no server sees.

const field = document.querySelector("[data-link-secret]");
const input = field?.querySelector("input");
const secret = decodeURIComponent(location.hash.slice(1)).replace(/^token=/, "");
if (input && secret) input.value = secret;
if (input?.value) {
  field.hidden = true;
  history.replaceState(null, "", location.pathname);
}
