"""The words that the rules know: which nouns name nothing, who is kin, what kind of thing a head noun means.

Sets of lower-case lemmas, nothing else. Small on purpose: the parse decides, these only veto or type.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Token


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Nouns that name nothing worth a node of its own.
EMPTY_NOUNS = words(
    """thing lot way time bit kind sort type stuff day week month year hour minute second moment night morning
    evening afternoon weekend today tomorrow yesterday tonight while fun blast luck sense point part
    eachother plunge splash side look care chance mind fact matter reason case glad thanks thank
    something anything nothing everything someone anyone everyone somebody anybody everybody nobody none
    one ones people person guy folk other others idea question answer problem issue word example number
    amount couple bunch ton load piece pair plenty list age end start beginning middle top bottom front
    back place line order result use effort difference change feeling feel vibe energy turn step break
    try shot go deal hand eye head heart face body life world hope wish dream goal plan session id user
    assistant human self opportunity possibility experience situation memory attention touch control
    pleasure joy peace excitement happiness love strength courage passion pride inspiration motivation
    comfort support encouragement guidance advice help news update detail info information stage level
    view perspective aspect area rest kudos congratulation appreciation gratitude impact influence
    effect progress success challenge ride journey adventure process form feature option choice decision
    pic photo picture image smile hug bond connection spirit soul reminder sight shoutout shout reaction
    expression role lesson set total whole edge power key beauty balance sake hang bomb gem must purpose
    meaning value truth reality future past present bet wonder awe sleep mood stress pressure worry fear
    doubt trouble mess shame treat surprise wow hey hi hello yeah url link document passage text
    sentence name respect trust faith growth confidence freedom instruction vision edu thought insight
    tip trick game-changer escape boost kick push spot relief reply understanding acceptance belonging
    meantime distance weather fan variety range mix combination ability skill potential work company
    presence shape style approach method manner rush thrill response request message prompt output
    system setting state term cause means highlight favorite fave inch mile pound dollar cent percent
    degree foot importance resilience perseverance attitude track direction gut guts patience
    determination dedication knowledge semester endurance service win lead belief creativity learner mem
    texture color resourcefulness lease setback rejection curiosity admiration learning sharing being
    doing thinking reading writing talking chatting hanging hearing seeing sec season path pose chill
    opinion mistake opponent resource feedback pitch mindset talent ambition gain hunt destination
    quarter court walk move incident heck damn kinda lotta plus asap lol nerve string attempt standard
    tons scene routine half third quarter copy euro kilo metre meter majority minority size indoors
    outdoors abroad winter summer spring autumn century decade"""
)

# "The brewery" is one that was named before: nothing to be told of it by that word alone.
DEFINITE = frozenset(("the", "this", "that", "these", "those"))

# Said of what has a name, which stands before it or is not told: it is not known which one "the company" is.
SAID_AGAIN = words(
    """company firm business brewery bakery startup club team band group school university college institute city town
    village country island man woman boy girl person hotel bank agency couple family mayor"""
)

# Organizations that "the" alone does not tell apart, as it does "the government": said of one that has a name.
NAMED_BEFORE = words(
    """company firm business startup start-up brewery bakery airline publisher foundation institute label manufacturer
    retailer carmaker chain agency charity studio band orchestra group organisation organization operator supplier
    club"""
)

# What is counted or measured, as the recogniser calls it: "48,000 euros" names nothing.
AMOUNTS = frozenset(("MONEY", "QUANTITY", "PERCENT", "CARDINAL", "ORDINAL", "TIME"))

# Nouns in -ness that name more than a quality.
NESSES = words("business wilderness harness witness illness fitness wellness")

# Nouns that say too little alone: worth a node only with what tells them apart ("fantasy novel").
GENERIC = words(
    """book movie film game story project event show class trip song series script item product service tool
    activity program job business company group team city area room platform play lesson practice career
    collection piece picture video post page website site meeting conversation chat talk question call
    visit session workout food meal dish drink recipe dinner lunch breakfast thing goal skill art music
    sport outfit design style house home school office people crowd community animal tree plant flower
    sky star sunset view water air money price brand customer shop store studio space spot town country
    road street building set setup share budget price cost salary report production offer supply damage
    noise crack repair flight bed arrival"""
)

# Capitalised, and still no names.
CALENDAR = words(
    """monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun january
    february march july september october november december jan feb mar apr jun jul aug sep sept oct nov dec"""
)

# Qualifiers that a name is better without: they say what the speaker thinks of it.
EVALUATIVE = words(
    """great good nice cool awesome amazing wonderful fantastic incredible lovely beautiful gorgeous perfect
    best better bad worst terrible awful super real true whole other same such own new next last first
    big little small tough hard favorite fave special important exciting interesting fun funny crazy
    sweet cute huge major many more most much few several various different certain particular only main
    key happy sad powerful inspiring long short old young upcoming recent past current previous latest
    entire lil tiny stunning breathtaking adorable precious pretty unique memorable unforgettable cozy
    yummy delicious tasty super-duper extra additional further top similar full total complete simple
    easy quick solid neat sick dope rad epic magical impressive remarkable phenomenal fresh challenging
    rewarding meaningful hilarious relaxing peaceful calm calming soothing comforting fulfilling vibrant
    valuable helpful useful personal regular usual possible potential genuine sincere strong close dear
    right wrong second third final another every each all both half ideal proud bunch fab cosy difficult
    touching thought-provoking"""
)

# A noun of whom one asks "whose?": without the owner the name says nobody.
FEMALE_KIN = words(
    "sister mother mom mum mommy daughter wife girlfriend aunt grandmother grandma niece fiancee fiancée granddaughter"
)
MALE_KIN = words(
    "brother father dad daddy son husband boyfriend uncle grandfather grandpa nephew fiance fiancé grandson"
)
RELATIVES = FEMALE_KIN | MALE_KIN
KIN = RELATIVES | words(
    """friend family kid child parent spouse partner cousin sibling colleague coworker co-worker boss manager
    roommate neighbor neighbour teammate dog cat puppy kitten pet baby toddler grandparent grandchild
    mentor teacher coach doctor therapist client student team bestie buddy pal twin girl boy landlord landlady flatmate
    housemate supervisor tutor dentist accountant godmother godfather stepmother stepfather stepsister stepbrother"""
)


def is_kin(noun: "Token") -> bool:
    """Whether `noun` is one of KIN, also where its lemma is not what it should be ("bos" of "boss")."""
    return noun.lemma_.lower() in KIN or noun.lower_ in KIN


FEMALE = FEMALE_KIN | words("woman girl lady ms mrs miss queen actress waitress")
MALE = MALE_KIN | words("man boy gentleman mr king actor waiter")

# Said before a name, and part of it.
TITLES = words(
    """mr mrs ms miss mx dr doctor prof professor sir madam herr frau rev reverend aunt uncle captain inspector
    detective sergeant count countess"""
)

# How sentences begin that tell to do something: no part of the name that follows.
ORDERS = words(
    """tell contact call ask email install open press choose select use add mix apply take send run start stop close
    download visit see try remove insert connect give bring meet thank follow click"""
)

# What one is, in capitals, without being a name.
ROLES = words("ceo cto cfo coo president founder director chairman chairwoman mayor vp chief head")

# What one is by trade, beside the persons of WordNet; and who may be somebody's, as kin is, all the same.
OCCUPATIONS = ROLES | words(
    """chair miller operator trainer teacher coach doctor therapist dentist accountant tutor supervisor manager landlord
    landlady"""
)

# Offices that stand before a name and are part of it ("Prime Minister Anke Vos").
OFFICES = ROLES | words("minister chancellor senator governor ambassador commissioner treasurer secretary king queen")

# "Believes in Jon" tells of no place.
IN_NO_PLACE = words(
    "believe interested invest trust confide major specialize specialise faith confidence interest join"
)

# What one has one of: told of whose it is ("my phone number is …").
ATTRIBUTES = words("number email e-mail mail address birthday salary rent age title size status")
FAVOURITE = frozenset(("favourite", "favorite"))
# Of these alone nobody knows which.
VAGUE_ATTRIBUTES = frozenset(("number", "title", "size", "status"))
ATTRIBUTE_KINDS = words("phone mobile cell telephone email e-mail mail home postal job house room shoe marital")

# Participles that say how something is, not what happened to it.
STATES = words(
    """include allow permit forbid finish close book sell locked prohibit cancel delay approve reject fix repair solve
    arrest injure dismiss suspend damage destroy"""
) | words(
    """included allowed permitted forbidden finished closed booked sold prohibited cancelled canceled delayed approved
    rejected fixed repaired solved arrested injured dismissed suspended damaged destroyed"""
)
PHRASAL_STATES = frozenset(
    (("sell", "out"), ("call", "off"), ("shut", "down"), ("switch", "off"), ("cut", "off"), ("put", "off"))
)
MARITAL_STATUSES = words("married single divorced widowed engaged separated unmarried")

# What is on a day, and is moved to another.
SCHEDULED = words(
    """meeting appointment flight exam interview deadline delivery viewing call wedding party concert trip
    lesson class dinner lunch conference workshop visit surgery operation match game rehearsal presentation funeral"""
)

# What a head noun says of its kind.
HEADS = {
    "Person": KIN - words("family team dog cat puppy kitten pet")
    | words("man woman girl boy lady gentleman actor actress author artist singer president king queen minister"),
    "Organization": words(
        """agency company group school university college team club organization organisation shelter hospital bank
    charity firm business startup church band council department government institute foundation academy
    association committee community store shop studio ministry union league press lab laboratory brewery bakery airline
    publisher orchestra choir clinic newspaper retailer brand"""
    ),
    "Place": words(
        """park beach city town village country lake river mountain house home apartment museum gallery restaurant
    cafe café street forest garden island office gym library theater theatre station airport hotel bar
    kitchen room backyard yard trail campsite valley hill coast sea ocean farm market mall center centre
    region state capital district square bridge castle road stadium zoo canyon desert cabin barn pool
    neighborhood"""
    ),
    "Event": words(
        """parade conference wedding concert festival race trip party meeting workshop event show exhibition
    tournament match game competition ceremony birthday anniversary graduation vacation holiday camp
    retreat tour fundraiser reunion marathon interview picnic dinner hike protest rally gala convention
    summit war battle election accident funeral roadtrip getaway class lesson course seminar webinar"""
    ),
    "Work": words(
        """book novel song album movie film painting poem article paper essay blog podcast series sculpture poster
    magazine screenplay script story opera symphony documentary drawing mural memoir comic"""
    ),
    "Product": words(
        """car phone laptop computer camera bike bicycle guitar piano violin drone tablet console app software
    device watch necklace bowl pot truck van boat dress shoe jacket toy tv television keyboard headset"""
    ),
}
TYPE_OF_HEAD = {noun: kind for kind, nouns in HEADS.items() for noun in sorted(nouns)}

TYPE_OF_LABEL = {
    "PERSON": "Person",
    "ORG": "Organization",
    "GPE": "Place",
    "LOC": "Place",
    "FAC": "Place",
    "EVENT": "Event",
    "WORK_OF_ART": "Work",
    "LAW": "Work",
    "PRODUCT": "Product",
    "NORP": "Concept",
    "LANGUAGE": "Concept",
}

# Words that a chat starts with: no part of a name, and no part of a statement.
INTERJECTIONS = words(
    """bummer hey hi hello yo wow oh ah aw aww awww ugh ooh yeah yep yup yes no nope nah ok okay thanks thank
    thx congrats congratulations cheers bye goodbye sure well so anyway haha lol omg gosh woah whoa yay
    hmm um uh please sorry btw absolutely definitely totally exactly really agreed agree also and but or
    then plus actually honestly hopefully welcome dear dude bro man girl oops ooo gotcha cool nice
    awesome great amazing sounds good love like keep take got gonna wanna glad happy just now maybe
    right true tbh fyi imo alright by the way of course"""
)

# A denial that stands before the verb or instead of its subject.
HARDLY = words("hardly barely scarcely rarely seldom")
NOBODY = words("nobody none nothing neither no-one nowhere")

# Verbs that say what happens only with their noun (support verbs): "takes place on", "took part in".
SUPPORTED = frozenset((("take", "place"), ("take", "part"), ("take", "care"), ("fall", "asleep")))

# Verbs that carry talk, not facts about the world.
TALK = words(
    """thank mean say tell guess bet wish wonder suppose let hear ask seem appear sound happen matter agree
    hope imagine thanks congratulate welcome excuse bless mind reckon assume cheer relate check keep
    feel"""
)
# Adjectives that say how what follows stands to what is so: "is due to open".
DISPOSED = words("due set likely unlikely bound unable")
# Verbs that say of whom they have as an object only that they are to do something.
CAUSING = words("order ask tell allow urge permit expect require enable invite persuade convince cause")
# What stands under these is not claimed to be so.
UNCLAIMED = words("hope wish wonder imagine ask pretend doubt suppose suggest recommend bet guess pray")
CONDITIONS = words("if whether unless though although until till as like")

# Adjectives that say how someone feels about something now.
MOODS = EVALUATIVE | words(
    """glad sorry sure excited thrilled curious okay ok fine ready thankful grateful able available welcome
    aware lucky keen worth willing hopeful interested worried stoked pumped nervous surprised amazed
    tired swamped blessed honored down up off on in out over back there here away ahead done gone so
    bummed right true busy scared"""
)

# Words of a question that say how it is asked, not what for.
ASKING = words(
    """kind type sort name tell say mention know many much time year date day month place thing people person
    someone anything something country city town state happen describe explain please long old often
    living accord recently lately currently soon likely probably usually ever"""
)
# With a question word beside them: somebody does not know, or asks.
IGNORANCE = words("know wonder ask remember tell sure idea")

# Words that answer for one another.
SYNONYMS = (
    words("live move reside settle relocate base stay home"),
    words("work job profession employ employee career occupation position engineer"),
    words("study attend graduate enroll major degree school university college"),
    words("buy purchase get acquire"),
    words("like love enjoy favorite favourite adore prefer fan"),
    words("marry married wed husband wife spouse wedding"),
    words("bear birth birthday birthplace"),
    words("start begin launch found establish"),
    words("finish end complete"),
    words("die death"),
    words("visit travel trip go went"),
    words("make create build craft paint draw"),
    words("kid child son daughter children"),
    words("write author publish"),
    words("speak talk language"),
    words("own have possess"),
    words("hobby activity relax enjoy unwind destress"),
    words("meet encounter"),
    words("plan intend want hope"),
    words("receive get win award"),
    words("pet dog cat"),
    words("movie film"),
    words("big large great"),
    words("ill sick disease"),
)


def alike(word: str) -> frozenset[str]:
    """`word` and the words that answer for it."""
    return frozenset((word,)).union(*(group for group in SYNONYMS if word in group))


# Of whom one may be told by a narrower word, or another of the same sense.
_TOLD_AS = {
    **dict.fromkeys(words("mother mom mum mommy"), words("mother mom mum mommy")),
    **dict.fromkeys(words("father dad daddy"), words("father dad daddy")),
    **dict.fromkeys(words("grandmother grandma"), words("grandmother grandma gran nan")),
    **dict.fromkeys(words("grandfather grandpa"), words("grandfather grandpa granddad")),
    "parent": words("parent mother mom mum father dad"),
    "baby": words("baby newborn infant"),
    "sibling": words("sibling brother sister twin"),
    **dict.fromkeys(words("kid child"), words("kid child son daughter baby newborn toddler twin boy girl")),
    **dict.fromkeys(
        words("partner spouse"), words("partner spouse husband wife boyfriend girlfriend fiance fiancé fiancée")
    ),
    "pet": words("pet dog cat puppy kitten rabbit hamster parrot"),
    **dict.fromkeys(words("boss manager supervisor"), words("boss manager supervisor")),
}
# What stands behind "my husband" where no name does.
NO_NAMES = words(
    """is was are were has had and or but who which that in at on to for with from of by works lives likes loves wants
    said says just also always never still will would can could does did got gets made makes told thinks came comes
    goes went s left moved started bought called named"""
)


def told_as(noun: str) -> frozenset[str]:
    """`noun` and what is told of it by another word: a "kid" by "daughter", but no son by "daughter"."""
    return _TOLD_AS.get(noun, frozenset((noun,)) if noun in KIN else alike(noun))
