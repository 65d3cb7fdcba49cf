"""Words that take a full stop without ending a sentence, by what must follow.

Sources: the state orthography rules of both languages, habits of dictionaries and news agencies
of either country. Lower case, without the last full stop; ``‘ ’ ' ` ´ ʼ`` are written ʻ.
"""

from __future__ import annotations

from functools import lru_cache

_KEYS = {"azj_Latn": "az", "uzn_Latn": "uz", "uzn_Cyrl": "uz_cyrl", "azj_Cyrl": "az_cyrl"}

# Stand before what they belong to, so never end a sentence: titles, places, references. Only
# what is not a word of its own (uz "uy." or az "kənd." may well end one).
_BEFORE = {
    "": "dr mr mrs ms prof st vs",
    "az": "prof akad dos dr müh tex mag cən gen leyt polk kap küç pr pros məh şəh ş r ray cəd "
    "məs red tərt tərc çev nəşr köm müəl im kv təqr təxm vs mr mrs ms st mik "
    "ped f.-r.e.d f.-r.e.n",
    "uz": "prof akad dots dr mag muh gen leyt polk kap koʻch mav mah tum vil q sh shah jadv qar "
    "mas tahr tarj nashr muall kv vs mr mrs ms st r t f.-m.f.d f.-m.f.n ped tax",
    "uz_cyrl": "проф акад доц др муҳ ген лейт полк кўч мав маҳ мах тум вил ш шаҳ қ жадв қар мас "
    "таҳр тарж муалл кв р т тах ф.-м.ф.д ф.-м.ф.н",
    "az_cyrl": "проф акад дос др мүһ ҝен күч пр шәһ ш р рај мәс ред тәрт кв",
}
# Likewise, but only before a number: page 5, figure 2, house 12.
_BEFORE_NUMBER = {
    "": "no",
    "az": "no səh şək bax m ev mən bl korp tel mob faks cədv nöm bur mad",
    "uz": "no bet rasm uy xon m bl korp tel mob faks son jad",
    "uz_cyrl": "бет расм уй хон м бл корп тел моб факс",
    "az_cyrl": "сәһ шәк бах ев мән тел",
}
# Stand after a number or at the end of a list: end a sentence if a capital follows.
_AFTER = {
    "": "",
    "az": "km sm mm kq mq q t l ha san dəq man qəp rub c i.a s v.s b başq dig nəf "
    "kv.m kv.km kub.m kv.sm a.q.s v.i.a v.b yan fev mar apr iyn iyl avq sent sen okt noy "
    "dek",
    "uz": "km sm mm kg mg g t l ga s min daq soʻm tiy y yy a aa j h.k b hok boshq h.z b.q sh.k "
    "v.b b.k v.h.k kv.m kv.km kub.m yan fev mar apr iyn iyl avg sent sen okt noyab noya noy dek",
    "uz_cyrl": "км см мм кг мг г т л га с мин дақ й йй а ж ҳ.к б ҳок бошқ ш.к в.б кв.м кв.км "
    "куб.м янв фев апр авг сент окт нояб дек",
    "az_cyrl": "км см мм кг т л с и.а б ман гәп кв.м",
}
# Before an age: "mil. av. IV asr". A number or a Roman numeral goes on, other capitals do not.
_ERA = {
    "": "",
    "az": "e.ə b.e.ə m.ə b.e",
    "uz": "mil mil.av av m.a e.a mil.avv avv er.av",
    "uz_cyrl": "мил мил.ав ав м.а э.а авв",
    "az_cyrl": "е.ә б.е.ә м.ә",
}


@lru_cache(maxsize=16)
def lists(language: str) -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]:
    """(never ends, goes on before a number, ends before a capital, before an age) of a FLORES code.

    Languages without lists of their own get the titles that English news bring everywhere.
    """
    key = _KEYS.get(language, "")
    before, number, after, era = (
        frozenset(table[key].split()) for table in (_BEFORE, _BEFORE_NUMBER, _AFTER, _ERA)
    )
    return before, number, after, era


@lru_cache(maxsize=16)
def every(language: str) -> frozenset[str]:
    """All of them, multipliers such as mln included, for those who do not look around."""
    return frozenset().union(*lists(language), MULTIPLIERS)


MULTIPLIERS = frozenset(["mln", "mlrd", "trln", "trl", "min", "млн", "млрд", "трлн", "мин"])
"""Million and its kind; ``min`` is a thousand in Azerbaijani (in Uzbek, a minute)."""
