import unicodedata

import pytest

from rag.question_types import Asked, asked_for, offers

QUESTIONS = {
    Asked.PERSON: {
        "en": "Who led the delegation?",
        "de": "Wer leitete die Delegation?",
        "fi": "Kuka johti valtuuskuntaa?",
        "ja": "代表団を率いたのは誰ですか。",
        "ar": "من قاد الوفد؟",
        "hi": "प्रतिनिधिमंडल का नेतृत्व किसने किया?",
        "th": "ใครนำคณะผู้แทน",
        "zh": "谁率领代表团？",
        "zh-Hant": "誰率領代表團？",
        "fr": "Qui dirigeait la délégation ?",
        "es": "¿Quién dirigió la delegación?",
        "it": "Chi guidava la delegazione?",
        "nl": "Wie leidde de delegatie?",
        "pl": "Kto kierował delegacją?",
        "ru": "Кто возглавлял делегацию?",
        "el": "Ποιος ηγήθηκε;",
        "tr": "Heyete kim başkanlık etti?",
        "ko": "누가 대표단을 이끌었습니까?",
        "he": "מי עמד בראש המשלחת?",
        "vi": "Ai dẫn đầu phái đoàn?",
        "bn": "কে নেতৃত্ব দিয়েছিলেন?",
        "sv": "Vem ledde delegationen?",
        "uk": "Хто очолював делегацію?",
        "cs": "Kdo vedl delegaci?",
        "pt": "Quem liderou a delegação?",
    },
    Asked.TIME: {
        "en": "When did it open?",
        "de": "Wann wurde es eröffnet?",
        "fi": "Milloin se avattiin?",
        "ja": "いつ開業しましたか。",
        "ar": "متى افتتحت المحطة؟",
        "hi": "यह कब खुला?",
        "th": "เปิดเมื่อไร",
        "zh": "什么时候开业的？",
        "fr": "En quelle année a-t-il ouvert ?",
        "es": "¿Cuándo se inauguró?",
        "it": "Quando fu aperto?",
        "nl": "Wanneer ging het open?",
        "pl": "Kiedy otwarto?",
        "ru": "Когда он открылся?",
        "el": "Πότε άνοιξε;",
        "tr": "Ne zaman açıldı?",
        "ko": "언제 열렸습니까?",
        "he": "מתי נפתח?",
        "vi": "Mở cửa khi nào?",
        "da": "Hvornår åbnede det?",
        "uk": "Коли відкрили?",
        "cs": "Kdy byl otevřen?",
    },
    Asked.QUANTITY: {
        "en": "How many companies are there?",
        "de": "Wie viele Firmen gibt es?",
        "fi": "Kuinka monta yritystä on?",
        "ja": "会社はいくつありますか。",
        "ar": "كم عدد الشركات؟",
        "hi": "कितनी कंपनियाँ हैं?",
        "th": "มีกี่บริษัท",
        "zh": "有多少家公司？",
        "fr": "Combien d’entreprises y a-t-il ?",
        "es": "¿Cuántas empresas hay?",
        "it": "Quante aziende ci sono?",
        "nl": "Hoeveel bedrijven zijn er?",
        "pl": "Ile jest firm?",
        "ru": "Сколько там компаний?",
        "el": "Πόσες εταιρείες υπάρχουν;",
        "tr": "Kaç şirket var?",
        "ko": "회사가 몇 개입니까?",
        "he": "כמה חברות יש?",
        "vi": "Có bao nhiêu công ty?",
        "ta": "எத்தனை நிறுவனங்கள்?",
    },
}
CASES = [
    pytest.param(question, language, kind, id=f"{kind}-{language}")
    for kind, questions in QUESTIONS.items()
    for language, question in questions.items()
]


@pytest.mark.parametrize(("question", "language", "kind"), CASES)
def test_kind_is_told_by_the_question_word(question: str, language: str, kind: Asked) -> None:
    assert asked_for(question, language) is kind


