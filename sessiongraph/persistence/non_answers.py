"""Answers that give none: refusals, and "I don't know" in the languages that people speak to assistants. Pure.

Invariant: an answer that says anything else is one. What begins like a refusal and goes on with "but", or names
somebody or a number that the question did not, is kept: people begin so, too ("I don't know, Anna went to Rome
with Bob").
"""

import re

# Longer answers say something even when they begin so.
_MOST_CHARS = 240
_APOLOGIES = (
    r"(?:(?:i'm|i am|we're|i) )?(?:very |so |truly )?(?:sorry|afraid|apologi[sz]e)\b(?:,? (?:but|that))*|unfortunately",
    r"(?:es )?tut mir (?:sehr )?leid(?:,? aber)?|entschuldigung|leider|helaas|het spijt me(?:,? maar)?",
    r"(?:je suis )?désolée?(?:,? mais)?|malheureusement|mi dispiace(?:,? ma)?|purtroppo",
    r"lo siento(?: mucho)?(?:,? pero)?|lamentablemente|desafortunadamente",
    r"(?:desculpe|lamento|sinto muito)(?:,? mas)?|infelizmente",
    r"tyvärr|desværre|dessverre|beklager|valitettavasti",
    r"(?:przepraszam|przykro mi)(?:,? ale)?|niestety",
    r"(?:извините|простите)(?:,? но)?|к сожалению|на жаль|вибачте",
    r"üzgünüm(?:,? ama)?|maalesef|λυπάμαι|δυστυχώς|xin lỗi|rất tiếc|maaf",
    r"לצערי|מצטערת?|عذر(?:اً|ًا|ا)|آسف|للأسف|متأسفانه|क्षमा करें|माफ़ कीजिए|ขอ(?:โทษ|อภัย)(?:ครับ|ค่ะ)?",
    r"(?:很)?(?:抱歉|遗憾|遺憾)|对不起|對不起|すみません|申し訳(?:ありません|ございません)が?|残念ながら",
    r"죄송(?:합니다|하지만)(?:만)?|유감스럽게도",
)
_APOLOGY = "|".join(_APOLOGIES)
# "Based on the provided context, …"
_ACCORDING = r"(?:based on|according to|(?:from|in) the) [^,.]{1,60},"
_BEFORE = re.compile(rf"\W*(?:(?:(?:{_APOLOGY})(?!\w)|{_ACCORDING})[\s,.!:;،，、。！–—-]*)*", re.IGNORECASE)
_AFTER = re.compile(rf"[\s,،，、–—-]+(?:{_APOLOGY})\W*\Z", re.IGNORECASE)

