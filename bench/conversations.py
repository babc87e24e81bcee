"""Short conversations over the starter articles, written before they were run: each ends in a question to be found.

Half of the questions ask in another language than the article's, as people do.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Talk:
    """Earlier questions, the last one, the article that answers it, and words of a quote that does."""

    language: str
    earlier: tuple[str, ...]
    question: str
    document: str
    answer: str


_DUS, _NRW = "de/japanisches-duesseldorf", "de/nrw-delegation-japan"
_LAHTI, _FLIGHTS, _DEPOSIT = "fi/lahti-saitama-yhteistyo", "fi/helsinki-tokio-lennot", "fi/pullopantti"
_BASEL, _CELLS = "en/basel-convention", "en/lithium-ion-batteries"
_RENAULT, _HIERRO, _VOLTA = "fr/alliance-renault-nissan", "es/gorona-del-viento", "it/volta-pila"
_BYD, _MARMARAY, _ITAIPU, _BUSES = "zh/byd", "tr/marmaray", "pt/itaipu", "ru/trolleybusy-i-elektrobusy"
_NOBEL, _NOOR, _POLIO, _HEALTH = (
    "sv/nobelpriset-medicin-japan",
    "ar/noor-ouarzazate",
    "hi/polio-unmulan-bharat",
    "ja/kokumin-kaihoken",
)
_WASTE, _CARS = "ko/sseuregi-jongnyangje", "th/yiipun-rotyon-thai"

FOLLOW_UPS = (
    Talk("de", ("Wer leitet die Delegation aus Nordrhein-Westfalen?",),
         "Und welche Städte besucht sie?", _NRW, "Koriyama"),
    Talk("de", ("Wer leitet die Delegation aus Nordrhein-Westfalen?", "Und welche Städte besucht sie?"),
         "Wie viele Personen sind dabei?", _NRW, "30"),
    Talk("de", ("Wann kommt die erste japanische Delegation nach Lahti?",),
         "Und wann kommt die zweite?", _LAHTI, "elokuussa"),
    Talk("de", ("Wann kommt die erste japanische Delegation nach Lahti?", "Und wann kommt die zweite?"),
         "Wer leitet sie?", _LAHTI, "Noriko"),
    Talk("de", ("Wer war Louis Kniffler?",), "Wann ist er gestorben?", _DUS, "1888"),
    Talk("de", ("Wie groß ist der Japanische Garten in Düsseldorf?",),
         "Und was hat er gekostet?", _DUS, "1,9 Millionen"),
    Talk("de", ("Welches japanische Unternehmen kam als erstes nach Düsseldorf?",), "Wann war das?", _DUS, "1955"),
    Talk("en", ("When was the Basel Convention adopted?",), "And when did it come into force?", _BASEL, "1992"),
    Talk("en", ("What is the Basel Convention?",), "Where is its secretariat?", _BASEL, "Geneva"),
    Talk("en", ("Has the United States ratified the Basel Convention?",), "What about Japan?", _BASEL, "1993"),
    Talk("en", ("Who invented the lithium-ion battery?", "Which of them was born in Germany?"),
         "How old was he when he died?", _CELLS, "100"),
    Talk("en", ("When did Marmaray open?",), "How deep is it?", _MARMARAY, "60 metre"),
    Talk("en", ("When was BYD founded?",), "Who founded it?", _BYD, "王传福"),
    Talk("en", ("Who is Alessandro Volta?",), "And where did he teach?", _VOLTA, "Pavia"),
    Talk("fi", ("Kuka perusti Palpan?",), "Milloin se perustettiin?", _DEPOSIT, "1996"),
    Talk("fi", ("Milloin Finnair lensi ensimmäisen kerran Tokioon?",), "Kuinka kauan se kesti?", _FLIGHTS, "13 tuntia"),
    Talk("fi", ("Milloin Finnair alkoi lentää Osakaan?",), "Entä Sapporoon?", _FLIGHTS, "2019"),
    Talk("fi", ("Kuka johtaa Nordrhein-Westfalenin valtuuskuntaa?",), "Missä kaupungeissa hän käy?", _NRW, "Koriyama"),
    Talk("fr", ("Quand Renault et Nissan ont-ils signé leur alliance ?",),
         "Combien cela a-t-il coûté ?", _RENAULT, "5 milliards"),
    Talk("fr", ("Qui est Carlos Ghosn ?",), "Et quand a-t-il été arrêté ?", _RENAULT, "2018"),
    Talk("fr", ("Où se trouve le siège de Renault ?",), "Et celui de Nissan ?", _RENAULT, "Yokohama"),
    Talk("fr", ("Quand le barrage d'Itaipu a-t-il été construit ?",), "Quelle est sa hauteur ?", _ITAIPU, "196"),
    Talk("es", ("¿Cuántos habitantes tiene El Hierro?",), "¿Y cuál es su capital?", _HIERRO, "Valverde"),
    Talk("es", ("¿Cuándo se inauguró Gorona del Viento?",), "¿Cuántas turbinas tiene?", _HIERRO, "cuatro"),
    Talk("es", ("¿Dónde nació Alessandro Volta?",), "¿Y cuándo murió?", _VOLTA, "1827"),
    Talk("it", ("Quando nacque Alessandro Volta?",), "E dove morì?", _VOLTA, "Como"),
    Talk("it", ("Chi era Luigi Galvani?",), "Quando pubblicò i suoi esperimenti?", _VOLTA, "1791"),
    Talk("pt", ("Em que rio fica Itaipu?",), "E quantos megawatts ela tem?", _ITAIPU, "14.000"),
    Talk("pt", ("Quando foi assinado o tratado de Itaipu?",), "E quando começaram as obras?", _ITAIPU, "1975"),
    Talk("ru", ("Когда в Москве появились троллейбусы?",), "А в Ленинграде?", _BUSES, "1936"),
    Talk("ru", ("Когда в Москве прекратилось движение троллейбусов?",),
         "Что пришло им на смену?", _BUSES, "электробусы"),
    Talk("ru", ("Кто основал компанию BYD?",), "Когда он родился?", _BYD, "1966"),
    Talk("zh", ("比亚迪是什么时候成立的？",), "它的创始人是谁？", _BYD, "王传福"),
    Talk("zh", ("比亚迪是什么时候成立的？", "它的创始人是谁？"), "他是哪一年出生的？", _BYD, "1966"),
    Talk("zh", ("马尔马雷隧道什么时候开通？",), "它有多长？", _MARMARAY, "kilometre"),
    Talk("ja", ("国民皆保険はいつ実現しましたか？",), "その費用は窓口で何割払いますか？", _HEALTH, "3割"),
    Talk("ja", ("介護保険制度とは何ですか？",), "それはいつ始まりましたか？", _HEALTH, "2000年4月"),
    Talk("ja", ("ラハティ地域と協定を結んだ会社はどこですか？",),
         "では、最初の代表団はいつ来ますか？", _LAHTI, "toukokuussa"),
    Talk("ko", ("쓰레기 종량제는 언제 전국으로 확대되었습니까?",),
         "그것은 어디에서 먼저 시범 실시되었습니까?", _WASTE, "일부 지역"),
    Talk("ko", ("투명 페트병은 언제부터 아파트에서 따로 배출합니까?",), "그럼 단독주택에서는요?", _WASTE, "1년 뒤"),
    Talk("tr", ("Marmaray ne zaman açıldı?",), "Peki kaç istasyonu var?", _MARMARAY, "43 istasyon"),
    Talk("tr", ("Marmaray ne zaman açıldı?",), "Onun temeli ne zaman atıldı?", _MARMARAY, "2004"),
    Talk("sv", ("Vem fick det första medicinpriset?",), "När var det?", _NOBEL, "1901"),
    Talk("sv", ("När fick Shinya Yamanaka Nobelpriset?",), "Och vem delade han det med?", _NOBEL, "John Gurdon"),
    Talk("ar", ("أين يقع مجمع نور؟",), "ومتى دشنه الملك؟", _NOOR, "2016"),
    Talk("ar", ("متى أطلق المغرب مخططه للطاقة الشمسية؟",), "وما هي قدرته الإجمالية؟", _NOOR, "580"),
    Talk("hi", ("भारत में टाइप 2 पोलियो का आख़िरी मामला कब मिला?",), "और टाइप 1 का?", _POLIO, "2011"),
    Talk("hi", ("भारत ने पल्स पोलियो अभियान कब शुरू किया?",), "उस समय कितने मामले थे?", _POLIO, "3,50,000"),
    Talk("th", ("ถาวร พรประภา ก่อตั้งบริษัทอะไร",), "แล้วเขาก่อตั้งเมื่อไร", _CARS, "2495"),
    Talk("th", ("ท่าเรือแหลมฉบังอยู่ที่ไหน",), "มันเปิดใช้เมื่อไร", _CARS, "2534"),
)  # fmt: skip
"""The last question cannot be understood without the others."""

NEW_TOPICS = (
    Talk("de", ("Wer leitet die Delegation aus Nordrhein-Westfalen?",), "Wann wurde BYD gegründet?", _BYD, "1995"),
    Talk("de", ("Was hat der Japanische Garten in Düsseldorf gekostet?",),
         "Wie hoch ist die Staumauer von Itaipu?", _ITAIPU, "196"),
    Talk("en", ("When was the Basel Convention adopted?",),
         "Who invented the first electric battery?", _VOLTA, "prima batteria"),
    Talk("en", ("How deep is the Marmaray tunnel?",), "How many people live on El Hierro?", _HIERRO, "11 000"),
    Talk("fi", ("Milloin Palpa perustettiin?",), "Kuka johtaa Ishizaka-yhtiötä?", _LAHTI, "Noriko"),
    Talk("fr", ("Qui est Carlos Ghosn ?",), "Quand Volta est-il né ?", _VOLTA, "1745"),
    Talk("es", ("¿Cuándo murió Volta?",), "¿Cuándo se inauguró Marmaray?", _MARMARAY, "2013"),
    Talk("it", ("Dove insegnava Volta?",), "Quando arrestarono Carlos Ghosn?", _RENAULT, "2018"),
    Talk("ru", ("Когда в Ленинграде появились троллейбусы?",), "Кто основал BYD?", _BYD, "王传福"),
    Talk("zh", ("比亚迪是什么时候成立的？",), "巴塞尔公约什么时候生效？", _BASEL, "1992"),
    Talk("ja", ("国民皆保険はいつ実現しましたか？",), "最初のトロリーバスはどこで走りましたか？", _BUSES, "Берлин"),
    Talk("tr", ("Marmaray ne zaman açıldı?",), "Nobel Tıp Ödülü ilk kez ne zaman verildi?", _NOBEL, "1901"),
    Talk("ar", ("أين يقع مجمع نور؟",), "متى تأسست شركة BYD؟", _BYD, "1995"),
)  # fmt: skip
"""The last question has nothing to do with the others."""
