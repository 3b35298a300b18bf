"""The words that tell of what type a name is (`name_types`): what only persons do, companies are called, places have.

Sets of lower-case lemmas, nothing else.
"""

from sessiongraph.local_models.extractive.lexicon import words

# What only a person does, of whom no company would be told (beside PERSONAL_VERBS).
ACTIONS = words(
    """book send ask tell promise carry bring speak know want need say think hear see lead fix bake write call quit
    resign arrive talk walk wait sit stand run win agree decide own keep prepare present leave open answer pack
    borrow lend forget remember hope wish try learn study miss break pass crash grow swim attend represent chair
    find hurt suggest hand wear become apologise apologize return fall give take meet"""
)
# What a thing does and no person.
VERBS_OF_THINGS = words(
    "weigh cost contain hold last measure support run sync include feature ship consist charge require fit store"
)
# What a company does rather than a person.
OF_COMPANIES = words("employ manufacture produce distribute acquire")
# What is done with a company and with nothing else that has a name.
WITH_COMPANIES = words("found co-found cofound establish acquire headquarter")
# What one does with somebody.
WITH_PERSONS = words("marry meet teach hire phone thank hug kiss invite recognise recognize speak talk write ask tell")
# What one has that no thing has.
OF_PERSONS = words("birthday house home room wife life job hand face mind idea name talk voice death wedding bed")
OF_SOMEBODY = words(
    "ill sick happy blind deaf married afraid pregnant allergic vegan vegetarian divorced retired asleep"
)
# A company's words at the end of its name.
COMPANY_WORDS = words(
    """gmbh ltd limited inc corp corporation llc plc ag ab oy as co kg bv sa spa srl group holding holdings labs pharma
    foods airlines airways motors records books press partners systems solutions technologies robotics electronics
    optics industries society institute academy foundation association federation museum gallery fc united athletic
    steel bank bakery brewery clinic hospital council ministry agency guild data club orchestra choir"""
) - words("as data books")
STREETS = words("street road lane avenue square alley boulevard drive bridge valley hill harbour harbor island station")
PLACE_BEGINNINGS = words("lake mount mt cape port fort river")
OFFICES = words("office branch airport harbour harbor station plant factory warehouse region area coast suburb")
# What is of a place: "the mayor of Tarlow".
OF_PLACES = words(
    """mayor government city town village capital airport port zoo people citizens north south east west island
    streets outskirts parts coast region district state university kingdom republic province king queen"""
)
MOVING = words(
    """move go travel fly drive sail walk leave return flight trip journey emigrate run train come relocate head ride
    ferry gone arrive ship"""
)
BY_COMPANIES = words("make launch publish produce release sell manufacture operate distribute build ship own develop")
BY_PERSONS = words(
    "write translate design paint sign compose direct invent sing draw illustrate hide teach look photograph edit fix"
)
AT_COMPANIES = words("work job start deal contract sign employ intern")
