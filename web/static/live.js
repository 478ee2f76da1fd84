// Polls a page's own part and swaps only the pieces, by key, whose HTML has changed: typed text, focus and
// open details elsewhere survive. Every page works without this file.
let on = true, pressed = false;
const asking = new Set();

// Pieces that move between press and release would swallow the press.
addEventListener("pointerdown", () => (pressed = true), true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (pressed = false), true);
const RELEASED_WITHIN = 20;
async function released() {
  for (let turn = 0; pressed && turn < RELEASED_WITHIN; turn++) await new Promise((go) => setTimeout(go, 50));
}

// What somebody ticked, typed or opened within a piece goes on in the one that takes its place.
function keepState(old, fresh) {
  const twins = (kind) => [...old.querySelectorAll(kind)].map((was, place) => [was, fresh.querySelectorAll(kind)[place]]);
  for (const [was, is] of twins("input, textarea, select")) {
    const same = is && was.name === is.name && (was.type !== "checkbox" || was.value === is.value);
    if (same) [is.checked, is.value] = [was.checked, was.value];
  }
  for (const [was, is] of twins("details")) if (is) is.open = was.open;
}

export function swap(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const fresh of parsed.querySelectorAll("[data-key]")) {
    const old = document.querySelector(`[data-key="${fresh.dataset.key}"]`);
    if (!old) continue;
    // A button that is replaced while somebody presses it would swallow the press: such pieces only show or hide.
    if ("keep" in fresh.dataset) old.hidden = fresh.hidden;
    else if (old.outerHTML !== fresh.outerHTML && !old.contains(document.activeElement)) {
      keepState(old, fresh);
      old.replaceWith(fresh);
    }
  }
  // What came of it has a page of its own, at the same address. What was typed is kept (keep.js).
  if (parsed.querySelector("[data-anew]")) location.reload();
  document.dispatchEvent(new Event("swapped"));
  return parsed.querySelector("[data-stop]") !== null;
}

async function poll(root) {
  if (!on || document.hidden || asking.has(root)) return false;
  asking.add(root);
  try {
    const answer = await fetch(root.dataset.poll, { headers: { "X-Requested-With": "live" } });
    if (answer.redirected) {
      // Signed out: say so instead of showing old numbers. Or the page has moved on: this part no longer exists.
      if (new URL(answer.url).pathname === "/admin/sign-in") location.reload();
      return true;
    }
    const html = answer.status === 200 && (await answer.text());
    await released();
    return html !== false ? swap(html) : answer.status >= 400 && answer.status < 500;
  } catch {
    return false; // The network comes back by itself.
  } finally {
    asking.delete(root);
  }
}

for (const root of document.querySelectorAll("[data-poll]")) {
  const every = Number(root.dataset.every || 0) * 1000;
  let wait = every || Number(root.dataset.first || 2000);
  const next = async () => {
    if (await poll(root)) return;
    if (!every) wait = Math.min(wait * Number(root.dataset.slower || 2), root.dataset.slower ? 30000 : 5000);
    setTimeout(next, wait);
  };
  setTimeout(next, wait);
}

// On a phone the menus scroll sideways: where one is has to be in sight.
for (const here of document.querySelectorAll(".side [aria-current], .steps .now")) {
  here.closest("nav, .steps").scrollLeft = here.getBoundingClientRect().left - 60;
}

const hold = document.getElementById("hold");
hold?.addEventListener("click", () => {
  on = !on;
  hold.setAttribute("aria-pressed", String(!on));
  hold.textContent = on ? "Pause updates" : "Resume updates";
});

// One box ticks all of its kind; without this file each is ticked by itself.
for (const all of document.querySelectorAll("[data-ticks]")) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of all.form.querySelectorAll(`[name="${all.dataset.ticks}"]`)) box.checked = all.checked;
  });
}
