"""What the chat page says, by language, and the questions it offers to begin with."""

from dataclasses import dataclass
from functools import cache

from babel import Locale, UnknownLocaleError


@dataclass(frozen=True, slots=True)
class Messages:
    """The page's sentences in one language. Names in braces are filled with `str.format`."""

    language: str
    title: str
    introduction: str
    documents: str
    """Filled with `count`. A label before a number, because plurals differ too much between languages."""
    no_documents: str
    examples: str
    question: str
    placeholder: str
    ask: str
    stop: str
    new_conversation: str
    searching: str
    found: str
    """Filled with `count`."""
    sources: str
    nearest: str
    nearest_hint: str
    footnote: str
    """Read aloud for a footnote mark; filled with `number` and `title`."""
    back: str
    """Read aloud for the way back from a quote to its mark; filled with `number`."""
    stopped: str
    failed: str

    @property
    def direction(self) -> str:
        """`rtl` for languages written from right to left, else `ltr`."""
        return Locale.parse(self.language).text_direction


@dataclass(frozen=True, slots=True)
class ExampleQuestion:
    """A question offered on the empty page, and the language it is asked in."""

    language: str
    text: str


# About three starter articles: a German one (North Rhine-Westphalia's delegation to Japan), a Finnish one (Lahti and
# Ishizaka), an English one (the Basel Convention). Most are asked in another language than their article's.
EXAMPLE_QUESTIONS = (
    ExampleQuestion("fi", "Mitkä saksalaiset yritykset osallistuivat symposiumiin?"),
    ExampleQuestion("ja", "石坂産業の「ラハティ・プロジェクト」とは何ですか？"),
    ExampleQuestion("de", "Was besucht die Delegation in Fukushima?"),
    ExampleQuestion("en", "When did the Basel Convention enter into force?"),
    ExampleQuestion("ar", "ما الذي وقعته NRW Invest و JETRO؟"),
)

ENGLISH = Messages(
    language="en",
    title="Ask your documents",
    introduction="Ask in any language. Every footnote in an answer leads to the exact words it rests on.",
    documents="Documents: {count}",
    no_documents="No documents are indexed yet.",
    examples="For example",
    question="Your question",
    placeholder="Ask a question in any language",
    ask="Ask",
    stop="Stop",
    new_conversation="New conversation",
    searching="Searching the documents…",
    found="Passages found: {count}",
    sources="Sources",
    nearest="Nearest passages",
    nearest_hint="They do not answer the question; they only come closest to it.",
    footnote="Footnote {number}: {title}",
    back="Back to footnote {number} in the answer",
    stopped="Stopped.",
    failed="Something went wrong, so there is no answer. Please try again.",
)

