// Sharing and copying. Without this file the links beside the button and the shown texts are enough.
const share = document.querySelector("[data-share]");
if (share) {
  const links = document.getElementById(share.getAttribute("aria-controls"));
  const unfold = (open) => {
    links.hidden = !open;
    share.setAttribute("aria-expanded", String(open));
  };
  share.hidden = false;
  unfold(false);
  share.addEventListener("click", async () => {
    if (!navigator.share) return unfold(links.hidden);
    await navigator.share({ title: share.dataset.title, url: share.dataset.url }).catch(() => {});
    unfold(true);
  });
}
for (const button of document.querySelectorAll("[data-copy],[data-copy-from]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const from = document.getElementById(button.dataset.copyFrom);
    await navigator.clipboard.writeText(from ? from.value : button.dataset.copy);
    button.querySelector("span").textContent = button.dataset.done;
  });
}