@pytest.mark.parametrize(
    ("question", "language", "kind"),
    [
        ("What percentage of the bridge is steel?", "en", Asked.QUANTITY),
        ("Welcher Anteil ist aus Stahl?", "de", Asked.QUANTITY),
        ("Kuinka suuri osa on terästä?", "fi", Asked.QUANTITY),
        ("ما نسبة الفولاذ؟", "ar", Asked.QUANTITY),
        ("Какой процент составляет сталь?", "ru", Asked.QUANTITY),
        ("Τι ποσοστό είναι χάλυβας;", "el", Asked.QUANTITY),
        ("Ce procent este din oțel?", "ro", Asked.QUANTITY),
        ("¿Qué porcentaje es de acero?", "es", Asked.QUANTITY),
        ("Köprü hangi yılda yapıldı?", "tr", Asked.TIME),
        ("В какой стране и какого числа её открыли?", "ru", Asked.TIME),
        ("In welchem Monat öffnet sie?", "de", Asked.TIME),
        ("La ce dată s-a deschis?", "ro", Asked.TIME),
    ],
)
def test_shares_are_quantities_and_months_are_times(question: str, language: str, kind: Asked) -> None:
    assert asked_for(question, language) is kind


@pytest.mark.parametrize(("question", "language", "kind"), CASES)
def test_neither_capitals_nor_composition_matter(question: str, language: str, kind: Asked) -> None:
    capitals = question.replace("i", "İ").replace("ı", "I") if language == "tr" else question
    assert asked_for(capitals.upper(), language) is kind
    assert asked_for(unicodedata.normalize("NFD", question), language) is kind


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Wie heißt der Minister?", "de"),  # Dutch: who
        ("Wie funktioniert das?", "de"),
        ("Was ist ein Schwerpunkt?", "de"),  # wer
        ("Quale macchina costruisce?", "it"),  # chi
        ("Dove sono le chiavi?", "it"),
        ("¿Qué es el equilibrio?", "es"),  # qui
        ("Mikä on kuutio?", "fi"),
        ("What is a warehouse whole?", "en"),  # who
        ("Minkä verran?", "fi"),
        ("Hoe werkt het?", "nl"),
        ("ما هي الشركات القادمة من اليابان؟", "ar"),  # from, not who
        ("ما هو حكم المحكمة؟", "ar"),  # how many, inside two words
        ("איפה יש מים?", "he"),  # who, inside "water"
        ("เล่าเกี่ยวกับรถยนต์", "th"),  # how many, inside "about"
        ("几乎所有公司都在做什么？", "zh"),  # how many, inside "almost"
        ("なぜいつも混んでいますか。", "ja"),  # when, inside "always"
        ("Apa itu kapanye?", "id"),
        ("Tại sao hai nước ký?", "vi"),  # who, inside "two"
        ("Ποια εταιρεία χτίζει γέφυρες;", "el"),  # which, not who
        ("कौन सी कंपनी पुल बनाती है?", "hi"),  # which
        ("कौन-सा पुल?", "hi"),
    ],
)
def test_a_false_friend_asks_for_nothing(question: str, language: str) -> None:
    assert asked_for(question, language) is None


def test_the_same_word_asks_for_different_things_in_different_languages() -> None:
    assert asked_for("Wie is dat?", "nl") is Asked.PERSON
    assert asked_for("Wie ist das?", "de") is None


def test_a_number_is_asked_for_before_a_time_and_a_time_before_a_person() -> None:
    assert asked_for("How many people were there when it opened?", "en") is Asked.QUANTITY
    assert asked_for("Wann kam der, wer auch immer es war?", "de") is Asked.TIME


@pytest.mark.parametrize("language", ["und", "", "xx", "eo"])
def test_an_unknown_language_asks_for_nothing(language: str) -> None:
    assert asked_for("Who, when, how many?", language) is None


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("An der Spitze stand Andreas Pinkwart.", Asked.PERSON),
        ("Главой был Иван Петров.", Asked.PERSON),
        ("Leider war Ludwig van Beethoven krank.", Asked.PERSON),
        ("Επικεφαλής ήταν ο Γιώργος Παπάς.", Asked.PERSON),
        ("Es sind 620 Firmen.", Asked.QUANTITY),
        ("عددها ٦٢٠.", Asked.QUANTITY),
        ("वह १९९५ में खुला।", Asked.TIME),
        ("１９９５年に開業した。", Asked.TIME),
    ],
)
def test_a_sentence_offers_what_it_holds(sentence: str, kind: Asked) -> None:
    assert offers(sentence, kind)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Ministeri johti ryhmää.", Asked.PERSON),
        ("NRW ist groß.", Asked.PERSON),
        ("Es sind viele Firmen.", Asked.QUANTITY),
        ("Sehr bald ² ① wird es eröffnet.", Asked.TIME),
    ],
)
def test_a_sentence_does_not_offer_what_it_lacks(sentence: str, kind: Asked) -> None:
    assert not offers(sentence, kind)
