"""What the classifier behind Freesound's ``fsdsinet_detected_class`` can hear, and which of it a query means.

The names are those of FSD50K (Fonseca et al. 2022, "FSD50K: an open dataset of human-labeled sound events"), without
its musical instruments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from extender.sources.folder.words import stems

_NAMES = """
Accelerating_and_revving_and_vroom Aircraft Alarm Animal Applause Bark Bathtub_(filling_or_washing) Bell Bicycle
Bicycle_bell Bird Bird_vocalization_and_bird_call_and_bird_song Boat_and_Water_vehicle Boiling Boom Breathing
Burping_and_eructation Bus Buzz Camera Car Car_passing_by Cat Chatter Cheering Chewing_and_mastication
Chicken_and_rooster Child_speech_and_kid_speaking Chime Chink_and_clink Chirp_and_tweet Chuckle_and_chortle Church_bell
Clapping Clock Coin_(dropping) Computer_keyboard Conversation Cough Cowbell Crack Crackle Cricket Crow Crowd
Crumpling_and_crinkling Crushing Crying_and_sobbing Cupboard_open_or_close Cutlery_and_silverware
Dishes_and_pots_and_pans Dog Domestic_animals_and_pets Door Doorbell Drawer_open_or_close Drill Drip Engine
Engine_starting Explosion Fart Female_speech_and_woman_speaking Fill_(with_liquid) Finger_snapping Fire Fireworks
Fixed-wing_aircraft_and_airplane Fowl Frog Frying_(food) Gasp Giggle Glass Gong Growling Gull_and_seagull
Gunshot_and_gunfire Gurgling Hammer Hands Hiss Human_voice Idling Insect Keys_jangling Knock Laughter Liquid
Livestock_and_farm_animals_and_working_animals Male_speech_and_man_speaking Mechanical_fan Mechanisms Meow
Microwave_oven Motor_vehicle_(road) Motorcycle Ocean Packing_tape_and_duct_tape Piano Pour Power_tool Printer Purr
Race_car_and_auto_racing Rail_transport Rain Raindrop Ratchet_and_pawl Rattle Respiratory_sounds Ringtone Run Sawing
Scissors Screaming Screech Shatter Shout Sigh Sink_(filling_or_washing) Siren Skateboard Slam Sliding_door Sneeze Speech
Splash_and_splatter Squeak Stream Subway_and_metro_and_underground Tap Tearing Telephone Thump_and_thud Thunder
Thunderstorm Tick Tick-tock Toilet_flush Tools Traffic_noise_and_roadway_noise Train Trickle_and_dribble Truck
Typewriter Typing Vehicle Vehicle_horn_and_car_horn_and_honking Walk_and_footsteps Water Water_tap_and_faucet
Waves_and_surf Whispering Whoosh_and_swoosh_and_swish Wind Wind_chime Writing Yell Zipper_(clothing)
"""


def _meanings(name: str) -> frozenset[tuple[str, ...]]:
    """Return what a class is called, as stems: ``"Gull_and_seagull"`` → gull, seagull."""
    plain = re.sub(r"_?\(.*\)", "", name)
    return frozenset(stems(part.replace("_", " ")) for part in plain.split("_and_"))


CLASSES = {name: _meanings(name) for name in _NAMES.split()}
"""Class → the phrases that it goes by."""


def classes_for(phrases: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the classes that are called like one of these phrases (stems), in alphabetical order."""
    wanted = set(phrases)
    return tuple(sorted(name for name, meanings in CLASSES.items() if meanings & wanted))