_ALL = (
    ENGLISH,
    Messages(
        language="de",
        title="Fragen Sie Ihre Dokumente",
        introduction="Fragen Sie in jeder Sprache. Jede Fußnote führt zu den Worten, auf denen die Antwort beruht.",
        documents="Dokumente: {count}",
        no_documents="Es sind noch keine Dokumente im Index.",
        examples="Zum Beispiel",
        question="Ihre Frage",
        placeholder="Stellen Sie eine Frage in beliebiger Sprache",
        ask="Fragen",
        stop="Anhalten",
        new_conversation="Neues Gespräch",
        searching="Die Dokumente werden durchsucht …",
        found="Gefundene Textstellen: {count}",
        sources="Quellen",
        nearest="Nächstliegende Textstellen",
        nearest_hint="Sie beantworten die Frage nicht, kommen ihr aber am nächsten.",
        footnote="Fußnote {number}: {title}",
        back="Zurück zu Fußnote {number} in der Antwort",
        stopped="Angehalten.",
        failed="Etwas ist schiefgegangen, deshalb gibt es keine Antwort. Bitte versuchen Sie es noch einmal.",
    ),
    Messages(
        language="fi",
        title="Kysy asiakirjoiltasi",
        introduction="Kysy millä kielellä tahansa. Vastauksen jokainen alaviite vie sanoihin, joihin se perustuu.",
        documents="Asiakirjoja: {count}",
        no_documents="Hakemistossa ei ole vielä asiakirjoja.",
        examples="Esimerkiksi",
        question="Kysymyksesi",
        placeholder="Kysy millä kielellä tahansa",
        ask="Kysy",
        stop="Pysäytä",
        new_conversation="Uusi keskustelu",
        searching="Haetaan asiakirjoista…",
        found="Löytyneitä tekstikohtia: {count}",
        sources="Lähteet",
        nearest="Lähimmät tekstikohdat",
        nearest_hint="Ne eivät vastaa kysymykseen, mutta osuvat lähimmäksi.",
        footnote="Alaviite {number}: {title}",
        back="Takaisin vastauksen alaviitteeseen {number}",
        stopped="Pysäytetty.",
        failed="Jokin meni vikaan, eikä vastausta saatu. Yritä uudelleen.",
    ),
    Messages(
        language="fr",
        title="Interrogez vos documents",
        introduction="Interrogez dans toutes les langues. Chaque note mène aux mots exacts qui fondent la réponse.",
        documents="Documents : {count}",
        no_documents="Aucun document n’est encore indexé.",
        examples="Par exemple",
        question="Votre question",
        placeholder="Posez une question dans n’importe quelle langue",
        ask="Demander",
        stop="Arrêter",
        new_conversation="Nouvelle conversation",
        searching="Recherche dans les documents…",
        found="Passages trouvés : {count}",
        sources="Sources",
        nearest="Passages les plus proches",
        nearest_hint="Ils ne répondent pas à la question, mais s’en approchent le plus.",
        footnote="Note {number} : {title}",
        back="Retour à la note {number} dans la réponse",
        stopped="Arrêté.",
        failed="Un problème est survenu et il n’y a pas de réponse. Veuillez réessayer.",
    ),
    Messages(
        language="es",
        title="Pregunte a sus documentos",
        introduction="Pregunte en cualquier idioma. Cada nota lleva a las palabras en que se basa la respuesta.",
        documents="Documentos: {count}",
        no_documents="Todavía no hay documentos indexados.",
        examples="Por ejemplo",
        question="Su pregunta",
        placeholder="Haga una pregunta en cualquier idioma",
        ask="Preguntar",
        stop="Detener",
        new_conversation="Nueva conversación",
        searching="Buscando en los documentos…",
        found="Pasajes encontrados: {count}",
        sources="Fuentes",
        nearest="Pasajes más cercanos",
        nearest_hint="No responden a la pregunta, pero son los que más se acercan.",
        footnote="Nota {number}: {title}",
        back="Volver a la nota {number} en la respuesta",
        stopped="Detenido.",
        failed="Algo ha fallado y no hay respuesta. Inténtelo de nuevo.",
    ),
    Messages(
        language="sv",
        title="Fråga dina dokument",
        introduction="Fråga på vilket språk som helst. Varje fotnot i ett svar leder till orden som det bygger på.",
        documents="Dokument: {count}",
        no_documents="Inga dokument är indexerade ännu.",
        examples="Till exempel",
        question="Din fråga",
        placeholder="Ställ en fråga på vilket språk som helst",
        ask="Fråga",
        stop="Stoppa",
        new_conversation="Nytt samtal",
        searching="Söker i dokumenten …",
        found="Hittade textställen: {count}",
        sources="Källor",
        nearest="Närmaste textställen",
        nearest_hint="De besvarar inte frågan men ligger närmast den.",
        footnote="Fotnot {number}: {title}",
        back="Tillbaka till fotnot {number} i svaret",
        stopped="Stoppat.",
        failed="Något gick fel och det finns inget svar. Försök igen.",
    ),
    Messages(
        language="ru",
        title="Спросите свои документы",
        introduction="Спрашивайте на любом языке. Каждая сноска в ответе ведёт к словам, на которых он основан.",
        documents="Документов: {count}",
        no_documents="Документы ещё не проиндексированы.",
        examples="Например",
        question="Ваш вопрос",
        placeholder="Задайте вопрос на любом языке",
        ask="Спросить",
        stop="Остановить",
        new_conversation="Новый разговор",
        searching="Идёт поиск по документам…",
        found="Найдено фрагментов: {count}",
        sources="Источники",
        nearest="Ближайшие фрагменты",
        nearest_hint="Они не отвечают на вопрос, но ближе всего к нему.",
        footnote="Сноска {number}: {title}",
        back="Назад к сноске {number} в ответе",
        stopped="Остановлено.",
        failed="Произошла ошибка, и ответа нет. Попробуйте ещё раз.",
    ),
    Messages(
        language="ar",
        title="اسأل مستنداتك",
        introduction="اسأل بأي لغة. كل حاشية في الإجابة تقودك إلى الكلمات التي تستند إليها.",
        documents="المستندات: {count}",
        no_documents="لا توجد مستندات مفهرسة بعد.",
        examples="على سبيل المثال",
        question="سؤالك",
        placeholder="اطرح سؤالًا بأي لغة",
        ask="اسأل",
        stop="إيقاف",
        new_conversation="محادثة جديدة",
        searching="جارٍ البحث في المستندات…",
        found="المقاطع التي عُثر عليها: {count}",
        sources="المصادر",
        nearest="أقرب المقاطع",
        nearest_hint="لا تجيب عن السؤال، لكنها الأقرب إليه.",
        footnote="الحاشية {number}: {title}",
        back="العودة إلى الحاشية {number} في الإجابة",
        stopped="توقّف.",
        failed="حدث خطأ ولم نتمكن من الإجابة. يُرجى المحاولة مرة أخرى.",
    ),
    Messages(
        language="hi",
        title="अपने दस्तावेज़ों से पूछिए",
        introduction="किसी भी भाषा में पूछिए। उत्तर की हर पाद-टिप्पणी उन शब्दों तक ले जाती है जिन पर वह आधारित है।",
        documents="दस्तावेज़: {count}",
        no_documents="अभी तक कोई दस्तावेज़ अनुक्रमित नहीं है।",
        examples="उदाहरण के लिए",
        question="आपका प्रश्न",
        placeholder="किसी भी भाषा में प्रश्न पूछिए",
        ask="पूछिए",
        stop="रोकिए",
        new_conversation="नई बातचीत",
        searching="दस्तावेज़ों में खोज जारी है…",
        found="मिले अंश: {count}",
        sources="स्रोत",
        nearest="निकटतम अंश",
        nearest_hint="ये प्रश्न का उत्तर नहीं देते, पर उसके सबसे निकट हैं।",
        footnote="पाद-टिप्पणी {number}: {title}",
        back="उत्तर में पाद-टिप्पणी {number} पर वापस",
        stopped="रोक दिया गया।",
        failed="कुछ गड़बड़ हो गई, इसलिए उत्तर नहीं मिला। कृपया फिर से प्रयास कीजिए।",
    ),
    Messages(
        language="ja",
        title="文書に質問する",
        introduction="どの言語でも質問できます。回答の脚注から、根拠となる原文の箇所をそのまま確認できます。",
        documents="文書数：{count}",
        no_documents="索引に登録された文書はまだありません。",
        examples="質問の例",
        question="質問",
        placeholder="どの言語でも質問できます",
        ask="質問する",
        stop="停止",
        new_conversation="新しい会話",
        searching="文書を検索しています…",
        found="見つかった箇所：{count}",
        sources="出典",
        nearest="最も近い箇所",
        nearest_hint="質問の答えではありませんが、内容が最も近い箇所です。",
        footnote="脚注{number}：{title}",
        back="回答の脚注{number}に戻る",
        stopped="停止しました。",
        failed="問題が発生したため、回答できませんでした。もう一度お試しください。",
    ),
    Messages(
        language="zh",
        title="向您的文档提问",
        introduction="可用任何语言提问。答案中的每个脚注都指向其依据的原文。",
        documents="文档数：{count}",
        no_documents="尚未索引任何文档。",
        examples="例如",
        question="您的问题",
        placeholder="可用任何语言提问",
        ask="提问",
        stop="停止",
        new_conversation="新对话",
        searching="正在搜索文档…",
        found="找到的段落：{count}",
        sources="来源",
        nearest="最接近的段落",
        nearest_hint="它们没有回答问题，只是内容最接近。",
        footnote="脚注 {number}：{title}",
        back="返回答案中的脚注 {number}",
        stopped="已停止。",
        failed="出现问题，未能得到答案。请重试。",
    ),
)

