"""Words that point back at what was said before, by language: data for `follow_ups`."""

# By language: how a follow-up begins; what stands in it instead of a name, anywhere. Regular expressions between edges
# of words, folded like the text they are looked for in, so that no escape may be a capital. A word that has another
# common use is left out, or narrowed by what stands beside it.
REFERENCE_WORDS: dict[str, tuple[str, str]] = {
    "ar": (
        "[وف](?:متى|ماذا|أين|اين|كم|من|هل|كيف|لماذا|ما|لمن|بكم)|ثم|لكن|ماذا عن",
        "(?<!ما )(?<!من )(?:هو|هي|هم|هما)|هذا|هذه|هذان|هؤلاء|ذلك|تلك|بذلك|لذلك|بهذا|هناك|حينها|آنذاك|نفسه|نفسها",
    ),
    "bn": (
        "আর|এবং|তাহলে|তবে|কিন্তু",
        "সে|তিনি|তার|তাঁর|তাকে|তাঁকে|তারা|তাঁরা|তাদের|তাঁদের|এটি|এটা|এটির|এটার|এর|এই|সেই|সেটি|সেটা|ওটা|ওই|ঐ|সেখানে|এখানে"
        "|তখন|এগুলো|সেগুলো|ওখানে|এতে|তাতে",
    ),
    "cs": (
        "a|i|ale|tak|pak|také",
        "on|ona|ono|oni|ony|jeho|její|jejich|jemu|mu|ho|ji|jí|jim|něm|něj|ní|nich|nimi|ten|ta|to|tento|tato|toto|tito"
        "|tyto|toho|té|tomu|tím|těch|tam|tehdy|takový|taková|takové|stejný|stejná|stejné",
    ),
    "da": (
        "og|men|så|også|hvad med",
        "han|ham|hans|hun|hende|hendes|denne|dette|disse|dens|dets|deres|dem|samme|sådan|begge|(?:den|det|der)(?=[^\\w]*$)",
    ),
    "de": (
        "und|aber|oder|dann|also|auch|was ist mit|wie sieht es mit",
        "er|ihn|ihm|sie|ihr|ihre[nmrs]?|(?<!gibt )(?<!gab )es|sein|seine[nmrs]?|diese[nmrs]?|jene[nmrs]?|dort|dorthin"
        "|da|dabei|davon|dazu|damit|dafür|daran|darin|darauf|darüber|dagegen|dadurch|daraus|danach|davor|daher|deren|dessen"
        "|derselbe|dieselben?|denselben|dasselbe|solche[nmrs]?|beiden?|letztere[nmrs]?|erstere[nmrs]?"
        "|(?:der|die|das|den|dem) (?:erste|zweite|dritte|andere|letzte|nächste)n?(?=[^\\w]*$)",
    ),
    "el": (
        "και|κι|αλλά|τότε|λοιπόν",
        "αυτός|αυτή|αυτό|αυτοί|αυτές|αυτά|αυτόν|αυτήν|αυτού|αυτής|αυτών|αυτούς|εκείνος|εκείνη|εκείνο|εκεί|τότε|ίδιος|ίδια"
        "|ίδιο|τέτοιος|τέτοια|τέτοιο",
    ),
    "en": (
        "and|but|so|then|also|or|what about|how about|what of",
        "it|its|he|him|his|she|her|hers|they|them|their|theirs|this|these|those|such|former|latter|same"
        "|(?:is|was|does|did|do|of|after|before|about|by|with|from|for|in|than|like|at) that|that(?=[^\\w]*$)"
        "|(?<!is )(?<!are )(?<!was )(?<!were )there|the (?:first|second|third|other|last|next) ones?"
        "|(?:ones?|another|first|second|third|others?|last)(?=[^\\w]*$)",
    ),
    "es": (
        "y|e|pero|entonces|también|qué hay de|qué pasa con",
        "él|ella|ello|ellos|ellas|les?|lo(?! que)|sus?|suy[oa]s?|est[aeo]s?|es[aeo]s?|estas|esas|aquel|aquella|aquellos"
        "|aquellas|allí|ahí|allá|dich[oa]s?|mism[oa]s?",
    ),
    "fa": (
        "و|پس|اما|ولی|خب",
        "او|آن|آنها|آن‌ها|آنان|این|اینها|این‌ها|ایشان|وی|آنجا|اینجا|همان|همین|آنگاه",
    ),
    "fi": (
        "entä|entäs|ja|mutta|sitten|no|mitäs",
        "hän|hänen|hänet|hänelle|hänellä|häneltä|häntä|häneen|hänestä|he|heidän|heidät|heille|heitä|se|sen|sitä|siinä"
        "|siitä|siihen|sillä|sille|siltä|ne|niiden|niitä|niissä|niistä|niihin|niillä|tämä|tämän|tätä|tässä|tästä|tähän"
        "|nämä|näiden|näitä|tuo|tuon|siellä|sieltä|sinne|silloin|sama|saman|samassa|(?:ensimmäinen|toinen|kolmas)(?=[^\\w]*$)",
    ),
    "fr": (
        "et|mais|alors|donc|ensuite|qu['’]en est-il|quid",
        "(?<!y a-t-)ils?|elles?|lui|leurs?|eux|son|sa|ses|(?<!-)ce(?! qu)|cet|cette|ces|cela|ça|ceci|celui|celle|ceux"
        "|celles|y(?! a)|là|là-bas|même",
    ),
    "he": (
        "ו(?:מתי|מה|מי|איפה|היכן|כמה|איך|כיצד|למה|מדוע|האם|לאן)|אבל|אז|ואז",
        "הוא|היא|הם|הן|אותו|אותה|אותם|אותן|שלו|שלה|שלהם|שלהן|זה|זאת|זו|אלה|אלו|הזה|הזאת|הזו|האלה|ההוא|ההיא|בו|בה|לו|לה|להם",
    ),
    "hi": (
        "और|तो|लेकिन|फिर",
        "वह|वो|वे|उस|उसका|उसकी|उसके|उसने|उसे|उसमें|उससे|उन|उनका|उनकी|उनके|उन्होंने|उन्हें|उनमें|यह|ये|इस|इसका|इसकी|इसके|इसने"
        "|इसे|इसमें|इससे|इन|इनका|इनकी|इनके|वहाँ|वहां|यहाँ|यहां|तब|वही|उसी",
    ),
    "hu": (
        "és|de|akkor|meg|na és",
        "ő|őt|neki|nekik|ők|őket|azt|annak|abban|arról|azok|ez|ezt|ennek|ebben|erről|ezek|ezen|ott|oda|onnan|ugyanaz|vele"
        "|velük|róla|benne|tőle|az(?=[^\\w]*$)",
    ),
    "id": (
        "dan|lalu|tapi|tetapi|kemudian|terus|bagaimana dengan",
        "dia|ia|mereka|beliau|ini|itu|tersebut|sana|situ",
    ),
    "it": (
        "e|ed|ma|allora|quindi|anche",
        "lui|lei|loro|egli|ella|ess[oaie]|su[oae]|suoi|quest[oaie]|quell[oaie]|ciò|lì|là|stess[oaie]|tali?",
    ),
    "ja": (
        "では|じゃあ|じゃ|それでは|そして|それで|それなら|で、|また、|あと|だったら",
        "(?<!お)それ(?!ぞれ)|その|そこ|そちら|そんな|これ(?!まで|から)|(?<!ど)この|ここ|(?<!ど)こちら|(?<!で)あれ|あの|あそこ"
        "|彼|同じ|両者|前者|後者|当時|(?:[二三四]番目|次|もう一つ)(?=は)",
    ),
    "ko": (
        "그리고|그럼|그러면|그런데|그렇다면|근데|또|또한|하지만|그러나",
        "그|그[는가의를도와]|그녀\\w*|그것\\w*|그들\\w*|이것\\w*|이들\\w*|이|저|그곳\\w*|거기\\w*|여기\\w*|이곳\\w*|그때\\w*|당시"
        "|해당|같은|그게|이게|그건|이건|두 ?번째는|다른 하나는",
    ),
    "nb": (
        "og|men|så|også|hva med",
        "han|ham|hans|hun|henne|hennes|denne|dette|disse|dens|dets|deres|dem|samme|slik|begge|(?:den|det|der|dit)(?=[^\\w]*$)",
    ),
    "nl": (
        "en|maar|dus|dan|ook|hoe zit het met|wat met",
        "hij|hem|zij|ze|haar|hun|hen|dit|deze|daar|daarvan|daarvoor|daarmee|daarna|daarin|daarover|ervan|ervoor|ermee|erin"
        "|erover|toen|dezelfde|hetzelfde|(?:is|was|heeft|doet|kan) (?:die|dat)|(?:het|die|dat)(?=[^\\w]*$)",
    ),
    "pl": (
        "a|i|ale|więc|wtedy|też",
        "on|ona|ono|oni|one|jego|jej|ich|jemu|mu|go|ją|im|nim|nią|niej|niego|nich|nimi|ten|ta|to|ci|te|tego|tej|temu|tym"
        "|tych|tymi|tę|tam|wtedy|taki|taka|takie",
    ),
    "pt": (
        "e|mas|então|também",
        "el[ea]s?|[dn]el[ea]s?|[dn]?est[ea]s?|[dn]?ess[ea]s?|[dn]?isso|[dn]?isto|aquel[ea]s?|aquilo|lá|ali|aí|lhes?|seus?"
        "|suas?|mesm[oa]s?",
    ),
    "ro": (
        "și|şi|dar|atunci|deci",
        "el|ea|ei|ele|acesta|aceasta|aceștia|acestea|acest|această|acești|aceste|acestui|acestei|acestora|acela|aceea|acel"
        "|acea|acolo|atunci|său|săi|sale|lor|îl|îi|același|aceeași",
    ),
    "ru": (
        "а|и|но|тогда|ну а|как насч[её]т",
        "он|она|оно|они|его|е[её]|их|ему|ей|им|ими|него|не[её]|них|нему|ней|ним|ними|этот|эта|это|эти|этого|этой|этому"
        "|этом|этим|эту|этих|этими|тот|те|там|туда|оттуда|тогда|такой|такая|такое|такие",
    ),
    "sv": (
        "och|men|så|då|också|hur är det med",
        "han|honom|hans|hon|henne|hennes|dess|dem|deras|denna|detta|dessa|där|dit|därifrån|sådana?|samma|sin|sitt|sina|båda"
        "|(?:den|det|de)(?=[^\\w]*$)",
    ),
    "th": (
        "แล้ว|และ|ส่วน|ถ้างั้น|งั้น|ถ้าอย่างนั้น",
        "(?<!ภู)เขา|เธอ|(?<!น้ำ)(?<!เยอร)(?<!โร)(?<!ไข)มัน(?!ฝรั่ง|สำ)|นี้|(?<!ดัง)(?<!เท่า)นั้น|ที่นั่น|ที่นี่|ดังกล่าว",
    ),
    "tr": (
        "peki|ve|ya|ama|o zaman|ayrıca",
        "o|onu|onun|ona|onda|ondan|onlar|onları|onların|onlara|bu|bunu|bunun|buna|bunda|bundan|bunlar|bunların|bunları|şu"
        "|orada|oraya|oradan|burada|buraya|aynı|diğeri|ikincisi|böyle|kendisi",
    ),
    "uk": (
        "а|і|й|та|але|тоді|ну а|як щодо",
        "він|вона|воно|вони|його|її|їх|йому|їй|їм|нього|неї|них|ньому|ній|ним|ними|нею|цей|ця|це|ці|цього|цієї|цьому|цій"
        "|цим|цю|цих|той|ті|там|туди|звідти|тоді|їхній|їхня|їхні|такий|така|таке",
    ),
    "vi": (
        "còn|và|vậy|thế|thì|nhưng",
        "nó|họ|(?:anh|ông|cô|bà|chị) (?:ấy|ta)|chúng|này|đó|kia|ấy|đấy",
    ),
    "zh": (
        "那(?!不勒|曲)|而|还有|還有|另外|然后|然後|以及",
        "(?<!其)[它牠]|(?<![其吉])他|她|这|這|其(?![他中实它實])|此(?!外)|(?<![应應])[该該]|上述|[前后後两兩]者",
    ),
}  # fmt: skip

UNSPACED = frozenset(("ja", "zh", "th"))
"""Languages that write these words together with others."""
