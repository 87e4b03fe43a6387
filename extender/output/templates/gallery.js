searchAmong([...document.querySelectorAll("#all > li")]);

// One at a time: two places at once are no place.
document.addEventListener("play", (event) => {
  for (const player of document.querySelectorAll("audio")) if (player !== event.target) player.pause();
}, true);
