// Nothing that a person types is lost: what is not sent yet is kept in this tab, and put back after a reload, the
// back button or a lost connection. The server's own text counts as soon as it has changed.
const form = document.querySelector("form#form, form#letter");
const key = `typed:${location.pathname}`;
const read = () => JSON.parse(sessionStorage.getItem(key) || "{}");
const kept = (field) => field.matches("input.in, textarea") && field.name && field.type !== "hidden";

if (form) {
  const typed = read();
  for (const field of [...form.elements].filter(kept)) {
    const was = typed[field.name];
    if (was && was.base === field.defaultValue && was.value !== field.value) {
      field.value = was.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.closest("details")?.setAttribute("open", "");
    }
  }
  form.addEventListener("input", ({ target }) => {
    if (kept(target)) sessionStorage.setItem(key, JSON.stringify({ ...read(), [target.name]: { base: target.defaultValue, value: target.value } }));
  });
  form.addEventListener("submit", ({ submitter }) => submitter?.value === "original" && sessionStorage.removeItem(key));
}
// Sent: nothing is left to lose, and the next person at this device finds nothing.
if (document.querySelector("[data-sent]")) sessionStorage.clear();
// Another language keeps where the reader came from; the page itself is the same for everybody.
for (const link of document.querySelectorAll(".lang a")) {
  const to = new URL(link.href);
  for (const [name, value] of new URLSearchParams(location.search)) if (name !== "lang") to.searchParams.set(name, value);
  link.href = to;
}
