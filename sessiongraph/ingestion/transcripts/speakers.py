"""Whether a label before a colon names somebody who speaks, and whether lines read as people speaking to each other."""

import re
from collections.abc import Sequence
from itertools import groupby, pairwise

import regex

from sessiongraph.ingestion.transcripts.utterances import MOST_NAME, Utterance

# Labels of notes, forms, recipes, logs, questions and answers, in the languages that most texts are in.
_NO_NAMES = frozenset(
    re.findall(
        r"\S+",
        """
        question answer questions answers q a user assistant human ai bot system note notes warning summary todo
        update example examples title subject re fw fwd ps context source sources date day topic tip tips hint
        error session id step result results output input code hi hello dear important remember fact facts
        reminder ingredients instructions method directions yes no ok okay also from to cc bcc sent attachments
        name names age city country address phone email mail url website location place time when where who what
        why how pros cons before after problem solution issue issues cause effect symptom symptoms remedy remedies
        premise conclusion myth truth experience education skills skill languages language hobbies likes dislikes
        interests objective goal goals references profile monday tuesday wednesday thursday friday saturday sunday
        morning afternoon evening night today tomorrow yesterday january february march april may june july august
        september october november december chapter section part page act scene setting verse chorus intro outro
        bridge hook added changed fixed removed deprecated security breaking usage version author authors license
        status type description details price total quantity size color colour weight height serves servings yield
        prep cook action actions decision decisions agenda attendees present absent minutes owner due risk risks
        priority next previous first second third finally moral lesson theme quote abstract keywords introduction
        background methods discussion figure table appendix definition synonym synonyms etymology translation
        meaning pronunciation debug info warn trace fatal critical notice err stdout stderr exception traceback
        caused kernel server client cron request response get post put delete host port path root daemon service
        process thread module main worker function class def return import if else for while case default try
        except const var let string int true false null none frage antwort fragen antworten hinweis achtung
        warnung beispiel betreff datum thema tipp zutaten zubereitung ort zeit wann wo wer was lösung ursache von
        an gesendet anlage alter stadt adresse telefon montag dienstag mittwoch donnerstag freitag samstag sonntag
        vorteile nachteile ziel fazit zusammenfassung anmerkung réponse remarque attention exemple objet sujet
        astuce ingrédients préparation lieu heure quand où qui quoi problème de à envoyé nom âge ville téléphone
        lundi mardi mercredi jeudi vendredi samedi dimanche avantages inconvénients résumé pregunta respuesta nota
        atención ejemplo asunto tema fecha consejo ingredientes preparación instrucciones lugar hora cuándo dónde
        quién qué problema solución causa para enviado nombre edad ciudad dirección teléfono lunes martes
        miércoles jueves viernes sábado domingo ventajas desventajas resumen conclusión domanda risposta
        attenzione esempio oggetto data consiglio ingredienti preparazione luogo ora quando dove chi soluzione da
        inviato nome età città indirizzo telefono vantaggi svantaggi riassunto pergunta resposta atenção exemplo
        assunto dica preparo modo onde quem solução idade cidade endereço vraag antwoord opmerking voorbeeld
        onderwerp ingrediënten bereiding plaats tijd pytanie odpowiedź uwaga przykład temat składniki miejsce czas
        вопрос ответ примечание внимание пример тема дата совет ингредиенты приготовление место время кто где
        когда проблема решение причина имя возраст город адрес телефон итог питання відповідь soru cevap not örnek
        konu tarih malzemeler yapılışı yer saat sorun çözüm 问 答 問 问题 回答 問題 答案 注 注意 备注 例 例如 主题
        主題 题目 标题 日期 时间 時間 地点 地點 材料 做法 步骤 步驟 姓名 年龄 年齡 电话 電話 地址 原因 结果 結果
        优点 缺点 总结 質問 答え 件名 日時 場所 作り方 手順 名前 年齢 住所 理由 まとめ 질문 답변 답 주제 제목 날짜
        시간 장소 재료 만드는 방법 이름 나이 주소 주의 이유 결론 سؤال جواب السؤال الجواب ملاحظة مثال الموضوع
        التاريخ المكونات المكان الوقت الاسم العمر العنوان प्रश्न उत्तर नोट उदाहरण विषय दिनांक सामग्री विधि स्थान
        समय नाम आयु पता כותרת שאלה תשובה
        """,
    )
)
# Names are capitalised where a script has capitals, but for such words within them.
_PARTICLES = frozenset(
    re.findall(
        r"\S+",
        """
        de da do dos das del della di du des van von der den ten ter zu zur la le el al bin ibn ben abu y e i und
        and & af av
        """,
    )
)
_NUMBERED = regex.compile(
    r"(?i)(?:speaker|participant|interviewee|guest|sprecher(?:in)?|person|unknown|locuteur) ?\d+\Z"
)
_PHONE = regex.compile(r"\+?\d[\d ()./-]{5,20}\d\Z")
_WORD = regex.compile(r"[\p{L}\p{M}][\p{L}\p{M}\p{N}'’‘`.·・-]*")
_ASIDE = regex.compile(r" ?(?:\([^()]{1,40}\)|\[[^\[\]]{1,40}\])\Z|\A~ ?")
_PICTURES = regex.compile(r"[\p{Extended_Pictographic}\p{Emoji_Modifier}\u200d\ufe0f\U0001f1e6-\U0001f1ff]+")
_MOST_WORDS = 5
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]+\Z")
_MOST_UNSPACED = 10

