"use strict";
document.documentElement.classList.add("js");
(() => {
  const words = document.getElementById("words");
  const found = document.getElementById("found");
  const none = document.getElementById("none");
  const entries = [...document.querySelectorAll("#all > li")];
  const players = [...document.querySelectorAll("audio")];

  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of entries) {
      const fits = wanted.every((word) => entry.dataset.words.includes(word));
      entry.hidden = !fits;
      count += fits;
    }
    found.textContent = count === entries.length ? `${count}` : `${count} of ${entries.length}`;
    none.hidden = count > 0;
  };
  words.addEventListener("input", show);
  // One at a time: two places at once are no place.
  document.addEventListener("play", (event) => {
    for (const player of players) if (player !== event.target) player.pause();
  }, true);
  show();
})();
