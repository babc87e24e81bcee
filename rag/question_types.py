"""What a question asks for: a sentence that names nobody does not say who, one without a figure not how many."""

import re
from enum import StrEnum
from functools import cache
from typing import Any

from index.spelling import folded


class Asked(StrEnum):
    """The kinds that can be told from a question's words and looked for in a sentence of any language."""

    PERSON = "person"
    TIME = "time"
    QUANTITY = "quantity"


# By language: words that ask for a person; for a time; for a quantity. Longest first where one begins another.
_WORDS: dict[str, tuple[str, str, str]] = {
    "ar": ("من هو|من هي|من هم|من الذي|^من", "متى|في أي عام|في أي سنة|أي عام|أي سنة|أي تاريخ",
           "كم|ما نسبة|ما هي نسبة|أي نسبة"),
    "bg": ("кой|коя|кои", "кога|през коя година", "колко"),
    "bn": ("কে|কারা|কার", "কখন|কবে|কত সালে|কোন সালে", "কত|কয়টি|কতগুলি"),
    "ca": ("qui", "quan|quin any", "quants|quantes|quant"),
    "cs": ("kdo|koho|komu|kým", "kdy|ve kterém roce|v jakém roce", "kolik"),
    "da": ("hvem", "hvornår|hvilket år", "hvor mange|hvor meget"),
    "de": ("wer|wem|wen|wessen", "wann|in welchem jahr|welches jahr|in welchem monat|an welchem tag",
           "wie viele|wie vielen|wie viel|wieviel|wieviele|wie hoch|wie groß|welcher prozentsatz|welcher anteil"),
    "el": ("ποιος|ποιοι|ποιον", "πότε|ποια χρονιά|ποιο έτος|ποια ημερομηνία|ποιον μήνα",
           "πόσοι|πόσες|πόσα|πόσο|πόση|πόσους|τι ποσοστό|ποιο ποσοστό"),
    "en": ("who|whom|whose", "when|what year|which year|what date|what month",
           "how many|how much|how large|how high|how long|how old|how far|what percentage|what percent"),
    "es": ("quién|quiénes|quien", "cuándo|qué año|cuando|qué fecha|qué mes",
           "cuántos|cuántas|cuánto|cuánta|cuantos|qué porcentaje|qué proporción"),
    "et": ("kes|kelle|keda", "millal|mis aastal", "kui palju|mitu"),
    "fa": ("چه کسی|چه کسانی|کی", "چه زمانی|در چه سالی|چه سالی", "چند|چقدر|چه تعداد"),
    "fi": ("kuka|ketkä|kenen|ketä|kenet|kenelle", "milloin|koska|minä vuonna|mihin aikaan",
           "kuinka monta|kuinka paljon|kuinka moni|kuinka suuri|montako|paljonko|moniko"),
    "fr": ("qui", "quand|en quelle année|quelle année|à quelle date", "combien|quel pourcentage|quelle proportion"),
    "he": ("מי", "מתי|באיזו שנה", "כמה"),
    "hi": ("कौन(?![ -]?स[ाीे])|किसने|किसके|किसकी|किसे", "कब|किस वर्ष|किस साल", "कितने|कितनी|कितना"),
    "hr": ("tko|koga", "kada|koje godine", "koliko"),
    "hu": ("ki|kik|kit|kinek", "mikor|melyik évben", "hány|mennyi"),
    "id": ("siapa", "kapan|tahun berapa", "berapa"),
    "it": ("chi", "quando|in che anno|in quale anno", "quanti|quante|quanto|quanta|che percentuale|quale percentuale"),
    "ja": ("誰|だれ|どなた", "いつ(?![もか])|何年|何月|何日",
           "何人|何社|いくつ|いくら|何件|何個|どのくらい|どれくらい|何台|何パーセント"),
    "ko": ("누가|누구|누군", "언제|몇 년|몇년|몇 월", "몇|얼마나|얼마"),
    "lt": ("kas|kam|ką", "kada|kuriais metais", "kiek"),
    "lv": ("kas|kam|ko", "kad|kurā gadā", "cik"),
    "nb": ("hvem", "når|hvilket år", "hvor mange|hvor mye"),
    "nl": ("wie", "wanneer|welk jaar", "hoeveel|welk percentage"),
    "pl": ("kto|kogo|komu|kim", "kiedy|w którym roku|w jakim roku", "ile|ilu|jaki procent|jaki odsetek"),
    "pt": ("quem", "quando|em que ano",
           "quantos|quantas|quanto|quanta|que percentagem|que porcentagem|qual a percentagem|qual a porcentagem"),
    "ro": ("cine|pe cine|cui", "când|în ce an|ce an|la ce dată|în ce lună",
           "câți|câte|cât|câtă|câţi|ce procent|ce procentaj|ce proporție"),
    "ru": ("кто|кого|кому|кем", "когда|в каком году|в каком месяце|какого числа|какой год",
           "сколько|скольких|какой процент|какая доля|каков процент"),
    "sk": ("kto|koho|komu", "kedy|v ktorom roku", "koľko"),
    "sl": ("kdo|koga", "kdaj|katerega leta", "koliko"),
    "sr": ("ко|кога|ko|koga", "када|kada|које године", "колико|koliko"),
    "sv": ("vem|vilka personer", "när|vilket år", "hur många|hur mycket|hur stor andel|hur gammal"),
    "sw": ("nani", "lini|mwaka gani", "ngapi"),
    "ta": ("யார்", "எப்போது|எந்த ஆண்டு", "எத்தனை|எவ்வளவு"),
    "th": ("ใคร", "เมื่อไร|เมื่อใด|เมื่อไหร่|ปีใด|ปีไหน", "(?<!เ)กี่|เท่าไร|เท่าใด|จำนวนเท่า"),
    "tr": ("kim|kimler|kimin",
           "ne zaman|ne zamandan|ne zamana|hangi yıl|hangi yılda|hangi yıllarda|hangi tarihte|hangi ayda|kaç yılında",
           "kaç|kaçı|kaçtır|ne kadar|ne kadarı|ne kadardır"),
    "uk": ("хто|кого|кому|ким", "коли|в якому році|у якому році|якого року", "скільки|який відсоток|яка частка"),
    "ur": ("کون|کس نے", "کب|کس سال", "کتنے|کتنی|کتنا"),
    "vi": ("ai", "khi nào|bao giờ|năm nào", "bao nhiêu|mấy"),
    "zh": ("谁|誰|哪位|何人", "什么时候|何时|哪一年|哪年|几月|甚麼時候|什麼時候|何時",
           "多少|几(?![乎何内])|幾(?![乎何內])|多大|多长|多高"),
}  # fmt: skip
_UNSPACED = frozenset(("ja", "zh", "th", "ko"))
"""Languages that write these words together with others, so that they may begin or end inside a word."""
_PREFIXES = {"ar": "[وفبلك]?", "he": "[ושבלמכה]?"}
"""Letters that a language writes together with the word after them: and, in, for."""

