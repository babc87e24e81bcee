"""The words that give a language away: question words, articles, pronouns and forms of “to be”.

They serve two purposes: a short question in a language is mostly made of them, so that they help `language` where its
model has too little text; and a sentence often starts with one, so that `sentences` can tell an abbreviation in the
middle of a sentence ("5 p.m. Eastern") from one at its end ("5 p.m. The").
"""

_WORDS = {
    "af": "die is nie het van ek hy sy jy ons hulle wat wie waar hoe hoekom waarom wanneer watter hoeveel vir met om"
    " op 'n en word hierdie daar",
    "az": "və bir bu ilə üçün nə kim harada haradan niyə necə hansı neçə var deyil mən sən biz siz onlar edir olan",
    "ca": "el la els les un una i és que qui què quan on per com quin quina quants amb del dels ha són no aquest"
    " aquesta va està perquè ser",
    "cs": "je jsou se na že co kdo kde kdy proč jak kolik jaký jaká jaké který která které kam odkud čí není byl byla"
    " bylo jsem jste pro za od při nebo ale také může v z k s ve jen by když až protože mě mi ji jeho její tady ten to"
    " teď jako pak už jsi jsme byli bude být více než mezi podle rok letech této tento tato dnes nikdy všechno",
    "cy": "y yr yn ac mae oedd beth pwy ble pryd pam sut faint i'r o'r ei ar wedi bod gan sy",
    "da": "og er det en et den de der som på af til med for har var hvad hvem hvor hvornår hvorfor hvordan hvilken"
    " hvilket hvilke ikke jeg du han hun vi hedder bliver kan mange meget fra blev mig dig sig os jer dem hende deres"
    " efter nu ud op ned uden måske kun havde skulle gør være været nogle nogen noget sagde hvis mellem end sin hendes"
    " vores aldrig bare gik kom tager giver",
    "de": "der die das und ist sind war waren wer was wann wo warum wie welche welcher welches welchen wieso woher"
    " wohin wessen wem wen ein eine einen einem einer nicht mit von für auf den dem des zu im am bei aus nach hat"
    " haben wird werden ich du er sie es wir kann gibt viele viel wurde zum zur über auch sich in an"
    " worauf wogegen wofür womit worin wodurch wovon woran wozu worüber warst manche einige",
    "en": "the of and to is are was were in on for with that this it he she they we you who what when where why how"
    " which whose does did do has have had from by at a an be can will would should could many much about there"
    " their his her i my your our not but if as after before then these those its",
    "eo": "la estas kaj de en al kio kiu kie kiam kial kiel kiom kies kia ne mi vi li ŝi ĝi ni ili ĉu por kun estis",
    "es": "el la los las un una unos y es son que qué quién quiénes cuándo dónde cómo cuál cuáles cuánto cuántos"
    " cuántas cuánta por para con del al en está están fue hay tiene se su lo no pero más como",
    "et": "on ja ei see kes mis kus millal miks kuidas mitu kelle mille milline millised palju oli olid ta nad ma sa"
    " me kui et ka kas seda või oma",
    "eu": "da eta ez dira zer nor non noiz nola zergatik zenbat zein nork noren zen ziren du dute bat hau hori dago",
    "fi": "on ja ei ovat oli olivat mikä mitä kuka ketkä missä mistä mihin milloin miksi miten kuinka kenen kenelle"
    " mitkä minkä montako paljonko ketä onko se hän he ne että joka jotka tämä minä sinä mutta myös kun niin kanssa"
    " mukaan koska ollut voi",
    "fr": "le la les un une des et est sont du de que qui quoi quand où pourquoi comment quel quelle quels quelles"
    " combien lequel au aux avec pour dans sur par pas ne il elle ils elles nous vous je tu ce cette a été",
    "ga": "an na agus is tá bhí cé cad cá conas nuair ar le do go ag níl cathain cén céard sé sí",
    "gl": "o os unha é que quen onde cando cantos como por cal cales non do da dos das co súa máis está hai son foi e",
    "hr": "je su i u na se što tko gdje kada kad zašto kako koliko koji koja koje čiji nije bio bila od za s iz li",
    "hu": "a az és nem van hogy ki mi mit hol mikor miért hogyan milyen melyik mennyi hány kik kinek hova honnan"
    " volt egy ez vannak meg csak is lesz",
    "id": "yang dan di adalah ini itu apa siapa kapan mana mengapa bagaimana berapa dengan untuk dari tidak pada dalam"
    " oleh akan bisa apakah saya kamu dia mereka kenapa ada bahwa karena sudah telah juga kami kita kalian dapat"
    " bisakah jangan harus hanya ke kepada atau seperti lebih sangat banyak semua tentang saat ketika belum punya mau"
    " ingin sedang bukan sebuah seorang boleh anda aku tak beliau",
    "is": "og er að í á ekki hvað hver hvar hvenær hvers hvernig hvaða hversu hvert það ég þú hann hún við eru var"
    " sem með fyrir um af",
    "it": "il lo la gli le un una e è sono che chi cosa quando dove perché come quale quali quanto quanti quante di"
    " del della dei delle con per nel nella non si ha da al alla dov'è cos'è qual quanta",
    "la": "et est in non sunt quis quid ubi quando cur quomodo quod qui quae ad cum esse sed ut ex",
    "lt": "ir yra kas kur kada kodėl kaip kiek koks kokia kokie kuris kuri ne su iš į apie buvo ar tai jis ji jie"
    " mes aš",
    "lv": "un ir kas kur kad kāpēc kā cik kāds kāda kurš kura nav ar uz no par bija vai tas viņš viņa mēs es",
    "ms": "yang dan di adalah ini itu apa siapa bila mana mengapa bagaimana berapa dengan untuk tidak pada"
    " dalam oleh akan boleh adakah saya awak dia mereka kenapa ialah bahawa kerana sudah telah juga kami kita dapat"
    " bolehkah jangan harus hanya ke kepada atau seperti lebih sangat banyak semua tentang ketika belum mahu hendak"
    " ingin sedang bukan sebuah seorang tiada sahaja beliau kamu anda aku tak cuba ada daripada",
    "nl": "de het een en is zijn van wie wat waar wanneer waarom hoe welke welk hoeveel waarheen met voor niet op"
    " aan te in dat die er wordt werd heeft was ik hij zij wij ze naar bij ook uit",
    "nn": "og er det ein ei eit kva kven kvar når kvifor korleis kor ikkje som på av til med frå eg ho dei vart mykje"
    " meg deg seg oss dykk etter no ut opp utan kanskje berre hadde gjer vere vore nokre nokon noko mellom enn hennar"
    " aldri gjekk",
    "no": "og er det en et den de som på av til med for har var hva hvem hvor når hvorfor hvordan hvilken hvilket"
    " hvilke ikke jeg du han hun vi heter blir kan mange mye fra ble meg deg seg oss dere dem henne deres etter nå ut"
    " opp ned uten kanskje bare hadde skulle gjør være vært noen noe sa hvis mellom enn sin hennes vår aldri gikk kom"
    " tar gir bli",
    "pl": "jest są nie się w z na do i co kto gdzie kiedy dlaczego jak ile jaki jaka jakie który która które kogo"
    " komu czy czyj był była było to ten ta od po za przez ma ich jego oraz ale",
    "pt": "o os um uma e é são que quem quando onde por como qual quais quanto quantos quantas do da dos das no na"
    " com para em não está foi ao pelo pela você ele ela mais seu sua",
    "ro": "este sunt și în de la cu ce cine când unde cum cât câți câte care pentru nu un o din pe mai al a au fost"
    " lui că să ale",
    "sk": "je sú sa na že čo kto kde kedy prečo ako koľko aký aká aké ktorý ktorá ktoré kam odkiaľ nie bol bola bolo"
    " som ste pre za od pri alebo ale aj môže v z k s vo len by keď až pretože ma mi ju jeho jej tu ten to teraz potom"
    " už si sme boli bude byť viac než medzi podľa rok rokoch tejto tento táto dnes nikdy všetko",
    "sl": "je so in na se da kaj kdo kje kdaj zakaj kako koliko kateri katera katere čigav ni bil bila bilo za od"
    " pri s z v ki sta",
    "sq": "është janë dhe në një për nga me të e i kush çfarë ku kur pse si sa cili cila nuk që ka ishte",
    "sr": "je su i u na se šta ko gde kada kad zašto kako koliko koji koja koje čiji nije bio bila od za s iz li и"
    " је у на су се шта ко где када зашто како колико који која које чији није био била од за из ли ово",
    "sv": "och är det en ett den de som på av till med för har var vad vem vilka när varför hur vilken vilket inte jag"
    " du han hon vi heter blir kan många mycket från finns att om så men vart blev vems mig dig sig oss er dem henne"
    " deras efter nu ut upp ner utan kanske bara hade skulle gör vara varit några någon något sa mellan än sin hennes"
    " vår aldrig gick kom tar ger bli alla",
    "sw": "na ya wa ni kwa katika nini nani lini wapi je gani ngapi vipi hii huyo kuwa alikuwa",
    "tl": "ang ng mga sa na ay sino ano kailan saan bakit paano ilan alin kanino ito siya hindi at si may ba po",
    "tr": "ve bir bu ne kim nerede neden niçin nasıl hangi kaç ile için mi mı mu mü değil var yok da de olan kimdir"
    " nedir zaman kimin nereye nereden ben sen o biz siz onlar çok"
    " neydi neyi neye nedendir nerededir kimdi kimi kime nelerdir nasıldır kaçtır adı",
    "uz": "va bu bir nima kim qayerda qachon nega qanday qancha uchun bilan emas men sen biz ular bor",
    "vi": "là của và có không ai gì đâu khi nào tại sao thế bao nhiêu được cho với các những một người này trong đã"
    " ở như tôi",
    "be": "і у не на што хто дзе калі чаму як колькі які якая якое якія ці гэта ён яна яны мы вы ў быў была з ад да",
    "bg": "и в на е са се за не от с да ли какво кой коя кое къде кога защо как колко какъв каква кои това той тя те"
    " беше съм ще си по",
    "kk": "және бұл бір не кім қайда қашан неге неліктен қалай қандай қанша үшін мен ол емес бар болды",
    "mk": "и во на е се за не од со да ли што кој која кое каде кога зошто како колку кои ова тој таа беше ќе сум",
    "mn": "нь юу хэн хаана хэзээ яагаад яаж хэд ямар вэ бол энэ тэр байна гэж биш",
    "ru": "и в не на что кто где когда почему зачем как сколько какой какая какое какие куда откуда чей ли это он"
    " она они мы вы я с по из к у за для от был была было были его её их так но также после",
    "uk": "і й та у в не на що хто де коли чому навіщо як скільки який яка яке які куди звідки чий чи це він вона"
    " вони ми ви я з до від за для був була було були його її їх також",
    "hi": "है हैं का के की को में से ने और यह वह क्या कौन कहाँ कहां कब क्यों कैसे कितने कितना कितनी किस किसने किसकी"
    " नहीं पर था थे थी भी हो एक",
    "mr": "आहे आहेत आणि काय कोण कुठे केव्हा कधी का कसे किती कोणत्या कोणी नाही हे हा ही ते तो ती होते होता च्या मध्ये या",
    "ne": "छ छन् हो को मा ले र के कहाँ कहिले किन कसरी कति कुन कसले छैन थियो गर्न भने यो त्यो पनि हुन्",
    "ar": "في من على إلى أن هو هي ما ماذا متى أين لماذا كيف كم هل هذا هذه التي الذي كان مع عن لا لم",
    "fa": "در از به که را است این آن با چه کی چرا کجا چگونه چطور چند آیا کدام برای و می شد نیست هست چیست کیست",
    "ur": "ہے ہیں کا کے کی کو میں سے نے اور یہ وہ کیا کون کہاں کب کیوں کیسے کتنے کتنا کتنی کس نہیں پر تھا",
    "el": "ο η το οι τα του της των τον την τους και είναι ήταν τι ποιος ποια ποιο ποιον ποιοι ποιες πότε πού πώς"
    " γιατί πόσο πόσα πόσοι πόσες με σε στο στη στην στον στα από για που δεν θα να ένα μια μία έχει αυτό",
    "he": "של את מה מי איפה היכן מתי למה מדוע איך כיצד כמה איזה איזו הוא היא הם על עם זה זאת לא אני אתה כי או גם אל"
    " בין היה היתה",
    "bn": "কি কী কে কখন কোথায় কেন কীভাবে কিভাবে কত কোন কার এবং ও এর এই সেই হয় ছিল ছিলেন থেকে জন্য না আমি তুমি আপনি"
    " সে তিনি করে একটি",
}

FUNCTION_WORDS: dict[str, frozenset[str]] = {language: frozenset(words.split()) for language, words in _WORDS.items()}
"""Lower-case function words by language."""

_OF_ANY_LANGUAGE = frozenset().union(*FUNCTION_WORDS.values())


def is_function_word(word: str) -> bool:
    """Whether a word is an article, pronoun or the like in some language."""
    return word.lower() in _OF_ANY_LANGUAGE
