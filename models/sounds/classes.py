"""Which recordings show the same kind of sound, and which models stand for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SoundClass:
    """A kind of sound that recordings and models share.

    Parameters
    ----------
    name : str
    labels : tuple of str
        Of recordings, in lower case.
    models : tuple of str
        Names of procedural models; none: the class is only there to be confused with.
    benchmark : bool
        One of the ten of ESC-10.
    """

    name: str
    labels: tuple[str, ...]
    models: tuple[str, ...] = ()
    benchmark: bool = False


def _ten(name: str, labels: tuple[str, ...], models: tuple[str, ...]) -> SoundClass:
    return SoundClass(name, labels, models, benchmark=True)


CLASSES: tuple[SoundClass, ...] = (
    _ten("rain", ("rain", "rain light", "rain medium", "rain heavy"), ("rain", "drizzle", "downpour")),
    _ten("sea waves", ("sea waves", "waves"), ("waves", "ocean")),
    _ten("fire", ("fire crackling", "fire crackle", "fireplace"), ("fire",)),
    _ten("helicopter", ("helicopter",), ("helicopter",)),
    _ten("chainsaw", ("chainsaw",), ("chainsaw",)),
    _ten("clock", ("clock tick", "watch tick"), ("clock",)),
    _ten("dog", ("dog bark", "puppy bark"), ("dog", "dogs")),
    _ten("rooster", ("rooster",), ("rooster",)),
    _ten("sneeze", ("person sneeze",), ("sneeze",)),
    _ten("baby", ("baby cry",), ("baby",)),
    SoundClass("wind", ("wind",), ("wind",)),
    SoundClass("lake", ("boat", "sea water"), ("lake",)),
    SoundClass("thunder", ("thunder",), ("thunder",)),
    SoundClass("city", ("city", "city traffic"), ("traffic", "urban")),
    SoundClass("leaves", ("leaves",), ("leaves",)),
    SoundClass("crickets", ("summer-night", "cricket", "grasshopper"), ("crickets",)),
    SoundClass("cicadas", ("cicada",), ("cicadas",)),
    SoundClass("bees", ("bee", "bees", "bumble bee"), ("bees", "bee")),
    SoundClass("songbird", ("birds", "bird", "canary"), ("bird", "birds", "birdsong")),
    SoundClass("gull", ("seagull", "seagulls"), ("gull",)),
    SoundClass("duck", ("duck quack",), ("duck",)),
    SoundClass("pigeon", ("pigeon",), ("pigeon",)),
    SoundClass("owl", ("owl hoot",), ("owl",)),
    SoundClass("crow", ("crow caw",), ("crow",)),
    SoundClass("hen", ("chicken",), ("hen",)),
    SoundClass("cat", ("cat meow",), ("cat",)),
    SoundClass("cow", ("cow moo",), ("cow", "cattle")),
    SoundClass("sheep and goat", ("sheep baa", "lamb", "goat bleat"), ("sheep", "goat", "flock")),
    SoundClass("pig", ("pig snort", "pig squeal"), ("pig",)),
    SoundClass("horse", ("horse neigh", "horse snort"), ("horse", "whinny")),
    SoundClass("hooves", ("gallop",), ("hooves",)),
    SoundClass("zebra", ("zebra",), ("zebra",)),
    SoundClass("elephant", ("elephant trumpet",), ("elephant",)),
    SoundClass("bear", ("bear",), ("bear",)),
    SoundClass(
        "big cat",
        (
            "leopard roar", "leopard growl", "leopard saw", "leopard snarl", "leopard snort", "lion bellow",
            "tiger roar", "tiger snarl", "jaguar saw",
        ),
        ("big-cat",),
    ),
    SoundClass("wolf", ("wolf howl", "coyote howl"), ("wolf",)),
    SoundClass("frog", ("frog",), ("frog", "frogs")),
    SoundClass("snake", ("snake rattle", "cobra"), ("snake",)),
    SoundClass("monkey", ("monkey",), ("monkey",)),
    SoundClass("woodpecker", ("woodpecker peck",), ("woodpecker",)),
    SoundClass("footsteps", ("footsteps",), ("footsteps",)),
    SoundClass("church bells", ("church bells",), ("church-bell",)),
    SoundClass("engine", ("vehicle motor idle", "car motor", "motorbike idle"), ("car-engine", "motorcycle-idle")),
    SoundClass("horn", ("vehicle horn",), ("horn",)),
    SoundClass("train", ("train",), ("train",)),
    SoundClass("aeroplane", ("jet flyby", "jet land"), ("aeroplane",)),
    SoundClass("propeller", ("airplane prop",), ("propeller",)),
    SoundClass("bicycle", ("bikes", "bicycle spokes"), ("bicycle",)),
    SoundClass("bicycle bell", ("bicycle bell",), ("bicycle-bell",)),
    SoundClass("door", ("door close", "door open"), ("door",)),
    SoundClass("creak", ("door creak", "tree creak"), ("creak",)),
    SoundClass("knock", ("door knock",), ("knock",)),
    SoundClass("doorbell", ("doorbell",), ("doorbell",)),
    SoundClass("squeak toy", ("toy squeak",), ("squeak-toy",)),
    SoundClass("coins", ("coin",), ("coins",)),
    SoundClass("fireworks", ("fireworks",), ("firework",)),
    SoundClass("whoosh", ("woosh",), ("whoosh",)),
    SoundClass("restaurant", ("coffee-shop",), ("restaurant",)),
    SoundClass("gun", ("pistol fire", "rifle fire", "rifle small fire", "ricochet")),
    SoundClass("explosion", ("explosion",)),
    SoundClass("chalk", ("chalk screech", "chalk write", "pencil write")),
    SoundClass("parrot", ("parrot", "parrot chirp", "parrot whistle")),
    SoundClass("hyena", ("hyena",)),
    SoundClass("sea lion", ("sea lion",), ("seal",)),
    SoundClass("rodent", ("squirrel", "mouse", "raccoon chatter", "raccoon chatter baby"), ("rodent",)),
    SoundClass("ape", ("gorilla grunt", "gorilla roar", "gorilla snarl"), ("ape",)),
    SoundClass("camel", ("camel",), ("camel",)),
    SoundClass("goose", ("goose",), ("goose",)),
    SoundClass("peacock", ("peacock",), ("peacock",)),
    SoundClass("penguin", ("penguin",), ("penguin",)),
    SoundClass("turkey", ("turkey gobble",), ("turkey",)),
    SoundClass("laughter", ("laugh evil",), ("laughter",)),
    SoundClass("train whistle", ("train whistle",), ("train-horn",)),
    SoundClass("storm", ("storm",), ("storm",)),
)  # fmt: skip
"""Every label once. A class is judged by name if there are recordings of three sources or more of it."""
