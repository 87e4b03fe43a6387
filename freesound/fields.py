"""The names that the API knows: what a sound has, what can be searched, sorted and filtered."""

from __future__ import annotations

SOUND_FIELDS = frozenset(
    """id url name tags description category subcategory category_code category_is_user_provided geotag is_geotagged
    created license gen_ai_preference type channels filesize bitrate bitdepth duration samplerate username pack
    pack_name download bookmark previews images num_downloads avg_rating num_ratings rate comments num_comments
    comment similar_sounds is_explicit is_remix was_remixed md5 score""".split()  # noqa: SIM905 - a table
)
FLOAT_DESCRIPTORS = frozenset(
    """amplitude_peak_ratio beat_loudness boominess bpm bpm_confidence brightness decay_strength depth dissonance
    duration_effective dynamic_range hardness hpcp_crest hpcp_entropy inharmonicity log_attack_time loudness
    note_confidence pitch pitch_max pitch_min pitch_confidence pitch_salience pitch_var roughness sharpness
    silence_rate spectral_centroid spectral_complexity spectral_crest spectral_energy spectral_entropy
    spectral_flatness spectral_rolloff spectral_skewness spectral_spread start_time temporal_centroid
    temporal_centroid_ratio temporal_decrease temporal_skewness temporal_spread tonality_confidence warmth
    zero_crossing_rate""".split()  # noqa: SIM905 - a table
)
INTEGER_DESCRIPTORS = frozenset(
    ("beat_count", "onset_count", "note_midi", "fsdsinet_detections_count", "birdnet_detections_count")
)
BOOLEAN_DESCRIPTORS = frozenset(("loopable", "reverbness", "single_event", "has_audio_problems"))
TEXT_DESCRIPTORS = frozenset(("note_name", "tonality"))
LIST_DESCRIPTORS = frozenset(("fsdsinet_detected_class", "birdnet_detected_class"))
UNFILTERABLE_DESCRIPTORS = frozenset(
    """beat_times hpcp hpcp_var mfcc mfcc_var onset_times tristimulus fsdsinet_detections
    birdnet_detections""".split()  # noqa: SIM905 - a table
)
DESCRIPTORS = (
    FLOAT_DESCRIPTORS
    | INTEGER_DESCRIPTORS
    | BOOLEAN_DESCRIPTORS
    | TEXT_DESCRIPTORS
    | LIST_DESCRIPTORS
    | UNFILTERABLE_DESCRIPTORS
)
"""What is measured in a sound."""

SPACES = {"laion_clap": 512, "freesound_classic": 100}
"""The similarity spaces and the length of their vectors."""

CASTING_FIELDS = (
    "id", "name", "tags", "description", "username", "license", "category", "subcategory", "type", "duration",
    "channels", "samplerate", "filesize", "md5", "created", "geotag", "previews", "pack", "pack_name",
    "num_downloads", "avg_rating", "num_ratings", "is_explicit", "is_remix", "gen_ai_preference",
    "loudness", "loopable", "single_event", "reverbness", "has_audio_problems", "silence_rate", "start_time",
    "spectral_centroid", "spectral_rolloff", "fsdsinet_detected_class",
)  # fmt: skip
"""All that is needed to choose, credit and fetch a sound, in one request."""

TAXONOMY = {
    "Music": ("Solo percussion", "Solo instrument", "Multiple instruments", "Other"),
    "Instrument samples": (
        "Percussion", "String", "Wind", "Piano / Keyboard instruments", "Synths / Electronic", "Other",
    ),
    "Speech": ("Solo speech", "Conversation / Crowd", "Processed / Synthetic", "Other"),
    "Sound effects": (
        "Objects / House appliances", "Vehicles", "Other mechanisms, engines, machines", "Human sounds and actions",
        "Animals", "Natural elements and explosions", "Experimental", "Electronic / Design", "Other",
    ),
    "Soundscapes": ("Nature", "Indoors", "Urban", "Synthetic / Artificial", "Other"),
}  # fmt: skip
"""The Broad Sound Taxonomy: categories and their subcategories."""

SORTS = frozenset(
    ["score"] + [f"{what}_{way}" for what in ("duration", "created", "downloads", "rating") for way in ("desc", "asc")]
)
WEIGHTED = frozenset(("id", "tag", "description", "username", "pack", "name"))

KEYWORD_FIELDS = frozenset(("tag", "type", "license", "category", "subcategory", "gen_ai_preference", "md5",
                            "pack_grouping"))  # fmt: skip
TEXT_FIELDS = frozenset(("name", "description", "pack", "comment", "username"))
INTEGER_FIELDS = frozenset(
    ("id", "samplerate", "bitrate", "bitdepth", "channels", "filesize", "num_downloads", "num_ratings", "num_comments")
)
FLOAT_FIELDS = frozenset(("duration", "avg_rating"))
BOOLEAN_FIELDS = frozenset(("is_geotagged", "is_remix", "was_remixed", "is_explicit", "in_remix_group"))

SUFFIXES = (
    dict.fromkeys(FLOAT_DESCRIPTORS, "_d")
    | dict.fromkeys(INTEGER_DESCRIPTORS, "_i")
    | dict.fromkeys(BOOLEAN_DESCRIPTORS, "_b")
    | dict.fromkeys(TEXT_DESCRIPTORS | {"category", "subcategory"}, "_s")
    | dict.fromkeys(LIST_DESCRIPTORS, "_ls")
)
"""What the search engine appends to a name; the service does so itself, but only where the name begins a term."""
