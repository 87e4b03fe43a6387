(() => {
  const themes = [...document.querySelectorAll(".theme")];
  const cards = [...document.querySelectorAll(".card")];
  searchAmong(cards, (fitting) => {
    const those = new Set(fitting);
    for (const card of cards) card.hidden = !those.has(card);
    for (const theme of themes) theme.hidden = !theme.querySelector(".card:not([hidden])");
  });

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
})();
