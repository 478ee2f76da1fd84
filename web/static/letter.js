// Comforts of the supporter's pages: own words woven into the letter, tabs, the number on the button.
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];

$("[data-focus]")?.focus();

function weave() {
  const own = $("textarea#own_words");
  if (!own) return;
  const words = own.value.trim();
  for (const paper of $$(".paper")) {
    const places = [...paper.querySelectorAll("[data-own]")];
    places.forEach((place, index) => {
      place.textContent = index ? "" : words;
      place.closest("p").hidden = index > 0 || !words;
    });
  }
}

function showTab(wanted) {
  for (const tab of $$("[role=tab]")) {
    const picked = tab === wanted;
    tab.setAttribute("aria-selected", String(picked));
    tab.tabIndex = picked ? 0 : -1;
    const paper = document.getElementById(tab.getAttribute("aria-controls"));
    paper.hidden = !picked;
    paper.setAttribute("role", "tabpanel");
    paper.setAttribute("aria-labelledby", tab.id);
  }
}

function count() {
  const send = $("#send");
  const boxes = $$("input[name=to]");
  if (!send || !boxes.length) return;
  const number = boxes.filter((box) => box.checked).length;
  const words = number === 0 ? send.dataset.none : number === 1 ? send.dataset.one : send.dataset.many;
  send.querySelector("span").textContent = words.replace("#", number);
}

function dress() {
  weave();
  count();
  const list = $("[role=tablist]");
  if (list) {
    list.hidden = false;
    showTab($("[role=tab][aria-selected=true]"));
  }
}

document.addEventListener("input", ({ target }) => (target.id === "own_words" ? weave() : target.name === "to" && count()));
document.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) showTab(tab);
});
document.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || event.target.role !== "tab") return;
  const tabs = $$("[role=tab]");
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  showTab(next);
  next.focus();
});
document.addEventListener("swapped", dress);
// A second press while the first is on its way would only confuse; the server takes one letter anyway.
$("#letter")?.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.currentTarget.dataset.sent) return event.preventDefault();
  if (button?.id === "send") {
    event.currentTarget.dataset.sent = "1";
    button.setAttribute("aria-disabled", "true");
    button.querySelector("span").textContent = button.dataset.busy;
  }
});
addEventListener("pageshow", () => delete $("#letter")?.dataset.sent);

dress();
