"""Abbreviations whose full stop does not end a sentence, by language.

ICU's own list (`@ss=standard`) is not used: with it, a `SentenceBreaker` of icu4py 1.2 takes a hundred times as long to
make (0.5 ms), and "Das ist ein Satz, Dr. Müller. Und noch einer." stays in one piece.
"""

_NEVER_LAST = {
    "cs": "např tzv tj mj resp dr ing mgr bc doc prof sv pan pí č čís str odst",
    "da": "f.eks bl.a dvs dr prof hr fr ca nr kap jf pga mht evt vedr sml",
    "de": "z.b d.h u.a v.a i.d.r o.ä s.o s.u u.u z.t z.zt i.e.s bzw bspw ca dr dipl ing prof hr fr hrn frl nr abb"
    " abs art bd kap vgl st sog geb gest evtl ggf inkl exkl insb insbes mind max min mio mrd tel str zzgl abzgl hl"
    " kath ev eigtl jan feb apr aug sept okt nov dez",
    "el": "π.χ δηλ κ κα κος αρ σελ βλ λ.χ",
    "en": "dr mr mrs ms messrs prof st gen lt col sgt capt cpl cmdr adm maj hon rep sen gov pres rev fr sr vs e.g"
    " i.e cf viz al fig figs eq ed eds vol ch sec dept approx est mt jan feb apr aug sept oct nov dec",
    "es": "sr sra srta sres dr dra prof d dña dª ud uds vd vds p.ej ej pág págs núm art av avda gral cap ee ee.uu fig"
    " aprox",
    "et": "nt s.o dr prof hr pr lk nr",
    "fi": "esim mm ts ks vrt nk ns tri prof dos s nro n puh k.o lk kpl yht",
    "fr": "m mm mme mmes mlle mlles dr pr prof me st ste cf p.ex ex env art fig chap vol éd av janv févr avr juil"
    " sept oct nov déc",
    "hi": "डॉ श्री प्रो पं कु सं",
    "hr": "npr tj dr prof mr sv g gđa str br tzv odn",
    "hu": "dr ifj id prof pl ún ill kb vö szt sz bp",
    "is": "t.d þ.e m.a dr sr nr bls",
    "it": "sig sigg sig.ra sig.na dott dott.ssa prof avv ing on es p.es ad.es pag pagg art fig cap ca gen nr s vol",
    "lt": "pvz t.y dr prof p g nr psl",
    "lv": "piem t.i dr prof",
    "nl": "dhr mevr mw dr drs ir ing mr prof bijv b.v bv d.w.z o.a ca nr blz art resp vgl st m.n i.p.v t.o.v t.a.v",
    "no": "f.eks bl.a dvs dr prof hr fr ca nr kap jf pga evt",
    "pl": "np tj tzn tzw m.in dr prof inż mgr hab im ul al św ks pan por ok godz nr str art",
    "pt": "sr sra srs dr dra prof profª d ex p.ex pág núm av gen eng art cap fig vol",
    "ro": "dl dna dr prof ing nr pag art cf",
    "ru": "т.е т.к т.н напр г-н г-жа им ул пл д стр рис гл проф акад тел см ср св руб тыс млн млрд",
    "sk": "napr tzv tj resp dr ing mgr prof sv č str",
    "sl": "npr tj dr prof mag sv g ga št str oz",
    "sr": "нпр тј др проф бр стр св npr tj dr prof br str",
    "sv": "t.ex bl.a d.v.s dvs dr prof hr fr ca nr kap jfr s.k p.g.a pga resp",
    "tr": "dr prof doç av sn örn bkz no mah cad sok yrd",
    "uk": "напр ім вул пл стор рис проф акад див тис млн млрд т.зв",
    "vi": "ts ths gs pgs tp",
}

# These often close a sentence too: what follows decides (see `sentences`).
_SOMETIMES_LAST = {
    "cs": "atd apod aj",
    "da": "osv m.m m.v mv kl",
    "de": "usw etc u.s.w u.ä u.v.m u.dgl dgl gmbh co e.v",
    "en": "a.m p.m etc inc ltd co corp jr sr u.s u.k u.n d.c b.c a.d ph.d",
    "es": "etc s.a a.m p.m",
    "et": "jne jt jms",
    "fi": "jne ym yms tms jms oy klo",
    "fr": "etc s.a",
    "hu": "stb",
    "it": "ecc etc s.p.a s.r.l",
    "nl": "enz etc e.d",
    "no": "osv m.m mv kl",
    "pl": "itd itp etc r w",
    "pt": "etc s.a",
    "ru": "т.д т.п др г гг в вв н.э",
    "sv": "osv m.m m.fl kl",
    "tr": "vb vs",
    "uk": "т.д т.п ін р рр ст н.е",
}

ABBREVIATIONS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _NEVER_LAST.items()
}
"""Lower case, without the last full stop and without spaces: `z.b`."""

CLOSING_ABBREVIATIONS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _SOMETIMES_LAST.items()
}
"""Those that can also be the last word of a sentence."""

_BEFORE_NUMBER = "no nr nro núm num art p pp s st fig abb kap ch sec vol č čís str стр рис гл ст"

NUMBER_ABBREVIATIONS = frozenset(_BEFORE_NUMBER.split())
"""These hide their full stop only before a number, in every language."""