# "Je ne sais pas nager" is an answer.
_NO_INFINITIVE = r"(?! \w+(?:[aei]r|[aei]re|oir)\b)"
# How answers begin that give none, wherever words are parted by spaces.
_BEGINNINGS = (
    r"i (?:really |honestly |just |still )?(?:do not|don't|did not|didn't) know\b",
    r"i (?:do not|don't) have (?:any |enough |the |that )?(?:access|information|data|details|context|answer)",
    r"i(?: can't| cannot| can not| could not| couldn't| won't|(?: am|'m) (?:unable|not able) to) "
    r"(?:help|assist|answer|find|provide|tell|say|do|comply|determine|access|discuss)\b",
    r"as an? (?:ai|large language|language)(?: language)?(?: model| assistant)?,? (?:i|we)\b",
    r"as an? (?:ai|large language|language)(?: language)? (?:model|assistant)\b",
    r"(?:there is |there's |i found |i have )?no (?:relevant |available )?"
    r"(?:information|answer|data|context|mention)\b",
    r"(?:it|that|this|the answer|(?:that|this|the) information)(?: is|'s) (?:not|n't) "
    r"(?:mentioned|stated|specified|known|available|given|provided|clear|in)\b",
    r"(?:i'm|i am) not (?:sure|certain)(?=\W*\Z|[,.;]| (?:who|what|where|when|which|how|why|if|whether|about))",
    r"(?:the |this )?(?:provided |given )?(?:context|sources?|documents?|text|information)(?: provided| given)? "
    r"(?:does not|doesn't|do not|don't) ",
    r"(?:unknown|no idea|not sure|n/?a|none)\W*\Z",
    r"keine ahnung\b|aucune idée\b|(?:ni|no tengo) idea\b|nessuna idea\b|geen idee\b|nie mam pojęcia|ingen aning\b",
    r"(?:(?:das )?wei(?:ß|ss) ich|ich wei(?:ß|ss)(?: es| das)?) (?:leider )?nicht\b",
    r"(?:(?:da|hier)(?:zu|rüber) )?(?:ich habe|habe ich|mir liegen|liegen mir|ich finde|finde ich|es gibt|gibt es) "
    r"(?:leider |dazu |hierzu |darüber )*keine (?:informationen?|angaben|daten|hinweise|antwort)\b",
    r"(?:ich kann|das kann ich|ich konnte) (?:leider |dazu |das |darauf |darüber |diese frage |dir |ihnen )*"
    r"(?:nicht|nichts|keine (?:informationen|angaben)) (?:finden|beantworten|sagen|helfen|herausfinden)\b",
    r"(?:im|in den|der|die|aus de[mn]) (?:\w+en )?(?:kontext|text|quellen|dokumenten?|informationen) "
    r"(?:\w+ ){1,3}(?:nicht|nichts|keine)\b",
    rf"je (?:ne sais pas|l'ignore)\b{_NO_INFINITIVE}",
    r"je n'ai (?:pas |trouvé |aucune |d'|cette |ces )+informations?\b",
    r"je ne dispose (?:pas |d'|de |aucune |cette )+information",
    r"je (?:ne (?:peux|suis) |n'ai )pas (?:pu |en mesure de )?(?:vous |te |y )?"
    r"(?:répondre|trouver|trouvé|aider|dire)\b",
    r"(?:le|les|ce|ces) (?:contexte|documents?|sources?|textes?|informations)(?: \w+)? (?:ne \w+|n'\w+) pas\b",
    rf"no (?:lo )?sé\b{_NO_INFINITIVE}",
    r"no (?:tengo|dispongo de|encuentro|encontré|he encontrado|hay|cuento con) (?:\w+ )?(?:información|datos)\b",
    r"no (?:puedo|pude) (?:responder|ayudar|encontrar|decir)\w*",
    r"(?:el|los|las|la) (?:contexto|documentos?|fuentes?|textos?|información)(?: \w+)? no "
    r"(?:menciona|contiene|indica|dice|incluye|proporciona|especifica)n?\b",
    rf"non (?:lo )?so\b{_NO_INFINITIVE}",
    r"non (?:ho|dispongo di|trovo|ho trovato|ci sono) (?:\w+ )?(?:informazion[ei]|dati)\b",
    r"non (?:posso|riesco a) (?:rispondere|aiutar\w*|trovar\w*|dir\w*)\b",
    r"(?:il|i|le) (?:contesto|documenti?|fonti|testo|informazioni)(?: \w+)? non "
    r"(?:menzion|contengono|contien|indic|dic|forni|specific)\w*",
    rf"(?:eu )?não sei\b{_NO_INFINITIVE}",
    r"não (?:tenho|disponho de|encontrei|há|possuo) (?:\w+ )?(?:informaç(?:ão|ões)|dados)\b",
    r"não (?:posso|consigo) (?:responder|ajudar|encontrar|dizer)\b",
    r"(?:o|os|as) (?:contexto|documentos?|fontes?|textos?|informações)(?: \w+)? não "
    r"(?:menciona|contêm|contém|indica|diz|fornece|especifica)m?\b",
    r"(?:dat weet ik|ik weet(?: het)?) (?:helaas )?niet\b",
    r"(?:daar(?:over)? heb ik|ik heb(?: daar| hier)?|er is) (?:helaas )?geen (?:informatie|gegevens)\b",
    r"(?:ik kan|dat kan ik) (?:dat |dit |die vraag |deze vraag |je |u |helaas )*niet (?:zeggen|beantwoorden|vinden)\b",
    r"de (?:context|documenten|tekst|bronnen) (?:\w+ ){1,3}(?:niet|geen)\b",
    r"nie wiem\b|(?:nie mam|nie znalazł[ae]m|brak) (?:\w+ )?informacji\b|"
    r"nie (?:mogę|potrafię) (?:\w+ )?(?:odpowiedzieć|pomóc|znaleźć)\b|kontekst nie \w+",
    r"(?:det vet jag|jag vet|det ved jeg|jeg ved|det vet jeg|jeg vet)(?: det)? "
    r"(?:tyvärr |desværre |dessverre )?(?:inte|ikke)\b",
    r"(?:jag|jeg) har (?:tyvärr |desværre |dessverre )?ing(?:en|a) (?:information|informasjon|oplysninger|uppgifter)\b",
    r"en (?:valitettavasti )?tiedä\b|minulla ei ole (?:\w+ )?tietoa\b",
    r"(?:я )?(?:этого )?не знаю\b|у меня нет (?:\w+ )?(?:информации|данных|сведений)\b",
    r"(?:я )?не (?:могу|смогла?|удалось) (?:\w+ )?(?:ответить|найти|помочь|сказать)\b",
    r"в (?:\w+ )?(?:контексте|тексте|документах|источниках) (?:нет|не \w+)\b",
    r"(?:я )?(?:цього )?не знаю\b|(?:у мене|я) (?:немає|не маю) (?:\w+ )?(?:інформації|даних)\b",
    r"δεν (?:ξέρω|γνωρίζω)\b|δεν (?:έχω|υπάρχουν|βρήκα) (?:\w+ )?πληροφορίες\b",
    r"(?:bunu )?bilmiyorum\b|bu konuda (?:\w+ )?bilgi(?:m|ye)?\b",
    r"لا (?:أعرف|أعلم|أدري)|(?:ليس|ليست|لا) (?:لدي|لدى|توجد|يوجد|أملك|أجد) (?:أي |هذه )?(?:معلومات|المعلومات)",
    r"نمی‌?دانم|(?:هیچ )?اطلاعاتی (?:\w+ )?ندارم",
    r"(?:אני )?לא יוד(?:ע|עת)\b|אין לי (?:\w+ )?מידע",
    r"tôi không (?:biết|có thông tin|tìm thấy)\b|(?:saya|aku) tidak (?:tahu|memiliki informasi|menemukan)\b",
)
_BEGINS = re.compile(rf"(?:{'|'.join(_BEGINNINGS)})", re.IGNORECASE)
# Where verbs stand last, or words are not parted, this is all that is said, after a clause of the question.
_CLAUSE = "[^。．.!！、，,؛;\n]{0,32}"
_WHOLE = (
    f"{_CLAUSE}(?:hakkında|ile ilgili) (?:\\w+ )?bilgi(?:m|ye|ler)? (?:yok|bulamadım|bulunmuyor|sahip değilim)",
    f"{_CLAUSE}(?:जानकारी (?:नहीं है|नहीं मिली|उपलब्ध नहीं है)|नहीं (?:पता|मालूम)(?: है)?|पता नहीं(?: है)?)",
    "मैं नहीं (?:जानता|जानती)(?: हूँ)?",
    f"我?不(?:知道|清楚){_CLAUSE}",
    f"我?(?:没有|沒有|找不到|查不到|缺乏)(?:任何)?(?:关于|關於|有关|有關|相关|相關|这方面|這方面)?{_CLAUSE}"
    "(?:信息|資訊|资料|資料|记录|記錄|数据)",
    f"我?(?:无法|無法)(?:回答|提供|找到|确定|確定|得知){_CLAUSE}",
    f"{_CLAUSE}(?:上下文|文档|文檔|资料|資料|文本|内容|信息)(?:中|里|裡)?[，,]?(?:并|並)?(?:没有|沒有|未)"
    f"(?:提到|提及|说明|說明|包含|提供){_CLAUSE}",
    f"{_CLAUSE}(?:(?:情報|記載|データ|記述)(?:は|が)?(?:ありません|見つかりません(?:でした)?)|(?:分|わ)かりません|"
    "お?答えできません|存じません)",
    f"{_CLAUSE}(?:정보(?:가|는|를)? (?:없습니다|없어요|찾을 수 없습니다)|(?:잘 )?모르겠(?:습니다|어요)|알 수 없습니다|"
    "답변(?:을 드릴|할) 수 없습니다)",
    f"{_CLAUSE}ไม่(?:ทราบ|รู้|มีข้อมูล|พบข้อมูล){_CLAUSE}",
)
_IS_WHOLE = re.compile(rf"(?:{'|'.join(_WHOLE)})\W*", re.IGNORECASE)
_BUT = re.compile(
    r"(?<!\w)(?:but|aber|jedoch|mais|pero|sino|ma|però|mas|porém|maar|ale|men|mutta|но|але|ama|fakat|ancak|αλλά|"
    r"אבל|لكن|ولكن|اما|nhưng|tetapi|tapi)(?!\w)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")
