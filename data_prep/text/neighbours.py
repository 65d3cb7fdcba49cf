"""Alphabets, function words and endings of Azerbaijani, Uzbek and what is taken for them.

Linguistic description written by hand: alphabets as each country's law or reform has them,
function words and frequent news words from general knowledge of each language, inflectional
endings from its grammar. No corpus was counted. Words are lower case; Uzbek Latin is written
without apostrophes, as they are dropped before the look-up. A word that two languages share
stands in both lists.
"""

from __future__ import annotations

_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"

ALPHABETS = {
    "azj_Latn": "abcçdeəfgğhxıijkqlmnoöprsştuüvyz",
    "uzn_Latn": "abcdefghijklmnopqrstuvxyz",  # c only in ch: see ``traits``
    "tur_Latn": "abcçdefgğhıijklmnoöprsştuüvyzâîû",
    "tuk_Latn": "abçdeäfghijžklmnňoöprsştuüwyýz",
    "crh_Latn": "abcçdefgğhıijklmnñoöpqrsştuüvyzâ",
    "kaa_Latn": "aábcdefgǵhxıijkqlmnńoópqrstuúvwyz",
    "eng_Latn": "abcdefghijklmnopqrstuvwxyz",
    "rus_Latn": "abcdefghijklmnoprstuvwxyz",
    "uzn_Cyrl": "абвгдеёжзийклмнопрстуфхцчшъьэюяўқғҳ",
    "azj_Cyrl": "абвгғдеәжзыийјкҝлмноөпрстуүфхһчҹшэюя",
    "rus_Cyrl": _RUSSIAN,
    "kaz_Cyrl": _RUSSIAN + "әғқңөұүһі",
    "kir_Cyrl": _RUSSIAN + "ңөү",
    "tat_Cyrl": _RUSSIAN + "әөүҗңһ",
    "bak_Cyrl": _RUSSIAN + "әөүҙҫңғҡһ",
    "tgk_Cyrl": "абвгдеёжзийклмнопрстуфхчшъэюяғӣқӯҳҷ",
    "kaa_Cyrl": _RUSSIAN + "әғқңөүўҳ",
    "crh_Cyrl": _RUSSIAN,
}

