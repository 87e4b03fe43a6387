"""What is heard under the class names of two well-known data sets, where the name alone does not say it.

``dog`` is a barking dog there and ``mouse_click`` is no animal; so the search words "dog bark" find the one and
"mouse squeak" does not find the other.
"""

from __future__ import annotations

from collections.abc import Mapping

ESC50_SOUNDS: Mapping[str, tuple[str, ...]] = {
    "airplane": ("airplane passing", "aircraft"),
    "breathing": ("person breathing",),
    "can_opening": ("opening a can",),
    "car_horn": ("horn honk",),
    "cat": ("cat meow",),
    "chirping_birds": ("bird chirp", "birdsong"),
    "church_bells": ("church bell",),
    "clapping": ("applause",),
    "clock_alarm": ("alarm clock",),
    "clock_tick": ("clock ticking",),
    "cow": ("cow moo",),
    "crackling_fire": ("fire crackle",),
    "crickets": ("cricket chirp",),
    "crow": ("crow caw",),
    "crying_baby": ("baby cry",),
    "dog": ("dog bark",),
    "door_wood_creaks": ("door creak",),
    "door_wood_knock": ("door knock",),
    "engine": ("engine running",),
    "fireworks": ("firework",),
    "footsteps": ("walking",),
    "frog": ("frog croak",),
    "hand_saw": ("sawing wood",),
    "helicopter": ("helicopter flying",),
    "hen": ("hen cluck", "chicken"),
    "insects": ("insect buzz",),
    "keyboard_typing": ("computer keyboard", "typing"),
    "mouse_click": ("computer mouse",),
    "pig": ("pig oink", "pig grunt"),
    "pouring_water": ("water pouring",),
    "rain": ("rain falling",),
    "rooster": ("rooster crow",),
    "sea_waves": ("ocean waves", "sea"),
    "sheep": ("sheep baa",),
    "siren": ("emergency siren",),
    "thunderstorm": ("thunder",),
    "toilet_flush": ("toilet flushing",),
    "train": ("train passing",),
    "vacuum_cleaner": ("vacuum cleaner running",),
    "washing_machine": ("washing machine running",),
    "water_drops": ("water dripping",),
    "wind": ("wind blowing",),
}

URBANSOUND_SOUNDS: Mapping[str, tuple[str, ...]] = {
    "air_conditioner": ("air conditioner hum",),
    "car_horn": ("horn honk",),
    "children_playing": ("playground",),
    "dog_bark": ("dog barking",),
    "drilling": ("drill",),
    "engine_idling": ("engine idle",),
    "jackhammer": ("pneumatic drill", "road works"),
    "siren": ("emergency siren",),
    "street_music": ("music",),
}