# Empty for a text without an end.
_QUESTION_MARKS = tuple("?？؟")
_GREEK_QUESTION_MARKS = (";", "\u037e")
_DIGIT = re.compile(r"\d")


def asked_for(question: str, language: str) -> Asked | None:
    """Return what a question asks for, or `None` if its words do not tell."""
    language = language.partition("-")[0]
    patterns = _patterns(language)
    start = _folded(question, language).lstrip(" \t\n\"'„“”«»¿¡")
    for kind in (Asked.QUANTITY, Asked.TIME, Asked.PERSON):
        if kind in patterns and patterns[kind].search(start):
            return kind
    return None


def _folded(text: str, language: str) -> str:
    """The text without differences of case and form: İ and I are two letters in Turkish, ς and σ are one in Greek."""
    if language in ("tr", "az"):
        text = text.replace("I", "ı").replace("İ", "i")
    return folded(text)


def asks(sentence: str, language: str) -> bool:
    """Whether a sentence ends as a question does; a semicolon does in Greek alone."""
    ending = sentence.rstrip("\"'”’»)]*_ \n")[-1:]
    return ending in _QUESTION_MARKS or (ending in _GREEK_QUESTION_MARKS and language.startswith("el"))


def offers(sentence: str, asked: Asked) -> bool:
    """Whether a sentence of any language holds something of that kind; names are told by their capitals."""
    if asked is Asked.PERSON:
        return _name().search(sentence) is not None
    return _DIGIT.search(sentence) is not None


@cache
def _name() -> Any:
    """Two neighbouring words with capitals, the first not all in capitals, in any script that has them."""
    import regex

    # `regex` has classes for upper and lower case in all scripts, `re` has not.
    return regex.compile(r"\b\p{Lu}\p{M}*\p{L}*\p{Ll}[\p{L}\p{M}]*[ -](?:(?:de|van|von|der|al|di|da) )?\p{Lu}\p{L}+")


@cache
def _patterns(language: str) -> dict[Asked, Any]:
    import regex

    words = _WORDS.get(language)
    if words is None:
        return {}
    # The edges of words as `regex` sees them: vowel signs of Indic scripts are parts of words, unlike in `re`.
    prefix = _PREFIXES.get(language, "")
    start, end = ("", "") if language in _UNSPACED else (rf"(?<!\w){prefix}", r"(?!\w)")
    person, time, quantity = (_folded(alternatives, language) for alternatives in words)
    return {
        kind: regex.compile(f"{start}(?:{alternatives}){end}")
        for kind, alternatives in ((Asked.PERSON, person), (Asked.TIME, time), (Asked.QUANTITY, quantity))
    }