# What stands in upper case and names nobody: how sentences begin, forms of address, and what German writes so.
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
        ai as ask at can check could do does feel for he here how however if in is it let maybe may my no
        not or perhaps please she so sorry thank thanks that the there these they this to try unfortunately
        we what when where which who would you your i sie ihnen ihre ihr bitte kontext text frage fragen
        informationen information angaben daten dokumenten dokument quellen unterlagen wenn falls vous si
        pouvez avez veuillez usted ustedes puede podría por se pode può posso proszę czy если пожалуйста вы
        можете уточните jeśli kunt wilt als
        """,
    )
)


def is_non_answer(answer: str, question: str = "") -> bool:
    """Whether `answer` to `question` only refuses or says that one does not know."""
    text = " ".join(answer.replace("’", "'").split())
    if len(text) > _MOST_CHARS:
        return False
    said = _AFTER.sub("", text[_end_of(_BEFORE, text) :])
    if begins := _BEGINS.match(said):
        return _adds_nothing(said[begins.end() :], question)
    return bool(_IS_WHOLE.fullmatch(said)) and _adds_nothing(said, question)


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


def _adds_nothing(rest: str, question: str) -> bool:
    """Whether `rest` neither goes on with "but" nor names what `question` does not."""
    known = _NO_NAMES.union(word.lower() for word in _WORDS.findall(question))
    named = (word for word in _WORDS.findall(rest) if word[0].isupper() or word[0].isdigit())
    return not _BUT.search(rest) and all(word.lower() in known for word in named)
