import random
from collections import Counter

import numpy as np
import pytest
from tokenizers import Tokenizer

from bench.embedding.parts import ngrams, parts_of
from bench.embedding.tokenizer import (
    balanced_words,
    build_tokenizer,
    normaliser,
    split_for_learning,
    train_tokenizer,
    vocabulary_of,
)
from index.subwords import normalise

SYLLABLES = ("ka", "to", "li", "me", "su", "ra", "no", "pe", "vi", "ha")
ENDINGS = ("", "n", "ssa", "sta", "lla", "ing")


def make_stems() -> list[str]:
    chosen = random.Random(2)  # noqa: S311
    return sorted({"".join(chosen.choice(SYLLABLES) for _ in range(chosen.choice((2, 3)))) for _ in range(150)})


STEMS = make_stems()


@pytest.fixture(scope="module")
def words() -> Counter[str]:
    counts = Counter({stem + ending: 10 + len(ending) for stem in STEMS for ending in ENDINGS})
    city = "thành phố"
    counts.update({city: 900} | {f"{city} {after}": 100 for after in ("lớn", "nhỏ", "mới", "cũ")})
    counts.update({f"{before} {city}": 100 for before in ("ở", "từ", "người", "một")})
    return counts


@pytest.fixture(scope="module")
def tokenizer(words: Counter[str]) -> Tokenizer:
    return train_tokenizer(words, size=300)


class TestBalancedWords:
    def test_share_of_a_language_is_its_words_to_a_power_times_its_weight(self) -> None:
        texts = {"de": Counter(a=6400), "fi": Counter(b=1600), "sv": Counter(c=1600)}
        weights = {"fi": 2.0, "other": 1.0}
        balanced = balanced_words(texts, weights=weights, words=1000, flattening=1, balance=0.5, fewest=0)
        # 80 : 2 * 40 : 40
        assert balanced == Counter(a=400, b=400, c=200)

    def test_frequent_words_are_flattened(self) -> None:
        texts = {"de": Counter(a=10_000, b=100)}
        balanced = balanced_words(texts, weights={"other": 1}, words=1100, flattening=0.5, balance=1, fewest=0)
        assert balanced == Counter(a=1000, b=100)

    def test_small_language_is_left_out(self) -> None:
        texts = {"de": Counter(a=1000, b=1000), "fi": Counter(c=1999)}
        balanced = balanced_words(texts, weights={"other": 1}, words=100, flattening=1, balance=1)
        assert balanced == Counter(a=50, b=50)

    def test_same_word_of_two_languages_adds_up(self) -> None:
        texts = {"de": Counter(hand=100), "en": Counter(hand=100)}
        balanced = balanced_words(texts, weights={"other": 1}, words=50, flattening=1, balance=1, fewest=0)
        assert balanced == Counter(hand=50)

    def test_rare_word_whose_share_is_below_a_half_is_left_out(self) -> None:
        texts = {"de": Counter(a=99, b=1)}
        balanced = balanced_words(texts, weights={"other": 1}, words=40, flattening=1, balance=1, fewest=0)
        assert balanced == Counter(a=40)

    def test_word_seen_once_counts_in_a_small_language_only(self) -> None:
        large = Counter({f"w{number}": 1 for number in range(20_000)}) + Counter(often=2)
        small = Counter({f"w{number}": 1 for number in range(19_999)}) + Counter(often=2)
        options = {"words": 40_000, "flattening": 1.0, "balance": 1.0}
        assert list(balanced_words({"de": large}, weights={"other": 1}, **options)) == ["often"]  # type: ignore[arg-type]
        assert len(balanced_words({"de": small}, weights={"other": 1}, **options)) == 20_000  # type: ignore[arg-type]

    def test_phrases_are_drawn_because_all_are_rare(self) -> None:
        texts = {"ja": Counter({f"山{number}": 1 for number in range(10_000)})}
        balanced = balanced_words(texts, weights={"other": 1}, words=1000, flattening=0.5, balance=1)
        assert set(balanced.values()) == {1}
        assert 900 < len(balanced) < 1100
        assert balanced == balanced_words(texts, weights={"other": 1}, words=1000, flattening=0.5, balance=1)


