"""Do questions in many languages find the right article, and a quote that holds the answer?

The two articles the project began with are other people's text and not in the repository; give their folder:

    python -m bench.articles FOLDER

Each question is about one of them: the German one on North Rhine-Westphalia's delegation, or the Finnish one on Lahti.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ui.build import build_ingest, open_assistant, sync_vector_store
from ui.settings import Settings

GERMAN, FINNISH = "000_", "001_"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the beginning of the file name it is about, and words that an answering quote holds."""

    text: str
    document: str
    answer: str


# Ten questions in ten languages, written before anything was tuned.
TEN = (
    Question("Kuka johtaa Nordrhein-Westfalenin valtuuskuntaa?", GERMAN, "Pinkwart"),
    Question("Wann kommt die zweite Delegation aus Japan nach Lahti?", FINNISH, "elokuussa"),
    Question("How many Japanese companies are there in North Rhine-Westphalia?", GERMAN, "620"),
    Question("ラハティ地域と協定を結んだ日本の廃棄物処理会社はどこですか？", FINNISH, "Ishizaka"),
    Question("Quelles villes japonaises la délégation visite-t-elle ?", GERMAN, "Koriyama"),
    Question("¿Qué empresas japonesas participaron en el simposio sobre movilidad inteligente?", GERMAN, "Toyota"),
    Question("Vilket företag från Saitama har Lahti ett avtal med?", FINNISH, "Ishizaka"),
    Question("Какую выставку медицинской техники посетит делегация в Фукусиме?", GERMAN, "Medical Creation"),
    Question("北莱茵-威斯特法伦州代表团由谁率领？", GERMAN, "Pinkwart"),
    Question("متى تصل البعثة الأولى من اليابان إلى لاهتي؟", FINNISH, "toukokuussa"),
)

# Twenty more, looked at while the choice of quotes was tuned.
TWENTY = (
    Question("Chi dirige la Camera di commercio di Düsseldorf come vicedirettore?", GERMAN, "Eschenbaum"),
    Question("Kto jest przewodniczącym regionu Päijät-Häme?", FINNISH, "Parkkonen"),
    Question("라흐티와 협력하는 일본 폐기물 회사의 대표는 누구입니까?", FINNISH, "Noriko"),
    Question("Quais empresas alemãs participaram do simpósio de mobilidade?", GERMAN, "Mennekes"),
    Question("जापानी कंपनियाँ लाहटी क्षेत्र में किस विषय में रुचि रखती हैं?", FINNISH, "jätehallintaan"),
    Question("Wanneer werd de overeenkomst tussen Lahti en Ishizaka gesloten?", FINNISH, "17.2.2017"),
    Question("Japonya heyetine kim başkanlık ediyor?", GERMAN, "Pinkwart"),
    Question("In which areas will the Lahti region and Ishizaka cooperate?", FINNISH, "koulutuksen"),
    Question("Wie viele Wirtschaftsvertreter reisen nach Japan?", GERMAN, "30"),
    Question("Mikä on Lahti-projektin tarkoitus?", FINNISH, "kiertotalousmallia"),
    Question("Quelle catastrophe a frappé Fukushima en 2011 ?", GERMAN, "2011"),
    Question("¿Qué organización firmó un memorando con NRW Invest?", GERMAN, "JETRO"),
    Question("Кто руководит компанией Ishizaka?", FINNISH, "Noriko"),
    Question("代表団を率いるのは誰ですか？", GERMAN, "Pinkwart"),
    Question("Ladec 的 Isto Vanhamäki 担任什么职务？", FINNISH, "kehittäjä"),
    Question("ما هي الشركات اليابانية التي شاركت في الندوة؟", GERMAN, "Toyota"),
    Question("Quando arriva la prima delegazione giapponese a Lahti?", FINNISH, "toukokuussa"),
    Question("Vilka japanska städer besöker delegationen?", GERMAN, "Koriyama"),
    Question("Скільки японських компаній працює у Північному Рейні-Вестфалії?", GERMAN, "620"),
    Question("Công ty Nhật Bản nào ký thỏa thuận với vùng Lahti?", FINNISH, "Ishizaka"),
)

# Nothing in either article answers these.
UNANSWERABLE = (
    "What is the capital of Mongolia?",
    "Wie viele Einwohner hat Kanada?",
    "Mikä on Suomen korkein vuori?",
    "誰が相対性理論を発見しましたか？",
    "Как приготовить борщ?",
    "¿Quién ganó el mundial de 1998?",
    "Quelle est la recette de la ratatouille ?",
    "كم عدد سكان البرازيل؟",
    "我可以在哪里买到便宜的手机？",
    "How old is Andreas Pinkwart?",
)


def main() -> int:
    """Index the folder in a home of its own, ask, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        catalog, ingest = build_ingest(settings)
        report = ingest.run([folder])
        sync_vector_store(settings, catalog)
        catalog.close()
        if report.failed:
            print("\n".join(outcome.reason for outcome in report.failed), file=sys.stderr)
            return 1
        with open_assistant(settings) as assistant:
            for name, questions in (("ten", TEN), ("twenty", TWENTY)):
                documents = quotes = 0
                for question in questions:
                    answer = assistant.ask(question.text)
                    sources = [Path(citation.document).name for citation in answer.citations]
                    right = bool(sources) and sources[0].startswith(question.document)
                    held = any(question.answer in citation.quote for citation in answer.citations)
                    documents += right
                    quotes += held
                    print(
                        f"{name:<7}{answer.language:<4}{'document' if right else '-':<10}"
                        f"{'quote' if held else '-':<7}{question.text}"
                    )
                print(
                    f"{name}: right document first {documents}/{len(questions)}, "
                    f"answer quoted {quotes}/{len(questions)}\n"
                )
            refused = [not assistant.ask(question).answered for question in UNANSWERABLE]
            print(f"not in the articles: {sum(refused)}/{len(refused)} refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
