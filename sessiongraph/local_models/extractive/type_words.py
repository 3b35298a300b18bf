"""The words that tell of what type a name is (`name_types`): what only persons do, companies are called, places have.

Sets of lower-case lemmas, nothing else.
"""

from sessiongraph.local_models.extractive.lexicon import words

# What only a person does (beside PERSONAL_VERBS).
OF_PERSONS_ALONE = words(
    """speak know think hear bake call arrive talk walk wait sit stand borrow forget remember hope wish miss swim
    apologise apologize disagree abstain whisper shout mutter murmur nod shrug score complain limp kneel climb
    ride smoke sew knit wonder dream recover retire graduate recognise recognize tell promise write resign ask hug
    love hate like prefer adore fear marry attend chair"""
)
# What persons do, and organizations: "signed the contract".
ACTIONS = words(
    """book send carry bring want need say see lead fix quit run win agree decide own keep prepare present leave open
    answer pack lend try learn study pass break crash grow represent find suggest hand wear become return fall
    give take meet sign deliver sell buy offer announce make build cancel close pay receive accept refuse reject
    raise report review propose order confirm reply visit plan help hurt check move beat lose defeat mention
    explain request burn draw insist publish invite recall fine mislead sue launch release produce ship charge
    refund choose drop discover clean paint feed play follow start finish"""
)
# Of these, what organizations do rather than persons.
OF_MAKERS = words(
    "make offer sell deliver produce launch publish cancel announce recall fine mislead sue release ship charge refund"
)
# Said of what somebody said: "…," whispered Selma.
SPEECH = words("say whisper reply shout answer cry mutter murmur ask explain add call exclaim repeat sigh laugh")
# What a thing does and no person.
VERBS_OF_THINGS = words(
    "weigh cost contain hold last measure support sync include feature ship consist charge require fit replace store"
)
# What a company does rather than a person.
OF_COMPANIES = words("employ manufacture produce distribute acquire")
# What is done with a company and with nothing else that has a name.
WITH_COMPANIES = words("found co-found cofound establish acquire headquarter")
# How one gets into a company and out of it.
JOINING = words("join quit")
# What one does with somebody.
WITH_PERSONS = words(
    """marry meet teach hire phone thank hug kiss invite recognise recognize speak talk write ask tell contact email
    congratulate interview"""
)
# What one does with a thing.
WITH_THINGS = words(
    """buy use install read download replace wear eat drink drive order accept choose open watch play learn launch
    release sail cook"""
)
# What is done with things: "is made of steel".
DONE_TO_THINGS = words("make sell test build ship design produce store launch publish manufacture refrigerate")
# What one has that no thing has.
OF_PERSONS = words("birthday house home room wife life job hand face mind idea name talk voice death wedding bed")
OF_SOMEBODY = words(
    """ill sick happy blind deaf married afraid pregnant allergic vegan vegetarian divorced retired asleep away tired
    sad angry proud late absent"""
)
# A company's words at the end of its name.
COMPANY_WORDS = words(
    """gmbh ltd limited inc corp corporation llc plc ag ab oy as co kg bv sa spa srl group holding holdings labs
    pharma foods airlines airways motors records books press partners systems solutions technologies robotics
    electronics optics industries society institute academy foundation association federation museum gallery fc
    united athletic steel bank bakery brewery clinic hospital council ministry agency guild data club orchestra
    choir shipping energy logistics insurance studios media capital ventures consulting sons brothers university
    college"""
) - words("as data books")
# A company's words at the beginning of its name.
COMPANY_BEGINNINGS = words("team studio university université universität bank banque banco club stadtwerke radio")
# What a noun in lower case stands for that is no kind of thing but does business.
BUSINESSES = words(
    """supplier client customer competitor employer retailer insurer manufacturer carrier operator sponsor partner
    chain maker subsidiary producer contractor broker vendor carmaker glassworks"""
)
# How nouns end that stand for persons.
PERSON_ENDINGS = tuple(
    sorted(
        words(
            """alist tist nist arist orist urist logist chemist ician smith woman man keeper worker owner leader player
    dancer driver writer hunter dealer therapist guide contact winner champion organiser organizer veteran refugee
    prisoner pupil trainee"""
        )
    )
)
STREETS = words(
    """street road lane avenue square alley boulevard drive bridge valley hill harbour harbor island station cross
    grange gate"""
)
STREET_ENDINGS = ("strasse", "straße", "gasse", "veien", "gatan", "straat")
PLACE_BEGINNINGS = words("lake mount mt ben cape port fort river")
# What is told apart by a number or a letter, and has no name by that.
NUMBERED = words("hall room gate platform building terminal dock route line bus step section exit")
STORMS = words("storm hurricane cyclone typhoon")
OFFICES = words("office branch airport harbour harbor station plant factory warehouse region area coast suburb")
# What is of a place: "the mayor of Tarlow".
OF_PLACES = words(
    """mayor government city town village capital airport port zoo people citizens north south east west island
    streets outskirts parts coast residents inhabitants people population region district state university kingdom
    republic province king queen"""
)
MOVING = words(
    """move go travel fly drive sail walk leave return flight trip journey emigrate run train come relocate head ride
    ferry gone arrive ship deliver route bus march flee"""
)
BY_COMPANIES = words("make launch publish produce release sell manufacture operate distribute build ship own develop")
BY_PERSONS = words(
    "write translate design paint sign compose direct invent sing draw illustrate hide teach look photograph edit fix"
)
AT_COMPANIES = words(
    "work job start deal contract sign employ intern merger merge partnership agreement negotiate negotiation interview"
)
# At what one learns, or is taught.
LEARNING = words("learn study teach train lecture enrol enroll graduate volunteer")
# What comes from a company: "the keys from Oracle".
FROM_COMPANIES = words(
    "parcel order invoice licence license bill delivery software shipment quote offer technician key"
)
# How a company carries what it is given.
SENDING = words("ship deliver dispatch")
PAYING = words("pay work")
OF_BUSINESSES = words("share stake customer employee staff ceo cfo cto shareholder subsidiary supplier branch")
# Before a name these are as often of a place as of anything else.
PLACE_PREPOSITIONS = words(
    "from to between of through across via around outside towards within into near in beyond past"
)
