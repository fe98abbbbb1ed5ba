// The secret of a link stands after its #, which no server sees: into the form with it, and out of the address.

const field = document.querySelector("[data-link-secret]");
const input = field?.querySelector("input");
const secret = decodeURIComponent(location.hash.slice(1)).replace(/^token=/, "");
if (input && secret) {
  input.value = secret;
  history.replaceState(null, "", location.pathname);
}
if (input?.value) field.hidden = true;
