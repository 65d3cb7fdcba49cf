"""Words whose spelling in one Uzbek script does not follow from the other by rule.

Sources: the 1995 orthography rules (Cabinet decree 339) for ц, ъ and я/ю after consonants, and
the school dictionary spellings of loan words. Keys are stems: what follows (suffixes) goes by
rule, and a soft sign at the end of a stem is dropped before them (январь, январдан).
"""

from __future__ import annotations


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


CYRILLIC_TO_LATIN = _pairs(
    """сентябр:sentabr октябр:oktabr парашют:parashut брошюр:broshur абзац:abzas кварц:kvars
    шприц:shpris съёмк:syomk мўъжиза:moʻjiza мўътабар:moʻtabar мўътадил:moʻtadil"""
)
"""Stems that the letter rules would spell otherwise; a soft sign in between is skipped."""

LATIN_TO_CYRILLIC = _pairs(
    """yanvar:январь fevral:февраль aprel:апрель iyun:июнь iyul:июль sentabr:сентябрь
    oktabr:октябрь sentyabr:сентябрь oktyabr:октябрь noyabr:ноябрь dekabr:декабрь
    albom:альбом batalyon:батальон gospital:госпиталь detal:деталь kompyuter:компьютер
    kultur:культур ansambl:ансамбль medal:медаль model:модель obyekt:объект subyekt:субъект
    syezd:съезд syomk:съёмк pyesa:пьеса premyer:премьер intervyu:интервью inyeksiya:инъекция
    adyutant:адъютант konyunktur:конъюнктур kalkulyator:калькулятор kalsiy:кальций
    selsiy:цельсий festival:фестиваль fakultet:факультет filtr:фильтр film:фильм kabel:кабель
    kokteyl:коктейль multfilm:мультфильм mebel:мебель motel:мотель palto:пальто parol:пароль
    panel:панель portfel:портфель profil:профиль pult:пульт pulmonolog:пульмонолог rels:рельс
    relyef:рельеф rubl:рубль spektakl:спектакль tonnel:тоннель ultra:ультра
    ultimatum:ультиматум vermishel:вермишель volt:вольт bulyon:бульон byulleten:бюллетень
    dizel:дизель duel:дуэль lager:лагерь losyon:лосьон medalyon:медальон pavilyon:павильон
    pochtalyon:почтальон shampun:шампунь sekretar:секретарь slesar:слесарь tokar:токарь
    yakor:якорь kalendar:календарь sirk:цирк sement:цемент senzur:цензур sentner:центнер
    sentr:центр silindr:цилиндр sitata:цитата sitrus:цитрус sikl:цикл konsert:концерт
    konsern:концерн konsepsiya:концепция konsessiya:концессия prinsip:принцип prins:принц
    kansler:канцлер kanselyariya:канцелярия kanserogen:канцероген vaksina:вакцина
    provinsiya:провинция fransiya:франция fransuz:француз shveysariya:швейцария
    aksioner:акционер aksiz:акциз auksion:аукцион abzas:абзац kvars:кварц shpris:шприц
    motosikl:мотоцикл ensiklopediya:энциклопедия potensial:потенциал differensial:дифференциал
    pitsa:пицца nitsa:ницца pensiya:пенсия ekspansiya:экспансия dimensiya:дименсия
    porsiya:порция kommersiya:коммерция parashut:парашют broshur:брошюр rayon:район
    mayor:майор mayonez:майонез yogurt:йогурт nyuton:ньютон nyu:нью york:йорк moʻjiza:мўъжиза
    moʻtabar:мўътабар moʻtadil:мўътадил noʻmon:нўъмон asfalt:асфальт
    sirka:сирка nyuans:нюанс tyulpan:тюльпан alyans:альянс bolshevik:большевик
    myanma:мьянма sivilizatsiya:цивилизация sianid:цианид
    onkolog:онколог sulfat:сульфат salto:сальто tekstil:текстиль
    avtomobil:автомобиль rezolyutsiya:резолюция revolyutsiya:революция
    kreml:кремль brazil:бразил bryussel:брюссель izrail:израиль yaroslavl:ярославль
    sex:цех sink:цинк sisterna:цистерна sitadel:цитадель siklon:циклон sitologiya:цитология
    sirkul:циркуль senz:ценз selluloza:целлюлоза puls:пульс impuls:импульс rol:роль stil:стиль
    vals:вальс balzam:бальзам bilyard:бильярд otel:отель kontrol:контроль patrul:патруль rul:руль
    nol:ноль emal:эмаль karusel:карусель gastrol:гастроль tunnel:туннель barrel:баррель
    igor:игорь tatyana:татьяна natalya:наталья yelsin:ельцин solovyov:соловьёв"""
)
