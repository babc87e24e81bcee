"""The tokenizer: unigram subwords of text without punctuation, learnt from each language's share of the words."""

import json
import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from index.subwords import ARABIC_ARTICLE, BETWEEN_WORDS, UNWRITTEN

# Written without spaces between words, or, in Vietnamese, with spaces inside them: learnt from whole phrases.
UNSPACED = frozenset({"ja", "zh", "zh-Hant", "yue", "th", "lo", "km", "my", "vi"})
# Characters of such a phrase.
PHRASE = 60

_UNKNOWN = "<unk>"
_SPACE = "▁"


def normaliser() -> normalizers.Normalizer:
    """Bring spellings of one word together, as `index.subwords.normalise` does, step by step for tokenizer.json."""
    return normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(UNWRITTEN), ""),
            normalizers.Replace("\u0326", "\u0327"),
            normalizers.NFC(),
            normalizers.Replace(Regex("[ىی]"), "ي"),
            normalizers.Replace("ک", "ك"),
            normalizers.Replace(Regex(BETWEEN_WORDS), " "),
            normalizers.Replace(Regex(ARABIC_ARTICLE), ""),
            normalizers.Strip(),
        ]
    )


def balanced_words(
    texts: Mapping[str, Counter[str]],
    *,
    weights: Mapping[str, float],
    words: int,
    flattening: float,
    balance: float,
    fewest: int = 2000,
) -> Counter[str]:
    """Give words with counts of which every language has its share.

    Args:
        texts: Language to its words, or phrases if it is `UNSPACED`, with how often each occurs.
        weights: How much each language counts; `other` for those not named.
        words: The sum of all counts, about.
        flattening: A word counts its occurrences to this power.
        balance: A language counts its words to this power, times its weight.
        fewest: Languages with fewer words are left out.
    """
    flat = {
        language: {
            word: count if language in UNSPACED else count**flattening
            for word, count in counts.items()
            # In a large language a word seen once is as often a typing error.
            if count > 1 or language in UNSPACED or len(counts) <= 20_000
        }
        for language, counts in texts.items()
        if counts.total() >= fewest
    }
    sizes = {language: sum(counts.values()) for language, counts in flat.items()}
    shares = {language: size**balance * weights.get(language, weights["other"]) for language, size in sizes.items()}
    whole = sum(shares.values())
    balanced: Counter[str] = Counter()
    for language, counts in flat.items():
        factor = words * shares[language] / whole / sizes[language]
        chosen = random.Random(language)
        for word, count in counts.items():
            # Rare words are left out; phrases are all rare, so some of them are drawn.
            scaled = int(count * factor + (chosen.random() if language in UNSPACED else 0.5))
            if scaled:
                balanced[word] += scaled
    return balanced


def train_tokenizer(words: Mapping[str, int], *, size: int) -> Tokenizer:
    """Learn `size` subwords from words and phrases with their counts (Kudo 2018), as `normaliser` gives them.

    By sentencepiece, which takes counts as they are: the trainer of tokenizers needed ten times as long.
    """
    import sentencepiece

    with tempfile.TemporaryDirectory() as folder:
        listed, prefix = Path(folder, "words.tsv"), Path(folder, "subwords")
        listed.write_text("".join(f"{word}\t{count}\n" for word, count in words.items()), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(listed),
            input_format="tsv",
            model_prefix=str(prefix),
            model_type="unigram",
            vocab_size=size,
            hard_vocab_limit=False,
            normalization_rule_name="identity",
            split_by_whitespace=False,  # a Vietnamese word holds spaces; other lines are single words anyway
            max_sentencepiece_length=20,
            character_coverage=0.9998,
            shrinking_factor=0.6,
            num_sub_iterations=1,
            num_threads=2,
            bos_id=-1,
            eos_id=-1,
            unk_id=0,
            minloglevel=2,
        )
        learnt = sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model")
        return build_tokenizer([(learnt.id_to_piece(token), learnt.get_score(token)) for token in range(len(learnt))])


def build_tokenizer(vocabulary: Sequence[tuple[str, float]]) -> Tokenizer:
    """Make the tokenizer that runs from subwords and their log probabilities; the first one is the unknown."""
    scores = [(piece, round(score, 3)) for piece, score in vocabulary]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normaliser()
    # Subwords may hold spaces, so the text is not split at them.
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always", split=False)
    return tokenizer


def vocabulary_of(tokenizer: Tokenizer) -> list[str]:
    """List the subwords by their ids."""
    return [piece for piece, _ in json.loads(tokenizer.to_str())["model"]["vocab"]]


def split_for_learning(text: str, language: str) -> list[str]:
    """Cut a normalised text into what the tokenizer learns from: words, or phrases where words are not told apart."""
    if language in UNSPACED:
        return [text[at : at + PHRASE].strip() for at in range(0, len(text), PHRASE)]
    return text.split(" ")