WORDS = {
    "azj_Latn": """və bu bir iki üç dörd beş altı yeddi səkkiz doqquz on yüz min milyon ki ilə üçün
        olan olub olur oldu olacaq olaraq olduğu olduğunu olmaq ola da də o ona onun onu onlar
        onları onların bunu bunun buna bunlar daha çox az ən hər nə kimi isə edib edir etdi etmək
        edən edilib edilən bildirib deyib dedi dedim deyir var yoxdur yox idi imiş sonra əvvəl
        qədər ildə il ili ilin gün günü bazar ay ayda həftə yeni ölkə ölkənin həm amma lakin ancaq
        yalnız görə üzrə arasında haqqında qarşı qarşısında tərəfindən çünki belə hansı necə niyə
        mən mənim mənə məni biz bizim bizə siz sizin sən öz özü özünü özünün artıq bütün bəzi digər
        başqa ilk böyük yaxşı kiçik əgər həmçinin heç kim nəfər şəhər şəhəri dövlət ilk baş qız
        oğlan uşaq balaca sabah dünən indi burada orada adlı zaman bəri etmişdir olmuşdur edəcək
        deyil bilər lazımdır azərbaycan bakı üzərində altında kimsə hələ yenə dollar klubunda
        adam kişi qadın ata ana qardaş ev iş yol su söz dil adı tapdı gəldi getdi verdi aldı baxdı
        çıxdı düşdü qaldı qalıb alıb verib gəlib çıxıb olunub bilirəm istəyir lazım mümkün
        mümkündür müəyyən xüsusi hissə tarix dünya hökumət prezident prezidenti nazir naziri
        nazirlik nazirliyi respublika respublikası rayon rayonu kənd küçə məktəb universiteti
        direktoru rəhbəri sədri üzvü klubu komanda komandası oyun oyunçu oyunçusu turnir çempion
        çempionatı məşqçi qalib xal milyard manat faiz qiymət bazarı şirkət şirkəti bank bankı
        hadisə polis məhkəmə cinayət insan insanlar xalq saat dəqiqə metr kilometr yanvar fevral
        mart aprel may iyun iyul avqust sentyabr oktyabr noyabr dekabr payız yay qış yaz zamanı
        ulduz ulduzu yer sahibi adlanır olsa""",
    "tur_Latn": """ve bu bir iki üç dört beş altı yedi sekiz dokuz on yüz bin milyon ki ile için
        olan oldu olacak olarak olduğu olduğunu olmak da de o ona onun onu onlar bunu bunun buna
        daha çok en her ne gibi ise edilen eden etti etmek söyledi dedi diyor var yok idi sonra
        önce kadar yılda yıl yılı yılında gün günü pazar ay hafta yeni ülke ülkenin hem ama fakat
        ancak yalnız göre arasında hakkında karşı tarafından çünkü böyle hangi nasıl neden ben
        benim bana beni biz bizim bize siz sizin sen kendi kendini artık bütün bazı diğer başka ilk
        büyük iyi küçük eğer ayrıca hiç kim şu şey şehir devlet baş kız değil olabilir gerekiyor
        veya ya mi mı üzerinde altında hâlâ yine zaman boyunca şimdi burada orada adlı beri eski
        olmadığını ediyor oluyor
        adam kişi insan insanlar kadın baba anne ev iş yol su söz dil adı geldi gitti verdi aldı
        çıktı kaldı alıp verip gerek mümkün özel tarih dünya hükümet başkan başkanı bakan bakanı
        bakanlığı cumhuriyeti ilçe köy sokak okul üniversitesi müdürü kulübü takım oyun oyuncu
        oyuncusu maç gol şampiyon milyar lira yüzde dolar fiyat şirket şirketi banka bankası olay
        polis mahkeme suç saat dakika ocak şubat mart nisan mayıs haziran temmuz ağustos eylül
        ekim kasım aralık sonbahar yaz kış halk zamanı yıldız yıldızı yer sahibi olsa metre
        kilometre sezon""",
    "tuk_Latn": """we bu bir iki üç dört bäş alty ýedi sekiz dokuz on ýüz müň million bilen üçin
        bolan boldy bolar bolup bolýar bolmak hem da de ol oňa onuň ony olar olary olaryň muny
        munuň has köp iň her näme ýaly etdi edýär edip edilen diýdi diýip diýýär bar ýok eken
        soň soňra öň çenli ýylda ýyl ýyly ýylyň gün güni täze ýurt ýurduň emma ýöne diňe görä
        barada garşy tarapyndan sebäbi şeýle haýsy nähili men meniň maňa meni biz biziň bize siz
        siziň sen öz özi özüni ähli käbir beýleki başga ilkinji uly gowy kiçi eger şol şu däl
        arasynda üstünde türkmenistan aşgabat ýene bile entek häzir""",
    "crh_Latn": """ve bu bir eki üç dört beş altı yedi sekiz doquz on yüz biñ içün ile olğan oldı
        oldular olıp olaraq olmaq da de o oña onıñ onı olar olarnı olarnıñ bunı bunıñ daa çoq eñ er
        ne kibi ise dep dedi degen bar yoq edi eken soñ soñra evel qadar yılda yıl yılı kün künü
        yañı büyük ufaq em lâkin amma faqat köre aqqında qarşı tarafından çünki böyle angi nasıl
        men menim maña meni biz bizim bizge siz siziñ sen öz özü episi bütün bazı diger başqa ilk
        eyi eger iç kim milliy qırım qırımtatar halq halqı til tili tilinde vatan episiniñ şimdi
        bugün yarın arasında degil eter etti aqmescit kene pek ep""",
    "kaa_Latn": """hám ham bul bir eki úsh ush tórt tort bes altı jeti segiz toǵız on júz juz mıń
        menen ushın ushin bolǵan bolgan boladı boladi boldı boldi bolıp bolip da de ol oǵan onıń
        onin onı olar olardıń kóp kop eń hár har ne usı sol dep dedi degen bar joq edi eken emes
        kerek soń son keyin deyin aldın jıl jılı jılda jil jili kún kúni kun kuni jańa jana úlken
        ulken kishi haqqında boyınsha boyinsha arqalı qarsı tárepinen sebebi qanday men meniń maǵan
        biz bizin bizge siz sen óz ozi ózi barlıq barliq bazı basqa birinshi jaqsı eger hesh kim
        adam adamlar xalıq qaraqalpaqstan qaraqalpaq ózbekstan nókis arasında házir endi búgin
        bugin erteń tiykarınan jatır atır""",
    "uzn_Latn": """va bu bir ikki uch tort besh olti yetti sakkiz toqqiz on yuz ming million
        milliard bilan uchun ham deb dedi degan deydi deya edi ega esa emas ekan yoq yoki bor kerak
        mumkin lozim boldi boladi bolgan bolib bolsa bolishi bolishini bolmagan boyicha bolgani
        boshqa haqida keyin songra sung oldin avval hamda lekin ammo biroq balki chunki agar shu
        osha ushbu shunday bunday ular uni unga uning undan unda ularning ularga ularni mana men
        menga meni mening meniki biz bizga bizni bizning siz sizga sizning sen senga nima nega
        qanday qancha qachon qaysi qayerda kim kimning oz ozi ozini ozining oziga katta kichik
        yangi yaxshi yomon yil yili yilda yilning yillar kun kuni kunlari oy oyida hafta bugun
        kecha ertaga hozir endi soat birinchi ikkinchi barcha butun har hech faqat juda eng kop
        kora kabi qarshi sari tomon tomonidan orasida ichida davomida sababli orqali qilib qildi
        qilgan qilish qiladi qilmoqda etdi etgan etib etish berdi bergan oldi olgan olib keldi
        kelgan kelib ketdi chiqdi bordi edilar emasligini erkak ayol bola odam odamlar kishi
        davlat mamlakat ozbekiston toshkent respublika ragmat xalq shahar shahri joy yer yerda
        allaqachon hatto yana jumladan shuningdek albatta menimcha gapirdi aytdi aytgan jon nomi
        nomini kimdir
        prezident prezidenti vazir vaziri vazirligi hukumat respublikasi tuman tumani viloyat
        viloyati maktab universiteti direktori rahbari raisi klubi jamoa jamoasi oyin futbolchi
        murabbiy chempion foiz som narx bozor kompaniya kompaniyasi bank banki voqea politsiya sud
        jinoyat jahon dunyo inson daqiqa yanvar fevral mart aprel may iyun iyul avgust sentabr
        oktabr noyabr dekabr kuz yoz qish bahor biri sabab paytda vaqt vaqti boshi""",
    "eng_Latn": """the of and to in is was that for on with as his he she it by at from are be this
        have has had not which were their they been will would said who a an but its or after one
        more about when out up new also than years year we you i my our your if no so what there
        can could into over first two all some them him her me""",
    "rus_Latn": """i v vo na s so ne chto eto kak po ot dlya bil byl byla bylo byli ego yego eye
        yeye ona oni mi my vi vy ya no iz za k ko ob pri tak zhe je to do esli yesli ili tolko uzhe
        uje yesche eshche eshe esche posle goda godu let skazal skazala kotoryy kotoriy kotorye
        kotorie kotoraya etogo etom vse vsekh vseh nash nashi ikh ih im nam vas nas mne menya tebya
        tebe segodnya zavtra vchera seychas seichas sejchas gde kogda pochemu potomu chem chtoby
        chtobi mozhet mojet nado nuzhno net est yest ochen dazhe daje vot bez mezhdu mejdu cherez
        pered rossii rossiya goroda gorod prezident strany strani novyy noviy novaya novye privet
        spasibo dela lyudey lyudi dom doma den dnya bolee bolshe vremya vremeni pro pod nad u""",
    "rus_Cyrl": """и в во на с со не что это как по от для был была было были его её ее он она они
        мы вы я но из за к ко у о об при так же бы то до если или только уже еще ещё после года
        году лет сказал сказала который которые которая которого этого этом все всех их им нам нас
        мне меня где когда чтобы может нет есть очень даже вот без между через более также того
        тем чем себя своей своих год она ему ей быть будет под над про""",
    "kaz_Cyrl": """және бұл бір екі үш төрт бес алты жеті сегіз тоғыз он жүз мың миллион мен бен
        пен үшін болған болды болады болып болатын да де ол оған оның оны олар оларды олардың бұны
        көп ең әр не сияқты деп деді деген бар жоқ еді екен емес керек соң кейін дейін бұрын жыл
        жылы жылғы жылдың күн күні жаңа үлкен кіші туралы бойынша арқылы қарсы тарапынан себебі
        қандай менің маған біз біздің бізге сіз сен өз өзі өзінің барлық кейбір басқа бірінші жақсы
        егер ешқандай кім адам сол осы қазақстан арасында қазір енді бүгін ел елдің айтты
        туындады""",
    "kir_Cyrl": """жана бул бир эки үч төрт беш алты жети сегиз тогуз он жүз миң миллион менен үчүн
        болгон болду болот болуп да де ал ага анын аны алар аларды алардын көп эң ар эмне сыяктуу
        деп деди деген бар жок эле экен эмес керек соң кийин чейин мурун жыл жылы жылдын күн күнү
        жаңы чоң кичине жөнүндө тууралуу боюнча аркылуу каршы тарабынан себеби кандай мен менин
        мага биз биздин бизге сиз сен өз өзү өзүнүн бардык кээ башка биринчи жакшы эгер эч ким адам
        ошол ушул кыргызстан бишкек ортосунда азыр эми бүгүн айтты дейт""",
    "tat_Cyrl": """һәм бу бер ике өч дүрт биш алты җиде сигез тугыз ун йөз мең миллион белән өчен
        булган булды була булып да дә ул аңа аның аны алар аларны аларның күп иң һәр нәрсә кебек
        дип диде дигән бар юк иде икән түгел кирәк соң аннары кадәр элек ел елы елда елның көн көне
        яңа зур кече турында буенча аша каршы тарафыннан чөнки нинди мин минем миңа без безнең
        безгә сез син үз үзе үзенең барлык кайбер башка беренче яхшы әгәр һич кем кеше шул бүген
        татарстан казан арасында хәзер инде татар тел теле""",
    "bak_Cyrl": """һәм был бер ике өс дүрт биш алты ете һигеҙ туғыҙ ун йөҙ мең миллион менән өсөн
        булған булды була булып да дә ул уға уның уны улар уларҙы уларҙың күп иң һәр нимә кеүек тип
        тине тигән бар юҡ ине икән түгел кәрәк һуң тиклем элек йыл йылы йылда йылдың көн көнө яңы
        ҙур кесе тураһында буйынса аша ҡаршы яғынан сөнки ниндәй мин минең миңә беҙ беҙҙең беҙгә
        һеҙ һин үҙ үҙе үҙенең бөтә ҡайһы башҡа беренсе яҡшы әгәр кем кеше шул бөгөн башҡортостан
        өфө араһында хәҙер инде башҡорт тел теле""",
    "tgk_Cyrl": """ва дар аз ба ки ин он бо барои шуд шуда аст буд мешавад кард карда мекунад то ҳам
        низ худ худро ё як ду се чор панҷ шаш ҳафт ҳашт нӯҳ даҳ сад ҳазор бисёр ҳар чӣ гуфт гуфта
        онҳо мо шумо нест сол соли рӯз рӯзи нав калон тоҷикистон ҷумҳурии аммо вале агар пеш баъд
        дигар ҳама оид ҳамчун бошад бояд инчунин""",
    "kaa_Cyrl": """ҳәм бул бир еки үш төрт бес алты жети сегиз тоғыз он жүз мың менен ушын болған
        болады болды болып да де ол оған оның оны олар олардың көп ең ҳәр не усы сол деп деди деген
        бар жоқ еди екен емес керек соң кейин дейин алдын жыл жылы жылда күн күни жаңа үлкен киши
        ҳаққында бойынша арқалы қарсы тәрепинен себеби қандай мен мениң маған биз бизиң бизге сиз
        сен өз өзи барлық базы басқа биринши жақсы егер ҳеш ким адам халық қарақалпақстан қарақалпақ
        арасында ҳәзир енди бүгин нөкис""",
    "crh_Cyrl": """ве бу бир эки учь дёрт беш алты еди секиз докъуз он юзь бинъ ичюн иле олгъан
        олды олып оларакъ олмакъ да де о онъа онынъ оны олар оларны оларнынъ даа чокъ энъ эр не
        киби исе деп деди деген бар ёкъ эди экен сонъ сонъра эвель къадар йылда йыл йылы кунь
        куню янъы буюк уфакъ эм лякин амма факъат коре акъкъында къаршы тарафындан чюнки бойле
        къырым къырымтатар халкъ халкъы тиль тили бизим бизге сиз озь озю эписи бутюн базы дигер
        башкъа ильк эйи эгер ким бугунь шимди""",
}

