// Thousands of entries at once are too much for a browser: so many are in the page, more come when its end is near.
const AT_ONCE = 96;
const all = document.getElementById("all");
let fitting = [];

// Links to sounds become players as they come.
const withPlayer = (entry) => {
  const link = entry.querySelector(".hear > a");
  if (!link) return entry;
  const player = Object.assign(document.createElement("audio"), { controls: true, preload: "none", src: link.href });
  player.setAttribute("aria-label", link.getAttribute("aria-label"));
  link.replaceWith(player);
  return entry;
};
const next = (count) => fitting.splice(0, count).map(withPlayer);

new IntersectionObserver((changes) => {
  if (changes.at(-1).isIntersecting && fitting.length) all.append(...next(AT_ONCE));
}, { rootMargin: "1200px 0px" }).observe(document.getElementById("end"));

searchAmong([...all.children], (those) => {
  fitting = those;
  all.replaceChildren(...next(AT_ONCE));
});

// One at a time: two places at once are no place.
document.addEventListener("play", (event) => {
  for (const player of document.querySelectorAll("audio")) if (player !== event.target) player.pause();
}, true);
