"""What is known of some languages: words by which one is told, how one tells, asks for something and greets in it.

Small tables of common words, no grammar. Who meets a language that is not here gets None from `language_of`, and does
without.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """`noted` and `welcome` are how we acknowledge and take thanks in it, the others patterns, of which in lower case:

    `common` words tell the language; `tells` are words that a statement has and a bare topic has not; a `request`
    opens (or, where verbs stand last, ends) what asks for something without a question mark, an `asking` word opens a
    question; `greeting`, `thanks`.
    """

    noted: str
    welcome: str
    common: str
    tells: str
    request: str
    greeting: str
    thanks: str
    asking: str = "(?!)"
    requests_end: bool = False


LANGUAGES = {
    "en": Language(
        "Noted",
        "You're welcome.",
        "the a an of to in on at and but with for from by my your our their we you he she they it this that not no "
        "there was were is are am have has had will i i'm i've it's don't who what where when me us "
        "her his its him them im ive dont doesnt cant about into after before since please name",
        "is|are|am|was|were|isn't|aren't|wasn't|weren't|has|have|had|hasn't|haven't|hadn't|will|won't|would|can|can't|"
        "cannot|could|couldn't|should|must|does|doesn't|did|didn't|do|don't|lives?|lived|works|worked|moved|means|"
        "likes|liked|loves?|loved|hates?|hated|prefers?|preferred|got|went|left|became|began|started|starts|stopped|"
        "quit|needs|needed|wants|wanted|owns|owned|bought|sold|said|told|told|called|met|married|died|turned|born|"
        "came|comes|goes|takes|took|made|makes|plays|played|speaks|studies|studied|teaches|taught|joined|visited|"
        "founded|allergic|knows|knew|thinks|thought|runs|ran|drives|drove|drinks|eats|ate|broke|lost|found|gave|"
        "i'm|i've|i'd|i'll|we're|we've|we'll|it's|he's|she's|they're|that's",
        r"(?:please |can you |could you |would you |just |now |ok(?:ay)?,? |so,? )*(?:tell (?:me|us)(?! that)|show|"
        r"list|give|find|explain|describe|summari[sz]e|search|look (?:up|for)|compare|translate|write|help|name|"
        r"count|get|check|display|print|recommend|suggest|remind me (?:what|who|where|when|how|why|of|about)|"
        r"let me know|i(?:'d| would) (?:like|love) to (?:know|hear|see)|i (?:want|need) to (?:know|see|hear)|"
        r"i(?:'m| am) (?:wondering|curious)|i wonder|do you know|any (?:news|idea|update)|(?:what|how) about|"
        r"more (?:about|on)|(?:everything|anything|something) (?:about|on))\b",
        "hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|night|day)|bye|goodbye|see you|cheers",
        "thanks(?! to)|thank you|thx|many thanks|ty",
        asking="who|whose|where|what|which|how|why|when",
    ),
    "de": Language(
        "Notiert",
        "Gern geschehen.",
        "der die das den dem des ein eine einen einem einer und aber mit für von zu im am in auf aus bei nach nicht "
        "kein keine ich du er sie es wir ihr mein meine meinen meiner dein unser ist sind war hat habe haben bin als "
        "auch noch seit jetzt",
        "ich|wir|ist|sind|war|waren|hat|habe|haben|hatte|bin|wird|werde|wohnt|wohne|lebt|lebe|arbeitet|arbeite|heißt|"
        "heisst|heiße|kommt|zieht|zog|geht|ging|mag|mache|macht|kann|muss|will|möchte|spielt|spricht|kaufte",
        r"(?:bitte |kannst du |könntest du )*(?:erzähl|erzähle|zeig|zeige|nenne?|liste?|gib|erklär|erkläre|beschreib|"
        r"beschreibe|such|suche mir|finde?|sag mir|fasse?|hilf|vergleiche?|übersetze?|schreibe?|"
        r"ich (?:möchte|würde gern|will) wissen|ich frage mich|was ist mit|wie steht|mehr über|alles über)\b",
        "hallo|hi|hey|moin|servus|guten (?:morgen|tag|abend)|gute nacht|grüß gott|tschüss|auf wiedersehen|bis bald",
        "danke|vielen dank|dankeschön|besten dank",
        asking="wer|wo|wann|warum|welche|was|wie",
    ),
    "fr": Language(
        "Noté",
        "Je vous en prie.",
        "le la les un une des du de et mais avec pour dans sur chez au aux à en je tu il elle nous vous ils mon ma mes "
        "ton notre est sont était suis ai a ont pas ne que qui depuis c'est j'ai j' l' d' c' n' s' qu'",
        "je|nous|est|sont|était|étaient|suis|sommes|ai|as|ont|avait|habite|habitons|vit|vis|travaille|travaillait|"
        "aime|déteste|préfère|déménage|va|vais|vient|fait|s'appelle|joue|parle",
        r"(?:s'il (?:te|vous) plaît,? |peux-tu |pouvez-vous )*(?:dis[- ]moi|dites[- ]moi|raconte|racontez|montre|"
        r"montrez|liste|listez|donne|donnez|explique|expliquez|décris|décrivez|cherche|cherchez|trouve|trouvez|"
        r"parle[- ]moi|parlez[- ]moi|résume|résumez|compare|aide|j'aimerais savoir|je voudrais savoir|"
        r"je veux savoir|je me demande|tout sur|plus sur)\b",
        "bonjour|salut|coucou|bonsoir|bonne (?:nuit|journée)|au revoir|à bientôt",
        "merci",
        asking="qui|où|quand|pourquoi|comment|quel|quelle",
    ),
    "es": Language(
        "Anotado",
        "De nada.",
        "el la los las un una unos unas de del y pero con para por en al a yo tú él ella nosotros ellos mi mis tu su "
        "es son era soy está estoy están tengo tiene no que se me desde ya hoy",
        "yo|soy|es|son|era|eran|fue|está|están|estoy|estaba|tengo|tiene|tenemos|vivo|vive|vivimos|vivía|llamo|llama|"
        "trabajo en|trabaja|trabajaba|trabajamos|me|nos|prefiero|odio|voy|va|viene|hace|juega|habla|murió|nació",
        r"(?:por favor,? |puedes |podrías )*(?:dime|dígame|cuéntame|cuénteme|muestra|muéstrame|muestre|lista|enumera|"
        r"dame|deme|explica|explícame|describe|busca|encuentra|resume|háblame|compara|ayúdame|traduce|"
        r"(?:me gustaría|quiero|quisiera) saber|me pregunto|todo sobre|más sobre)\b",
        "hola|buenos días|buenas(?: tardes| noches)?|adiós|hasta (?:luego|mañana|pronto)",
        "gracias|muchas gracias",
        asking="quién|dónde|cuándo|cómo|qué",
    ),
    "it": Language(
        "Annotato",
        "Prego.",
        "il lo la i gli le un uno una di del della dei e ma con per in nel nella da dal al a io tu lui lei noi mio mia "
        "miei tuo suo è sono era ho ha hanno non che si mi dal ora adesso",
        "io|noi|sono|è|era|erano|ho|ha|hanno|aveva|vivo|vive|abito|abita|abitiamo|lavora|lavoro (?:in|a|per|come)|"
        "mi|amo|odio|preferisco|vado|va|viene|gioca|parla|morì|nacque",
        r"(?:per favore,? |puoi |potresti )*(?:dimmi|mi dica|raccontami|mostra|mostrami|elenca|dammi|spiega|spiegami|"
        r"descrivi|cerca|trova|parlami|riassumi|confronta|aiutami|(?:vorrei|voglio) sapere|mi chiedo|tutto su)\b",
        "ciao|buongiorno|buonasera|buonanotte|salve|arrivederci|a presto",
        "grazie|grazie mille|molte grazie",
        asking="chi|dove|quando|perché|come|quale",
    ),
    "pt": Language(
        "Registado",
        "De nada.",
        "o a os as um uma uns umas de do da dos das e mas com para por em no na nos nas ao à eu tu ele ela nós eles "
        "meu minha meus minhas seu sua é são era sou está estou tenho tem não que se me desde agora moro",
        "eu|nós|sou|é|são|era|eram|foi|está|estão|estou|estava|tenho|tem|temos|moro|mora|moramos|chama|chamo|vivo|vive|"
        "trabalho (?:em|no|na|como)|trabalha|me|gosto|gosta|odeio|prefiro|vou|vai|vem|fala|morreu|nasceu",
        r"(?:por favor,? |pode |você pode |poderia )*(?:diga|diz-me|me diga|me diz|conte|conta|me conte|mostre|mostra|"
        r"liste|lista|dê|dá-me|me dê|explique|explica|descreva|procure|encontre|fale|fala-me|resuma|compare|ajude|"
        r"(?:quero|queria|gostaria de) saber|pergunto-me|tudo sobre|mais sobre)\b",
        "olá|oi|bom dia|boa (?:tarde|noite)|tchau|adeus|até (?:logo|amanhã|breve)",
        "obrigad[oa]|muito obrigad[oa]",
        asking="quem|onde|quando|qual",
    ),
    "nl": Language(
        "Genoteerd",
        "Graag gedaan.",
        "de het een en me over maar met voor van naar in op bij aan uit niet geen ik jij hij zij wij we mijn jouw ons "
        "onze is zijn was heeft heb ben ook nog sinds nu dat die woon",
        "ik|wij|is|zijn|was|waren|heeft|heb|hebben|had|ben|woon|woont|wonen|werk (?:in|bij|als)|werkt|hou|houdt|"
        "ga|gaat|komt|heet|speelt|spreekt|wil|kan|moet|wordt",
        r"(?:alsjeblieft,? |graag |kun je |kunt u )*(?:vertel|toon|laat|noem|geef|leg uit|beschrijf|zoek|vind|som op|"
        r"vergelijk|help|ik wil (?:graag )?weten|ik vraag me af|alles over|meer over)\b",
        "hallo|hoi|dag|hé|goedemorgen|goedemiddag|goedenavond|doei|tot ziens",
        "dank je(?: wel)?|bedankt|dank u(?: wel)?|dankjewel",
        asking="wie|waar|wanneer|waarom|hoe",
    ),
    "pl": Language(
        "Zanotowano",
        "Proszę bardzo.",
        "i a ale z ze w we na do od po dla u o nie jest są był była jestem mam ma mój moja moje moi twój ja ty on ona "
        "my się że to już teraz",
        "ja|my|jestem|jest|są|był|była|byli|mam|ma|mamy|mieszkam|mieszka|mieszkamy|pracuję|pracuje|lubię|lubi|kocham|"
        "nienawidzę|wolę|idę|idzie|nazywam|nazywa|mówi|gra",
        r"(?:proszę,? |czy możesz )*(?:powiedz|opowiedz|pokaż|wymień|podaj|wyjaśnij|opisz|znajdź|wyszukaj|porównaj|"
        r"pomóż|daj|streść|(?:chcę|chciałbym|chciałabym) wiedzieć|wszystko o|więcej o)\b",
        "cześć|hej|dzień dobry|dobry wieczór|dobranoc|do widzenia|witaj",
        "dzięki|dziękuję|dziękuję bardzo",
        asking="kto|gdzie|kiedy|dlaczego|jak",
    ),
    "sv": Language(
        "Noterat",
        "Varsågod.",
        "och men med för av till i på hos från inte ingen jag du han hon vi min mitt mina din vår är var har hade en "
        "ett den det som sedan nu bor",
        "jag|vi|är|var|har|hade|bor|bodde|jobbar|arbetar|gillar|älskar|hatar|heter|kommer|går|flyttade|ska|kan|måste",
        r"(?:snälla,? |kan du )*(?:berätta|visa|lista|nämn|ge|förklara|beskriv|sök|hitta|jämför|hjälp|"
        r"jag (?:undrar|vill veta)|allt om|mer om)\b",
        "hej|hejsan|hallå|god (?:morgon|kväll|natt)|hej då|vi ses",
        "tack|tack så mycket",
        asking="vem|när|varför|hur",
    ),
    "da": Language(
        "Noteret",
        "Selv tak.",
        "og men med for af til i på hos fra ikke ingen jeg du han hun vi min mit mine din vores er var har havde en et "
        "den det som siden nu bor",
        "jeg|vi|er|var|har|havde|bor|boede|arbejder|elsker|hader|hedder|kommer|går|flyttede|skal|kan|må",
        r"(?:kan du )*(?:fortæl|vis|nævn|giv|forklar|beskriv|søg|find|sammenlign|hjælp|jeg vil gerne vide|alt om|"
        r"mere om)\b",
        "hej|hallo|god(?:morgen|aften|nat)|farvel|vi ses",
        "tak|mange tak|tusind tak",
        asking="hvem|hvor|hvornår|hvorfor|hvordan",
    ),
    "tr": Language(
        "Not edildi",
        "Rica ederim.",
        "ve ama ile için bir bu şu ben sen o biz siz onlar benim senin bizim değil var yok çok da de ki şimdi artık",
        r"ben|biz|benim|değil|var|yok|\w+(?:yorum|yoruz|yor|yorlar|dım|dim|dum|düm|tım|tim|tum|tüm|dık|dik|duk|dük|"
        r"tı|ti|tu|tü|dı|di|du|dü|mıştı|mişti|acak|ecek|acağım|eceğim)",
        r"(?:anlat|söyle|göster|listele|bul|açıkla|ver|say|özetle|karşılaştır|anlatır mısın|söyler misin|"
        r"bilmek istiyorum|merak ediyorum)",
        "merhaba|selam|günaydın|iyi (?:akşamlar|geceler|günler)|hoşça kal|görüşürüz",
        "teşekkürler|teşekkür ederim|sağ ol|sağol",
        requests_end=True,
    ),
    "id": Language(
        "Dicatat",
        "Sama-sama.",
        "dan tetapi dengan untuk dari ke di yang ini itu saya aku kamu dia kami kita mereka tidak bukan sudah belum "
        "adalah ada sekarang",
        "saya|aku|kami|adalah|tidak|bukan|sudah|punya|tinggal|bekerja|pindah|suka",
        r"(?:tolong |mohon )*(?:ceritakan|tunjukkan|sebutkan|jelaskan|berikan|carikan|beri tahu|daftar|"
        r"saya ingin tahu)\b",
        "halo|hai|selamat (?:pagi|siang|sore|malam)|sampai jumpa",
        "terima kasih|makasih",
        asking="siapa|di mana|kapan|mengapa|bagaimana",
    ),
    "vi": Language(
        "Đã ghi nhận",
        "Không có gì.",
        "và nhưng với cho của từ đến ở trong là có không tôi bạn anh chị em chúng họ này đó đã đang sẽ",
        "tôi|chúng tôi|là|đã|đang|sống|làm việc|không phải|thích",
        r"(?:hãy |xin |làm ơn )*(?:kể|cho tôi biết|cho tôi xem|liệt kê|giải thích|mô tả|tìm|tôi muốn biết)\b",
        "xin chào|chào|tạm biệt",
        "cảm ơn",
        asking="ai|ở đâu",
    ),
    "ru": Language(
        "Записано",
        "Пожалуйста.",
        "",
        r"я|мы|меня|мне|нас|нам|мой|моя|моё|мои|это|был|была|было|были|есть|нет|зовут|живу|живёт|живет|живём|работаю|"
        r"работает|люблю|любит|\w+(?:ился|илась|ился|ился|ехал|ехала|ехали|шёл|шла|шли|ал|ала|али|ил|ила|или)",
        r"(?:пожалуйста,? |можешь |можете )*(?:расскажи|расскажите|скажи|скажите|покажи|покажите|перечисли|"
        r"перечислите|дай|дайте|объясни|объясните|опиши|опишите|найди|найдите|назови|назовите|сравни|помоги|"
        r"хочу (?:знать|узнать)|интересно|вс[её] о|больше о)\b",
        "привет|здравствуй|здравствуйте|добр(?:ый|ое|ой) (?:день|утро|вечер|ночи)|пока|до свидания",
        "спасибо|большое спасибо|благодарю",
        asking="кто|где|когда|почему|как|что|чей",
    ),
    "uk": Language(
        "Записано",
        "Будь ласка.",
        "",
        r"я|ми|мене|мені|нас|мій|моя|моє|мої|це|був|була|було|були|є|немає|звати|живу|живе|живемо|працюю|працює|"
        r"люблю|\w+(?:ав|ала|али|ив|ила|или|лася|вся)",
        r"(?:будь ласка,? )*(?:розкажи|розкажіть|скажи|скажіть|покажи|покажіть|перелічи|дай|поясни|опиши|знайди|"
        r"назви|хочу знати|цікаво|все про)\b",
        "привіт|вітаю|добрий (?:день|ранок|вечір)|доброго дня|бувай|до побачення",
        "дякую|щиро дякую",
        asking="хто|де|коли|чому|як",
    ),
    "el": Language(
        "Σημειώθηκε",
        "Παρακαλώ.",
        "",
        r"είμαι|είναι|ήταν|ήμουν|έχω|έχει|είχα|μένω|μένει|μένουμε|δουλεύω|δουλεύει|μ'|μου αρέσει|λέγομαι|λένε|"
        r"εγώ|εμείς|δεν|πήγα|αγαπώ",
        r"(?:παρακαλώ,? )*(?:πες|πείτε|δείξε|δείξτε|εξήγησε|περίγραψε|βρες|ανάφερε|θέλω να (?:μάθω|ξέρω)|όλα για)\b",
        "γεια(?: σου| σας)?|καλημέρα|καλησπέρα|καληνύχτα|αντίο",
        "ευχαριστώ|ευχαριστώ πολύ",
        asking="ποιος|ποια|πού|πότε|γιατί|πώς",
    ),
    "ar": Language(
        "سُجّل",
        "عفوًا.",
        "",
        r"أنا|نحن|اسمي|عندي|لدي|لديّ|أعيش|أسكن|أعمل|انتقلت|كنت|كان|كانت|أحب|أكره|أفضل|هو|هي|ليس|لست|تعيش|يعيش|يعمل|"
        r"تعمل|يسكن|تسكن",
        r"(?:من فضلك،? )?(?:أخبرني|أخبريني|قل لي|اعرض|اذكر|اشرح|صف|ابحث|حدثني|أعطني|لخص|أريد أن أعرف)(?=\s|\Z)",
        "مرحبا|مرحبًا|أهلا|أهلًا|السلام عليكم|صباح الخير|مساء الخير|وداعا|مع السلامة",
        "شكرا|شكرًا|شكرا جزيلا",
        asking="من|أين|متى|لماذا|كيف|هل|ما",
    ),
    "fa": Language(
        "یادداشت شد",
        "خواهش می‌کنم.",
        "",
        r"من|ما|هستم|است|هست|بود|دارم|دارد|ندارم|نیستم|نیست|\w+(?:‌کنم|‌کند|کردم|کرد)|نام من",
        r"(?:لطفا )?(?:بگو|بگویید|نشان بده|توضیح بده|فهرست کن|پیدا کن|می‌خواهم بدانم)(?=\s|\Z)",
        "سلام|صبح بخیر|شب بخیر|خداحافظ",
        "ممنون|متشکرم|مرسی",
        asking="کجا|کی|چرا|چه",
    ),
    "he": Language(
        "נרשם",
        "בבקשה.",
        "",
        r"אני|אנחנו|שמי|קוראים לי|יש לי|אין לי|גר|גרה|גרים|עובד|עובדת|אוהב|אוהבת|שונא|עברתי|עברנו|היה|היתה|הייתי|"
        r"הוא|היא|אלרגי|אלרגית|זה",
        r"(?:בבקשה )?(?:ספר לי|ספרי לי|תגיד לי|הראה|תראה לי|הסבר|תאר|מצא|חפש|תן לי|אני רוצה לדעת)(?=\s|\Z)",
        "שלום|היי|בוקר טוב|ערב טוב|לילה טוב|להתראות",
        "תודה|תודה רבה",
        asking="מי|איפה|מתי|למה|איך",
    ),
    "hi": Language(
        "दर्ज किया",
        "आपका स्वागत है।",
        "",
        "मैं|हम|मुझे|मेरा|मेरी|मेरे|हमारा|है|हैं|हूँ|हूं|था|थी|थे|नहीं|रहता|रहती|चाहता|चाहती|गया|गई",
        r"(?:बताओ|बताइए|बताएं|बताएँ|दिखाओ|दिखाइए|समझाओ|समझाइए|ढूँढो|सुनाओ|सुनाइए|जानना चाहता हूँ|जानना चाहती हूँ)",
        "नमस्ते|नमस्कार|हैलो|शुभ प्रभात|अलविदा",
        "धन्यवाद|शुक्रिया",
        requests_end=True,
    ),
    "zh": Language(
        "已记下",
        "不客气。",
        "",
        r"我们?(?!的|們的)|我(?:的|妹|姐|弟|哥|爸|妈|媽|老|们的|們的|家)\w*(?:是|在|叫|住|有|喜)|是|住在|搬|叫|喜欢|喜歡|不再|过敏|過敏|"
        r"有一?|了\W*\Z|不是|今年",
        r"\A(?:请|請)?(?:告诉我|告訴我|介绍|介紹|列出|说说|說說|讲讲|講講|给我(?:看|讲|列|说)|帮我|幫我|查|找|描述|解释|解釋|显示|顯示|"
        r"总结|總結|我想知道|我想了解|关于|關於)",
        "你好|您好|嗨|早上好|晚上好|早安|晚安|再见|再見|大家好",
        "谢谢|謝謝|多谢|多謝|谢谢你|感谢",
        asking="谁|誰|什么|哪",
    ),
    "ja": Language(
        "記録しました",
        "どういたしまして。",
        "",
        r"(?:です|ます|ました|ません|でした|だ|だった|ない|なかった|した|った|んだ|いる|いた|ている|ある|好き|よ|ね)\W*\Z",
        r"(?:教えて(?:ください|下さい)?|見せて(?:ください)?|挙げて(?:ください)?|説明して(?:ください)?|探して(?:ください)?|"
        r"まとめて(?:ください)?|知りたい(?:です)?|について)\W*\Z",
        "こんにちは|こんばんは|おはよう(?:ございます)?|おやすみ(?:なさい)?|さようなら|やあ|はじめまして",
        "ありがとう(?:ございます|ございました)?|どうも(?:ありがとう(?:ございます)?)?",
        requests_end=True,
    ),
    "ko": Language(
        "기록했습니다",
        "천만에요.",
        "",
        r"\w*(?:니다|어요|아요|해요|예요|에요|이에요|있어|없어|살아|았어|었어|했어|이야|이다|는다|한다|았다|었다|했다|좋아|싫어)\W*\Z",
        r"(?:알려|말해|보여|설명해|찾아|나열해|정리해|소개해)\s?(?:줘|주세요|줘요|줄래|주십시오|달라)?\W*\Z|궁금(?:해|합니다|해요)\W*\Z",
        "안녕|안녕하세요|안녕히 (?:계세요|가세요)|좋은 아침(?:이에요)?|잘 자",
        "고마워|고마워요|감사합니다|고맙습니다",
        requests_end=True,
    ),
    "th": Language(
        "บันทึกแล้ว",
        "ด้วยความยินดี",
        "",
        "ฉัน|ผม|ดิฉัน|หนู|เรา|อยู่|เป็น|แพ้|ชอบ|ไม่|ย้าย|ทำงานที่",
        r"\A(?:ช่วย|กรุณา|โปรด)?(?:บอก|แสดง|เล่า|อธิบาย|ค้นหา|หา|สรุป|ขอดู|อยากรู้)",
        "สวัสดี(?:ครับ|ค่ะ)?|หวัดดี|ลาก่อน|อรุณสวัสดิ์",
        "ขอบคุณ(?:ครับ|ค่ะ|มาก)*",
    ),
}

# Languages with a script of their own, or letters that tell them from others in theirs; the first that is found counts.
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("fa", re.compile(r"[پچژگیک]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("el", re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")),
    ("uk", re.compile(r"[іїєґІЇЄҐ]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
# Letters that tell a language where no common word does.
_LETTERS = (
    ("tr", re.compile(r"[ğışİ]")),
    ("pl", re.compile(r"[łąęśźż]")),
    ("vi", re.compile(r"[ơưđạảấầẩậắằẹẽếềểễệịọỏốồổộớờởợụủứừửữự]")),
)
# One word in so many must be a common one: a single one is found in many a language that is not here.
_FEWEST_OF = 4
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_COMMON = {
    code: frozenset(re.split(r"[ |]", f"{language.common} {language.tells}"))
    for code, language in LANGUAGES.items()
    if language.common
}


def language_of(text: str) -> str | None:
    """The code of the language that `text` seems to be in: by its script or else by the common words that it has."""
    for code, script in _SCRIPTS:
        if script.search(text):
            return code
    found = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    # "j'habite" is two words.
    words = [*found, *(f"{part}'" for word in found if "'" in word for part in word.split("'")[:1])]
    counts = {code: sum(word in common for word in words) for code, common in _COMMON.items()}
    best = max(counts.values())
    leading = [code for code, count in counts.items() if count == best] if best * _FEWEST_OF >= len(found) else []
    if len(leading) == 1:
        return leading[0]
    by_letters = next((code for code, letters in _LETTERS if letters.search(text)), None)
    return by_letters or ("en" if "en" in leading else None)