MESSAGES = {messages.language: messages for messages in _ALL}
"""The page's sentences by ISO 639-1 code."""


def messages_for(language: str) -> Messages:
    """Give the sentences in `language` (`fi`, `fi-FI`, `zh-Hant`), in English if there are none."""
    return MESSAGES.get(language.strip().lower().replace("_", "-").split("-")[0], ENGLISH)


def preferred_messages(accept_language: str) -> Messages:
    """Give the sentences in the first language of an `Accept-Language` header that the page speaks, else English.

    Languages are taken by weight (`q`), then in the order named; a malformed entry counts as not there.
    """
    weighted = []
    for entry in accept_language.split(","):
        language, _, parameter = entry.partition(";")
        try:
            weight = float(parameter.partition("=")[2]) if parameter.strip() else 1.0
        except ValueError:
            continue
        code = language.strip().lower().split("-")[0]
        if code in MESSAGES and weight > 0:
            weighted.append((weight, code))
    return MESSAGES[max(weighted, key=lambda item: item[0])[1]] if weighted else ENGLISH


@cache
def language_name(language: str, *, shown_in: str) -> str:
    """Name `language` for a reader of the language `shown_in`; the code itself if it has no name.

    An undetermined language (`und`) has no name worth showing and gives an empty string.
    """
    if language in ("", "und"):
        return ""
    names = Locale.parse(shown_in).languages
    try:
        code = str(Locale.parse(language, sep="-"))
    except (ValueError, UnknownLocaleError):
        return language
    return str(names.get(code) or names.get(code.partition("_")[0]) or language)