class TestTrainTokenizer:
    def test_subwords_are_as_many_as_asked_for(self, tokenizer: Tokenizer) -> None:
        vocabulary = vocabulary_of(tokenizer)
        assert 250 < len(vocabulary) <= 300
        assert vocabulary[0] == "<unk>"
        assert len(set(vocabulary)) == len(vocabulary)
        assert tokenizer.get_vocab_size() == len(vocabulary)
        assert all(tokenizer.token_to_id(piece) == at for at, piece in enumerate(vocabulary))

    def test_subwords_cover_the_words(self, tokenizer: Tokenizer, words: Counter[str]) -> None:
        for word in words:
            tokens = tokenizer.encode(word).tokens
            assert "".join(tokens) == "▁" + word.replace(" ", "▁")
            assert 0 not in tokenizer.encode(word).ids

    def test_frequent_stems_are_subwords(self, tokenizer: Tokenizer) -> None:
        vocabulary = vocabulary_of(tokenizer)
        assert len({f"▁{stem}" for stem in STEMS} & set(vocabulary)) > 0.9 * len(STEMS)

    def test_vietnamese_words_are_subwords_with_their_spaces(self, tokenizer: Tokenizer) -> None:
        assert "▁thành▁phố" in vocabulary_of(tokenizer)
        assert tokenizer.encode("Thành phố!").tokens == ["▁thành▁phố"]

    def test_unknown_characters_become_the_unknown(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.encode("kato 山").ids[-1] == 0

    def test_text_is_normalised_first(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.encode("KATO, – Limesta").ids == tokenizer.encode("kato limesta").ids
        assert tokenizer.encode("…").ids == []

    def test_log_probabilities_are_kept_to_three_places(self) -> None:
        tokenizer = build_tokenizer([("<unk>", 0.0), ("▁a", -1.23456), ("b", -2.0)])
        assert "-1.235" in tokenizer.to_str()
        assert "-1.23456" not in tokenizer.to_str()


class TestNormaliser:
    @pytest.mark.parametrize(
        ("text", "normalised"),
        [
            ("Straße, ΣΟΦΟΣ & İzmir", "straße σοφοσ izmir"),
            ("الكِتاب والكتاب", "كتاب كتاب"),
            ("फ़िल्म", "फिल्म"),
            ("Ёж", "еж"),
            ("ｶﾞＡ１", "ガa1"),
        ],
    )
    def test_spellings_come_together_as_in_the_index(self, text: str, normalised: str) -> None:
        assert normaliser().normalize_str(text) == normalised
        assert normalise(text) == normalised


class TestSplitForLearning:
    def test_words_are_split_at_spaces(self) -> None:
        assert split_for_learning("punainen talo", "fi") == ["punainen", "talo"]

    @pytest.mark.parametrize("language", ["ja", "zh", "zh-Hant", "yue", "th", "lo", "km", "my", "vi"])
    def test_phrases_stay_whole(self, language: str) -> None:
        assert split_for_learning("ab cd", language) == ["ab cd"]
        assert split_for_learning("x" * 59 + " y", language) == ["x" * 59, "y"]


class TestParts:
    def test_word_has_its_ngrams_and_itself(self) -> None:
        assert sorted(ngrams("▁talo")) == sorted(
            ["=talo", "<ta", "tal", "alo", "<tal", "talo", "<talo"],
        )

    def test_subword_inside_a_word_has_no_beginning(self) -> None:
        assert sorted(ngrams("issa")) == sorted(["=issa", "iss", "ssa", "issa"])

    def test_characters_of_syllabic_scripts_count_alone(self) -> None:
        assert sorted(ngrams("▁山川口")) == sorted(["=山川口", "山", "川", "口", "山川", "川口"])
        assert sorted(ngrams("도시")) == sorted(["=도시", "도", "시", "도시"])

    def test_vietnamese_words_have_their_syllables(self) -> None:
        assert sorted(ngrams("▁phần▁lan")) == sorted(["=phần lan", "=phần", "=lan"])

    def test_space_alone_has_none(self) -> None:
        assert list(ngrams("▁")) == []

    def test_ngrams_that_few_share_are_left_out(self) -> None:
        vocabulary = ["<unk>", "▁", "▁talo", "▁talon", "▁talot", "▁x", "talo"]
        parts = parts_of(vocabulary, fewest=3)
        lengths = np.diff(parts.starts)
        # Shared by three or four: <ta tal alo <tal talo <talo
        assert parts.count == 6
        assert lengths.tolist() == [0, 0, 6, 6, 6, 0, 3]
        assert set(parts.rows.tolist()) == set(range(len(vocabulary), len(vocabulary) + parts.count))
        talo, talon, talot = (set(parts.rows[parts.starts[at] : parts.starts[at + 1]].tolist()) for at in (2, 3, 4))
        assert talo == talon == talot
        assert set(parts.rows[parts.starts[6] :].tolist()) < talo

    def test_parts_of_some_subwords_lie_end_to_end(self) -> None:
        vocabulary = ["<unk>", *(f"▁{stem}{ending}" for stem in STEMS[:20] for ending in ENDINGS)]
        parts = parts_of(vocabulary)
        generator = random.Random(1)  # noqa: S311
        tokens = np.array([0, *generator.sample(range(len(vocabulary)), 20), 0])
        rows, starts, lengths = parts.of(tokens)
        assert len(rows) == lengths.sum()
        for token, start, length in zip(tokens, starts, lengths, strict=True):
            held = parts.rows[parts.starts[token] : parts.starts[token + 1]]
            assert rows[start : start + length].tolist() == held.tolist()

    def test_nothing_shared_is_no_parts(self) -> None:
        parts = parts_of(["<unk>", "▁ab", "▁cd"])
        assert parts.count == 0
        rows, starts, lengths = parts.of(np.array([1, 2]))
        assert (rows.tolist(), starts.tolist(), lengths.tolist()) == ([], [0, 0], [0, 0])
