from invoke_tui.domain.fuzzy import GAP, Fuzzy


def matched(query: str, text: str) -> str | None:
    found = Fuzzy(query).match(text)
    return None if found is None else "".join(text[at] for at in found.positions)


def test_words_stand_in_any_order() -> None:
    assert matched("snow fox", "a red fox in deep snow") == "foxsnow"
    assert matched("fox zebra", "a red fox") is None
    assert matched("", "anything") == ""


def test_letters_may_have_gaps_but_not_any() -> None:
    assert matched("lghthse", "a lighthouse") == "lghthse"
    assert matched("ab", "a" + "." * GAP + "b") == "ab"
    assert matched("ab", "a" + "." * (GAP + 1) + "b") is None
    assert matched("abc", "a" + "." * GAP + "b.c") is None
    assert matched("ab", "a\nb") is None


def test_a_later_place_is_found_where_the_first_leads_nowhere() -> None:
    assert matched("abc", "a b ............... abxc") == "abc"


def test_letters_are_kept_together() -> None:
    found = Fuzzy("fsh").match("of fish")
    assert found is not None
    assert found.positions == (3, 5, 6)


def test_the_beginning_of_a_word_is_preferred() -> None:
    found = Fuzzy("ox").match("a fox, an ox")
    assert found is not None
    assert found.positions == (10, 11)


def test_small_letters_keep_their_places() -> None:
    found = Fuzzy("i fox").match("İİ Fox")
    assert found is None, "a dotted capital has no small letter of one character"
    assert matched("FOX", "İİ fOx") == "fOx"


def test_signs_are_letters_like_others() -> None:
    assert matched("(fox)1.3", "a (fox)1.3 [x]") == "(fox)1.3"
    assert matched("^-]", "a ^ - ]") == "^-]"
