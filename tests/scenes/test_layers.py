"""What places sound like: beds, typical events, two places mixed; and which things speak for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import Place, Role, SceneError, beds_of, events_of, load_vocabulary, place_kin, place_things, room_between

WORDS = load_vocabulary()
PLACES = st.sampled_from(sorted(WORDS.places))


@given(label=PLACES, other=PLACES, share=st.floats(0.01, 0.5), night=st.booleans())
def test_shares_are_one_together_and_concepts_sound(label: str, other: str, share: float, night: bool) -> None:
    likely = {label: 1.0 - share, other: share} if label != other else None
    place = Place(label, night=night, likely=likely)
    beds, events = beds_of(place, WORDS), events_of(place, WORDS)
    assert sum(bed.share for bed in beds) == pytest.approx(1.0)
    assert [bed.share for bed in beds] == sorted((bed.share for bed in beds), reverse=True)
    assert all(WORDS.concepts[bed.concept].role is Role.AMBIENCE for bed in beds)
    assert events
    assert all(WORDS.concepts[event.concept].role is Role.EVENT for event in events)


def test_a_coast_has_waves_wind_and_gulls() -> None:
    coast = Place("beach")
    assert {bed.concept: bed.share for bed in beds_of(coast, WORDS)} == {"waves": 0.5, "wind": 0.5}
    assert events_of(coast, WORDS)[0].concept == "gull"


def test_two_plausible_places_are_mixed_by_probability() -> None:
    both = Place("street", likely={"street": 0.6, "park": 0.2})
    shares = {bed.concept: bed.share for bed in beds_of(both, WORDS)}
    assert shares["traffic"] > shares["park ambience"] > 0.15
    first = [event.concept for event in events_of(both, WORDS)][:2]
    assert first == [WORDS.places["street"].events[0], WORDS.places["park"].events[0]]
    assert "75% likely" in beds_of(both, WORDS)[0].reason


def test_nights_have_their_own_layers() -> None:
    day, night = (Place("forest", night=n) for n in (False, True))
    assert beds_of(day, WORDS) != beds_of(night, WORDS)
    assert "owl" in [event.concept for event in events_of(night, WORDS)]


def test_a_place_nobody_knows_is_searched_for_by_name() -> None:
    beds = beds_of(Place("moon base", indoor=True), WORDS)
    assert beds[0].concept == "moon base"
    assert beds[1].concept == WORDS.places["indoor"].ambience[0]
    assert sum(bed.share for bed in beds) == pytest.approx(1.0)
    assert events_of(Place("moon base"), WORDS) == ()


def test_the_first_of_likely_places_must_be_there() -> None:
    with pytest.raises(SceneError, match="likely"):
        Place("street", likely={"park": 0.5})
    with pytest.raises(SceneError, match="likely"):
        Place("street", likely={"street": 1.5})


def test_things_speak_for_places() -> None:
    table = place_things()
    assert table["oven"]["kitchen"] >= 1.0
    assert table["airplane"]["street"] < 0.0
    assert {place for places in table.values() for place in places} <= set(WORDS.places)


@given(label=PLACES, other=PLACES, share=st.floats(0.01, 0.5))
def test_a_room_lies_between_those_of_plausible_places(label: str, other: str, share: float) -> None:
    places = WORDS.places
    indoor = places[label].indoor
    alone = room_between(Place(label, indoor=indoor), WORDS)
    assert alone == (places[label].room_size_m, places[label].damping)
    both = Place(label, indoor=indoor, likely={label: 1.0 - share, other: share} if other != label else None)
    size_m, damping = room_between(both, WORDS)
    if places[other].indoor != indoor:
        assert (size_m, damping) == alone
    else:
        sizes = sorted((alone[0], places[other].room_size_m))
        dampings = sorted((alone[1], places[other].damping))
        assert sizes[0] - 1e-9 <= size_m <= sizes[1] + 1e-9
        assert dampings[0] - 1e-9 <= damping <= dampings[1] + 1e-9


def test_a_room_as_probable_as_another_has_the_geometric_mean_of_sizes() -> None:
    both = Place("kitchen", indoor=True, likely={"kitchen": 0.3, "hall": 0.3})
    assert room_between(both, WORDS)[0] == pytest.approx((2.6 * 14.0) ** 0.5)
    assert room_between(Place("moon base", indoor=True), WORDS) == room_between(Place("indoor", indoor=True), WORDS)


def test_the_kin_of_a_places_word_are_one_together() -> None:
    for told, meant in place_kin().items():
        assert sum(meant.values()) == pytest.approx(1.0)
        assert told in meant, "a word may always mean itself"
        assert max(meant, key=lambda name: meant[name]) == told
