"""The descriptors of the service: their names in the order of its answers, and how each is indexed."""

from __future__ import annotations

_NAMES = """
    amplitude_peak_ratio beat_count beat_loudness beat_times boominess bpm bpm_confidence brightness decay_strength
    depth dissonance duration_effective dynamic_range hardness hpcp hpcp_var hpcp_crest hpcp_entropy inharmonicity
    log_attack_time loopable loudness mfcc mfcc_var note_confidence note_midi note_name onset_count onset_times pitch
    pitch_max pitch_min pitch_confidence pitch_salience pitch_var reverbness roughness sharpness silence_rate
    single_event spectral_centroid spectral_complexity spectral_crest spectral_energy spectral_entropy
    spectral_flatness spectral_rolloff spectral_skewness spectral_spread start_time temporal_centroid
    temporal_centroid_ratio temporal_decrease temporal_skewness temporal_spread tonality tonality_confidence
    tristimulus warmth zero_crossing_rate has_audio_problems birdnet_detected_class birdnet_detections
    birdnet_detections_count fsdsinet_detected_class fsdsinet_detections fsdsinet_detections_count
"""
NAMES = tuple(_NAMES.split())

#: Lists and tables: in the answers only, never in a filter.
_LISTS = "beat_times hpcp hpcp_var mfcc mfcc_var onset_times tristimulus birdnet_detections fsdsinet_detections"
UNFILTERABLE = frozenset(_LISTS.split())
BOOLEAN = frozenset(["has_audio_problems", "loopable", "reverbness", "single_event"])
STRING = frozenset(["note_name", "tonality", "category", "subcategory"])
STRING_LIST = frozenset(["birdnet_detected_class", "fsdsinet_detected_class"])
INTEGER = frozenset(["beat_count", "birdnet_detections_count", "fsdsinet_detections_count", "note_midi", "onset_count"])


def suffix(name: str) -> str:
    """Return the ending of the indexed field: ``_b``, ``_s``, ``_ls``, ``_i`` or ``_d``."""
    if name in BOOLEAN:
        return "_b"
    if name in STRING:
        return "_s"
    if name in STRING_LIST:
        return "_ls"
    return "_i" if name in INTEGER else "_d"


#: Indexed field → descriptor, such as ``"bpm_d"`` → ``"bpm"``; the categories are indexed in the same way.
INDEXED = {name + suffix(name): name for name in (*NAMES, "category", "subcategory") if name not in UNFILTERABLE}

SPACES = {"laion_clap": 512, "freesound_classic": 100}
