"""The English lexicon: the closed classes of words and the names that rules know which read questions and names.

Sets of lower-case words, nothing else: what follows from a word belongs to the rule that reads it. Nouns, verbs and
adjectives that say what a sentence states are those of `local_models.extractive.lexicon`.
"""


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Pronouns, by what they may stand for.
SHE, HE = word_set("she her hers herself"), word_set("he him his himself")
IT = word_set("it its")
PLURAL_PRONOUNS = word_set("they them their theirs both")
POSSESSIVES = word_set("his its their hers theirs")

ARTICLES = word_set("the a an")
QUESTION_WORDS = word_set("what when where which who whom whose why how")
BE = word_set("is are was were isn't aren't wasn't weren't be been")
AUXILIARIES = BE | word_set("am do does did has have had can could will would should may might must")
# What may stand behind an object: after "her" one of these says that it owns nothing.
AFTER_OBJECT = word_set(
    """in on at to for with about and or but when where why how from by of as then there before after during again too
    most last first that if"""
)
# "That happened": what "that" stands for is an event.
EVENT_VERBS = BE | word_set("happen happened mean means go went take took cost work worked change changed")

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
# The first months of seasons, as the northern half of the world has them; each lasts three.
SEASONS = {"winter": 12, "spring": 3, "summer": 6, "autumn": 9, "fall": 9}
# Units of time, and the days that one lasts at the most.
UNIT_DAYS = {"day": 1, "weekend": 2, "week": 7, "month": 31, "year": 366}
TIMES = word_set("year month day week time") | frozenset(SEASONS)

# Said before a name.
MALE_TITLES = word_set("mr mister sir")
FEMALE_TITLES = word_set("mrs ms miss madam")
TITLES = MALE_TITLES | FEMALE_TITLES | word_set("mx dr doctor prof professor rev reverend")

# Capitalised at the start of a sentence or as a form of address, and no name. (The tokenizer's stop words are others:
# words that say nothing of what a question asks for.)
NEVER_NAMES = word_set(
    """i i'm i'd i've i'll a an the this that these those it its he she they we you his her their our your my who
    whom whose what which where when why how is are was were am be been do does did has have had can could will would
    shall should may might must not and but or if in on at by for from with about to of as since during tell give list
    show find name describe explain there then here mr mrs ms dr"""
)
# First names that are almost only of one gender by the census of several countries; for others the graph is asked.
FEMALE_NAMES = word_set(
    """ada alice amanda amelia amina amy ana angela anita anna anne audrey barbara beatrice bella brenda camila carla
    carmen carol caroline catherine charlotte chiara chloe christina claire clara claudia cynthia deborah diana donna
    dora dorothy eleanor elena elisabeth elizabeth ella emily emma erica esther eva evelyn fatima fiona florence
    frances gabriela giulia gloria grace greta hannah heather helen helena ida ines ingrid irene isabel isabella jane
    janet jennifer jessica joan joanna josephine joyce judith julia julie karen kate katherine katie laura leila lena
    linda lisa louise lucia lucy lydia maria marie marta martha mary maya megan melanie melissa mia michelle monica
    nadia nancy natalia natalie nicole nina nora olga olivia pamela patricia paula penelope petra priya rachel rebecca
    rita rosa rose ruth sandra sara sarah sharon silvia sofia sonia sophia sophie stella stephanie susan svetlana teresa
    theresa tina ursula valentina vanessa vera victoria virginia wendy yasmin zoe"""
)
MALE_NAMES = word_set(
    """aaron adam ahmed alan albert alberto alexander ali anders andrew anthony antonio arthur benjamin bernard bob
    boris brandon brian bruce carl carlos charles christian christopher daniel dave david dennis diego dmitri donald
    douglas edgar edward edwin emil enrique eric erik ernest ethan felix fernando francisco frank fred frederick gabriel
    gary george gerald giovanni gregory gustav hans harold harry hassan henry howard hugo ibrahim igor ivan jack jacob
    jake james jason javier jeff jeffrey jeremy jim joe joel johan john johnny jonathan jorge jose joseph joshua juan
    justin karl keith kenneth kevin klaus larry lars lawrence leo leonard leonardo louis luca lucas luis luke marco
    marcus mario mark martin matt matthew max michael miguel mike mohammed nathan nathaniel nicholas noah oliver oscar
    otto patrick paul pedro peter philip pierre rafael ralph raymond richard robert roger ronald roy russell ryan samuel
    scott sean sergei simon stefan stephen steve steven theodore thomas tim timothy tom tomas tony victor viktor vincent
    vladimir walter wayne werner william wolfgang"""
)