_ADDRESSING = regex.compile(
    r"""(?ix)
    [?？؟]\s*\Z | [?？؟]\s | \p{Extended_Pictographic} | (?<!\S)[:;]-?[)(DP](?!\w)
    | \b(?:I|I'?m|I'?ll|I'?ve|me|my|mine|we|us|our|you|your|yours|u|yes|yeah|yep|yup|no|nope|ok|okay|thanks|thank|hi|hey
        |hello|bye|sorry|please|sure|right|great|lol|haha+|morning|let's
        |ich|mir|mich|mein\w*|wir|uns|unser\w*|du|dir|dich|dein\w*|ihr|euch|ja|nein|danke|bitte|hallo|tschüss|genau|gut
        |je|j|moi|mon|ma|mes|nous|notre|tu|toi|ton|ta|tes|vous|votre|oui|non|merci|salut|bonjour|coucou|d'accord
        |yo|mi|mis|me|nos|nosotros|nosotras|te|tú|ti|tus|usted|ustedes|sí|gracias|hola|vale|claro|adiós|estás|estoy|soy
        |io|mio|mia|ci|noi|tuo|tua|sì|grazie|ciao|va\ bene|sono|sei|ho|hai
        |eu|meu|minha|nós|você|vocês|sim|não|obrigad[oa]|olá|oi|estou|tchau
        |ik|mij|mijn|wij|we|ons|jij|je|jou|jouw|jullie|nee|dank|hoi|jag|mig|vi|tack|hej|nej|jeg|meg|deg|takk
        |tak|minä|sinä|kiitos|moi|kyllä|ja|mnie|mój|ty|ci|cię|tak|nie|dzięki|cześć|dziękuję
        |я|мне|меня|мой|моя|мы|нас|нам|ты|тебе|тебя|вы|вас|вам|да|нет|спасибо|привет|здравствуйте|хорошо|пока
        |мені|мене|ми|ви|так|ні|дякую|привіт|bana|beni|benim|biz|sen|sana|seni|siz|evet|hayır|teşekkürler|merhaba|tamam
        |εγώ|μου|με|εσύ|σου|ναι|όχι|ευχαριστώ|γεια|εντάξει|saya|aku|kamu|anda|tidak|terima\ kasih|tôi|bạn|vâng
        |أنا|انا|نحن|أنت|انت|لي|لك|نعم|لا|شكرا|شكراً|مرحبا|أهلا|حسنا|شما|بله|نه|ممنون|سلام|مرسی
        |אני|אנחנו|אתה|את|לי|לך|כן|לא|תודה|שלום|היי
        |मैं|मुझे|मेरा|मेरी|हम|तुम|आप|आपका|हाँ|हां|नहीं|धन्यवाद|नमस्ते|ठीक
        |আমি|আমার|তুমি|আপনি|হ্যাঁ|না|ধন্যবাদ|நான்|நீ|நீங்கள்|ஆம்|இல்லை|நன்றி
        |나|저|나는|저는|내가|제가|너|네|예|아니요|아니|우리|안녕|안녕하세요|감사합니다|고마워
        )\b
    | [我你您咱嗯吗呢]|吧。?\Z|谢谢|好的|私|僕|俺|あなた|ですか|ますか|です。?\Z|ました?。?\Z
    | ありがとう|はい|いいえ|うん|ね。?\Z|よ。?\Z
    | ครับ|ค่ะ|คะ|ฉัน|ผม|คุณ|ขอบคุณ|요[.!?]?\Z
    """
)