ENDINGS = {
    "azj_Latn": """lar lər ları ləri ların lərin dır dir dur dür dan dən nın nin nun nün maq mək
        mış miş muş müş ması məsi masını məsini acaq əcək dığı diyi duğu düyü ıb ib ub üb lıq lik
        luq lük ılır ilir unur ında ində ından indən ına inə sının sinin çı çi dıq dik
        da də lı li lu lü sız siz suz süz""",
    "tur_Latn": """lar ler ları leri ların lerin dır dir dur dür tır tir tur tür dan den tan ten nın
        nin nun nün mak mek mış miş muş müş ması mesi masını mesini acak ecek dığı diği duğu düğü
        tığı tiği yor yorlar yordu ıp ip up üp lık lik luk lük ıldı ildi ında inde ından inden ına
        ine sının sinin çı çi dık dik ydı ydi
        da de ta te lı li lu lü sız siz suz süz""",
    "tuk_Latn": """lar ler lary leri laryň leriň dyr dir dur dür dan den yň iň nyň niň mak mek maga
        mäge ýar ýär yp ip up üp jak jek anyň eniň lyk lik ynda inde yndan inden yna ine ydy idi
        dygy digi pdyr pdir ýarlar ýärler dylar diler
        da de ly li syz siz""",
    "crh_Latn": """lar ler ları leri larnı lerni larnıñ lerniñ nıñ niñ ğan gen qan ken maq mek maqta
        mekte ması mesi dır dir dan den tan ten nı ni ğa ge qa ke lıq lik ında inde ıp ip up üp cı
        çı ecek acaq sı
        da de ta te lı li sız siz""",
    "kaa_Latn": """lar ler ları leri lardıń lerdiń ları nıń niń dıń diń tıń tiń ǵan gen qan ken maq
        mek maqta mekte ıw iw ıwı iwi ıwshı iwshi dı di ǵa ge qa ke lıq lik lıǵı ligi ında inde
        ıp ip ap ep shı shi
        da de ta te dan den tan ten nan nen lı li""",
    "uzn_Latn": """ning ni lar lari larni larning larga lariga larini laridan ga da dan ka qa gan
        kan qan ganini ganligi ganligini gani ganlar moqda moqdalar adi aydi ydi adigan yapti
        moqchi ish ishi ishga ishni ishlari uvchi ovchi chi chilar dagi lik ligi ligini sh shi dosh
        siz li roq sini sining siga sida simiz imiz ingiz dilar ib ini ining iga ida idan igacha
        gacha miz""",
    "eng_Latn": "ing ed ly tion tions ness ment ers ies ous ive able",
    "rus_Latn": """ogo ego yego omu emu oy skiy skoy skaya skie skiye skogo skikh ost osti ostyu yat
        yut ayet aet ayut ilas alas las ilo alo ila ala ili ali yla eniya aniya enie anie eniye
        aniye enii ikh ykh yh ami yami imi ymi yy iy aya oye noe nogo nye nyye nykh nyh akh ov yev
        ovich tsya tsa sya it at ut yu uyu eniem tsii tsiya""",
    "rus_Cyrl": """ого его ому ему ой ый ий ая ое ые ие ых их ами ями ыми ими ость ости ать ять ить
        еть ает ают ует уют ил ила или ал ала али ение ания ения ание ов ев ах ях тся ться ция ции
        ием ался алась ились""",
    "kaz_Cyrl": """лар лер дар дер тар тер ның нің дың дің тың тің ған ген қан кен мақ мек ды ді ты
        ті ға ге қа ке лық лік дық дік ында інде ып іп ушы уші уы уі лары лері дары дері атын
        етін
        да де та те дан ден тан тен нан нен""",
    "kir_Cyrl": """лар лер лор лөр дар дер тар тер нын нин дын дин тын тин нун нүн ган ген гон гөн
        кан кен ды ди ты ти ду дү ту тү га ге го гө ка ке лык лик дык дик ында инде ып ип уп үп ууда
        уучу үүчү уу үү оо өө лары лери
        да де до дө та те то тө дан ден дон дөн тан тен тон төн""",
    "tat_Cyrl": """лар ләр нар нәр ның нең ган гән кан кән мак мәк ды де ты те га гә ка кә лык лек
        ында ендә ып еп учы үче ыр ер лары ләре рга ргә
        да дә та тә дан дән тан тән нан нән""",
    "bak_Cyrl": """лар ләр дар дәр ҙар ҙәр тар тәр ның нең дың дең ҙың ҙең тың тең ған гән ҡан кән
        ды де ҙы ҙе ты те ға гә ҡа кә лыҡ лек ында ендә ып еп усы үсе лары ләре
        ла лә да дә ҙа ҙә та тә нан нән дан дән ҙан ҙән тан тән""",
    "tgk_Cyrl": "ҳои ҳо ии аи гарӣ ӣ анд ад дан тан он вор нок истон",
    "kaa_Cyrl": """лар лер ның ниң дың диң тың тиң ған ген қан кен мақ мек ды ди ты ти ға ге қа ке
        лық лик ында инде ып ип ыўшы иўши ыў иў лары лери
        да де та те дан ден тан тен нан нен""",
    "crh_Cyrl": """лар лер нынъ нинъ гъан ген къан кен макъ мек макъта мекте ды ди ты ти гъа ге къа
        ке лыкъ лик ында инде ып ип джы чы лары лери
        да де та те дан ден тан тен""",
}
