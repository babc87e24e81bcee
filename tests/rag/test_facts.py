import time

import pytest

from rag.facts import FactsOf
from tests.builders import make_passage


def missing(statement: str, text: str, *, said: str = "en", language: str = "en") -> tuple[str, ...]:
    return FactsOf(make_passage(text, language=language)).missing(statement, language=said)


@pytest.mark.parametrize(
    ("statement", "said", "text", "language"),
    [
        ("It was on 7 February 2016.", "en", "Am 7. Februar 2016 war es.", "de"),
        ("It was on 7 February 2016.", "en", "Это было 7 февраля 2016 года.", "ru"),
        ("2016年2月7日のことです。", "ja", "It was on February 7, 2016.", "en"),
        ("7 Şubat 2016'da oldu.", "tr", "2016年2月7日", "zh"),
        ("في ٧ فبراير ٢٠١٦", "ar", "เมื่อ 7 กุมภาพันธ์ 2016", "th"),
        ("7 फ़रवरी 2016", "hi", "helmikuun 7. päivänä 2016", "fi"),
        ("It cost 5 million dollars.", "en", "Es kostete 5 Millionen Dollar.", "de"),
        ("It cost $5 million.", "en", "500万ドルかかった。", "ja"),
        ("It cost 10 pounds.", "en", "It cost £10.", "en"),
        ("It weighs 10 pounds.", "en", "It weighs 10 lb.", "en"),
        ("500元", "zh", "¥500", "zh"),
        ("It rose by 10 in 2015.", "en", "It rose by 10 % in 2015.", "en"),
        ("Zu Beginn der 1930er Jahre", "de", "20世纪30年代", "zh"),
        ("In the '50s it began.", "en", "Es begann 1950.", "de"),
        ("In the last week of February 1974", "en", "In der letzten Februarwoche 1974", "de"),
        ("Write to Info@Example.org.", "en", "info@example.org", "de"),
        ("See https://www.example.org/a/.", "en", "example: http://example.org/a", "en"),
        ("He said “the plant   is NEW”.", "en", 'He said: "The plant is new, and good."', "en"),
        ("He said “the plant […] good”.", "en", "He said: The plant is new, and good.", "en"),
        ("Er sagte: „Das Werk ist neu“.", "de", "He said: the plant is new.", "en"),
        ("彼は「工場は新しい」と言った。", "ja", "工場は新しいと言った。", "ja"),
        ("Minister Pinkwart kam.", "de", "The minister came.", "en"),
        ("The company A title built it.", "en", "It was built.", "en"),
        ("Nothing to look for.", "en", "", "en"),
    ],
)
def test_facts_that_stand_in_the_passage_are_found(statement: str, said: str, text: str, language: str) -> None:
    assert missing(statement, text, said=said, language=language) == ()


@pytest.mark.parametrize(
    ("statement", "said", "text", "language", "facts"),
    [
        ("It was on 7 March 2016.", "en", "Am 7. Februar 2016 war es.", "de", ("March",)),
        ("Es war am 8. Februar.", "de", "It was on February 7.", "en", ("8",)),
        ("2016年3月7日のことです。", "ja", "It was on February 7, 2016.", "en", ("2016年3月7日",)),
        ("Это было 7 марта.", "ru", "2016年2月7日", "zh", ("марта",)),
        ("It cost 5 million euros.", "en", "Es kostete 5 Millionen Dollar.", "de", ("5",)),
        ("Es sind 5 %.", "de", "It is $5.", "en", ("5",)),
        ("In the 1940s it began.", "en", "Es begann 1950.", "de", ("1940",)),
        ("The cars were 1,000.", "en", "It is number 1 of 620.", "en", ("1,000",)),
        ("It is 10 km away.", "en", "It is 10 miles away.", "en", ("10",)),
        ("Write to info@example.com.", "de", "info@example.org", "en", ("info@example.com",)),
        ("See www.example.org/b.", "en", "www.example.org/a", "en", ("www.example.org/b",)),
        ("He said “the plant is old”.", "en", "He said: the plant is new.", "en", ("the plant is old",)),
        ("Er sagte: „Das Werk ist alt“.", "de", "Das Werk ist neu.", "de", ("Das Werk ist alt",)),
        ("彼は「工場は古い」と言った。", "ja", "工場は新しい", "ja", ("工場は古い",)),
        ("The minister Laschet led it.", "en", "The minister Pinkwart led it.", "en", ("Laschet",)),
        ("Делегацию возглавил Лашет.", "ru", "Делегацию возглавил Пинкварт.", "ru", ("Лашет",)),
        ("In 2015 they built 99 cars, 99 of them.", "en", "no figures", "en", ("2015", "99")),
    ],
)
def test_facts_that_do_not_stand_in_the_passage_are_named(
    statement: str, said: str, text: str, language: str, facts: tuple[str, ...]
) -> None:
    assert missing(statement, text, said=said, language=language) == facts


@pytest.mark.parametrize("junk", ["“", "a@", "7 ", "A.", "http://", "Ab ", "«»", "7 February ", "[", "$5 "])
def test_junk_is_read_in_time(junk: str) -> None:
    start = time.perf_counter()
    missing(junk * (20_000 // len(junk)), junk * (20_000 // len(junk)))
    assert time.perf_counter() - start < 5