_ASKS = regex.compile(r"[?？؟]\W*\Z")
_REPLIES = regex.compile(
    r"""(?ix)\W*\p{Extended_Pictographic}
    | \W*(?:yes|yeah|yep|no|nope|ok|okay|sure|thanks|great|congrat\w*|hi|hey|hello|really|wow|cool|nice|sorry|oh
        |same|me\ too|ja|nein|danke|hallo|super
        |oui|non|merci|salut|bonjour|sí|gracias|hola|vale|qué|sì|grazie|ciao|sim|não|olá
        |nee|hoi|hej|tak|nie|cześć|да|нет|спасибо|привет|так|ні|evet|hayır|merhaba|نعم|لا|شكرا|مرحبا|हाँ|नहीं|ठीक|네|아니요)\b
    | (?:是的|不是|好的|好啊|谢谢|你好|はい|いいえ|うん|ありがとう|ครับ|ค่ะ)
    """
)


def is_name(label: str, *, stamped: bool) -> bool:
    """Whether `label` may be a speaker's. Beside a time almost any name is; alone it must look like one."""
    name = _ASIDE.sub("", label.strip(" *_\"'"))
    if not name or len(name) > MOST_NAME:
        return False
    if _NUMBERED.match(name) or _PHONE.match(name):
        return stamped or not _PHONE.match(name)
    bare = _PICTURES.sub(" ", name)
    words = bare.split()
    if not words:
        return stamped and bool(_PICTURES.search(name))
    if len(words) > _MOST_WORDS or any(word.strip(".").casefold() in _NO_NAMES for word in (words[0], bare.strip())):
        return False
    if stamped:
        return not regex.search(r"[\"“”«»„\[\]{}<>=/\\|;:!?。！？]", name)
    if not all(word in ("&", "-") or _WORD.fullmatch(word.strip(",")) for word in words):
        return False
    if any(_UNSPACED.match(word) and len(word) > _MOST_UNSPACED for word in words):
        return False
    return len(words) == 1 or all(_is_capitalised(word) or word in _PARTICLES for word in words)


def _is_capitalised(word: str) -> bool:
    """Whether `word` starts as names do; what has no capitals always does."""
    return not word[0].islower()


def dialogue_share(utterances: Sequence[Utterance]) -> float:
    """How many of `utterances` address somebody or speak of oneself, from 0 to 1."""
    spoken = [it for it in utterances if it.speaker]
    addressing = sum(_ADDRESSING.search(it.words[:400]) is not None for it in spoken)
    return addressing / len(spoken) if spoken else 0.0


def takes_turns(utterances: Sequence[Utterance]) -> bool:
    """Whether somebody speaks again after another."""
    turns = [speaker for speaker, _ in groupby(it.speaker for it in utterances if it.speaker)]
    return len(set(turns)) < len(turns)


def answers(utterances: Sequence[Utterance]) -> bool:
    """Whether one of two speakers asks and another goes on, replies with a word such as "yes", or is called by name."""
    for before, after in pairwise(utterances):
        if before.speaker != after.speaker and (
            (_ASKS.search(before.words[-400:]) and not _ASKS.search(after.words[-400:]))
            or _REPLIES.match(after.words)
            or _is_called(after.speaker, before.words)
            or _is_called(before.speaker, after.words)
        ):
            return True
    return False


def _is_called(speaker: str | None, words: str) -> bool:
    return bool(speaker) and str(speaker).split()[0].casefold() in regex.findall(
        r"[\p{L}\p{M}]+", words[:400].casefold()
    )


def is_lower(utterances: Sequence[Utterance]) -> bool:
    """Whether a speaker's name begins small, as keys of files and modules in logs do."""
    return any(it.speaker[0].islower() for it in utterances if it.speaker)
