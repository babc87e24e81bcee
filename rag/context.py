"""What fits into a chat model's context: tokens counted without a tokenizer, passages and history cut to a budget."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from index.lengths import cut_spans
from index.scripts import script_of
from index.sentences import sentence_spans
from rag.answers import Passage, Turn
from rag.prompts import render_passages

# Tokens of one character. Chosen on every tenth sentence of NTREX-128 in 62 languages, so that an estimate is at least
# nine tenths of what the most wasteful of six tokenizers takes (Qwen, Llama 3, Llama 4, DeepSeek, Mistral's tekken,
# OpenAI's o200k). For English it is 1.7 times what each of them takes, for most others 1.0 to 1.4 times the most. The
# tokenizer of Llama 2, Mistral 7B and Phi 3 takes up to 1.6 times the estimate, for Thai, Urdu and Persian.
_TOKENS_OF_ASCII = 0.36
_TOKENS_OF_SCRIPT = {
    "latin": 1.0,  # letters with accents
    "cyrillic": 0.6,
    "greek": 1.0,
    "hebrew": 1.15,
    "arabic": 0.65,
    "devanagari": 1.1,
    "thai": 0.6,
    "kana": 0.7,
    "han": 0.95,
    "hangul": 0.9,
}
# Scripts and signs that most tokenizers spell byte by byte.
_TOKENS_OF_OTHERS = 2.0
# What the chat templates of models write around each message.
_TOKENS_OF_MESSAGE = 8

# Share of the context kept free for the answer: one to five sentences are 100 to 500 tokens of 4,096.
_ANSWER_SHARE = 0.2
# Earlier turns make a follow-up understood, passages answer it.
_HISTORY_SHARE = 0.25
# About three turns; older ones rather mislead.
_HISTORY_TOKENS = 1000
# A shorter beginning of a passage seldom says anything.
_LEAST_PASSAGE_TOKENS = 60
# Where a sentence is cut that is too long for the context: `index.lengths.text_weight` of a few words.
_CLAUSE = 60


def count_tokens(text: str) -> int:
    """Return about how many tokens a text is, rather too many than too few."""
    return math.ceil(sum(count * _tokens_of(character) for character, count in Counter(text).items()))


def fit(
    passages: Sequence[Passage], history: Sequence[Turn], *, budget: int, rules: str, question: str
) -> tuple[list[Passage], list[Turn]]:
    """Return what fits into the context beside the rules, the question and an answer: the best passages, latest turns.

    The last passages go first, and the last that stays is cut at the end of a sentence. All keep their numbers, and the
    beginning of the first always stays. Turns are kept or left out as a whole.

    Args:
        passages: Best first.
        history: Earlier turns, oldest first.
        budget: Tokens of the whole context.
        rules: The prompt without passages.
        question: As sent.
    """
    room = int(budget * (1 - _ANSWER_SHARE)) - _message_tokens(rules) - _message_tokens(question)
    turns = _latest_turns(history, room=min(int(room * _HISTORY_SHARE), _HISTORY_TOKENS))
    return _first_passages(passages, room=room - sum(map(_turn_tokens, turns))), turns


def _tokens_of(character: str) -> float:
    if character.isascii():
        return _TOKENS_OF_ASCII
    return _TOKENS_OF_SCRIPT.get(script_of(character) or "", _TOKENS_OF_OTHERS)


def _message_tokens(text: str) -> int:
    return _TOKENS_OF_MESSAGE + count_tokens(text)


def _turn_tokens(turn: Turn) -> int:
    return _message_tokens(turn.question) + _message_tokens(turn.answer)


def _latest_turns(history: Sequence[Turn], *, room: int) -> list[Turn]:
    kept: list[Turn] = []
    for turn in reversed(history):
        room -= _turn_tokens(turn)
        if room < 0:
            break
        kept.insert(0, turn)
    return kept


def _first_passages(passages: Sequence[Passage], *, room: int) -> list[Passage]:
    kept: list[Passage] = []
    for passage in passages:
        needed = _passage_tokens(passage)
        if needed > room:
            return [*kept, *_beginning(passage, room=room)] if kept else [_best_beginning(passage, room=room)]
        kept.append(passage)
        room -= needed
    return kept


def _passage_tokens(passage: Passage) -> int:
    """The tokens of a passage as the prompt has it: escaped, with its element."""
    return count_tokens(render_passages([passage]))


def _beginning(passage: Passage, *, room: int) -> list[Passage]:
    """The first sentences that fit; nothing if they would be too short to say anything."""
    ends = [end for _, end in sentence_spans(passage.text, passage.language)]
    fitting = _fitting(passage, ends, room=room) if room >= _LEAST_PASSAGE_TOKENS else 0
    return [_cut(passage, ends[fitting - 1])] if fitting else []


def _best_beginning(passage: Passage, *, room: int) -> Passage:
    """The same of the best passage, of which something always stays, if need be a part of a sentence."""
    if sentences := _beginning(passage, room=room):
        return sentences[0]
    ends = [end for _, end in cut_spans(passage.text, 0, len(passage.text), longest=_CLAUSE)]
    return _cut(passage, ends[max(_fitting(passage, ends, room=room), 1) - 1]) if ends else passage


def _fitting(passage: Passage, ends: Sequence[int], *, room: int) -> int:
    """How many of these ends leave a beginning that fits."""
    return bisect_right(ends, room, key=lambda end: _passage_tokens(_cut(passage, end)))


def _cut(passage: Passage, end: int) -> Passage:
    return replace(passage, text=passage.text[:end], end=passage.start + end)
