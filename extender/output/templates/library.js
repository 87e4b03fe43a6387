"use strict";
document.documentElement.classList.add("js");
(() => {
  const words = document.getElementById("words");
  const found = document.getElementById("found");
  const none = document.getElementById("none");
  const cards = [...document.querySelectorAll(".card")];
  const themes = [...document.querySelectorAll(".theme")];

  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of cards) {
      const fits = wanted.every((word) => card.dataset.words.includes(word));
      card.hidden = !fits;
      count += fits;
    }
    for (const theme of themes) theme.hidden = !theme.querySelector(".card:not([hidden])");
    found.textContent = count === cards.length ? `${count}` : `${count} of ${cards.length}`;
    none.hidden = count > 0;
  };
  words.addEventListener("input", show);

  // One player for all: a press begins, a second press ends.
  const player = new Audio();
  let pressed = null;
  const headOf = (button) => button.closest(".card").querySelector(".playhead");
  const stop = () => {
    player.pause();
    if (!pressed) return;
    pressed.setAttribute("aria-pressed", "false");
    headOf(pressed).classList.remove("on");
    pressed = null;
  };
  const follow = () => {
    if (!pressed) return;
    if (player.duration > 0) headOf(pressed).style.left = `${100 * player.currentTime / player.duration}%`;
    requestAnimationFrame(follow);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sound]");
    if (!button) return;
    const again = button === pressed;
    stop();
    if (again) return;
    pressed = button;
    button.setAttribute("aria-pressed", "true");
    button.closest(".card").querySelector("img").src = button.dataset.picture;
    headOf(button).classList.add("on");
    player.src = button.dataset.sound;
    player.play().catch(stop);
    follow();
  });
  player.addEventListener("ended", stop);
  show();
})();
