// Nothing that a person types is lost: what is not sent yet is kept in this tab, and put back after a reload, the
// back button or a lost connection. The server's own text counts as soon as it has changed.
const form = document.querySelector("form#form, form#letter");
const key = `typed:${location.pathname}`;
const read = () => JSON.parse(sessionStorage.getItem(key) || "{}");
const kept = (field) => field.matches("input.in, textarea, [name=consents], [name=to]") && field.type !== "hidden";
const named = (field) => (field.type === "checkbox" ? `${field.name}:${field.value}` : field.name);
const [now, base] = [["checked", "value"], ["defaultChecked", "defaultValue"]].map(
  ([box, text]) => (field) => field[field.type === "checkbox" ? box : text],
);

function restore() {
  const typed = read();
  for (const field of [...form.elements].filter(kept)) {
    const was = typed[named(field)];
    if (was && was.base === base(field) && was.value !== now(field)) {
      field[field.type === "checkbox" ? "checked" : "value"] = was.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.closest("details")?.setAttribute("open", "");
    }
  }
}

if (form) {
  restore();
  document.addEventListener("swapped", restore);
  form.addEventListener("input", ({ target }) => {
    if (!kept(target)) return;
    sessionStorage.setItem(key, JSON.stringify({ ...read(), [named(target)]: { base: base(target), value: now(target) } }));
  });
  form.addEventListener("submit", ({ submitter }) => {
    const { edited_subject, edited_body, ...others } = read();
    if (submitter?.value === "original") sessionStorage.setItem(key, JSON.stringify(others));
  });
}
// Sent: nothing is left to lose, and the next person at this device finds nothing.
if (document.querySelector("[data-sent]")) sessionStorage.clear();
document.querySelector("form#forget")?.addEventListener("submit", () => sessionStorage.clear());
// Another language keeps where the reader came from; the page itself is the same for everybody.
for (const link of document.querySelectorAll(".lang a")) {
  const to = new URL(link.href);
  for (const [name, value] of new URLSearchParams(location.search)) if (name !== "lang") to.searchParams.set(name, value);
  link.href = to;
}
