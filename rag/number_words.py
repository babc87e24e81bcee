"""Number words: what multiplies a number written before it, and the small numbers that texts spell out."""

# What is written after a number to multiply it, as beginnings of words (whole ones end in `_`), with its powers of ten;
# the first that fits counts. A billion is a thousand or a million millions, depending on the language and its century.
_THOUSAND = (
    "thousand|tausend|tsd|tuha|mille_|mila|mil_|tusen|tys|tis[ií]c|тис|тыс|χιλιάδ|bin_|ألف|آلاف|हज़ार|हजार|พัน|nghìn|"
    "ngàn|duizend"
)
_MILLION = (
    "millio|millió|millón|milhão|milhõ|milione|milioni|milion|miljo|mln|mio|milj|млн|милли|мільй|милио|εκατομμ|"
    "milyon|مليون|ملايين|मिलियन|ล้าน|triệu|juta"
)
_MILLIARD = "milliard|miljard|miliard|milyar|mrd|mld|млрд|милли?ард|мільярд|مليار|अरब|tỷ|tỉ|mil millones"
_BILLION = "billion|bilhão|bilhõ|billón|billones|billone|biljo|bilion|δισεκατομμ"
MAGNITUDES = (
    (_MILLIARD, (9,)), (_BILLION, (9, 12)), (_MILLION, (6,)), (_THOUSAND, (3,)),
    ("lakh|लाख|แสน", (5,)), ("crore|करोड़|करोड़|สิบล้าน", (7,)), ("หมื่น", (4,)),
)  # fmt: skip

# Powers of ten, which may follow each other.
EAST_ASIAN_MAGNITUDES = {
    "百": 2, "千": 3, "천": 3, "万": 4, "萬": 4, "만": 4, "億": 8, "亿": 8, "억": 8, "兆": 12, "조": 12,
}  # fmt: skip

# Beginnings of the words for two to twelve, which texts spell out; several for one number are parted by commas.
SMALL_NUMBERS = {
    "ar": "اثن|ثلاث|أربع|خمس|ست|سبع|ثمان|تسع|عشر|أحد عشر|اثنا عشر",
    "cs": "dv|tř|čtyř|pět|šest|sedm|osm|devět|deset|jedenáct|dvanáct",
    "da": "to_|tre|fire|fem|seks|syv|otte|ni_|ti_|elleve|tolv",
    "de": "zwei|drei|vier|fünf|sechs|sieb|acht|neun|zehn|elf|zwölf",
    "el": "δύο|τρεις,τρία_,τριών,τρίτ|τέσσερ|πέντε|έξι|επτά|οκτώ|εννέα|δέκα|έντεκα|δώδεκα",
    "en": "two|three|four|five|six|seven|eight|nine|ten_|eleven|twelve",
    "es": "dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce",
    "fi": "kaks,kahd,kaht|kolm|nelj|viisi,viit,viide|kuusi,kuut,kuude|seitsem|kahdeks|yhdeks|kymmen|yksitois|kaksitois",
    "fr": "deux|trois|quatre|cinq|six|sept_|huit|neuf|dix|onze|douze",
    "hi": "दो|तीन|चार|पाँच,पांच|छह,छः|सात|आठ|नौ|दस|ग्यारह|बारह",
    "it": "due|tre|quattro|cinque|sei|sette|otto_|nove_|dieci|undici|dodici",
    "ja": "二,両|三|四|五|六|七|八|九|十|十一|十二",
    "ko": "두,둘,이_|세,셋,삼|네,넷,사_|다섯,오_|여섯,육|일곱,칠|여덟,팔|아홉,구_|열,십|열한,십일|열두,십이",
    "nb": "to_|tre|fire|fem|seks|sju,syv|åtte|ni_|ti_|elleve|tolv",
    "nl": "twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf",
    "pl": "dwa,dwó,dwu,dwie|trz|czter|pię|sześ|sied|osiem,ośmi|dziewię|dziesię|jedena|dwana",
    "pt": "dois,duas|três|quatro|cinco|seis|sete_|oito|nove_|dez_|onze|doze",
    "ro": "doi_,dou|trei|patru|cinci|șase,şase|șapte,şapte|opt_|nouă_|zece|unsprezece|doisprezece,douăsprezece",
    "ru": "два_,две_,двух,двум,двое,втор|три_,трёх,трех,трем,трое,трет|четыр|пят|шест|семь_,семи_,седьм|восем,восьм|"
    "девят|десят|одиннадцат|двенадцат",
    "sv": "två|tre|fyra|fem|sex|sju|åtta|nio|tio|elva|tolv",
    "th": "สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|สิบเอ็ด|สิบสอง",
    "tr": "iki|üç|dört|beş|altı|yedi|sekiz|dokuz|on_|on bir|on iki",
    "uk": "два_,дві_,двох,двом,двоє,двома,друг|три_,трьох,трьом,троє,трет|чотир|п'ят,п’ят|шіст,шест|сім,сем|"
    "вісім,восьм|дев'ят,дев’ят|десят|одинадцят|дванадцят",
    "vi": "hai_|ba_|bốn_|năm_|sáu_|bảy_|tám_|chín_|mười_|mười một_|mười hai_",
    "zh": "二,两,兩|三|四|五|六|七|八|九|十|十一|十二",
}  # fmt: skip
