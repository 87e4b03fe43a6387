(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const at = (id) => document.getElementById(id);
  const setup = JSON.parse(at("setup").textContent);
  const place = `extender-listening-${setup.test}`;
  const SIDES = ["a", "b"];
  const FADE_S = 0.012;

  // mulberry32: small, seeded, the same everywhere
  const random = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const shuffled = (list, draw) => {
    const out = [...list];
    for (let n = out.length - 1; n > 0; n -= 1) {
      const k = Math.floor(draw() * (n + 1));
      [out[n], out[k]] = [out[k], out[n]];
    }
    return out;
  };

  // Every pair of mixes comes equally often, and scenes take turns.
  const order = (seed) => {
    const draw = random(seed);
    const scenes = setup.scenes.map((_, n) => n);
    const pairs = setup.scenes[0].pairs.map((_, n) => n);
    const used = new Map(scenes.map((scene) => [scene, 0]));
    const done = new Set();
    const trials = [];
    while (trials.length < scenes.length * pairs.length) {
      shuffled(pairs, draw).forEach((pair) => {
        const open = shuffled(scenes, draw).filter((scene) => !done.has(`${scene}/${pair}`));
        if (!open.length) return;
        const scene = open.reduce((best, each) => (used.get(each) < used.get(best) ? each : best));
        done.add(`${scene}/${pair}`);
        used.set(scene, used.get(scene) + 1);
        const [a, b] = shuffled(setup.scenes[scene].pairs[pair], draw);
        trials.push({ scene, a, b });
      });
    }
    return trials;
  };

  const keep = () => { try { localStorage.setItem(place, JSON.stringify(state)); } catch (_) { /* kept in memory */ } };
  const fresh = () => {
    const given = Number(new URLSearchParams(location.search).get("seed"));
    const seed = given > 0 ? given >>> 0 : crypto.getRandomValues(new Uint32Array(1))[0];
    return { seed, listener: "", at: 0, goal: setup.count, begun: false, answers: [] };
  };
  const recall = () => {
    try {
      const found = JSON.parse(localStorage.getItem(place));
      return found && Array.isArray(found.answers) && Number.isInteger(found.seed) ? found : fresh();
    } catch (_) { return fresh(); }
  };
  let state = recall();
  let trials = order(state.seed);

  // Sound: both mixes run together, and one of them is turned up, so that nothing is heard of the switch but the mix.
  let context = null;
  const decoded = new Map();
  const player = { side: "a", playing: false, offset: 0, started: 0, duration: 0, sources: [], gains: {}, heard: new Set() };
  const bufferOf = (id) => {
    if (!decoded.has(id)) {
      const bytes = Uint8Array.from(atob(at(`sound-${id}`).textContent), (c) => c.charCodeAt(0));
      decoded.set(id, context.decodeAudioData(bytes.buffer));
    }
    return decoded.get(id);
  };
  const position = () => {
    if (!player.playing || !player.duration) return player.offset;
    return (player.offset + context.currentTime - player.started) % player.duration;
  };
  const silence = () => {
    player.sources.forEach((source) => source.stop());
    player.sources = [];
    player.offset = position();
    player.playing = false;
    show();
  };
  // Decoded while the pair is looked at; what was heard before is let go.
  const prepare = (trial) => {
    context = context || new AudioContext();
    [...decoded.keys()].filter((id) => id !== trial.a && id !== trial.b).forEach((id) => decoded.delete(id));
    SIDES.forEach((side) => bufferOf(trial[side]).then((buffer) => {
      if (trials[state.at] !== trial) return;
      player.duration = buffer.duration;
      at("seek").max = buffer.duration;
      show();
    }, () => say("This browser cannot play these sounds.")));
  };
  const sound = async () => {
    await context.resume();
    const number = state.at;
    const trial = trials[number];
    const buffers = await Promise.all(SIDES.map((side) => bufferOf(trial[side])));
    if (number !== state.at || player.playing) return;
    player.duration = Math.min(...buffers.map((buffer) => buffer.duration));
    at("seek").max = player.duration;
    player.offset = Math.min(player.offset, player.duration - 0.05);
    const now = context.currentTime + 0.02;
    player.sources = SIDES.map((side, n) => {
      const source = context.createBufferSource();
      const gain = context.createGain();
      source.buffer = buffers[n];
      source.loop = true;
      source.loopEnd = player.duration;
      gain.gain.value = side === player.side ? level(trial, side) : 0;
      source.connect(gain).connect(context.destination);
      source.start(now, player.offset);
      player.gains[side] = gain.gain;
      return source;
    });
    player.started = now;
    player.playing = true;
    player.heard.add(player.side);
    follow();
  };
  const level = (trial, side) => 10 ** (setup.scenes[trial.scene].gains[trial[side]] / 20);
  const turn = (side) => {
    player.side = side;
    if (player.playing) {
      player.heard.add(side);
      SIDES.forEach((each) => {
        player.gains[each].setTargetAtTime(each === side ? level(trials[state.at], each) : 0, context.currentTime, FADE_S);
      });
    }
    show();
  };
  const toggle = () => {
    if (player.playing) { silence(); return; }
    sound().catch(() => say("This browser cannot play these sounds."));
  };
  const jump = (time) => {
    const was = player.playing;
    if (was) silence();
    player.offset = time;
    if (was) toggle(); else show();
  };

  const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s) % 60).padStart(2, "0")}`;
  const say = (text) => { at("say").textContent = text; };
  const show = () => {
    at("play").setAttribute("aria-pressed", String(player.playing));
    at("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
    SIDES.forEach((side) => at(`side-${side}`).setAttribute("aria-pressed", String(side === player.side)));
    const time = position();
    at("seek").value = time;
    at("seek").setAttribute("aria-valuetext", `${clock(time)} of ${clock(player.duration)}`);
    at("now").textContent = clock(time);
    at("whole").textContent = clock(player.duration);
  };
  const follow = () => { show(); if (player.playing) setTimeout(follow, 100); };

  const sliders = [...document.querySelectorAll("[data-attribute]")];
  const mark = (slider, value) => {
    slider.classList.toggle("open", value === null);
    slider.value = value === null ? 50 : value;
    slider.setAttribute("aria-valuetext", value === null ? "not rated" : `${value} of 100`);
    slider.parentElement.querySelector("output").textContent = value === null ? "–" : String(value);
  };
  const blank = () => Object.fromEntries(SIDES.map((side) => [side, Object.fromEntries(setup.attributes.map((key) => [key, null]))]));
  let answer = null;

  const open = (name) => ["start", "trial", "end"].forEach((id) => { at(id).hidden = id !== name; });
  const enter = (number) => {
    if (player.playing) silence();
    state.at = number;
    const trial = trials[number];
    const known = state.answers[number];
    answer = known ? JSON.parse(JSON.stringify(known)) : { a: trial.a, b: trial.b, preference: null, ratings: blank(), seconds: 0 };
    answer.since = Date.now();
    Object.assign(player, { side: "a", offset: 0, heard: new Set(known ? SIDES : []) });
    [...document.querySelectorAll("[name=preference]")].forEach((radio) => { radio.checked = radio.value === answer.preference; });
    sliders.forEach((slider) => mark(slider, answer.ratings[slider.dataset.side][slider.dataset.attribute]));
    at("trial-title").textContent = `Trial ${number + 1} of ${state.goal}`;
    at("done").max = state.goal;
    at("done").value = number;
    at("back").disabled = number === 0;
    at("next").textContent = number + 1 === state.goal ? "Finish" : "Next";
    say("");
    open("trial");
    show();
    prepare(trial);
    at("trial-title").focus();
    keep();
  };
  const store = () => {
    answer.seconds = Math.round(10 * (answer.seconds + (Date.now() - answer.since) / 1000)) / 10;
    const { since, ...rest } = answer;
    state.answers[state.at] = rest;
    keep();
  };
  const finish = () => {
    if (player.playing) silence();
    const count = state.answers.filter(Boolean).length;
    at("count").textContent = `You have judged ${count} pair${count === 1 ? "" : "s"}.`;
    at("save").disabled = !count;
    at("more").hidden = state.goal >= trials.length;
    at("saved").textContent = "";
    open("end");
    at("end-title").focus();
    keep();
  };

  at("begin").addEventListener("click", () => {
    state.listener = at("listener").value.trim();
    state.begun = true;
    enter(Math.min(state.answers.filter(Boolean).length, state.goal - 1));
  });
  at("play").addEventListener("click", toggle);
  SIDES.forEach((side) => at(`side-${side}`).addEventListener("click", () => { turn(side); if (!player.playing) toggle(); }));
  at("seek").addEventListener("input", () => jump(Number(at("seek").value)));
  at("answers").addEventListener("submit", (event) => event.preventDefault());
  const rate = (slider) => {
    answer.ratings[slider.dataset.side][slider.dataset.attribute] = Number(slider.value);
    mark(slider, Number(slider.value));
  };
  at("answers").addEventListener("input", (event) => {
    if (event.target.name === "preference") answer.preference = event.target.value;
    if (event.target.dataset.attribute) rate(event.target);
  });
  sliders.forEach((slider) => {
    slider.addEventListener("click", () => rate(slider)); // a click in the middle changes nothing, and is an answer
    slider.addEventListener("keydown", (event) => { if (event.key === "Enter") rate(slider); });
  });
  at("next").addEventListener("click", () => {
    const missing = SIDES.filter((side) => !player.heard.has(side));
    if (missing.length) { say(`Please listen to ${missing.map((side) => side.toUpperCase()).join(" and ")} first.`); return; }
    if (!answer.preference) { say("Please say which you prefer, or that there is no difference."); return; }
    store();
    if (state.at + 1 < state.goal) enter(state.at + 1); else finish();
  });
  at("back").addEventListener("click", () => enter(state.at - 1));
  at("enough").addEventListener("click", () => { if (answer.preference && player.heard.size === 2) store(); finish(); });
  at("more").addEventListener("click", () => {
    const next = state.answers.filter(Boolean).length;
    state.goal = Math.min(Math.max(state.goal, next) + (next >= state.goal ? setup.count : 0), trials.length);
    enter(Math.min(next, state.goal - 1));
  });
  at("anew").addEventListener("click", () => {
    state = fresh();
    trials = order(state.seed);
    at("listener").value = "";
    keep();
    open("start");
    at("listener").focus();
  });
  at("save").addEventListener("click", () => {
    const name = state.listener || `listener-${state.seed.toString(36)}`;
    const results = {
      format: "extender-listening-results", version: 1, test: setup.test, listener: name, seed: state.seed,
      trials: state.answers.filter(Boolean),
    };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(results, null, 1)], { type: "application/json" }));
    link.download = `results-${name.replace(/[^\w-]+/g, "-") || "listener"}-${setup.test}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    at("saved").textContent = `Saved as ${link.download}.`;
  });
  document.addEventListener("keydown", (event) => {
    if (at("trial").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const acts = ["BUTTON", "SUMMARY", "A"].includes(event.target.tagName) || event.target.type === "radio" || event.target.type === "text";
    if (key === "a" || key === "b") { if (event.target.type !== "text") turn(key); }
    if (key === " " && !acts) { event.preventDefault(); toggle(); }
  });

  at("listener").value = state.listener;
  if (state.begun && state.answers.length) at("begin").textContent = "Go on";
  document.documentElement.dataset.ready = "yes";
})();
