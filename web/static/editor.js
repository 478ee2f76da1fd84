// The editor saves by itself: a few seconds after typing, and when a field is left. Buttons put fields where the
// cursor is, and the preview follows what is typed. Without this file the buttons "Save" and "Show the preview" do it.
const form = document.getElementById("edit");
const said = document.getElementById("saved");
const note = document.getElementById("auto");
const SAVE_MS = 3000, PREVIEW_MS = 500;
let changed = false, saving = null, stopped = false, timers = {};

const later = (name, wait, deed) => (clearTimeout(timers[name]), (timers[name] = setTimeout(deed, wait)));
// Lists of rows are saved by their button only: a half-typed name would become one.
const byHand = form && "byHand" in form.dataset;
const typing = (name) => name.endsWith("-more");

function post(where, kind) {
  const body = new FormData(form);
  for (const name of [...body.keys()].filter(typing)) body.delete(name);
  return fetch(where, { method: "POST", body, headers: { "X-Requested-With": kind } });
}

// One save at a time; whoever asks meanwhile waits for the one that is under way.
function save() {
  if (!changed || stopped || byHand) return saving;
  return (saving ??= send());
}

async function send() {
  changed = false;
  try {
    const answer = await post(location.href, "autosave");
    if (answer.redirected || answer.status === 400) throw new Error("signed out");
    const told = await answer.json();
    if (answer.status === 409) {
      stopped = changed = true;
      said.textContent = `Not saved: ${told.by} saved this step at ${told.saved}. Press “Save” to see both texts; yours stay here.`;
    } else {
      form.elements.mark.value = told.mark;
      const wrong = Object.values(told.wrong);
      said.textContent = wrong.length ? `Saved at ${told.saved}, except: ${wrong.join(" ")}` : told.saved ? `Saved at ${told.saved}` : "Saved";
    }
  } catch {
    changed = true;
    said.textContent = "Not saved: no connection, or you were signed out. Your words are still here; we try again.";
    later("save", SAVE_MS * 3, save);
  } finally {
    saving = null;
    if (changed && !stopped) later("save", SAVE_MS, save);
  }
}

async function preview() {
  const answer = await post(form.dataset.preview, "preview").catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".prev");
  const old = document.querySelector(".prev");
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (held) fresh.querySelector(held.type === "radio" ? `[value="${held.value}"]` : `[name="${held.name}"]`)?.focus();
}

if (form) {
  if (!byHand) note.textContent = "Saved by itself while you write.";
  document.addEventListener("input", ({ target }) => {
    if (target.form !== form) return;
    if (form.dataset.preview) later("preview", PREVIEW_MS, preview);
    if (["as", "device"].includes(target.name) || typing(target.name)) return;
    changed = true;
    if (!stopped) said.textContent = "Not saved yet …";
    later("save", SAVE_MS, save);
  });
  form.addEventListener("focusout", save);
  // A button waits for the save that is under way, or its text would be told apart from the one just saved.
  form.addEventListener("submit", async (event) => {
    changed = false;
    if (!saving) return;
    event.preventDefault();
    await saving;
    form.requestSubmit(event.submitter);
  });
  addEventListener("beforeunload", (event) => changed && event.preventDefault());
  // A link waits until what was typed is saved.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!link || stopped || byHand || !(changed || saving) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    await saving;
    await save();
    location.href = link.href;
  });
  let last;
  form.addEventListener("focusin", ({ target }) => target.matches("textarea, #subject") && (last = target));
  for (const bar of form.querySelectorAll(".tb")) {
    bar.hidden = false;
    bar.addEventListener("click", ({ target }) => {
      const text = target.closest("button")?.dataset.insert;
      if (!text) return;
      const own = document.getElementById(bar.dataset.for);
      const field = last?.id === "subject" && text.startsWith("{{") ? last : own;
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      field.focus();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}
